package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

var (
	differentialCases = flag.Uint64("cases", 0, "how many requests TestDifferential draws; 0: 20,000, or 2,000 with the race detector")
	differentialCase  = flag.Int64("case", -1, "draw only the case of this number, and print it")
	differentialSeed  = flag.Uint64("seed", 1, "what TestDifferential draws from")
)

// subject is an operation with all that a case needs of it.
type subject struct {
	op     *specs.Operation
	oracle *oracle
	form   bool
	// accepted and refused count what became of its cases.
	accepted, refused atomic.Int64
}

// operationHeader names the operation of an RPC request: which one is meant is not what is tested here.
const operationHeader = "X-Differential-Operation"

// verdictHeader carries what the server made of a request, acceptance or the place of the refusal.
const verdictHeader = "X-Differential-Verdict"

const acceptance = "accepted"

// What the core itself refuses has no place in the request; each vendor names it in its own way.
const (
	placeUnreadable  = "(unreadable)"
	placeNoOperation = "(no operation)"
)

var corePlaces = map[mockserver.Reason]string{mockserver.Unreadable: placeUnreadable, mockserver.NoSuchOperation: placeNoOperation}

// bare is a vendor whose requests need no credentials and whose handlers do nothing: all that can refuse a request is its
// document. Nothing between the socket and the check of the request is left out or replaced but that.
func bare(vendor mockserver.Vendor) mockserver.Vendor {
	return func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := vendor(env)
		if err != nil {
			return nil, err
		}
		p.Authenticate = func(*mockserver.Call) error { return nil }
		if p.Locate != nil {
			p.Locate = func(c *mockserver.Call) (string, error) { return c.Header.Get(operationHeader), nil }
		}
		for id := range p.Handlers {
			p.Handlers[id] = func(c *mockserver.Call) (any, error) {
				c.ReplyHeader().Set(verdictHeader, acceptance)
				return nil, c.Refuse(c.Op.Spec.Refusals.Range)
			}
		}
		refuse := p.Refuse
		p.Refuse = func(c *mockserver.Call, reason mockserver.Reason) *mockserver.Refusal {
			if place := corePlaces[reason]; place != "" {
				c.ReplyHeader().Set(verdictHeader, fmt.Sprintf("%q", place))
			}
			return refuse(c, reason)
		}
		failure := p.Failure
		p.Failure = func(c *mockserver.Call, r *mockserver.Refusal) any {
			if c.ReplyHeader().Get(verdictHeader) == "" {
				c.ReplyHeader().Set(verdictHeader, fmt.Sprintf("%q", r.Parameter))
			}
			return failure(c, r)
		}
		return p, nil
	}
}

// bareServer serves bare vendors.
func bareServer(t testing.TB) (*mockserver.Server, []*subject) {
	t.Helper()
	var plugs []mockserver.Vendor
	for _, v := range vendors {
		plugs = append(plugs, bare(v.plug))
	}
	server, err := mockserver.New(mockserver.Options{Vendors: plugs, OnBug: func(err error) { t.Errorf("countersign: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	var subjects []*subject
	for _, rules := range server.Vendors() {
		v, err := specs.Load(rules.Name) // the oracle works from the documents themselves
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range v.Operations {
			o, err := newOracle(op)
			if err != nil {
				t.Fatal(err)
			}
			subjects = append(subjects, &subject{op: op, oracle: o, form: o.takesForm()})
		}
	}
	return server, subjects
}

// paper is a ResponseWriter that keeps the header alone.
type paper struct{ header http.Header }

func (p *paper) Header() http.Header            { return p.header }
func (p *paper) WriteHeader(int)                {}
func (p *paper) Write(text []byte) (int, error) { return len(text), nil }

// ours is what the server makes of a request: acceptance, or the quoted place.
func ours(h http.Handler, t *trial) string {
	target := t.path
	if t.query != "" {
		target += "?" + t.query
	}
	header := t.header.Clone()
	header.Set(operationHeader, t.subject.op.ID)
	r := &http.Request{Method: t.method, URL: &url.URL{Path: t.path}, RequestURI: target, Host: "127.0.0.1", Header: header, Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody}
	if len(t.body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(t.body))), int64(len(t.body))
	}
	w := &paper{http.Header{}}
	h.ServeHTTP(w, r)
	return w.header.Get(verdictHeader)
}

// theirs is what the library makes of a request, corrected by the differences; met counts those that mattered.
func theirs(t *trial, met []atomic.Int64) []finding {
	m := t.subject.oracle.merge(t)
	if !m.routed {
		return []finding{{place: placeNoOperation, kind: specs.Missing}}
	}
	for i, d := range differences {
		if d.ready != nil && d.ready(m) {
			met[i].Add(1)
		}
	}
	found := m.kin()
	for i, d := range differences {
		if d.judge == nil {
			continue
		}
		before := places(found)
		if found = d.judge(m, found); !slices.Equal(before, places(found)) {
			met[i].Add(1)
		}
	}
	return found
}

// disagreement says how the verdicts differ, "" if they do not.
func disagreement(h http.Handler, t *trial, met []atomic.Int64) string {
	us, want := ours(h, t), places(theirs(t, met))
	switch {
	case us == "":
		return "the server gave no verdict"
	case us == acceptance && len(want) == 0:
		t.subject.accepted.Add(1)
		return ""
	case us != acceptance && slices.ContainsFunc(want, func(place string) bool { return us == fmt.Sprintf("%q", place) }):
		t.subject.refused.Add(1)
		return ""
	case len(want) == 0:
		return fmt.Sprintf("we refuse at %s, the library accepts", us)
	}
	return fmt.Sprintf("we say %s, the library refuses at %q", us, want)
}

// TestDifferential holds the compiled checks to the verdict of kin-openapi's validator on drawn requests: the same
// acceptance, and where it is refused, a place that the library found wrong too.
func TestDifferential(t *testing.T) {
	t.Parallel()
	server, subjects := bareServer(t)
	met := make([]atomic.Int64, len(differences))
	if *differentialCase >= 0 {
		c := newTrial(subjects, *differentialSeed, uint64(*differentialCase)) //nolint:gosec // not negative
		t.Logf("%s\nchanges: %q\nwe: %s\nthe library: %+v\n%s", c, c.changes, ours(server.Handler(), c), theirs(c, met), disagreement(server.Handler(), c, met))
		return
	}
	total := *differentialCases
	if total == 0 {
		total = 20_000
		if raced {
			total = 2_000
		}
	}
	judgeAll(t, server.Handler(), subjects, met, total)
	for i, d := range differences {
		t.Logf("%8d × %s", met[i].Load(), d.name)
		if met[i].Load() == 0 && total >= 20_000 {
			t.Errorf("no case met the difference %q: it is none any more", d.name)
		}
	}
	for _, s := range subjects {
		t.Logf("%8d accepted, %8d refused: %s", s.accepted.Load(), s.refused.Load(), s.op.ID)
	}
}

// mostDisagreements bounds what one run prints.
const mostDisagreements = 10

func judgeAll(t *testing.T, h http.Handler, subjects []*subject, met []atomic.Int64, total uint64) {
	t.Helper()
	var next, bad atomic.Uint64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < total && bad.Load() < mostDisagreements; n = next.Add(1) - 1 {
				c := newTrial(subjects, *differentialSeed, n)
				if how := disagreement(h, c, met); how != "" {
					bad.Add(1)
					t.Errorf("case %d (seed %d): %s\nchanges: %q\n%s", n, *differentialSeed, how, c.changes, c)
				}
			}
		})
	}
	workers.Wait()
}
