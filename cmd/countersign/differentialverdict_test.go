package main

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// The library says what is wrong with a request; which of it decides, and what answers it, is in the documents' extensions.
// This is that rule once more, written for reading.

// first is the finding that decides: what is missing before what is malformed before what is out of range, and each of
// these in the order of the document.
func (m *merged) first(found []finding) finding { return first(found, m.rank) }

func first(found []finding, rank func(f finding) []int) finding {
	return slices.MinFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), slices.Compare(rank(a), rank(b)))
	})
}

// decide is the verdict for what was found: the place that decides, and its refusal.
func (m *merged) decide(found []finding) string {
	f := m.first(found)
	if f.place == placeUnreadable || f.place == placeNoOperation {
		return f.place
	}
	return f.place + " " + m.refusal(f)
}

// rank is where in the document a place stands.
func (m *merged) rank(f finding) []int {
	if i := slices.IndexFunc(m.op.Parameters, func(in *openapi3.Parameter) bool { return in.Name == f.place }); i >= 0 && !f.inBody {
		return []int{i}
	}
	rank := []int{len(m.op.Parameters)}
	if f.inBody {
		rank = append(rank, rankWithin(m.bodySchema(), f.place)...)
	}
	return rank
}

// rankWithin is where in the document a place within a body stands.
func rankWithin(in *openapi3.Schema, place string) (rank []int) {
	walk(in, place, func(in *openapi3.Schema, step string) {
		if in.Type.Is("array") {
			n, _ := strconv.Atoi(step)
			rank = append(rank, n)
			return
		}
		rank = append(rank, slices.Index(propertyOrder(in), step))
	})
	return rank
}

// walk goes from a body's schema down to a place within it.
func walk(in *openapi3.Schema, place string, visit func(in *openapi3.Schema, step string)) {
	if place == "body" {
		return
	}
	for step := range strings.SplitSeq(place, "/") {
		visit(in, step)
		if in = below(in, step); in == nil {
			panic("the library finds something wrong at " + place + ", which the document does not name")
		}
	}
}

func below(in *openapi3.Schema, step string) *openapi3.Schema {
	if in.Type.Is("array") {
		return in.Items.Value
	}
	if ref := in.Properties[step]; ref != nil {
		return ref.Value
	}
	return nil
}

// bodySchema is that of the one form in which the operation takes a body.
func (o *oracle) bodySchema() *openapi3.Schema {
	for _, content := range o.op.Spec.RequestBody.Value.Content {
		return content.Schema.Value
	}
	return nil
}

// refusal names the catalogue entry that answers a finding.
func (m *merged) refusal(f finding) string {
	if f.refusal != "" {
		return f.refusal
	}
	if part, ok := m.parts[f.place]; ok && !f.inBody {
		return part.Refusals.Refuse(f.kind)
	}
	refusals := refusalsBeside(m.op.Spec.RequestBody.Value.Extensions, m.op.Refusals)
	if !f.inBody {
		return refusals.Refuse(f.kind)
	}
	walk(m.bodySchema(), f.place, func(in *openapi3.Schema, step string) {
		if ref := in.Properties[step]; ref != nil {
			refusals = refusalsBeside(ref.Value.Extensions, refusals)
		}
	})
	return refusals.Refuse(f.kind)
}

func refusalsBeside(extensions map[string]any, outer specs.Refusals) specs.Refusals {
	part, err := specs.PartOf(extensions, outer)
	if err != nil {
		panic(err) // the documents were loaded
	}
	return part.Refusals
}

// values are what a handler must see of a request in which nothing is wrong.
func (m *merged) values() *values {
	seen := &values{Parameters: map[string]any{}}
	m.eachParameter(func(in *openapi3.Parameter, part specs.Part, text string) {
		if text == "" && !part.AllowEmpty {
			return
		}
		seen.Parameters[in.Name] = text
		switch {
		case in.Schema.Value.Type.Is("integer"):
			seen.Parameters[in.Name], _ = strconv.ParseInt(text, 10, 64)
		case in.Schema.Value.Type.Is("boolean"):
			seen.Parameters[in.Name] = len("false") - len(text)
		}
	})
	if m.op.Spec.RequestBody == nil {
		return seen
	}
	if v, ok := m.bodyValue(); ok {
		seen.Body = documented(m.bodySchema(), v)
	}
	into := reflect.New(m.bound)
	text, err := json.Marshal(seen.Body)
	if err == nil {
		err = json.Unmarshal(text, into.Interface())
	}
	if err != nil {
		panic(err) // the library has accepted it
	}
	seen.Bound = into.Interface()
	return seen
}

// bodyValue is what the body says, if it can be read.
func (m *merged) bodyValue() (any, bool) {
	switch {
	case m.jsonBody():
		v, rest, ok := m.json()
		return v, ok && len(rest) == 0
	case m.media == formMedia && m.takesForm() && len(m.body) > 0 && m.readable:
		fields := map[string]any{}
		for name, all := range m.parse(string(m.body)) {
			fields[name] = all[0]
		}
		return fields, true
	}
	return nil, false
}

// documented is a value without the properties that the document does not name.
func documented(in *openapi3.Schema, v any) any {
	switch v := v.(type) {
	case map[string]any:
		named := map[string]any{}
		for name, value := range v {
			if ref := in.Properties[name]; ref != nil {
				named[name] = documented(ref.Value, value)
			}
		}
		return named
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = documented(in.Items.Value, v[i])
		}
		return items
	}
	return v
}

// refusable are the places where a request of the operation can be refused. An optional text of a query that the document
// leaves free is none.
func (o *oracle) refusable() (all []string) {
	for _, in := range o.op.Parameters {
		if in.Required || in.In != openapi3.ParameterInQuery || constrained(in.Schema.Value) {
			all = append(all, in.Name)
		}
	}
	for _, h := range o.op.Headers {
		if h.When != "never" {
			all = append(all, h.Name)
		}
	}
	if o.op.Spec.RequestBody == nil {
		return all
	}
	return append(append(all, "body"), o.fields(o.bodySchema(), "")...)
}

func (o *oracle) fields(in *openapi3.Schema, at string) (all []string) {
	if in.Items != nil {
		all = append(all, at+"[]")
	}
	for _, name := range propertyOrder(in) {
		field := in.Properties[name].Value
		if !o.takesForm() || slices.Contains(in.Required, name) || constrained(field) {
			all = append(all, at+name)
		}
		all = append(all, o.fields(field, at+name+"/")...)
	}
	return all
}

func constrained(in *openapi3.Schema) bool {
	return !in.Type.Is("string") || in.Enum != nil || in.Pattern != "" || in.MinLength > 0 || in.MaxLength != nil
}

// general is a place for all items of a list.
func general(place string) string {
	steps := strings.Split(place, "/")
	for i, step := range steps {
		if _, err := strconv.Atoi(step); err == nil {
			steps[i] = "[]"
		}
	}
	return strings.Join(steps, "/")
}
