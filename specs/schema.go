package specs

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/getkin/kin-openapi/openapi3"
)

// Schema is a JSON schema of the documents, compiled once into checks that do only what it says.
type Schema struct {
	typ      string // "", object, array, string, integer, number, boolean
	nullable bool
	enum     []any
	// texts and numbers are those of enum.
	texts   []string
	numbers []float64

	minLength, maxLength int // runes; maxLength < 0: none
	pattern              *pattern
	dateTime             bool

	min, max *float64

	minItems, maxItems int
	items              *Schema

	properties []property
	// closed says that unknown properties are violations; extra checks them, if set.
	closed bool
	extra  *Schema

	request bool
}

type property struct {
	name       string
	required   bool
	allowEmpty bool
	schema     *Schema
	refusals   Refusals
}

// Use says what a schema is compiled for.
type Use int

// The two uses. In a request a required string must not be empty unless x-allow-empty says so.
const (
	ForReply Use = iota
	ForRequest
)

// Compile turns a schema into checks. outer are the refusals of what contains it. A keyword that the checks do not
// know is an error.
func Compile(ref *openapi3.SchemaRef, use Use, outer Refusals) (*Schema, error) {
	c := compiler{use: use, busy: map[*openapi3.Schema]*Schema{}}
	s := c.compile(ref, outer, "")
	return s, errors.Join(c.problems...)
}

type compiler struct {
	use      Use
	busy     map[*openapi3.Schema]*Schema
	problems []error
}

func (c *compiler) fail(where, format string, args ...any) {
	if where == "" {
		where = "schema"
	}
	c.problems = append(c.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (c *compiler) compile(ref *openapi3.SchemaRef, outer Refusals, where string) *Schema {
	if ref == nil || ref.Value == nil {
		return &Schema{maxLength: -1, maxItems: -1}
	}
	in := ref.Value
	if s := c.busy[in]; s != nil {
		return s
	}
	s := &Schema{nullable: in.Nullable, enum: in.Enum, min: in.Min, max: in.Max, request: c.use == ForRequest,
		minLength: int(in.MinLength), maxLength: -1, minItems: int(in.MinItems), maxItems: -1} //nolint:gosec // bounds of our own documents
	c.busy[in] = s
	c.enumeration(s, in)
	c.refuseUnknown(in, where)
	if in.Type != nil {
		if len(*in.Type) != 1 {
			c.fail(where, "wants exactly one type")
		} else {
			s.typ = (*in.Type)[0]
		}
	}
	c.bounds(s, in, where)
	if in.Items != nil {
		s.items = c.compile(in.Items, outer, where+"[]")
	}
	c.properties(s, in, outer, where)
	return s
}

func (c *compiler) bounds(s *Schema, in *openapi3.Schema, where string) {
	if in.MaxLength != nil {
		s.maxLength = int(*in.MaxLength) //nolint:gosec // bounds of our own documents
	}
	if in.MaxItems != nil {
		s.maxItems = int(*in.MaxItems) //nolint:gosec // bounds of our own documents
	}
	if in.Pattern != "" {
		re, err := compilePattern(in.Pattern)
		if err != nil {
			c.fail(where, "pattern: %v", err)
		}
		s.pattern = re
	}
	c.format(s, in, where)
	if s.typ == "integer" {
		lo, hi := formatBounds(in.Format)
		if s.min == nil {
			s.min = lo
		}
		if s.max == nil {
			s.max = hi
		}
	}
}

func (c *compiler) enumeration(s *Schema, in *openapi3.Schema) {
	for _, e := range in.Enum {
		if text, ok := e.(string); ok {
			s.texts = append(s.texts, text)
		}
		if n, ok := number(e); ok {
			s.numbers = append(s.numbers, n)
		}
	}
}

// format takes the formats that say something to check; the others are only annotations, or unknown.
func (c *compiler) format(s *Schema, in *openapi3.Schema, where string) {
	switch in.Format {
	case "", "int32", "int64", "float", "double", "password", "binary":
	case "date-time":
		s.dateTime = true
	default:
		c.fail(where, "format %q is not one the checks know", in.Format)
	}
}

// dateTime is RFC 3339's date-time; a leap second is one.
var dateTime = mustPattern(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-][0-2]\d:[0-5]\d)$`)

// formatBounds are the bounds that an integer's format implies; int64 is checked while parsing.
func formatBounds(format string) (lo, hi *float64) {
	if format != "int32" {
		return nil, nil
	}
	l, h := float64(-1<<31), float64(1<<31-1)
	return &l, &h
}

func (c *compiler) refuseUnknown(in *openapi3.Schema, where string) {
	for keyword, used := range map[string]bool{
		"oneOf": in.OneOf != nil, "anyOf": in.AnyOf != nil, "allOf": in.AllOf != nil, "not": in.Not != nil,
		"uniqueItems": in.UniqueItems, "multipleOf": in.MultipleOf != nil, "minProperties": in.MinProps != 0,
		"maxProperties": in.MaxProps != nil, "discriminator": in.Discriminator != nil,
		"exclusiveMinimum": in.ExclusiveMin.Bool != nil || in.ExclusiveMin.Value != nil,
		"exclusiveMaximum": in.ExclusiveMax.Bool != nil || in.ExclusiveMax.Value != nil,
	} {
		if used {
			c.fail(where, "keyword %s is not one the checks know", keyword)
		}
	}
}

func (c *compiler) properties(s *Schema, in *openapi3.Schema, outer Refusals, where string) {
	for _, name := range orderedProperties(in) {
		ref := in.Properties[name]
		ext := extensionsOf(ref)
		r := refusalsOf(ext, outer)
		allowEmpty, err := decodeExtension[bool](ext, "x-allow-empty")
		if err != nil {
			c.fail(where+"."+name, "%v", err)
		}
		s.properties = append(s.properties, property{name: name, required: slices.Contains(in.Required, name),
			allowEmpty: allowEmpty, schema: c.compile(ref, r, where+"."+name), refusals: r})
	}
	for _, name := range in.Required {
		if in.Properties[name] == nil {
			c.fail(where, "requires %q, which is no property", name)
		}
	}
	if has := in.AdditionalProperties.Has; has != nil && !*has {
		s.closed = true
	}
	if in.AdditionalProperties.Schema != nil {
		s.extra = c.compile(in.AdditionalProperties.Schema, outer, where+".*")
	}
}

// orderedProperties names the properties in the order of the document.
func orderedProperties(in *openapi3.Schema) []string {
	names := sortedKeys(in.Properties)
	sort.SliceStable(names, func(i, j int) bool { return lineOf(in.Properties[names[i]]) < lineOf(in.Properties[names[j]]) })
	return names
}

func lineOf(ref *openapi3.SchemaRef) int {
	if ref.Ref != "" && ref.Origin != nil && ref.Origin.Key != nil {
		return ref.Origin.Key.Line
	}
	if ref.Value != nil && ref.Value.Origin != nil && ref.Value.Origin.Key != nil {
		return ref.Value.Origin.Key.Line
	}
	return 0
}

func extensionsOf(ref *openapi3.SchemaRef) map[string]any {
	if ref == nil || ref.Value == nil {
		return nil
	}
	return ref.Value.Extensions
}

func decodeExtension[T any](ext map[string]any, name string) (T, error) {
	var out T
	v, ok := ext[name]
	if !ok {
		return out, nil
	}
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

// PropertyType is the type of a property of an object schema, "" if it is not named.
func (s *Schema) PropertyType(name string) string {
	if p := s.property(name); p != nil {
		return p.schema.typ
	}
	return ""
}

// Part is what the extensions of a parameter or body say.
type Part struct {
	Refusals   Refusals
	AllowEmpty bool
	Secret     bool
	// Blank is the assumption by which a parameter of white space counts as empty, "" if none does.
	Blank string
}

// PartOf reads the extensions beside a parameter or body; outer are the operation's refusals.
func PartOf(ext map[string]any, outer Refusals) (Part, error) {
	own, err1 := decodeExtension[Refusals](ext, "x-refusals")
	allowEmpty, err2 := decodeExtension[bool](ext, "x-allow-empty")
	secret, err3 := decodeExtension[bool](ext, "x-secret")
	blank, err4 := decodeExtension[string](ext, "x-blank")
	return Part{Refusals: own.or(outer), AllowEmpty: allowEmpty, Secret: secret, Blank: blank}, errors.Join(err1, err2, err3, err4)
}

// Overlay names the schema that a reply has in worlds which chose Value for Assumption.
type Overlay struct{ Assumption, Value, Schema string }

// OverlaysOf reads the x-overlays of a response, in a fixed order.
func OverlaysOf(ext map[string]any) ([]Overlay, error) {
	all, err := decodeExtension[map[string]map[string]string](ext, "x-overlays")
	var out []Overlay
	for _, id := range sortedKeys(all) {
		for _, value := range sortedKeys(all[id]) {
			out = append(out, Overlay{id, value, all[id][value]})
		}
	}
	return out, err
}
