package shape

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// Shape is what is known of a type before any JSON of it is read. It is for concurrent use.
type Shape struct{ root *plan }

// kind says how a value is read.
type kind int

const (
	foreign kind = iota // by encoding/json
	text
	texts // []string
	signed
	unsigned
	boolean
	structure
	list
	pointer
	unmarshalsText
)

// plan is how the values of one type are read.
type plan struct {
	// kind says how a value is read of JSON, packed how it is packed.
	kind   kind
	packed kind
	of     reflect.Type
	fields []field // of a structure
	item   *plan   // of a list, or what a pointer points at
}

type field struct {
	name  string // as JSON has it
	index int    // among the fields of the Go type
	plan  *plan
}

// mostFields bounds the fields of a structure: one bit each tells which have been read.
const mostFields = 64

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// Of makes the shape of a type. There is one for every type: what has none of its own is left to encoding/json.
func Of[T any]() *Shape {
	return &Shape{planOf(reflect.TypeFor[T](), map[reflect.Type]*plan{})}
}

// planOf makes the plan of a type; known are those that are being made, for types that hold themselves.
func planOf(t reflect.Type, known map[reflect.Type]*plan) *plan {
	if p := known[t]; p != nil {
		return p
	}
	p := &plan{of: t}
	known[t] = p
	p.kind = kindOf(t)
	switch p.kind {
	case structure:
		p.addFields(known)
	case list, pointer:
		p.item = planOf(t.Elem(), known)
	}
	p.packed = p.kind
	if k := kindOfBasic(t); p.kind == unmarshalsText {
		p.packed = k
	}
	return p
}

func kindOf(t reflect.Type) kind {
	switch at := reflect.PointerTo(t); {
	case t.Implements(jsonUnmarshaler) || at.Implements(jsonUnmarshaler):
		return foreign
	case t.Kind() != reflect.Pointer && at.Implements(textUnmarshaler):
		return unmarshalsText
	case t.Implements(textUnmarshaler):
		return foreign
	}
	switch t.Kind() {
	case reflect.Struct:
		return structure
	case reflect.Pointer:
		return pointer
	case reflect.Slice:
		return kindOfSlice(t)
	}
	return kindOfBasic(t)
}

func kindOfBasic(t reflect.Type) kind {
	switch t.Kind() {
	case reflect.String:
		return text
	case reflect.Bool:
		return boolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return signed
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return unsigned
	}
	return foreign
}

func kindOfSlice(t reflect.Type) kind {
	switch {
	case t == reflect.TypeFor[[]string]():
		return texts
	case t.Elem().Kind() == reflect.Uint8: // encoding/json reads base64
		return foreign
	}
	return list
}

// addFields lists the fields of a structure. One of which encoding/json reads more than a name and a value makes the whole
// structure foreign.
func (p *plan) addFields(known map[reflect.Type]*plan) {
	for i := range p.of.NumField() {
		f := p.of.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" && options == "" || !f.IsExported() && !f.Anonymous:
			continue
		case name == "":
			name = f.Name
		}
		if f.Anonymous || strings.Contains(options, "string") || len(p.fields) == mostFields || p.find([]byte(name), 0) >= 0 {
			p.kind, p.fields = foreign, nil
			return
		}
		p.fields = append(p.fields, field{name, i, planOf(f.Type, known)})
	}
}
