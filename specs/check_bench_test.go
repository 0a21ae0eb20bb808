package specs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// eachOperation runs a benchmark for every operation of every vendor.
func eachOperation(b *testing.B, run func(b *testing.B, op *Operation)) {
	b.Helper()
	for _, vendor := range Vendors() {
		v, err := Load(vendor)
		if err != nil {
			b.Fatal(err)
		}
		for _, op := range v.Operations {
			b.Run(vendor+"/"+op.ID, func(b *testing.B) { run(b, op) })
		}
	}
}

func mustCompile(b *testing.B, ref *openapi3.SchemaRef, use Use) *Schema {
	b.Helper()
	s, err := Compile(ref, use, Refusals{})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCheckParameters checks an example of every parameter.
func BenchmarkCheckParameters(b *testing.B) {
	eachOperation(b, func(b *testing.B, op *Operation) {
		var names, texts []string
		var schemas []*Schema
		for _, p := range op.Parameters {
			names, texts = append(names, p.Name), append(texts, exampleParameter(p))
			schemas = append(schemas, mustCompile(b, p.Schema, ForRequest))
		}
		b.ReportAllocs()
		for b.Loop() {
			for i, s := range schemas {
				if _, v := s.CheckText(names[i], texts[i], Refusals{}); v != nil {
					b.Fatal(v)
				}
			}
		}
	})
}

func exampleParameter(p *openapi3.Parameter) string {
	if p.Example != nil {
		return fmt.Sprint(p.Example)
	}
	return fmt.Sprint(exampleOf(p.Schema.Value))
}

// BenchmarkCheckBody reads and checks the example of a request's JSON body.
func BenchmarkCheckBody(b *testing.B) {
	eachOperation(b, func(b *testing.B, op *Operation) {
		if op.Spec.RequestBody == nil || op.Spec.RequestBody.Value.Content["application/json"] == nil {
			b.Skip("no JSON body")
		}
		media := op.Spec.RequestBody.Value.Content["application/json"]
		checkMany(b, mustCompile(b, media.Schema, ForRequest), exampleText(b, media))
	})
}

// BenchmarkCheckReply reads and checks the example of a successful reply: as it is, and where it pages with 50 items.
func BenchmarkCheckReply(b *testing.B) {
	eachOperation(b, func(b *testing.B, op *Operation) {
		ref := op.Spec.Responses.Value(strconv.Itoa(http.StatusOK))
		if ref == nil || ref.Value.Content["application/json"] == nil {
			b.Skip("no JSON reply of status 200")
		}
		media := ref.Value.Content["application/json"]
		s, text := mustCompile(b, media.Schema, ForReply), exampleText(b, media)
		b.Run("One", func(b *testing.B) { checkMany(b, s, text) })
		if op.Pagination != nil {
			b.Run("Fifty", func(b *testing.B) { checkMany(b, s, repeatItems(b, text, op.Pagination.Items, 50)) })
		}
	})
}

// BenchmarkCheckRecord reads and checks a record of each collection, made of the examples of its properties.
func BenchmarkCheckRecord(b *testing.B) {
	for _, vendor := range Vendors() {
		v, err := Load(vendor)
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range v.Collections {
			b.Run(vendor+"/"+c.Name, func(b *testing.B) {
				checkMany(b, mustCompile(b, c.Schema, ForReply), jsonText(b, exampleOf(c.Schema.Value)))
			})
		}
	}
}

func checkMany(b *testing.B, s *Schema, text []byte) {
	b.Helper()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		t := NewTape()
		if err := t.Read(text); err != nil {
			b.Fatal(err)
		}
		if v := s.CheckTape(t, Refusals{}, nil); v != nil {
			b.Fatalf("%v\n%s", v, text)
		}
		t.Release()
	}
}

func exampleText(b *testing.B, media *openapi3.MediaType) []byte {
	b.Helper()
	if media.Example != nil {
		return jsonText(b, media.Example)
	}
	for _, name := range sortedKeys(media.Examples) {
		return jsonText(b, media.Examples[name].Value.Value)
	}
	return jsonText(b, exampleOf(media.Schema.Value))
}

func jsonText(b *testing.B, v any) []byte {
	b.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// exampleOf makes a value of a schema's examples.
func exampleOf(s *openapi3.Schema) any {
	switch {
	case s.Example != nil:
		return s.Example
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("object"):
		obj := map[string]any{}
		for name, p := range s.Properties {
			obj[name] = exampleOf(p.Value)
		}
		return obj
	case s.Type.Is("array"):
		return []any{exampleOf(s.Items.Value)}
	case s.Type.Is("string") && s.Format == "date-time":
		return "2024-04-19T09:59:58.000Z"
	case s.Type.Is("string"):
		return strings.Repeat("a", max(int(s.MinLength), 1))
	case s.Type.Is("boolean"):
		return true
	}
	return 1
}

// repeatItems makes the list at a pointer n long.
func repeatItems(b *testing.B, text []byte, pointer string, n int) []byte {
	b.Helper()
	var reply map[string]any
	if err := json.Unmarshal(text, &reply); err != nil {
		b.Fatal(err)
	}
	at, parts := reply, strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for _, name := range parts[:len(parts)-1] {
		at = at[name].(map[string]any)
	}
	last := parts[len(parts)-1]
	items := at[last].([]any)
	for len(items) < n {
		items = append(items, items[0])
	}
	at[last] = items
	return jsonText(b, reply)
}
