package mockserver

import (
	"fmt"
	"sort"
	"strings"

	"github.com/countersign/countersign/specs"
)

// NearMiss is an operation that a request may have meant.
type NearMiss struct {
	Vendor    string `json:"vendor"`
	Operation string `json:"operation"`
	// Request is how the operation is called: method and path, or its action.
	Request string `json:"request"`
	// Distance is 0 where everything fits; a segment of the path that is missing, or is something else altogether, is 1.
	Distance float64 `json:"distance"`
	// Differs says what the request has otherwise.
	Differs []string `json:"differs"`
}

// UnmatchedView is a request of no operation, with those that it may have meant, the closest first.
type UnmatchedView struct {
	EntryView
	NearMisses []NearMiss `json:"near_misses"`
}

// Unmatched returns the requests, among those that a query selects, that no operation answered. Errors: those of Find.
func (s *Server) Unmatched(q JournalQuery) (list []UnmatchedView, missed uint64, err error) {
	q.Unmatched = true
	sel, err := s.selection(q)
	if err != nil {
		return nil, 0, err
	}
	list = []UnmatchedView{}
	missed, err = s.visit(sel, func(e *Entry) error {
		list = append(list, s.unmatched(e, !q.WithoutBodies))
		return nil
	})
	return list, missed, err
}

func (s *Server) unmatched(e *Entry, bodies bool) UnmatchedView {
	return UnmatchedView{e.whole(bodies), s.nearMisses(e)}
}

// mostMisses bounds the operations that are named.
const mostMisses = 3

func (s *Server) nearMisses(e *Entry) []NearMiss {
	list := []NearMiss{}
	req := e.request()
	for _, p := range s.plugs {
		names := actionNames(p.Spec)
		for _, op := range p.ops {
			m := NearMiss{Vendor: p.Name, Operation: op.ID, Request: op.Spec.Method + " " + op.Spec.Path}
			near := m.comparePath(op, req.RawPath)
			if op.Spec.RPC != nil {
				m.Request = op.Spec.Method + " " + op.Spec.Path + "?" + names.action + "=" + op.Spec.RPC.Action
				m.compareAction(op.Spec.RPC, names, req, e.shown)
			}
			if !op.serves(req.Method) {
				m.differ(0.5, "the method is %s, the operation is served with %s", cut(req.Method), strings.Join(append([]string{op.Spec.Method}, op.Spec.Also...), ", "))
			}
			if near {
				list = append(list, m)
			}
		}
	}
	sort.SliceStable(list, func(i, k int) bool { return list[i].Distance < list[k].Distance })
	list = list[:min(len(list), mostMisses)]
	for i := range list {
		if list[i].Differs == nil {
			list[i].Differs = []string{"nothing: it was refused before its operation was looked for" + because(e)}
		}
	}
	return list
}

func because(e *Entry) string {
	if e.refusal == nil {
		return ""
	}
	reason := e.refusal.Reason()
	if reason == "" {
		return ""
	}
	return " (" + cut(e.secrets.quoted(e.request())(reason)) + ")"
}

func (m *NearMiss) differ(distance float64, format string, args ...any) {
	m.Distance += distance
	m.Differs = append(m.Differs, fmt.Sprintf(format, args...))
}

// mostSegments bounds how much of a path is compared.
const mostSegments = 32

// comparePath says how the path differs from the operation's, and reports whether half of it is alike.
func (m *NearMiss) comparePath(op *Operation, rawPath string) bool {
	path, _ := strings.CutPrefix(rawPath, "/")
	got := strings.Split(path, "/")
	if len(got) > mostSegments {
		return false
	}
	edits, distance := alignPath(strings.Split(strings.TrimPrefix(op.Spec.Path, "/"), "/"), got)
	if distance > float64(len(op.segments))/2 {
		return false
	}
	for _, e := range edits {
		m.differ(e.cost, "%s", e.text)
	}
	return true
}

// edit is one step from an operation's path to that of a request.
type edit struct {
	cost float64
	text string
}

// alignPath returns the cheapest edits that make a request's path of an operation's template, and their cost.
func alignPath(want, got []string) ([]edit, float64) {
	cost := make([][]float64, len(want)+1)
	for i := range cost {
		cost[i] = make([]float64, len(got)+1)
		for k := range cost[i] {
			switch {
			case i == 0 || k == 0:
				cost[i][k] = float64(i + k)
			default:
				cost[i][k] = min(cost[i-1][k]+1, cost[i][k-1]+1, cost[i-1][k-1]+segmentDistance(want[i-1], got[k-1]))
			}
		}
	}
	var edits []edit
	for i, k := len(want), len(got); i > 0 || k > 0; {
		switch {
		case i > 0 && k > 0 && cost[i][k] == cost[i-1][k-1]+segmentDistance(want[i-1], got[k-1]):
			i, k = i-1, k-1
			if d := segmentDistance(want[i], got[k]); d > 0 {
				edits = append(edits, edit{d, fmt.Sprintf("segment %d of the path is %q, the operation has %q", k+1, cut(got[k]), want[i])})
			}
		case i > 0 && cost[i][k] == cost[i-1][k]+1:
			i--
			edits = append(edits, edit{1, fmt.Sprintf("segment %d of the path, %q, is missing", i+1, want[i])})
		default:
			k--
			edits = append(edits, edit{1, fmt.Sprintf("segment %d of the path, %q, is one too many", k+1, cut(got[k]))})
		}
	}
	for i, k := 0, len(edits)-1; i < k; i, k = i+1, k-1 {
		edits[i], edits[k] = edits[k], edits[i]
	}
	return edits, cost[len(want)][len(got)]
}

// segmentDistance is from 0 (the same, or a value where a path parameter stands) to 1 (something else).
func segmentDistance(want, got string) float64 {
	switch {
	case want == got, strings.HasPrefix(want, "{") && got != "":
		return 0
	case strings.HasPrefix(want, "{") || want == "" || got == "":
		return 1
	}
	return wordDistance(want, got)
}

// longestWord bounds the words that are compared letter by letter, in bytes.
const longestWord = 64

// wordDistance is how many letters have to be changed, added or left out, as a share of the longer word. A word in
// another case is close.
func wordDistance(a, b string) float64 {
	switch {
	case a == b:
		return 0
	case len(a) > longestWord || len(b) > longestWord:
		return 1
	case strings.EqualFold(a, b):
		return 0.1
	}
	row := make([]int, len(b)+1)
	for k := range row {
		row[k] = k
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			change := diagonal
			if a[i] != b[k] {
				change++
			}
			diagonal = row[k+1]
			row[k+1] = min(change, row[k]+1, diagonal+1)
		}
	}
	return float64(row[len(b)]) / float64(max(len(a), len(b)))
}

// actions are the names by which RPC calls carry action and version.
type actions struct{ action, version, actionHeader, versionHeader string }

// actionNames finds them among a vendor's common parameters: Action, x-acs-action, ...
func actionNames(v *specs.Rules) actions {
	var n actions
	for _, p := range v.CommonParameters {
		name := strings.ToLower(p.Name)
		switch {
		case p.In == "query" && name == "action":
			n.action = p.Name
		case p.In == "query" && name == "version":
			n.version = p.Name
		case p.In == "header" && strings.HasSuffix(name, "-action"):
			n.actionHeader = p.Name
		case p.In == "header" && strings.HasSuffix(name, "-version"):
			n.versionHeader = p.Name
		}
	}
	return n
}

func (m *NearMiss) compareAction(rpc *specs.RPC, n actions, r *Request, shown func(name, value string) string) {
	action, version := r.named(n.action, n.actionHeader), r.named(n.version, n.versionHeader)
	switch {
	case action == "":
		m.differ(0.8, "it names no action, neither %s nor the header %s; want %s", n.action, n.actionHeader, rpc.Action)
	case action != rpc.Action:
		m.differ(wordDistance(action, rpc.Action), "the action is %q, want %s", cut(shown(n.action, action)), rpc.Action)
	}
	switch {
	case version == "":
		m.differ(0.3, "it names no version; want %s", rpc.Version)
	case version != rpc.Version:
		m.differ(0.3, "the version is %q, want %s", cut(shown(n.version, version)), rpc.Version)
	}
}

// named is a parameter of query or form, or else a header.
func (r *Request) named(parameter, header string) string {
	if v, ok := r.Pairs().Get(parameter); ok && parameter != "" {
		return v
	}
	return r.Header.Get(header)
}
