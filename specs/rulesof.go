package specs

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// rules takes from an operation what a server needs of it.
func (b *builder) rules(o *Operation, where string) {
	for _, in := range o.Parameters {
		at, err := PartOf(in.Extensions, o.Refusals)
		shape := b.shapes.shape(in.Schema, "")
		if err := errors.Join(err, b.shapes.errs()); err != nil {
			b.fail(where, "parameter %s: %v", in.Name, err)
		}
		o.Params = append(o.Params, ParamRules{in.Name, in.In, in.Required, at, shape})
	}
	b.body(o, where)
	for _, status := range sortedKeys(o.Spec.Responses.Map()) {
		b.reply(o, status, where)
	}
	slices.SortFunc(o.Replies, func(a, b ReplyRules) int { return a.Status - b.Status })
	o.Security = schemesOf(o.Spec.Security)
}

func (b *builder) body(o *Operation, where string) {
	if o.Spec.RequestBody == nil {
		return
	}
	in := o.Spec.RequestBody.Value
	at, err := PartOf(in.Extensions, o.Refusals)
	o.Body = &BodyRules{Required: in.Required, Part: at}
	for _, name := range sortedKeys(in.Content) {
		o.Body.Forms = append(o.Body.Forms, FormRules{name, b.shapes.shape(in.Content[name].Schema, "")})
	}
	if err := errors.Join(err, b.shapes.errs()); err != nil {
		b.fail(where, "body: %v", err)
	}
}

func (b *builder) reply(o *Operation, status, where string) {
	where += ": reply " + status
	in := o.Spec.Responses.Value(status).Value
	r := ReplyRules{}
	if status != "default" {
		n, err := strconv.Atoi(status)
		if err != nil || n <= 0 {
			b.fail(where, "want a status code or default")
			return
		}
		r.Status = n
	}
	for _, name := range sortedKeys(in.Headers) {
		if in.Headers[name].Value.Required {
			r.Headers = append(r.Headers, name)
		}
	}
	if media := in.Content.Get("application/json"); media != nil {
		r.JSON, r.Shape = true, b.shapes.shape(media.Schema, "")
		b.overlays(o, in, &r)
	}
	if err := b.shapes.errs(); err != nil {
		b.fail(where, "%v", err)
	}
	o.Replies = append(o.Replies, r)
}

func (b *builder) overlays(o *Operation, in *openapi3.Response, r *ReplyRules) {
	names, err := OverlaysOf(in.Extensions)
	if err != nil {
		b.shapes.problems = append(b.shapes.problems, err)
	}
	for _, n := range names {
		var ref *openapi3.SchemaRef
		if c := o.Document.T.Components; c != nil {
			ref = c.Schemas[n.Schema]
		}
		if ref == nil {
			b.shapes.problems = append(b.shapes.problems, fmt.Errorf("overlay schema %q is not in components", n.Schema))
			continue
		}
		r.Overlays = append(r.Overlays, OverlayRules{n.Assumption, n.Value, b.shapes.shape(ref, "")})
	}
}

func schemesOf(in *openapi3.SecurityRequirements) [][]Scheme {
	if in == nil {
		return nil
	}
	var out [][]Scheme
	for _, alternative := range *in {
		var all []Scheme
		for _, name := range sortedKeys(alternative) {
			s := Scheme{Name: name}
			s.Scopes = append(s.Scopes, alternative[name]...)
			all = append(all, s)
		}
		out = append(out, all)
	}
	return out
}

// secrets finds what the documents mark with x-secret.
type secrets struct {
	list []Secret
	seen map[*openapi3.Schema]bool
}

func secretsOf(v *Vendor) []Secret {
	w := &secrets{seen: map[*openapi3.Schema]bool{}}
	for _, p := range v.CommonParameters {
		w.note(p.Secret, p.In, p.Name)
	}
	for _, o := range v.Operations {
		w.operation(o)
	}
	for _, d := range v.Documents {
		if d.T.Components == nil {
			continue
		}
		for _, name := range sortedKeys(d.T.Components.SecuritySchemes) {
			s := d.T.Components.SecuritySchemes[name].Value
			w.note(s.Type == "apiKey" && marked(s.Extensions), s.In, s.Name)
		}
	}
	return w.list
}

func (w *secrets) operation(o *Operation) {
	for _, p := range o.Parameters {
		w.note(marked(p.Extensions), p.In, p.Name)
	}
	if o.Spec.RequestBody != nil {
		w.content(o.Spec.RequestBody.Value.Content)
	}
	for _, status := range sortedKeys(o.Spec.Responses.Map()) {
		r := o.Spec.Responses.Value(status).Value
		w.content(r.Content)
		for _, name := range sortedKeys(r.Headers) {
			w.note(marked(r.Headers[name].Value.Extensions), "header", name)
		}
	}
}

func (w *secrets) content(content openapi3.Content) {
	for _, name := range sortedKeys(content) {
		w.schema(content[name].Schema)
	}
}

func (w *secrets) schema(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil || w.seen[ref.Value] {
		return
	}
	w.seen[ref.Value] = true
	w.schema(ref.Value.Items)
	for _, name := range sortedKeys(ref.Value.Properties) {
		p := ref.Value.Properties[name]
		w.note(p.Value != nil && marked(p.Value.Extensions), "body", name)
		w.schema(p)
	}
}

func (w *secrets) note(is bool, in, name string) {
	if in == "header" {
		name = http.CanonicalHeaderKey(name)
	}
	if s := (Secret{in, name}); is && !slices.Contains(w.list, s) {
		w.list = append(w.list, s)
	}
}

func marked(ext map[string]any) bool { v, _ := ext["x-secret"].(bool); return v }
