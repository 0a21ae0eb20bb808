package mockserver

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// nearest collects the entries that come closest to a query.
type nearest struct {
	query *selection
	seen  int
	found []candidate
}

type candidate struct {
	entry *Entry
	score int
}

const (
	mostNearest = 3
	// nearestAmong bounds how many entries are compared; they come newest first.
	nearestAmong = 2000
)

// offer compares an entry that the query does not select. What is out of the query's bounds of id and time is no
// candidate.
func (n *nearest) offer(e *Entry) {
	if n.seen++; n.seen > nearestAmong {
		return
	}
	q := n.query
	bounds := selection{JournalQuery: JournalQuery{After: q.After, Before: q.Before, Since: q.Since, Until: q.Until}}
	if !bounds.plain(e) {
		return
	}
	score, asked := q.distance(e)
	if asked > 1 && score >= asked { // it has nothing of what is wanted
		return
	}
	n.found = append(n.found, candidate{e, score})
	sort.SliceStable(n.found, func(i, k int) bool { return n.found[i].score < n.found[k].score })
	n.found = n.found[:min(len(n.found), mostNearest)]
}

func (n *nearest) list() []NearEntry {
	var out []NearEntry
	for _, c := range n.found {
		out = append(out, NearEntry{ID: c.entry.id, Request: c.entry.title(), Differs: n.query.differs(c.entry)})
	}
	return out
}

// title is an entry in one line: "GET /v7/x 404 ListThings".
func (e *Entry) title() string {
	path, _, _ := strings.Cut(e.req.URI, "?")
	text := e.req.Method + " " + cut(path) + " " + strconv.Itoa(e.status)
	if e.op != nil {
		text += " " + e.op.ID
	}
	if e.refusal != nil {
		text += " " + e.refusal.Code
	}
	return text
}

// longestQuote bounds what a text quotes of a request, in bytes.
const longestQuote = 200

func cut(s string) string {
	if len(s) > longestQuote {
		s = s[:longestQuote] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// trait is one condition of a query and what an entry has in its place.
type trait struct {
	name, want, got string
	weight          int
}

// traits are the conditions that name something; operation and vendor weigh more, since most else follows from them.
func (q *selection) traits(e *Entry) []trait {
	all := []trait{{"vendor", q.Vendor, e.vendor(), 2}, {"operation", q.Operation, e.operation(), 3}, {"method", q.Method, e.req.Method, 1},
		{"path", q.Path, e.req.RawPath, 2}, {"code", q.Code, codeOf(e.refusal), 1}, {"error", q.Error, e.errorName(), 1}}
	if q.Status != 0 {
		all = append(all, trait{"status", strconv.Itoa(q.Status), strconv.Itoa(e.status), 1})
	}
	return slices.DeleteFunc(all, func(t trait) bool { return t.want == "" })
}

// distance is the weight of the conditions that an entry does not fulfil, asked that of all of them.
func (q *selection) distance(e *Entry) (score, asked int) {
	for _, t := range q.traits(e) {
		if asked += t.weight; t.want != t.got {
			score += t.weight
		}
	}
	for _, wanted := range []struct{ asked, is bool }{{q.Unmatched, e.op == nil}, {q.RefusedSignature, e.explain != nil},
		{q.Warned, len(e.warnings) > 0}, {q.Faulted, e.faulted()}} {
		if wanted.asked {
			asked++
			if !wanted.is {
				score++
			}
		}
	}
	return score + len(q.matcher.Mismatches(&e.req, e.op)), asked + len(q.Parameters)
}

// differs says what an entry has otherwise than the query wants it, without secrets.
func (q *selection) differs(e *Entry) []string {
	var out []string
	for _, t := range q.traits(e) {
		switch {
		case t.got == "":
			out = append(out, fmt.Sprintf("it has no %s, want %s", t.name, t.want))
		case t.want != t.got:
			out = append(out, fmt.Sprintf("the %s is %s, want %s", t.name, cut(t.got), t.want))
		}
	}
	if q.Unmatched && e.op != nil {
		out = append(out, "its operation is "+e.op.ID+", want none")
	}
	if q.RefusedSignature && e.explain == nil {
		out = append(out, "its signature was not refused")
	}
	if q.Warned && len(e.warnings) == 0 {
		out = append(out, "it has no warnings")
	}
	if q.Faulted && !e.faulted() {
		out = append(out, "nothing went wrong on purpose")
	}
	for _, m := range q.matcher.Mismatches(&e.req, e.op) {
		if !m.Sent {
			out = append(out, fmt.Sprintf("parameter %s was not sent, want one that %s", m.Name, m.Want))
			continue
		}
		out = append(out, fmt.Sprintf("parameter %s is %q, want one that %s", m.Name, cut(e.shown(m.Name, m.Got)),
			strings.Replace(m.Want, "absent", "is absent", 1)))
	}
	return out
}

// shown is the value of a parameter or field as the journal may show it.
func (e *Entry) shown(name, value string) string {
	last := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	if slices.Contains(e.secrets.fields, last) {
		return redacted
	}
	for _, h := range e.secrets.headers {
		if strings.EqualFold(h, name) {
			return redactCredentials(value)
		}
	}
	if strings.HasPrefix(value, "{") || strings.HasPrefix(value, "[") {
		value = e.secrets.body("application/json", []byte(value))
	}
	return e.secrets.quoted(e.request())(value)
}
