package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// subject is an operation with all that a case needs of it.
type subject struct {
	vendor vendor
	op     *specs.Operation
	oracle *oracle
	// accepted and refused count what became of its cases, places where they were refused.
	accepted, refused atomic.Int64
	places            map[string]*atomic.Int64
}

// operationHeader names the operation of an RPC request: which one is meant is not what is tested here.
const operationHeader = "X-Differential-Operation"

// verdictHeader carries what the server made of a request, quoted: "accepted" and the values that a handler sees, or the
// place of the refusal and the name of its catalogue entry.
const verdictHeader = "X-Differential-Verdict"

const acceptance = "accepted "

// What the core itself refuses has no place in the request; each vendor names it in its own way.
const (
	placeUnreadable  = "(unreadable)"
	placeNoOperation = "(no operation)"
	placeNoCaller    = "(authentication)"
)

var corePlaces = map[mockserver.Reason]string{mockserver.Unreadable: placeUnreadable, mockserver.NoSuchOperation: placeNoOperation}

func note(c *mockserver.Call, verdict string) {
	if h := c.ReplyHeader(); h.Get(verdictHeader) == "" {
		h.Set(verdictHeader, strconv.QuoteToASCII(verdict))
	}
}

// watched is a vendor that says in a header what it made of a request; nothing else about it is changed.
func watched(vendor mockserver.Vendor) mockserver.Vendor {
	return func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := vendor(env)
		if err != nil {
			return nil, err
		}
		documents, err := specs.Load(p.Name)
		if err != nil {
			return nil, err
		}
		authenticate, refuse, failure := p.Authenticate, p.Refuse, p.Failure
		p.Authenticate = func(c *mockserver.Call) error {
			err := authenticate(c)
			if err != nil {
				note(c, placeNoCaller)
			}
			return err
		}
		p.Refuse = func(c *mockserver.Call, reason mockserver.Reason) *mockserver.Refusal {
			if place := corePlaces[reason]; place != "" {
				note(c, place)
			}
			return refuse(c, reason)
		}
		p.Failure = func(c *mockserver.Call, r *mockserver.Refusal) any {
			note(c, r.Parameter+" "+r.Entry.Name)
			return failure(c, r)
		}
		for id, handler := range p.Handlers {
			bound := boundType(documents.Operation(id))
			p.Handlers[id] = func(c *mockserver.Call) (any, error) {
				note(c, acceptance+handed(c, bound))
				return handler(c)
			}
		}
		return p, nil
	}
}

// bare is a vendor whose requests need no credentials and whose handlers do nothing: all that can refuse a request is its
// document.
func bare(vendor mockserver.Vendor) mockserver.Vendor {
	return watched(func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := vendor(env)
		if err != nil {
			return nil, err
		}
		p.Authenticate = func(*mockserver.Call) error { return nil }
		if p.Locate != nil {
			p.Locate = func(c *mockserver.Call) (string, error) { return c.Header.Get(operationHeader), nil }
		}
		for id := range p.Handlers {
			p.Handlers[id] = func(c *mockserver.Call) (any, error) { return nil, c.Refuse(c.Op.Spec.Refusals.Range) }
		}
		return p, nil
	})
}

// handed is what a handler sees of a request that was accepted.
func handed(c *mockserver.Call, bound reflect.Type) string {
	seen := values{Parameters: map[string]any{}}
	for _, in := range c.Op.Spec.Params {
		if text, ok := c.Text(in.Name); ok {
			seen.Parameters[in.Name] = text
			if in.Shape.Type != "string" {
				seen.Parameters[in.Name], _ = c.Int(in.Name)
			}
		}
	}
	if bound != nil {
		into := reflect.New(bound)
		if err := cmp.Or(c.BindBody(&seen.Body), c.BindBody(into.Interface())); err != nil {
			return err.Error()
		}
		seen.Bound = into.Interface()
	}
	return seen.String()
}

// values are what a handler sees: parameters, the body as any JSON, and the body in a struct.
type values struct {
	Parameters  map[string]any
	Body, Bound any
}

func (v *values) String() string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// boundType is a struct for the body of an operation, such as handlers have.
func boundType(op *specs.Operation) reflect.Type {
	if op.Spec.RequestBody == nil {
		return nil
	}
	for _, content := range op.Spec.RequestBody.Value.Content { // one each
		return structOf(content.Schema.Value)
	}
	return nil
}

func structOf(in *openapi3.Schema) reflect.Type {
	switch {
	case in.Type.Is("object"):
		var fields []reflect.StructField
		for i, name := range propertyOrder(in) {
			of := structOf(in.Properties[name].Value)
			if i%2 == 1 {
				of = reflect.PointerTo(of)
			}
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: of, Tag: reflect.StructTag(fmt.Sprintf("json:%q", name))})
		}
		return reflect.StructOf(fields)
	case in.Type.Is("array"):
		return reflect.SliceOf(structOf(in.Items.Value))
	case in.Type.Is("string"):
		return reflect.TypeFor[string]()
	case in.Type.Is("boolean"):
		return reflect.TypeFor[bool]()
	}
	return reflect.TypeFor[any]()
}

// lenientWorld is the world that does not mind what some numbers say may not be minded.
const lenientWorld = "lenient"

// serverOf serves vendors in two worlds, the default one and a lenient one.
func serverOf(t testing.TB, plug func(mockserver.Vendor) mockserver.Vendor) *mockserver.Server {
	t.Helper()
	var plugs []mockserver.Vendor
	for _, v := range vendors {
		plugs = append(plugs, plug(v.plug))
	}
	server, err := mockserver.New(mockserver.Options{Vendors: plugs, OnBug: func(err error) { t.Errorf("countersign: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	switches := map[string]string{"WPS-008": "lenient", "DA-030": "lenient", "QB-032": "accept"}
	if _, err := server.CreateWorld(t.Context(), mockserver.WorldSetting{Name: lenientWorld, Assumptions: switches}); err != nil {
		t.Fatal(err)
	}
	return server
}

// subjectsOf are the operations of all vendors.
func subjectsOf(t testing.TB, server *mockserver.Server) (all []*subject) {
	t.Helper()
	for i, rules := range server.Vendors() {
		documents, err := specs.Load(rules.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range documents.Operations {
			o, err := newOracle(op)
			if err != nil {
				t.Fatal(err)
			}
			s := &subject{vendor: vendors[i], op: op, oracle: o, places: map[string]*atomic.Int64{}}
			for _, place := range o.refusable() {
				s.places[place] = new(atomic.Int64)
			}
			all = append(all, s)
		}
	}
	return all
}

// paper is a ResponseWriter that keeps the header alone.
type paper struct{ header http.Header }

func (p *paper) Header() http.Header            { return p.header }
func (p *paper) WriteHeader(int)                {}
func (p *paper) Write(text []byte) (int, error) { return len(text), nil }

// ours is what the server makes of a request.
func ours(h http.Handler, t *trial) string {
	r := &http.Request{Method: t.method, URL: &url.URL{Path: t.path}, RequestURI: t.target(), Host: "127.0.0.1", Header: t.fullHeader(), Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody}
	if len(t.body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(t.body))), int64(len(t.body))
	}
	w := &paper{http.Header{}}
	h.ServeHTTP(w, r)
	return verdictIn(w.header)
}

func verdictIn(h http.Header) string {
	verdict, err := strconv.Unquote(h.Get(verdictHeader))
	if err != nil {
		return "no verdict"
	}
	return verdict
}

// fullHeader is the header with what says which operation and world are meant.
func (t *trial) fullHeader() http.Header {
	h := t.header.Clone()
	h.Set(operationHeader, t.subject.op.ID)
	if t.lenient {
		h.Set("X-Countersign-World", lenientWorld)
	}
	return h
}

func (t *trial) target() string {
	if t.query == "" {
		return t.path
	}
	return t.path + "?" + t.query
}

// propertyOrder names the properties of a schema in the order of the document.
func propertyOrder(in *openapi3.Schema) []string {
	line := func(name string) int {
		ref := in.Properties[name]
		if ref.Ref != "" && ref.Origin != nil {
			return ref.Origin.Key.Line
		}
		return ref.Value.Origin.Key.Line
	}
	names := make([]string, 0, len(in.Properties))
	for name := range in.Properties {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(line(a), line(b)) })
	return names
}
