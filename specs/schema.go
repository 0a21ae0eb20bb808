package specs

import "github.com/getkin/kin-openapi/openapi3"

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
	c := newShaper()
	shape := c.shape(ref, "")
	return shape.Compile(use, outer), c.errs()
}

// Compile turns the shape into checks. outer are the refusals of what contains it.
func (s *Shape) Compile(use Use, outer Refusals) *Schema {
	c := compiler{use: use, busy: map[*Shape]*Schema{}}
	return c.compile(s, outer)
}

type compiler struct {
	use  Use
	busy map[*Shape]*Schema
}

func (c *compiler) compile(in *Shape, outer Refusals) *Schema {
	if in == nil {
		return &Schema{maxLength: -1, maxItems: -1}
	}
	if s := c.busy[in]; s != nil {
		return s
	}
	s := &Schema{typ: in.Type, nullable: in.Nullable, enum: in.Enum, min: in.Min, max: in.Max, dateTime: in.DateTime,
		minLength: in.MinLength, maxLength: atMost(in.MaxLength), minItems: in.MinItems, maxItems: atMost(in.MaxItems),
		closed: in.Closed, request: c.use == ForRequest}
	c.busy[in] = s
	s.enumeration()
	if in.Pattern != "" {
		s.pattern = mustPattern(in.Pattern)
	}
	if in.Items != nil {
		s.items = c.compile(in.Items, outer)
	}
	if len(in.Properties) > 0 {
		s.properties = make([]property, 0, len(in.Properties))
	}
	for i := range in.Properties {
		s.properties = append(s.properties, c.property(&in.Properties[i], outer))
	}
	if in.Extra != nil {
		s.extra = c.compile(in.Extra, outer)
	}
	return s
}

func (s *Schema) enumeration() {
	for _, e := range s.enum {
		if text, ok := e.(string); ok {
			s.texts = append(s.texts, text)
		}
		if n, ok := number(e); ok {
			s.numbers = append(s.numbers, n)
		}
	}
}

func (c *compiler) property(in *Property, outer Refusals) property {
	p := property{name: in.Name, required: in.Required, refusals: outer}
	if in.Shape != nil {
		p.allowEmpty, p.refusals = in.Shape.AllowEmpty, in.Shape.Refusals.or(outer)
	}
	p.schema = c.compile(in.Shape, p.refusals)
	return p
}

// atMost is an upper bound, -1 if there is none.
func atMost(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

// dateTime is RFC 3339's date-time; a leap second is one.
var dateTime = mustPattern(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-][0-2]\d:[0-5]\d)$`)

// PropertyType is the type of a property of an object schema, "" if it is not named.
func (s *Schema) PropertyType(name string) string {
	if p := s.property(name); p != nil {
		return p.schema.typ
	}
	return ""
}
