package specs

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Check returns the violation that decides, or nil. v is decoded JSON: nil, bool, string, json.Number or float64,
// []any, map[string]any. unknown, if not nil, hears of properties that the schema does not name.
func (s *Schema) Check(v any, r Refusals, unknown func(pointer string)) *Violation {
	t := NewTape()
	defer t.Release()
	t.put(v)
	return s.CheckTape(t, r, unknown)
}

// CheckAll is Check for those who want to hear everything that is wrong at once: all violations, in the order of the
// document. The first one of the least kind is the one that Check returns.
func (s *Schema) CheckAll(v any, r Refusals, unknown func(pointer string)) []*Violation {
	t := NewTape()
	defer t.Release()
	t.put(v)
	var first Violation
	var all []*Violation
	f := finder{found: &first, unknown: unknown, each: func(v Violation) { all = append(all, &v) }}
	s.check(t, &f, 0, &r)
	return all
}

// CheckTape is Check for the value on a tape. It costs no allocation as long as nothing is wrong.
func (s *Schema) CheckTape(t *Tape, r Refusals, unknown func(pointer string)) *Violation {
	var found Violation
	s.FindInTape(&found, t, r, unknown)
	return found.orNil()
}

// FindInTape is CheckTape for one of several values: found is the violation that decides among those before and becomes
// the one that decides among all; it is Fine if there is none.
func (s *Schema) FindInTape(found *Violation, t *Tape, r Refusals, unknown func(pointer string)) {
	s.check(t, &finder{found: found, unknown: unknown}, 0, &r)
}

// check looks at the value that is node i of the tape.
func (s *Schema) check(t *Tape, f *finder, i uint32, r *Refusals) {
	is := t.nodes[i].kind
	if is == isNull {
		if !s.nullable && s.typ != "" {
			f.add(t, Malformed, r, Reason{form: "is null, want %t", text: s.typ})
		}
		return
	}
	switch s.typ {
	case "object":
		s.checkObject(t, f, i, r)
	case "array":
		s.checkArray(t, f, i, r)
	case "string":
		if is != isString {
			f.add(t, Malformed, r, Reason{form: "is %t, want a string", text: is.String()})
			return
		}
		s.checkString(t, f, i, r)
	case "integer", "number":
		s.checkNumber(t, f, i, r)
	case "boolean":
		if is != isTrue && is != isFalse {
			f.add(t, Malformed, r, Reason{form: "is %t, want a boolean", text: is.String()})
		}
	}
}

// fewProperties is how many properties an object may have that is checked without allocation.
const fewProperties = 32

func (s *Schema) checkObject(t *Tape, f *finder, i uint32, r *Refusals) {
	if is := t.nodes[i].kind; is != isObject {
		f.add(t, Malformed, r, Reason{form: "is %t, want an object", text: is.String()})
		return
	}
	var few [fewProperties]uint32
	values := few[:]
	if len(s.properties) > fewProperties {
		values = make([]uint32, len(s.properties))
	}
	unknown := s.place(t, i, values)
	for j := range s.properties {
		p := &s.properties[j]
		p.check(t, f, values[j], s.request)
	}
	if unknown {
		s.checkUnknown(t, f, i, r)
	}
}

// place notes for each property of the schema where its value is in an object, 0 if it has none: the last of a name. It
// reports whether there are others.
func (s *Schema) place(t *Tape, object uint32, values []uint32) (unknown bool) {
	next := 0
	for k := object + 1; k < t.nodes[object].next; k = t.nodes[k+1].next {
		j := s.find(t.bytes(k), next)
		if j < 0 {
			unknown = true
			continue
		}
		values[j] = k + 1
		next = j + 1
	}
	return unknown
}

// find returns which property has the name, or -1. It looks at the one that guess says first: most objects have their
// properties in the order of the document.
func (s *Schema) find(name []byte, guess int) int {
	if guess < len(s.properties) && s.properties[guess].name == string(name) {
		return guess
	}
	for j := range s.properties {
		if s.properties[j].name == string(name) {
			return j
		}
	}
	return -1
}

// check looks at the value of a property; i is 0 if there is none.
func (p *property) check(t *Tape, f *finder, i uint32, request bool) {
	switch {
	case p.required && (i == 0 || request && p.blank(t, i)):
		f.miss(t, p)
	case i != 0:
		t.enter(step{name: i - 1})
		p.schema.check(t, f, i, &p.refusals)
		t.leave()
	}
}

// blank reports whether a value is as good as none in a request.
func (p *property) blank(t *Tape, i uint32) bool {
	switch n := &t.nodes[i]; n.kind {
	case isNull:
		return !p.schema.nullable
	case isString:
		return n.start == n.end && !p.allowEmpty
	default:
		return false
	}
}

func (s *Schema) checkUnknown(t *Tape, f *finder, object uint32, r *Refusals) {
	if s.extra == nil && !s.closed && (f.unknown == nil || len(s.properties) == 0) {
		return
	}
	for _, k := range t.sortedNames(object, func(k uint32) bool { return s.find(t.bytes(k), 0) < 0 }) {
		t.enter(step{name: k})
		switch {
		case s.extra != nil:
			s.extra.check(t, f, k+1, r)
		case s.closed:
			f.add(t, Range, r, Reason{form: "is not a documented property"})
		default:
			f.unknown(t.here.pointer(t))
		}
		t.leave()
	}
}

func (s *Schema) property(name string) *property {
	for i := range s.properties {
		if s.properties[i].name == name {
			return &s.properties[i]
		}
	}
	return nil
}

func (s *Schema) checkArray(t *Tape, f *finder, i uint32, r *Refusals) {
	n := t.nodes[i]
	if n.kind != isList {
		f.add(t, Malformed, r, Reason{form: "is %t, want an array", text: n.kind.String()})
		return
	}
	if int(n.count) < s.minItems {
		f.add(t, Range, r, Reason{form: "has %n items, want at least %b", number: float64(n.count), bound: float64(s.minItems)})
	}
	if s.maxItems >= 0 && int(n.count) > s.maxItems {
		f.add(t, Range, r, Reason{form: "has %n items, want at most %b", number: float64(n.count), bound: float64(s.maxItems)})
	}
	if s.items == nil {
		return
	}
	for k, index := i+1, uint32(0); k < n.next; k = t.nodes[k].next {
		t.enter(step{index: index})
		s.items.check(t, f, k, r)
		t.leave()
		index++
	}
}

func (s *Schema) checkString(t *Tape, f *finder, i uint32, r *Refusals) {
	text := t.bytes(i)
	if t.mangled && !utf8.Valid(text) {
		f.add(t, Malformed, r, Reason{form: "is not UTF-8"})
		return
	}
	if s.minLength > 0 || s.maxLength >= 0 {
		s.checkLength(t, f, t.length(i), r)
	}
	if s.pattern != nil && !s.pattern.match(text) {
		f.add(t, Range, r, Reason{form: "does not match %p", schema: s})
	}
	if s.dateTime && !dateTime.match(text) {
		f.add(t, Range, r, Reason{form: "is %q, want a date and time such as 2026-01-15T08:00:00Z", text: clipped(text)})
	}
	if s.enum != nil && !enumHas(s.texts, text) {
		f.add(t, Range, r, Reason{form: "is %q, want one of %e", text: clipped(text), schema: s})
	}
}

func (s *Schema) checkLength(t *Tape, f *finder, n int, r *Refusals) {
	if n < s.minLength {
		f.add(t, Range, r, Reason{form: "has %n characters, want at least %b", number: float64(n), bound: float64(s.minLength)})
	}
	if s.maxLength >= 0 && n > s.maxLength {
		f.add(t, Range, r, Reason{form: "has %n characters, want at most %b", number: float64(n), bound: float64(s.maxLength)})
	}
}

func enumHas(enum []string, text []byte) bool {
	for _, e := range enum {
		if e == string(text) {
			return true
		}
	}
	return false
}

func (s *Schema) checkNumber(t *Tape, f *finder, i uint32, r *Refusals) {
	is := t.nodes[i].kind
	text := t.bytes(i)
	n, ok := 0.0, is == isNumber
	if ok {
		n, ok = numberOf(text)
	}
	if !ok {
		f.add(t, Malformed, r, Reason{form: noNumber(s.typ), text: is.String()})
		return
	}
	if s.typ == "integer" && n != math.Trunc(n) {
		f.add(t, Malformed, r, Reason{form: "is %t, want a whole number", text: string(text)})
		return
	}
	s.checkBounds(t, f, n, r)
}

func (s *Schema) checkBounds(t *Tape, f *finder, n float64, r *Refusals) {
	if s.min != nil && n < *s.min {
		f.add(t, Range, r, Reason{form: "is %n, want at least %b", number: n, bound: *s.min})
	}
	if s.max != nil && n > *s.max {
		f.add(t, Range, r, Reason{form: "is %n, want at most %b", number: n, bound: *s.max})
	}
	if s.enum != nil && !slices.Contains(s.numbers, n) {
		f.add(t, Range, r, Reason{form: "is %n, want one of %e", number: n, schema: s})
	}
}

// number is the value of an enumeration's entry.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil || math.IsInf(f, 0)
	}
	return 0, false
}

// numberOf reads a number; one that is beyond all bounds is infinite.
func numberOf(text []byte) (float64, bool) {
	if n, ok := smallInteger(text); ok {
		return float64(n), true
	}
	n, err := strconv.ParseFloat(string(text), 64)
	return n, err == nil || math.IsInf(n, 0)
}

// smallInteger reads the integers that need no care: of few enough digits to be exact.
func smallInteger(text []byte) (n int64, ok bool) {
	digits := bytes.TrimPrefix(text, minus)
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if len(digits) < len(text) {
		return -n, n != 0 // -0 needs care
	}
	return n, true
}

var minus = []byte("-")

func noNumber(typ string) string {
	if typ == "integer" {
		return "is %t, want an integer"
	}
	return "is %t, want a number"
}
