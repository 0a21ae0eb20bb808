package specs

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/getkin/kin-openapi/openapi3"
)

// Shape is what a JSON schema of the documents says to those who check values: its keywords in the order of the document,
// without descriptions, examples and sources. Compile turns it into checks. A nil Shape allows every value.
type Shape struct {
	// Type is object, array, string, integer, number or boolean; "" is any.
	Type     string
	Nullable bool
	// Enum has nil, bool, string and float64.
	Enum []any

	// MinLength and MaxLength are in characters. The bounds that are nil here and below are none.
	MinLength int
	MaxLength *int
	// Pattern is a regular expression that compiles.
	Pattern  string
	DateTime bool

	Min, Max *float64

	MinItems int
	MaxItems *int
	// Items is nil where the items may be anything.
	Items *Shape

	Properties []Property
	// Closed refuses other properties; Extra checks them.
	Closed bool
	Extra  *Shape

	// Refusals are those that stand beside the schema itself. AllowEmpty is x-allow-empty.
	Refusals   Refusals
	AllowEmpty bool
}

// Property is a property of an object.
type Property struct {
	Name     string
	Required bool
	Shape    *Shape
}

// Property returns the shape of a property, or nil.
func (s *Shape) Property(name string) *Shape {
	for i := range s.Properties {
		if s.Properties[i].Name == name {
			return s.Properties[i].Shape
		}
	}
	return nil
}

// shaper takes shapes of schemas; what stands in several places is one shape.
type shaper struct {
	known    map[*openapi3.Schema]*Shape
	problems []error
}

func newShaper() *shaper { return &shaper{known: map[*openapi3.Schema]*Shape{}} }

// errs returns what was wrong since it was last called.
func (c *shaper) errs() error {
	err := errors.Join(c.problems...)
	c.problems = nil
	return err
}

func (c *shaper) fail(where, format string, args ...any) {
	if where == "" {
		where = "schema"
	}
	c.problems = append(c.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (c *shaper) shape(ref *openapi3.SchemaRef, where string) *Shape {
	if ref == nil || ref.Value == nil {
		return nil
	}
	in := ref.Value
	if s := c.known[in]; s != nil {
		return s
	}
	s := &Shape{Nullable: in.Nullable, Enum: in.Enum, Min: in.Min, Max: in.Max,
		MinLength: int(in.MinLength), MaxLength: bound(in.MaxLength), MinItems: int(in.MinItems), MaxItems: bound(in.MaxItems)} //nolint:gosec // bounds of our own documents
	c.known[in] = s
	c.refuseUnknown(in, where)
	if in.Type != nil {
		if len(*in.Type) != 1 {
			c.fail(where, "wants exactly one type")
		} else {
			s.Type = (*in.Type)[0]
		}
	}
	c.pattern(s, in, where)
	c.format(s, in, where)
	c.extensions(s, in, where)
	if in.Items != nil {
		s.Items = c.shape(in.Items, where+"[]")
	}
	c.properties(s, in, where)
	return s
}

func bound(n *uint64) *int {
	if n == nil {
		return nil
	}
	i := int(*n) //nolint:gosec // bounds of our own documents
	return &i
}

func (c *shaper) pattern(s *Shape, in *openapi3.Schema, where string) {
	if in.Pattern == "" {
		return
	}
	if _, err := compilePattern(in.Pattern); err != nil {
		c.fail(where, "pattern: %v", err)
		return
	}
	s.Pattern = in.Pattern
}

// format takes the formats that say something to check; the others are only annotations, or unknown.
func (c *shaper) format(s *Shape, in *openapi3.Schema, where string) {
	switch in.Format {
	case "", "int64", "float", "double", "password", "binary":
	case "int32":
		if s.Type == "integer" {
			s.int32Bounds()
		}
	case "date-time":
		s.DateTime = true
	default:
		c.fail(where, "format %q is not one the checks know", in.Format)
	}
}

// int32Bounds are the bounds that the format implies; those of int64 are checked while parsing.
func (s *Shape) int32Bounds() {
	lo, hi := float64(-1<<31), float64(1<<31-1)
	if s.Min == nil {
		s.Min = &lo
	}
	if s.Max == nil {
		s.Max = &hi
	}
}

func (c *shaper) extensions(s *Shape, in *openapi3.Schema, where string) {
	var err1, err2 error
	s.Refusals, err1 = decodeExtension[Refusals](in.Extensions, "x-refusals")
	s.AllowEmpty, err2 = decodeExtension[bool](in.Extensions, "x-allow-empty")
	if err := errors.Join(err1, err2); err != nil {
		c.fail(where, "%v", err)
	}
}

func (c *shaper) refuseUnknown(in *openapi3.Schema, where string) {
	for _, k := range []struct {
		keyword string
		used    bool
	}{
		{"oneOf", in.OneOf != nil},
		{"anyOf", in.AnyOf != nil},
		{"allOf", in.AllOf != nil},
		{"not", in.Not != nil},
		{"uniqueItems", in.UniqueItems},
		{"multipleOf", in.MultipleOf != nil},
		{"minProperties", in.MinProps != 0},
		{"maxProperties", in.MaxProps != nil},
		{"discriminator", in.Discriminator != nil},
		{"exclusiveMinimum", in.ExclusiveMin.Bool != nil || in.ExclusiveMin.Value != nil},
		{"exclusiveMaximum", in.ExclusiveMax.Bool != nil || in.ExclusiveMax.Value != nil},
	} {
		if k.used {
			c.fail(where, "keyword %s is not one the checks know", k.keyword)
		}
	}
}

func (c *shaper) properties(s *Shape, in *openapi3.Schema, where string) {
	for _, name := range orderedProperties(in) {
		s.Properties = append(s.Properties, Property{Name: name, Required: slices.Contains(in.Required, name),
			Shape: c.shape(in.Properties[name], where+"."+name)})
	}
	for _, name := range in.Required {
		if in.Properties[name] == nil {
			c.fail(where, "requires %q, which is no property", name)
		}
	}
	if has := in.AdditionalProperties.Has; has != nil && !*has {
		s.Closed = true
	}
	if in.AdditionalProperties.Schema != nil {
		s.Extra = c.shape(in.AdditionalProperties.Schema, where+".*")
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
