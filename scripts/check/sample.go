package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// operation is one operation of a document, with what an example request needs.
type operation struct {
	method, path string
	schemes      map[string]securityScheme
	broken       error // why the document's part could not be read

	Security    []map[string][]string
	Parameters  []parameter
	RequestBody struct {
		Required bool
		Content  map[string]media
	}
	Responses map[string]struct{ Content map[string]json.RawMessage }
}

type parameter struct {
	Name, In string
	Required bool
	Explode  *bool
	Example  any
	Examples map[string]struct{ Value any }
	Schema   schema
}

type media struct {
	Example  any
	Examples map[string]struct{ Value any }
	Schema   schema
}

type schema struct {
	Type, Format, Pattern string
	Example, Default      any
	Enum                  []any
	Minimum               *float64
	MinLength, MinItems   int
	Required              []string
	Properties            map[string]schema
	Items                 *schema
	Ref                   string `json:"$ref"`
}

// success is the smallest 2xx status of the operation, 0 if it has none.
func (o operation) success() int {
	for status := 200; status < 300; status++ {
		if _, ok := o.Responses[strconv.Itoa(status)]; ok {
			return status
		}
	}
	return 0
}

func (o operation) returnsJSON() bool {
	_, ok := o.Responses[strconv.Itoa(o.success())].Content["application/json"]
	return ok
}

// demands says whether a request with nothing in it must be refused.
func (o operation) demands() bool {
	needed := slices.ContainsFunc(o.Parameters, func(p parameter) bool { return p.Required && p.In != "path" })
	return needed || o.RequestBody.Required || len(o.Security) > 0 && len(o.Security[0]) > 0
}

// request is a request that has everything that the document requires, from its examples.
func (o operation) request(ctx context.Context, base string) (*http.Request, error) {
	if o.broken != nil {
		return nil, o.broken
	}
	path, query, header := o.path, url.Values{}, http.Header{}
	for _, p := range o.Parameters {
		if !p.Required {
			continue
		}
		values, err := p.values()
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(values[0]))
		case "query":
			query[p.Name] = values
		case "header":
			header[http.CanonicalHeaderKey(p.Name)] = values
		}
	}
	if err := o.authorize(query, header); err != nil {
		return nil, err
	}
	body, err := o.body(header)
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if o.returnsJSON() {
		header.Set("Accept", "application/json")
	}
	r, err := http.NewRequestWithContext(ctx, o.method, base+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	r.Header = header
	return r, nil
}

// authorize adds credentials of the first alternative. Prism looks for their presence only.
func (o operation) authorize(query url.Values, header http.Header) error {
	if len(o.Security) == 0 {
		return nil
	}
	for name := range o.Security[0] {
		s := o.schemes[name]
		switch {
		case s.Type == "apiKey" && s.In == "query":
			query.Set(s.Name, "example")
		case s.Type == "apiKey" && s.In == "header":
			header.Set(s.Name, "example")
		case s.Type == "http" && strings.EqualFold(s.Scheme, "basic"):
			header.Set("Authorization", "Basic ZXhhbXBsZTpleGFtcGxl")
		case s.Type == "http", s.Type == "oauth2", s.Type == "openIdConnect":
			header.Set("Authorization", "Bearer example")
		default:
			return fmt.Errorf("security scheme %q: no example known for %+v", name, s)
		}
	}
	return nil
}

func (o operation) body(header http.Header) (io.Reader, error) {
	if len(o.RequestBody.Content) == 0 {
		return http.NoBody, nil
	}
	kinds := make([]string, 0, len(o.RequestBody.Content))
	for kind := range o.RequestBody.Content {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds) // application/json before application/x-www-form-urlencoded
	m := o.RequestBody.Content[kinds[0]]
	value, err := exampleOr(m.Example, m.Examples, m.Schema)
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", kinds[0])
	if kinds[0] == "application/x-www-form-urlencoded" {
		form, err := formOf(value)
		return strings.NewReader(form), err
	}
	text, err := json.Marshal(value)
	return bytes.NewReader(text), err
}

func formOf(value any) (string, error) {
	fields, ok := value.(map[string]any)
	if !ok {
		return "", fmt.Errorf("a form must be an object, not %T", value)
	}
	form := url.Values{}
	for name, v := range fields {
		form.Set(name, textOf(v))
	}
	return form.Encode(), nil
}

// values are the parameter's example as it stands in a request: several for an exploded array, otherwise one.
func (p parameter) values() ([]string, error) {
	value, err := exampleOr(p.Example, p.Examples, p.Schema)
	if p.In == "query" && value == "" {
		value, err = p.Schema.sample() // Prism takes an empty query parameter for an absent one
	}
	if err != nil {
		return nil, err
	}
	items, ok := value.([]any)
	if !ok {
		return []string{textOf(value)}, nil
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = textOf(item)
	}
	if exploded := p.In == "query" && (p.Explode == nil || *p.Explode); exploded && len(texts) > 0 {
		return texts, nil
	}
	return []string{strings.Join(texts, ",")}, nil
}

// textOf is a scalar as it stands in a query or form: a large number without an exponent.
func textOf(value any) string {
	if f, ok := value.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// exampleOr is the given example, or one of the named ones (the first by name), or one made from the schema.
func exampleOr(example any, named map[string]struct{ Value any }, s schema) (any, error) {
	if example != nil {
		return example, nil
	}
	names := make([]string, 0, len(named))
	for name := range named {
		names = append(names, name)
	}
	if len(names) > 0 {
		return named[slices.Min(names)].Value, nil
	}
	return s.sample()
}

// sample is the schema's own example or default, or the plainest value that it allows.
func (s schema) sample() (any, error) {
	switch {
	case s.Example != nil:
		return s.Example, nil
	case s.Default != nil:
		return s.Default, nil
	case len(s.Enum) > 0:
		return s.Enum[0], nil
	case s.Ref != "":
		return nil, fmt.Errorf("refers to itself (%s) and has no example", s.Ref)
	case s.Pattern != "":
		return nil, fmt.Errorf("has a pattern and no example")
	}
	switch s.Type {
	case "string":
		return sampleText(s.Format, s.MinLength)
	case "integer", "number":
		if s.Minimum != nil {
			return *s.Minimum, nil
		}
		return 1, nil
	case "boolean":
		return true, nil
	case "array":
		return s.sampleItems()
	}
	return s.sampleObject()
}

func sampleText(format string, length int) (any, error) {
	switch format {
	case "":
		return strings.Repeat("a", max(length, 1)), nil
	case "date":
		return "2030-01-02", nil
	case "date-time":
		return "2030-01-02T03:04:05Z", nil
	}
	return nil, fmt.Errorf("has format %s and no example", format)
}

func (s schema) sampleItems() (any, error) {
	if s.Items == nil {
		return []any{}, nil
	}
	item, err := s.Items.sample()
	return slices.Repeat([]any{item}, max(s.MinItems, 1)), err
}

func (s schema) sampleObject() (any, error) {
	object := map[string]any{}
	for _, name := range s.Required {
		value, err := s.Properties[name].sample()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		object[name] = value
	}
	return object, nil
}
