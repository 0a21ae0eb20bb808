package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/specs"
)

// errUntold says that nothing tells what a record is.
var errUntold = errors.New("nothing says what this record is: name it with --kind (and --operation)")

// judgeFor is what judges the records of a file.
func (a *app) judgeFor(ctx context.Context, c *fixtureCheck, file string) judge {
	kind := c.kind
	if kind == "" {
		kind = c.kindOfFile(file)
	}
	archive := filepath.Ext(file) == ".har"
	return func(it *item) ([]*violation, error) {
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(it.text, &fields) // not an object: the schema says so
		if place := twice(it.text); place != "" {
			c.records++
			return []*violation{{place, "the object has this name twice"}}, nil
		}
		switch {
		case archive || kind == "" && fields["log"] != nil:
			return c.archive(fields["log"])
		case kind == kindWorld || kind == "" && fields["records"] != nil:
			return c.world(ctx, a, it.text, fields)
		case kind == "" && isUnsendable(fields):
			return c.unsendable(it.text), nil
		case kind == "" && isUnusual(fields):
			return c.unusual(fields)
		case kind == "" && c.isEnv(fields):
			return c.env(fields), nil
		case kind == kindReplies || kind == kindErrors || kind == "" && fields["operation"] != nil && fields["status"] != nil:
			return c.reply(it.text, fields)
		case kind == kindRequests || kind == kindNegatives || kind == "" && fields["operation"] != nil && fields["method"] != nil:
			return c.request(it.text, fields)
		case kind == "":
			return nil, errUntold
		}
		c.records++
		k, err := findKind(c.vendors, kind)
		if err != nil {
			return nil, err
		}
		return violations(k.kind.Schema, it.text), nil
	}
}

// find is the operation of that name, nil if there is none.
func (c *fixtureCheck) find(name string) (*fixtureVendor, *specs.Operation) {
	for _, v := range c.vendors {
		if op := v.Spec.Operation(name); op != nil {
			return v, op
		}
	}
	return nil, nil
}

// reply judges a reply in the form of `countersign fixtures`, or with --operation a bare body.
func (c *fixtureCheck) reply(text []byte, fields map[string]json.RawMessage) ([]*violation, error) {
	if fields["status"] == nil || fields["operation"] == nil {
		return c.body(text, func(op *specs.Operation) *openapi3.SchemaRef {
			for _, status := range slices.Sorted(maps.Keys(op.Spec.Responses.Map())) {
				if strings.HasPrefix(status, "2") {
					return jsonSchema(op.Spec.Responses.Value(status).Value.Content)
				}
			}
			return nil
		}, openapi3.VisitAsResponse())
	}
	c.records++
	var r gen.Reply
	if err := json.Unmarshal(text, &r); err != nil {
		return []*violation{{What: err.Error()}}, nil
	}
	v, op := c.find(r.Operation)
	if op == nil {
		return []*violation{{"/operation", fmt.Sprintf("no operation is named %q", r.Operation)}}, nil
	}
	return replyViolations(v, op, &r), nil
}

// request judges a request in the form of `countersign fixtures`, or with --operation a bare body.
func (c *fixtureCheck) request(text []byte, fields map[string]json.RawMessage) ([]*violation, error) {
	if fields["method"] == nil || fields["operation"] == nil {
		return c.body(text, func(op *specs.Operation) *openapi3.SchemaRef {
			if op.Spec.RequestBody == nil {
				return nil
			}
			return jsonSchema(op.Spec.RequestBody.Value.Content)
		}, openapi3.VisitAsRequest())
	}
	var r gen.Request
	if err := json.Unmarshal(text, &r); err != nil {
		c.records++
		return []*violation{{What: err.Error()}}, nil
	}
	if r.Expect != nil {
		c.skipped++
		return nil, nil
	}
	c.records++
	_, op := c.find(r.Operation)
	if op == nil {
		return []*violation{{"/operation", fmt.Sprintf("no operation is named %q", r.Operation)}}, nil
	}
	return requestViolations(op, &r), nil
}

func jsonSchema(content openapi3.Content) *openapi3.SchemaRef {
	if media := content.Get("application/json"); media != nil {
		return media.Schema
	}
	return nil
}

// body judges a bare body of the operation that --operation names.
func (c *fixtureCheck) body(text []byte, schemaOf func(*specs.Operation) *openapi3.SchemaRef, use openapi3.SchemaValidationOption) ([]*violation, error) {
	if c.operation == "" {
		return nil, errors.New("it names no operation; name the one whose body it is with --operation")
	}
	_, op := c.find(c.operation)
	schema := schemaOf(op)
	if schema == nil {
		return nil, fmt.Errorf("%s has no such body in JSON", c.operation)
	}
	c.records++
	return violations(schema, text, use), nil
}

// exchange is an entry of an HTTP archive, as far as it is looked at.
type exchange struct {
	Request struct {
		Method, URL string
		Headers     []gen.Header
		PostData    *struct {
			Text     string
			Encoding string `json:"_encoding"` // "base64" in our own archives, of a body that is not UTF-8
		}
	}
	Response struct {
		Status  int
		Headers []gen.Header
		Content struct{ Text, Encoding string }
	}
}

// archive judges the exchanges of an HTTP archive.
func (c *fixtureCheck) archive(log json.RawMessage) ([]*violation, error) {
	var in struct{ Entries []exchange }
	if err := json.Unmarshal(log, &in); err != nil || in.Entries == nil {
		c.records++
		return []*violation{{"/log", "want the entries of an HTTP archive"}}, nil
	}
	var out []*violation
	for i := range in.Entries {
		c.records++
		at := "/log/entries/" + strconv.Itoa(i)
		for _, v := range c.exchange(&in.Entries[i]) {
			out = append(out, &violation{at + v.Pointer, v.What})
		}
	}
	return out, nil
}

func (c *fixtureCheck) exchange(e *exchange) []*violation {
	r := &gen.Request{Method: e.Request.Method, URL: e.Request.URL, Headers: e.Request.Headers}
	if post := e.Request.PostData; post != nil {
		r.Body = []byte(post.Text)
		if post.Encoding == "base64" {
			body, err := base64.StdEncoding.DecodeString(post.Text)
			if err != nil {
				return []*violation{{"/request/postData/text", err.Error()}}
			}
			r.Body = body
		}
	}
	vendor, op := c.operationOf(r)
	if op == nil {
		return []*violation{{"/request", fmt.Sprintf("no operation of the documents is %s %s", r.Method, r.URL)}}
	}
	var all []*violation
	if e.Response.Status < 400 { // a refused request may well be wrong
		for _, v := range requestViolations(op, r) {
			all = append(all, &violation{"/request" + v.Pointer, v.What})
		}
	}
	reply := &gen.Reply{Status: e.Response.Status, Headers: e.Response.Headers}
	switch contentType := contentTypeOf(reply.Headers); {
	case e.Response.Status == 0 || e.Response.Content.Encoding != "":
		return all
	case strings.Contains(contentType, "json"):
		reply.Body = []byte(e.Response.Content.Text)
	case strings.Contains(contentType, "xml"):
		reply.Text = e.Response.Content.Text
	default:
		return all
	}
	places := strings.NewReplacer("/body_text", "/content/text", "/body", "/content/text")
	for _, v := range replyViolations(vendor, op, reply) {
		all = append(all, &violation{"/response" + places.Replace(v.Pointer), v.What})
	}
	return all
}

// operationOf is the operation that a request is for.
func (c *fixtureCheck) operationOf(r *gen.Request) (*fixtureVendor, *specs.Operation) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, nil
	}
	action := u.Query().Get("Action")
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, "x-acs-action") && action == "" {
			action = h.Value
		}
	}
	for _, v := range c.vendors {
		for _, op := range v.Spec.Operations {
			_, fits := pathParameters(op.Path, u)
			if fits && (op.Method == r.Method || slices.Contains(op.Also, r.Method)) && (op.RPC == nil || op.RPC.Action == action) {
				return v, op
			}
		}
	}
	return nil, nil
}
