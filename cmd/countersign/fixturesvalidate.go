package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/fixtures/gen/format"
	"github.com/countersign/countersign/specs"
)

// violation is one place where data leaves the documents.
type violation struct {
	// Pointer is the place as a JSON pointer, "" for all of it.
	Pointer string
	What    string
}

func (v *violation) Error() string {
	if v.Pointer == "" {
		return v.What
	}
	return v.Pointer + ": " + v.What
}

// schemaCheck checks JSON against a schema with the library's validator: the first violation, or nil.
func schemaCheck(schema *openapi3.SchemaRef) func(text []byte) error {
	return func(text []byte) error {
		if all := violations(schema, text); len(all) > 0 {
			return all[0]
		}
		return nil
	}
}

// violations are all that the library's validator finds.
func violations(schema *openapi3.SchemaRef, text []byte, options ...openapi3.SchemaValidationOption) []*violation {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return []*violation{{What: "no JSON: " + err.Error()}}
	}
	return found(schema.Value.VisitJSON(value, append(options, openapi3.MultiErrors(), openapi3.EnableFormatValidation())...))
}

// found takes an error of the library apart, in the order of the places; its own texts print whole schemas.
func found(err error) []*violation {
	all := foundIn(err)
	slices.SortStableFunc(all, func(a, b *violation) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.What, b.What)) // the library walks through maps
	})
	return all
}

func foundIn(err error) (all []*violation) {
	if err == nil {
		return nil
	}
	if many, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // each error has its own place; As would find one
		for _, e := range many {
			all = append(all, foundIn(e)...)
		}
		return all
	}
	var request *openapi3filter.RequestError
	if errors.As(err, &request) {
		return foundInRequest(request)
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		what, _, _ := strings.Cut(schema.Reason, " (string doesn't match pattern") // that of a format
		return []*violation{{pointerOf(schema.JSONPointer()), what}}
	}
	return []*violation{{What: err.Error()}}
}

// foundInRequest puts what is wrong below the parameter or the body that it is wrong with.
func foundInRequest(e *openapi3filter.RequestError) []*violation {
	all := foundIn(e.Err)
	if len(all) == 0 {
		all = []*violation{{What: e.Reason}}
	}
	for _, v := range all {
		if e.Parameter != nil {
			v.Pointer, v.What = "", fmt.Sprintf("%s parameter %s: %s", e.Parameter.In, e.Parameter.Name, strings.TrimPrefix(v.Pointer+": "+v.What, ": "))
		} else {
			v.Pointer = "/body" + v.Pointer
		}
	}
	return all
}

func pointerOf(path []string) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return b.String()
}

// messageCheck checks requests or replies; that of negatives is nil, since they are wrong on purpose.
func messageCheck(kind string, operations []*operated) func(*format.Record) error {
	find := func(id string) *operated {
		for _, op := range operations {
			if op.spec.ID == id {
				return op
			}
		}
		return nil
	}
	first := func(all []*violation) error {
		if len(all) > 0 {
			return all[0]
		}
		return nil
	}
	switch kind {
	case kindNegatives:
		return nil
	case kindRequests:
		return func(r *format.Record) error {
			return first(requestViolations(find(r.Request.Operation).spec, r.Request))
		}
	}
	return func(r *format.Record) error {
		op := find(r.Reply.Operation)
		return first(replyViolations(op.vendor, op.spec, r.Reply))
	}
}

// replyViolations is where a reply leaves the document of its operation.
func replyViolations(v *fixtureVendor, op *specs.Operation, r *gen.Reply) []*violation {
	described := op.Spec.Responses.Status(r.Status)
	if described == nil && r.Status >= http.StatusBadRequest {
		described = op.Spec.Responses.Default() // of errors
	}
	if described == nil {
		return []*violation{{"/status", fmt.Sprintf("status %d is not documented of %s", r.Status, op.ID)}}
	}
	content := described.Value.Content
	contentType := contentTypeOf(r.Headers)
	media, schema := content.Get(contentType), jsonSchema(content)
	if isXML := strings.Contains(contentType, "xml"); isXML != (r.Text != "") {
		return []*violation{{"/headers", fmt.Sprintf("Content-Type is %q, which the body is not", contentType)}}
	}
	switch {
	case len(content) == 0:
		return nil
	case media == nil || schema == nil || r.Text != "" && v.ReadXML == nil:
		return []*violation{{"/headers", fmt.Sprintf("%s does not answer %d with Content-Type %q", op.ID, r.Status, contentType)}}
	}
	body, place := r.Body, "/body"
	if r.Text != "" {
		var err error
		if body, err = v.ReadXML(op, r.Status, []byte(r.Text)); err != nil {
			return []*violation{{"/body_text", err.Error()}}
		}
		place = "/body_text"
	}
	all := violations(schema, body, openapi3.VisitAsResponse())
	for _, v := range all {
		v.Pointer = place + v.Pointer
	}
	return all
}

func contentTypeOf(headers []gen.Header) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			return h.Value
		}
	}
	return ""
}

// requestViolations is where a request leaves the document of its operation. Signatures are not looked at.
func requestViolations(op *specs.Operation, r *gen.Request) []*violation {
	req, err := r.NewHTTP()
	if err != nil {
		return []*violation{{What: err.Error()}}
	}
	path, ok := pathParameters(op.Path, req.URL)
	if !ok {
		return []*violation{{"/url", fmt.Sprintf("the path of %s is %s", op.ID, op.Path)}}
	}
	item := op.Document.T.Paths.Value(op.Path)
	return found(openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: req, PathParams: path, QueryParams: queryAndForm(op, req, r.Body),
		Route:   &routers.Route{Spec: op.Document.T, Path: op.Path, PathItem: item, Method: op.Method, Operation: op.Spec},
		Options: &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}))
}

// queryAndForm are the parameters of a request; an RPC operation takes them from a form, too.
func queryAndForm(op *specs.Operation, req *http.Request, body []byte) url.Values {
	values := req.URL.Query()
	if op.RPC == nil || !bytes.Contains([]byte(req.Header.Get("Content-Type")), []byte("form-urlencoded")) {
		return values
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return values
	}
	for name, all := range form {
		values[name] = append(values[name], all...)
	}
	return values
}

// pathParameters matches a path against that of a document; a prefix of the address may stand before it.
func pathParameters(pattern string, u *url.URL) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(u.EscapedPath(), "/")
	if len(got) < len(want) {
		return nil, false
	}
	got = got[len(got)-len(want):]
	values := map[string]string{}
	for i, step := range want {
		text, err := url.PathUnescape(got[i])
		switch {
		case err != nil:
			return nil, false
		case strings.HasPrefix(step, "{"):
			values[strings.Trim(step, "{}")] = text
		case step != "" && step != text:
			return nil, false
		}
	}
	return values, true
}
