package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/countersign/countersign/specs"
)

// finding is one place where a request leaves its document.
type finding struct {
	// place is the parameter, the header, the path of the field within the body ("auth/scope"), or "body" for all of it; or
	// one of those for a request that cannot be read or is for no operation.
	place string
	kind  specs.Kind
	// inBody says that the place is the body or within it.
	inBody bool
	// refusal names the catalogue entry where neither parameter nor body says which.
	refusal string
}

// oracle is the library's validator, bound to one operation.
type oracle struct {
	op    *specs.Operation
	route *routers.Route
	steps []string // of the path
	parts map[string]specs.Part
	// bound is what a body is bound to beside any, nil if there is none.
	bound reflect.Type
}

func newOracle(op *specs.Operation) (*oracle, error) {
	o := &oracle{op: op, steps: strings.Split(op.Path, "/"), parts: map[string]specs.Part{}, bound: boundType(op), route: &routers.Route{
		Spec: op.Document.T, Path: op.Path, PathItem: op.Document.T.Paths.Value(op.Path), Method: op.Method, Operation: op.Spec}}
	for _, in := range op.Parameters {
		part, err := specs.PartOf(in.Extensions, op.Refusals)
		if err != nil {
			return nil, err
		}
		o.parts[in.Name] = part
	}
	return o, nil
}

// merged is a request as the oracle reads it: with the standard library's parsers, not with ours, and with the pairs of
// the form among those of the query where the operation is an RPC one.
type merged struct {
	*oracle
	path     map[string]string
	query    url.Values
	header   http.Header
	body     []byte
	media    string
	readable bool // what there is of query and form is percent-encoded UTF-8
	routed   bool // the path is the operation's
	// semicolons says that a bare one stands in query or form.
	semicolons bool
	// lenient says that the world is the lenient one, flooded that query or form has more pairs than anybody sends.
	lenient, flooded bool
}

// mostPairs is how many pairs a query or form may have.
const mostPairs = 10_000

const formMedia = "application/x-www-form-urlencoded"

func (o *oracle) merge(t *trial) *merged {
	m := &merged{oracle: o, header: t.header, body: t.body, readable: true, lenient: t.lenient}
	m.media, _, _ = strings.Cut(t.header.Get("Content-Type"), ";")
	m.media = strings.ToLower(strings.TrimSpace(m.media))
	m.path, m.routed = o.arguments(t.path)
	m.flooded = strings.Count(t.query, "&") >= mostPairs || m.media == formMedia && bytes.Count(t.body, []byte("&")) >= mostPairs
	m.query = m.parse(t.query)
	if m.media != formMedia {
		return m
	}
	switch {
	case o.op.RPC != nil:
		for name, values := range m.parse(string(t.body)) {
			m.query[name] = append(m.query[name], values...)
		}
	case o.takesForm():
		m.parse(string(t.body)) // the library reads it itself; only whether it can be read matters here
	}
	return m
}

func (o *oracle) takesForm() bool {
	return o.op.Spec.RequestBody != nil && o.op.Spec.RequestBody.Value.Content.Get(formMedia) != nil
}

func (m *merged) parse(raw string) url.Values {
	if strings.Contains(raw, ";") {
		m.semicolons, raw = true, strings.ReplaceAll(raw, ";", "%3B")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		m.readable = false
	}
	for name, all := range values {
		for _, value := range all {
			m.readable = m.readable && strings.ToValidUTF8(name+"="+value, "") == name+"="+value
		}
	}
	return values
}

// arguments matches the raw path against the document's.
func (o *oracle) arguments(path string) (map[string]string, bool) {
	got := strings.Split(path, "/")
	if len(got) != len(o.steps) {
		return nil, false
	}
	values := map[string]string{}
	for i, step := range o.steps {
		if !strings.HasPrefix(step, "{") {
			if got[i] != step {
				return nil, false
			}
			continue
		}
		text, err := url.PathUnescape(got[i])
		if err != nil || text == "" {
			return nil, false
		}
		values[strings.Trim(step, "{}")] = text
	}
	return values, true
}

// kin is what the library finds wrong with a merged request.
func (m *merged) kin() []finding {
	req := &http.Request{Method: m.op.Method, URL: &url.URL{Path: m.op.Path}, Header: m.header, Body: http.NoBody}
	if len(m.body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(m.body))
	}
	return m.findings(nil, openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: m.path, QueryParams: m.query, Route: m.route,
		Options: &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}))
}

// findings takes an error of the library apart by its fields: to print one costs more than all else together.
func (m *merged) findings(all []finding, err error) []finding {
	switch e := err.(type) { //nolint:errorlint // each error of a list has its own place; As would find one of them
	case nil:
		return all
	case openapi3.MultiError:
		for _, one := range e {
			all = m.findings(all, one)
		}
		return all
	case *openapi3filter.RequestError:
		if e.Parameter != nil {
			return append(all, finding{place: e.Parameter.Name, kind: leastKind(e.Err)})
		}
		return append(all, bodyFindings(e)...)
	}
	panic("the library reports an error of another type: " + err.Error())
}

func bodyFindings(e *openapi3filter.RequestError) []finding {
	if e.Err == nil {
		return []finding{{place: "Content-Type", kind: specs.Malformed}}
	}
	var schema *openapi3.SchemaError
	if errors.As(e.Err, &schema) {
		return pointers(nil, e.Err)
	}
	var parse *openapi3filter.ParseError
	if errors.As(e.Err, &parse) && len(parse.Path()) == 1 {
		if name, ok := parse.Path()[0].(string); ok {
			return []finding{{place: name, kind: specs.Malformed, inBody: true}}
		}
	}
	return []finding{{place: "body", kind: leastKind(e.Err), inBody: true}}
}

// pointers are the places of schema errors within a body.
func pointers(all []finding, err error) []finding {
	switch e := err.(type) { //nolint:errorlint // as above
	case nil:
	case openapi3.MultiError:
		for _, one := range e {
			all = pointers(all, one)
		}
	case *openapi3.SchemaError:
		place := strings.TrimPrefix(pointerOf(e.JSONPointer()), "/")
		all = append(all, finding{place: cmp.Or(place, "body"), kind: kindOf(e), inBody: true})
	default:
		panic("the library reports an error of another type: " + err.Error())
	}
	return all
}

func kindOf(e *openapi3.SchemaError) specs.Kind {
	switch e.SchemaField {
	case "required":
		return specs.Missing
	case "type", "nullable":
		if number, ok := e.Value.(json.Number); ok && e.Schema.Type.Is("integer") {
			if n, _ := number.Float64(); math.IsInf(n, 0) {
				return specs.Range // a number too large for the library is a number
			}
		}
		return specs.Malformed
	case "enum": // the library looks at it before it looks at the type
		if !ofType(e.Schema, e.Value) {
			return specs.Malformed
		}
	}
	return specs.Range
}

// ofType reports whether a value is of the schema's type.
func ofType(in *openapi3.Schema, v any) bool {
	switch {
	case in.Type.Is("string"):
		_, ok := v.(string)
		return ok
	case in.Type.Is("integer"):
		if number, ok := v.(json.Number); ok {
			n, err := number.Float64()
			return err == nil && n == math.Trunc(n)
		}
		kind := reflect.ValueOf(v).Kind()
		return kind == reflect.Int32 || kind == reflect.Int64 // of a parameter
	}
	return true
}

var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]+$`)

// leastKind is the kind of what is wrong with one parameter, or with a body as a whole.
func leastKind(err error) specs.Kind {
	if errors.Is(err, openapi3filter.ErrInvalidRequired) || errors.Is(err, openapi3filter.ErrInvalidEmptyValue) {
		return specs.Missing
	}
	var parse *openapi3filter.ParseError
	if errors.As(err, &parse) && errors.Is(err, strconv.ErrRange) && wholeNumber.MatchString(fmt.Sprint(parse.Value)) {
		return specs.Range // strconv says so of 99999999999x, too
	}
	var many openapi3.MultiError
	if errors.As(err, &many) {
		least := specs.Range
		for _, f := range pointers(nil, err) {
			least = min(least, f.kind)
		}
		return least
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		return kindOf(schema)
	}
	return specs.Malformed
}

// json is the body as JSON, with what stands behind the first value.
func (m *merged) json() (value any, rest []byte, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(m.body))
	dec.UseNumber()
	if dec.Decode(&value) != nil {
		return nil, nil, false
	}
	return value, bytes.Trim(m.body[dec.InputOffset():], " \t\r\n"), true
}

// jsonBody reports whether the body is to be read as JSON.
func (m *merged) jsonBody() bool {
	return len(m.body) > 0 && m.op.Spec.RequestBody != nil && m.media == "application/json" &&
		m.op.Spec.RequestBody.Value.Content.Get(m.media) != nil
}

// text is the first value of a parameter.
func (m *merged) text(in *openapi3.Parameter) (string, bool) {
	switch in.In {
	case openapi3.ParameterInPath:
		text, ok := m.path[in.Name]
		return text, ok
	case openapi3.ParameterInHeader:
		values := m.header.Values(in.Name)
		if len(values) == 0 {
			return "", false
		}
		return values[0], true
	}
	values := m.query[in.Name]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}
