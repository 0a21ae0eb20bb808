package main

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/getkin/kin-openapi/openapi3"
)

// sketch is JSON that is still to be written: whatever its parts are, valid or not, in the order in which they stand.
type sketch struct {
	kind  byte // '{', '[', '"', or 0 for a text that is put down as it is
	text  string
	names []string
	parts []*sketch
	// schema is what the document says of it, nil where it says nothing.
	schema *openapi3.Schema
}

// sketchOf draws a value that the schema most likely takes.
func sketchOf(r *rand.Rand, in *openapi3.Schema) *sketch { return sketchWith(r, in, 2) }

// sketchWith takes one optional property in so many; 0: all.
func sketchWith(r *rand.Rand, in *openapi3.Schema, leave int) *sketch {
	s := &sketch{schema: in}
	switch {
	case in.Nullable && r.IntN(4) == 0:
		s.text = "null"
	case in.Type.Is("object"):
		s.kind = '{'
		s.drawProperties(r, leave)
	case in.Type.Is("array"):
		s.kind = '['
		for range max(int(in.MinItems), r.IntN(3)) { //nolint:gosec // bounds of our own documents
			s.parts = append(s.parts, sketchWith(r, in.Items.Value, leave))
		}
	case in.Type.Is("string"):
		s.kind, s.text = '"', wordingOf(in).good(r)
	case in.Type.Is("boolean"), in.Type.Is("integer"), in.Type.Is("number"):
		s.text = wordingOf(in).good(r)
	default:
		s.text = anyOf(r, scraps...)
	}
	return s
}

func (s *sketch) drawProperties(r *rand.Rand, leave int) {
	names := make([]string, 0, len(s.schema.Properties))
	for name := range s.schema.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		if slices.Contains(s.schema.Required, name) || leave == 0 || r.IntN(leave) == 0 {
			s.names = append(s.names, name)
			s.parts = append(s.parts, sketchWith(r, s.schema.Properties[name].Value, leave))
		}
	}
}

// scraps are values of all types and spellings, some of them no JSON.
var scraps = []string{
	"null", "true", "false", "0", "1", "-0", "-1", "1.0", "1.5", "1e2", "1E+2", "1e-2", "-0.0", "1e400", "-1e400", "9007199254740993", "9223372036854775808", "2147483648",
	"123456789012345678901234567890", "0.1e-400", `""`, `" "`, `"a"`, `"true"`, `"1"`, `"null"`, "{}", "[]", `{"a":1}`, `[1]`, `[[]]`, `["password"]`, `[null]`, `{"name":"x"}`,
	`"\u0041"`, `"\u0000"`, `"\ud83d\ude00"`, `"\ud800"`, `"\udc00"`, `"\ud800\u0041"`, `"\/"`, `"\b\f\n\r\t\"\\"`,
	"01", "-01", "+1", "-", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "-Infinity", "True", "nul", "nulll", "undefined", "'a'", `"`, `"a`, "\"\x01\"", "\"\n\"", "\"\t\"", `"\x41"`, `"\u12"`,
	`"\u00zz"`, `"\'"`, "{", "[", "}", "]", "[1,]", "[,1]", "[1 2]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a" 1}`, `{"a":1 "b":2}`, "", " ", "/**/", "1//", "\xff", "\"\xff\"", "\"\xed\xa0\x80\"",
	"\ufeff1", "\u00a01", "tru\x00e", "[1}", `{"a":1]`,
}

// write puts JSON down, in one of many ways that mean the same.
func (s *sketch) write(b *strings.Builder, r *rand.Rand, loose bool) {
	gap(b, r, loose)
	defer gap(b, r, loose)
	switch s.kind {
	case '"':
		writeText(b, r, s.text, loose)
	case '{', '[':
		b.WriteByte(s.kind)
		for i, part := range s.parts {
			if i > 0 {
				b.WriteByte(',')
			}
			if s.kind == '{' {
				gap(b, r, loose)
				writeText(b, r, s.names[i], loose)
				gap(b, r, loose)
				b.WriteByte(':')
			}
			part.write(b, r, loose)
		}
		b.WriteByte(s.kind + 2) // the brace or bracket that closes
	default:
		b.WriteString(s.text)
	}
}

func gap(b *strings.Builder, r *rand.Rand, loose bool) {
	for loose && r.IntN(3) == 0 {
		b.WriteString(anyOf(r, " ", "\t", "\n", "\r\n"))
	}
}

// writeText writes a string; a loose one has escapes that need not be.
func writeText(b *strings.Builder, r *rand.Rand, text string, loose bool) {
	if !loose {
		quoted, _ := json.Marshal(text) // a text always can be
		if strings.ToValidUTF8(text, "") != text {
			quoted = []byte(`"` + text + `"`) // that would have put U+FFFD
		}
		b.Write(quoted)
		return
	}
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || r.IntN(4) == 0:
			writeEscape(b, r, c)
		case c == '/' && r.IntN(2) == 0:
			b.WriteString(`\/`)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
}

func writeEscape(b *strings.Builder, r *rand.Rand, c rune) {
	units := utf16.Encode([]rune{c})
	for _, u := range units {
		hex := strconv.FormatUint(uint64(u)+0x10000, 16)[1:]
		if r.IntN(2) == 0 {
			hex = strings.ToUpper(hex)
		}
		b.WriteString(`\u` + hex)
	}
}

// nodes are all values within, the outermost first.
func (s *sketch) nodes(all []*sketch) []*sketch {
	all = append(all, s)
	for _, part := range s.parts {
		all = part.nodes(all)
	}
	return all
}

// spoil changes one thing somewhere, and says what.
func (s *sketch) spoil(r *rand.Rand) string {
	all := s.nodes(nil)
	at := all[r.IntN(len(all))]
	switch {
	case at.kind == '{' && r.IntN(5) > 0:
		return at.spoilObject(r)
	case at.kind == '[' && r.IntN(3) > 0:
		return at.spoilArray(r)
	}
	return at.spoilValue(r)
}

func (s *sketch) spoilValue(r *rand.Rand) string {
	s.names, s.parts = nil, nil
	often := 3
	if s.schema != nil && !constrained(s.schema) {
		often = 1 // nothing is near an edge where there is none
	}
	if s.schema != nil && r.IntN(4) < often && (s.schema.Type.Is("string") || s.schema.Type.Is("integer")) {
		if s.schema.Type.Is("string") {
			s.kind = '"'
		}
		s.text = wordingOf(s.schema).near(r)
		return "a value near the edge"
	}
	s.kind, s.text = 0, anyOf(r, scraps...)
	if r.IntN(40) == 0 {
		s.text = deep(r)
	}
	return "a value " + clipped(s.text)
}

// absent is a property that the document names and the object lacks, "" if there is none.
func (s *sketch) absent(r *rand.Rand) string {
	if s.schema == nil {
		return ""
	}
	var names []string
	for name := range s.schema.Properties {
		if !slices.Contains(s.names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return anyOf(r, names...)
}

// deep is JSON within JSON, at the depth where decoders give up or near it.
func deep(r *rand.Rand) string {
	n := []int{20, 500, 9_990, 9_999, 10_000, 10_001}[r.IntN(6)]
	if r.IntN(2) == 0 {
		return strings.Repeat("[", n) + strings.Repeat("]", n)
	}
	return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)
}

func (s *sketch) spoilObject(r *rand.Rand) string {
	i := 0
	if len(s.names) > 0 {
		i = r.IntN(len(s.names))
	}
	move := r.IntN(9)
	if len(s.names) == 0 {
		move = 8
	}
	switch move {
	case 0, 1:
		name := s.names[i]
		s.names, s.parts = slices.Delete(s.names, i, i+1), slices.Delete(s.parts, i, i+1)
		return "no " + name
	case 2:
		s.names[i] = anyOf(r, recased(r, s.names[i]), s.names[i]+" ", " "+s.names[i], strings.ReplaceAll(s.names[i], "_", "-"), s.names[i]+"\x00")
		return "another name for " + s.names[i]
	case 3:
		s.parts[i] = &sketch{text: anyOf(r, "null", `""`, `" "`), schema: s.parts[i].schema}
		return s.names[i] + " is " + s.parts[i].text
	case 6, 7:
		if name := s.absent(r); name != "" {
			s.names = append(s.names, name)
			s.parts = append(s.parts, sketchOf(r, s.schema.Properties[name].Value))
			return name + ", " + s.parts[len(s.parts)-1].spoilValue(r)
		}
	case 4, 5:
		again := &sketch{text: anyOf(r, scraps...)}
		if old := s.parts[i]; r.IntN(2) == 0 && old.schema != nil {
			again = sketchOf(r, old.schema)
		}
		at := r.IntN(len(s.names) + 1)
		s.names, s.parts = slices.Insert(s.names, at, s.names[i]), slices.Insert(s.parts, at, again)
		return "twice " + s.names[at]
	}
	at := r.IntN(len(s.names) + 1)
	name := anyOf(r, "unknown", "", "a/b~c", "0", "\xff", "名", "__proto__", "extra_field")
	value := &sketch{text: anyOf(r, scraps[:40]...)}
	if r.IntN(30) == 0 {
		value.text = deep(r)
	}
	s.names, s.parts = slices.Insert(s.names, at, name), slices.Insert(s.parts, at, value)
	return "an unknown field " + strconv.Quote(name)
}

func (s *sketch) spoilArray(r *rand.Rand) string {
	switch r.IntN(3) {
	case 0:
		s.parts = nil
		return "an empty list"
	case 1:
		s.parts = append(s.parts, &sketch{text: anyOf(r, scraps...)})
		return "one more item"
	}
	for range r.IntN(120) {
		s.parts = append(s.parts, sketchOf(r, s.schema.Items.Value))
	}
	return "many items"
}

func clipped(text string) string {
	if len(text) > 40 {
		return strconv.Quote(text[:40]) + "…"
	}
	return strconv.Quote(text)
}
