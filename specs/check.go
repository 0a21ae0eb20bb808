package specs

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is the way in which a value is wrong.
type Kind int

// The kinds, in the order in which they are looked for: the least one decides.
const (
	Fine Kind = iota
	Missing
	Malformed
	Range
)

func (k Kind) String() string {
	return [...]string{"fine", "missing", "malformed", "out of range"}[k]
}

// Violation is what is wrong with a value.
type Violation struct {
	Kind Kind
	// Name is the parameter or property; Pointer the JSON pointer to it within a body.
	Name, Pointer string
	// Reason says in English what is wrong.
	Reason string
	// Refusal names the catalogue entry, "" in a reply.
	Refusal string
}

func (v *Violation) Error() string {
	where := v.Pointer
	if where == "" {
		where = v.Name
	}
	return fmt.Sprintf("%s: %s", where, v.Reason)
}

// Refuse returns the name of the catalogue entry for a kind.
func (r Refusals) Refuse(k Kind) string {
	switch k {
	case Missing:
		return r.Missing
	case Malformed:
		return r.Malformed
	default:
		return r.Range
	}
}

// finder keeps the violation that decides: the least kind, the first of it.
type finder struct {
	found *Violation
	// all, if set, keeps the others too, in the order in which they were met.
	all *[]*Violation
	// unknown is called with the pointer of a property the schema does not name.
	unknown func(pointer string)
}

func (f *finder) add(k Kind, at *place, r Refusals, format string, args ...any) {
	decides := f.found == nil || k < f.found.Kind
	if !decides && f.all == nil {
		return
	}
	v := &Violation{Kind: k, Name: at.name, Pointer: at.pointer(), Reason: fmt.Sprintf(format, args...), Refusal: r.Refuse(k)}
	if decides {
		f.found = v
	}
	if f.all != nil {
		*f.all = append(*f.all, v)
	}
}

// place is where in a value the check is; it costs nothing until something is wrong.
type place struct {
	up    *place
	name  string
	index int // of an array item; -1 for a property
}

func (p *place) pointer() string {
	if p == nil || p.up == nil {
		return ""
	}
	part := p.name
	if p.index >= 0 {
		part = strconv.Itoa(p.index)
	}
	return p.up.pointer() + "/" + strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1")
}

// Check returns the violation that decides, or nil. v is decoded JSON: nil, bool, string, json.Number or float64,
// []any, map[string]any. unknown, if not nil, hears of properties that the schema does not name.
func (s *Schema) Check(v any, r Refusals, unknown func(pointer string)) *Violation {
	f := finder{unknown: unknown}
	s.check(&f, &place{index: -1}, v, r)
	return f.found
}

// CheckAll is Check for those who want to hear everything that is wrong at once: all violations, in the order of the
// document. The first one of the least kind is the one that Check returns.
func (s *Schema) CheckAll(v any, r Refusals, unknown func(pointer string)) []*Violation {
	var all []*Violation
	f := finder{unknown: unknown, all: &all}
	s.check(&f, &place{index: -1}, v, r)
	return all
}

func (s *Schema) check(f *finder, at *place, v any, r Refusals) {
	if v == nil {
		if !s.nullable && s.typ != "" {
			f.add(Malformed, at, r, "is null, want %s", s.typ)
		}
		return
	}
	switch s.typ {
	case "object":
		s.checkObject(f, at, v, r)
	case "array":
		s.checkArray(f, at, v, r)
	case "string":
		text, ok := v.(string)
		if !ok {
			f.add(Malformed, at, r, "is %s, want a string", jsonType(v))
			return
		}
		s.checkString(f, at, text, r)
	case "integer", "number":
		s.checkNumber(f, at, v, r)
	case "boolean":
		if _, ok := v.(bool); !ok {
			f.add(Malformed, at, r, "is %s, want a boolean", jsonType(v))
		}
	}
}

func (s *Schema) checkObject(f *finder, at *place, v any, r Refusals) {
	obj, ok := v.(map[string]any)
	if !ok {
		f.add(Malformed, at, r, "is %s, want an object", jsonType(v))
		return
	}
	known := 0
	for i := range s.properties {
		p := &s.properties[i]
		val, there := obj[p.name]
		if there {
			known++
		}
		switch {
		case s.request && p.required && (!there || val == nil && !p.schema.nullable || val == "" && !p.allowEmpty):
			f.add(Missing, &place{up: at, name: p.name, index: -1}, p.refusals, "is required")
		case p.required && !there:
			f.add(Missing, &place{up: at, name: p.name, index: -1}, p.refusals, "is required")
		case there:
			p.schema.check(f, &place{up: at, name: p.name, index: -1}, val, p.refusals)
		}
	}
	if known < len(obj) {
		s.checkUnknown(f, at, obj, r)
	}
}

func (s *Schema) checkUnknown(f *finder, at *place, obj map[string]any, r Refusals) {
	for _, name := range sortedKeys(obj) {
		if s.property(name) != nil {
			continue
		}
		here := &place{up: at, name: name, index: -1}
		switch {
		case s.extra != nil:
			s.extra.check(f, here, obj[name], r)
		case s.closed:
			f.add(Range, here, r, "is not a documented property")
		case f.unknown != nil && len(s.properties) > 0:
			f.unknown(here.pointer())
		}
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

func (s *Schema) checkArray(f *finder, at *place, v any, r Refusals) {
	list, ok := v.([]any)
	if !ok {
		f.add(Malformed, at, r, "is %s, want an array", jsonType(v))
		return
	}
	if len(list) < s.minItems {
		f.add(Range, at, r, "has %d items, want at least %d", len(list), s.minItems)
	}
	if s.maxItems >= 0 && len(list) > s.maxItems {
		f.add(Range, at, r, "has %d items, want at most %d", len(list), s.maxItems)
	}
	if s.items == nil {
		return
	}
	for i, item := range list {
		s.items.check(f, &place{up: at, name: at.name, index: i}, item, r)
	}
}

func (s *Schema) checkString(f *finder, at *place, text string, r Refusals) {
	if !utf8.ValidString(text) {
		f.add(Malformed, at, r, "is not UTF-8")
		return
	}
	if s.minLength > 0 || s.maxLength >= 0 {
		n := utf8.RuneCountInString(text)
		if n < s.minLength {
			f.add(Range, at, r, "has %d characters, want at least %d", n, s.minLength)
		}
		if s.maxLength >= 0 && n > s.maxLength {
			f.add(Range, at, r, "has %d characters, want at most %d", n, s.maxLength)
		}
	}
	if s.pattern != nil && !s.pattern.MatchString(text) {
		f.add(Range, at, r, "does not match %s", s.pattern)
	}
	if s.dateTime && !dateTime.MatchString(text) {
		f.add(Range, at, r, "is %q, want a date and time such as 2026-01-15T08:00:00Z", clip(text))
	}
	if s.enum != nil && !enumHas(s.enum, text) {
		f.add(Range, at, r, "is %q, want one of %s", clip(text), enumText(s.enum))
	}
}

func enumHas(enum []any, text string) bool {
	for _, e := range enum {
		if e == text {
			return true
		}
	}
	return false
}

func (s *Schema) checkNumber(f *finder, at *place, v any, r Refusals) {
	n, ok := number(v)
	if !ok {
		f.add(Malformed, at, r, "is %s, want %s", jsonType(v), article(s.typ))
		return
	}
	if s.typ == "integer" && n != math.Trunc(n) {
		f.add(Malformed, at, r, "is %v, want a whole number", v)
		return
	}
	s.checkBounds(f, at, n, r)
}

func (s *Schema) checkBounds(f *finder, at *place, n float64, r Refusals) {
	if s.min != nil && n < *s.min {
		f.add(Range, at, r, "is %s, want at least %s", decimalText(n), decimalText(*s.min))
	}
	if s.max != nil && n > *s.max {
		f.add(Range, at, r, "is %s, want at most %s", decimalText(n), decimalText(*s.max))
	}
	if s.enum == nil {
		return
	}
	for _, e := range s.enum {
		if x, ok := number(e); ok && x == n {
			return
		}
	}
	f.add(Range, at, r, "is %s, want one of %s", decimalText(n), enumText(s.enum))
}

// decimalText writes a number without an exponent as long as one can read it.
func decimalText(n float64) string {
	if math.Abs(n) < 1e15 {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

// enumText lists the values of an enumeration as JSON has them.
func enumText(enum []any) string {
	texts := make([]string, len(enum))
	for i, e := range enum {
		texts[i] = fmt.Sprint(e)
		if e == nil {
			texts[i] = "null"
		}
	}
	return strings.Join(texts, ", ")
}

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

// CheckText checks the text of a query, path or header parameter. An integer or boolean (0, 1) comes back as a number.
func (s *Schema) CheckText(name, text string, r Refusals) (int64, *Violation) {
	f := finder{}
	at := &place{name: name, index: -1}
	var n int64
	switch s.typ {
	case "integer":
		n = s.integerText(&f, at, text, r)
	case "boolean":
		switch text {
		case "true":
			n = 1
		case "false":
		default:
			f.add(Malformed, at, r, "is %q, want true or false", clip(text))
		}
	default:
		s.checkString(&f, at, text, r)
	}
	return n, f.found
}

func (s *Schema) integerText(f *finder, at *place, text string, r Refusals) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' {
		if decimal(text) {
			f.add(Range, at, r, "is %s, which no 64-bit integer can be", clip(text))
		} else {
			f.add(Malformed, at, r, "is %q, want a whole number", clip(text))
		}
		return 0
	}
	s.checkBounds(f, at, float64(n), r)
	return n
}

func decimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return "a number"
}

func article(typ string) string {
	if typ == "integer" {
		return "an integer"
	}
	return "a " + typ
}

// clip shortens what a client sent for a message.
func clip(s string) string {
	const most = 64
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
