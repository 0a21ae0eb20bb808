package specs

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// Citation is what a part of a document says of its sources.
type Citation struct {
	// Where is "GET /path: parameter limit" or "schema Approver.email".
	Where       string   `json:"where"`
	Grade       Grade    `json:"grade,omitempty"`
	Sources     []string `json:"sources,omitempty"`
	Assumptions []string `json:"assumptions,omitempty"`
	// Line is the line in the document.
	Line int `json:"line,omitempty"`
}

type citation struct {
	where       string
	grade       Grade
	sources     []string
	assumptions []string
	problem     string
	line        int
	// schema is set where the part is one.
	schema *openapi3.Schema
}

// partExtensions may stand beside parameters, properties, bodies and responses.
var partExtensions = []string{"x-sources", "x-grade", "x-assumption", "x-refusals", "x-documented-required",
	"x-secret", "x-allow-empty", "x-overlays"}

// Citations lists what the document's operations, parameters and properties say of their sources, in its order.
func (d *Document) Citations() []Citation { return public(citations(d.T)) }

// Citations lists what the operation, its parameters and the properties of its bodies say of their sources.
func (o *Operation) Citations() []Citation {
	w := &citer{seen: map[*openapi3.Schema]bool{}}
	w.operation(o.Method+" "+o.Path, o.Document.T.Paths.Value(o.Path), o.Spec)
	return public(w.list)
}

func public(list []citation) []Citation {
	out := make([]Citation, len(list))
	for i, c := range list {
		out[i] = Citation{Where: c.where, Grade: c.grade, Sources: c.sources, Assumptions: c.assumptions, Line: c.line}
	}
	return out
}

func citations(t *openapi3.T) []citation {
	w := &citer{seen: map[*openapi3.Schema]bool{}}
	for _, p := range t.Paths.InMatchingOrder() {
		item := t.Paths.Value(p)
		for _, method := range sortedKeys(item.Operations()) {
			w.operation(method+" "+p, item, item.GetOperation(method))
		}
	}
	if t.Components != nil {
		for _, name := range sortedKeys(t.Components.Schemas) {
			w.schema("schema "+name, t.Components.Schemas[name], citation{})
		}
	}
	return w.list
}

type citer struct {
	list []citation
	seen map[*openapi3.Schema]bool
}

func (w *citer) operation(where string, item *openapi3.PathItem, op *openapi3.Operation) {
	own := w.part(where, op.Extensions, lineOfOrigin(op.Origin), citation{}, "x-rpc", "x-also", "x-headers", "x-pagination", "x-errors")
	for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, ref := range list {
			at := where + ": parameter " + ref.Value.Name
			w.part(at, ref.Value.Extensions, lineOfOrigin(ref.Value.Origin), own, "x-blank")
			w.schema(at, ref.Value.Schema, own)
		}
	}
	if op.RequestBody != nil {
		body := w.part(where+": body", op.RequestBody.Value.Extensions, lineOfOrigin(op.RequestBody.Value.Origin), own)
		w.content(where+": body", op.RequestBody.Value.Content, body)
	}
	for _, status := range sortedKeys(op.Responses.Map()) {
		r := op.Responses.Value(status).Value
		at := fmt.Sprintf("%s: reply %s", where, status)
		w.content(at, r.Content, w.part(at, r.Extensions, lineOfOrigin(r.Origin), own))
	}
}

func (w *citer) content(where string, content openapi3.Content, outer citation) {
	for _, mt := range sortedKeys(content) {
		w.schema(where, content[mt].Schema, outer)
	}
}

func (w *citer) schema(where string, ref *openapi3.SchemaRef, outer citation) {
	if ref == nil || ref.Value == nil || w.seen[ref.Value] {
		return
	}
	s := ref.Value
	w.seen[s] = true
	if ref.Ref != "" {
		where = "schema " + trimRef(ref.Ref)
	}
	own := w.part(where, s.Extensions, lineOfOrigin(s.Origin), outer, "x-references")
	w.list[len(w.list)-1].schema = s
	w.schema(where+"[]", s.Items, own)
	for _, name := range orderedProperties(s) {
		w.schema(where+"."+name, s.Properties[name], own)
	}
	w.schema(where+".*", s.AdditionalProperties.Schema, own)
}

// part notes what a part says of itself; what it does not say, it has from what contains it.
func (w *citer) part(where string, ext map[string]any, line int, outer citation, also ...string) citation {
	c := citation{where: where, line: line}
	var err1, err2, err3 error
	c.sources, err1 = decodeExtension[[]string](ext, "x-sources")
	c.assumptions, err2 = decodeExtension[[]string](ext, "x-assumption")
	c.grade, err3 = decodeExtension[Grade](ext, "x-grade")
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			c.problem = err.Error()
		}
	}
	if blank, _ := ext["x-blank"].(string); blank != "" && !slices.Contains(c.assumptions, blank) {
		c.problem = fmt.Sprintf("x-blank is %q, which its x-assumption does not name", blank)
	}
	if len(c.sources) == 0 {
		c.sources = outer.sources
	}
	if c.grade == "" {
		c.grade = outer.grade
	}
	for _, name := range sortedKeys(ext) {
		if !slices.Contains(partExtensions, name) && !slices.Contains(also, name) {
			c.problem = "unknown extension " + name
		}
	}
	if c.grade != "" && c.grade != Documented && c.grade != Observed && c.grade != Assumed {
		c.problem = fmt.Sprintf("x-grade is %q", c.grade)
	}
	w.list = append(w.list, c)
	return c
}

func lineOfOrigin(o *openapi3.Origin) int {
	if o == nil || o.Key == nil {
		return 0
	}
	return o.Key.Line
}
