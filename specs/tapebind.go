package specs

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Bind puts the value on the tape into the struct that v points to, by its json tags and as json.Unmarshal would, but for
// names: they must be spelt as in the tags, in the same case, and of two properties of one name only the last is looked at.
// What v holds then does not point into the text that was read.
//
// Structs of strings, booleans and pointers to such are bound without a detour. Everything else is handed to json.Unmarshal.
func (t *Tape) Bind(v any) error {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("cannot bind to a %T, want a pointer", v)
	}
	b := binder{tape: t}
	return b.value(to.Elem(), 0)
}

// binder copies the strings that it hands out into few pieces of memory: a record that is made of a request keeps all or
// none of them.
type binder struct {
	tape  *Tape
	texts strings.Builder
}

func (b *binder) value(to reflect.Value, i uint32) error {
	kind, of := b.tape.nodes[i].kind, to.Type()
	switch {
	case kind == isString && of == stringType:
		to.SetString(b.text(i))
	case (kind == isTrue || kind == isFalse) && of == boolType:
		to.SetBool(kind == isTrue)
	case kind == isObject && of.Kind() == reflect.Struct:
		return b.object(to, i)
	case kind != isNull && of.Kind() == reflect.Pointer && plainType(of.Elem()):
		if to.IsNil() {
			to.Set(reflect.New(of.Elem()))
		}
		return b.value(to.Elem(), i)
	default:
		return b.otherwise(to, i)
	}
	return nil
}

var (
	stringType  = reflect.TypeFor[string]()
	boolType    = reflect.TypeFor[bool]()
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
)

// plainType reports whether pointers to a type may be followed.
func plainType(of reflect.Type) bool {
	return of == stringType || of == boolType || of.Kind() == reflect.Struct && fieldsOf(of) != nil
}

// otherwise leaves a value to json.Unmarshal.
func (b *binder) otherwise(to reflect.Value, i uint32) error {
	return json.Unmarshal(b.tape.appendValue(nil, i), to.Addr().Interface())
}

// object binds an object to a struct: of each name the last value.
func (b *binder) object(to reflect.Value, i uint32) error {
	t, fields := b.tape, fieldsOf(to.Type())
	if fields == nil {
		return b.otherwise(to, i)
	}
	var values [mostFields]uint32
	for k, next := i+1, 0; k < t.nodes[i].next; k = t.nodes[k+1].next {
		if j := findField(fields, t.bytes(k), next); j >= 0 && !t.nodes[k].dropped {
			values[j] = k + 1
			next = j + 1
		}
	}
	for j := range fields {
		if values[j] == 0 {
			continue
		}
		if err := b.value(to.Field(j), values[j]); err != nil {
			return err
		}
	}
	return nil
}

// findField looks at the field that guess says first.
func findField(fields []string, name []byte, guess int) int {
	if guess < len(fields) && fields[guess] == string(name) {
		return guess
	}
	for j := range fields {
		if fields[j] == string(name) {
			return j
		}
	}
	return -1
}

// mostShared bounds the strings that share a piece of memory, in bytes: one of them keeps all.
const mostShared = 1 << 12

// text copies what a string says.
func (b *binder) text(i uint32) string {
	text := b.tape.bytes(i)
	if b.texts.Cap() == 0 {
		b.texts.Grow(min(len(b.tape.text)+len(b.tape.spare), mostShared))
	}
	if b.texts.Cap()-b.texts.Len() < len(text) {
		return string(text)
	}
	from := b.texts.Len()
	b.texts.Write(text)
	return b.texts.String()[from:]
}

// mostFields is how many fields a struct may have that is bound without a detour.
const mostFields = 32

// structs has the fields of the types that were bound.
var structs sync.Map // reflect.Type -> []string

// fieldsOf are the names of a struct's fields, nil if json.Unmarshal knows better what to do with it.
func fieldsOf(of reflect.Type) []string {
	if known, ok := structs.Load(of); ok {
		return known.([]string)
	}
	known, _ := structs.LoadOrStore(of, plainFields(of))
	return known.([]string)
}

// plainFields names the fields of a struct that has nothing special about it: all exported, tagged with a name alone.
func plainFields(of reflect.Type) []string {
	if of.NumField() > mostFields || reflect.PointerTo(of).Implements(unmarshaler) {
		return nil
	}
	names := make([]string, of.NumField())
	for j := range names {
		f := of.Field(j)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "" || name == "-" || options != "" && options != "omitempty" {
			return nil
		}
		names[j] = name
	}
	return names
}
