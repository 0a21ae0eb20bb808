package shape

import (
	"encoding"
	"encoding/binary"
	"reflect"
	"unicode/utf8"
)

// FieldsReader reads objects of which only the values are there, one behind the other in the order of some fields. It is
// not for concurrent use.
type FieldsReader struct {
	reader Reader
	// record is filled field by field and then copied: what leads to its fields is found once.
	record reflect.Value
	fields []fieldReader
}

// fieldReader reads the values of one field.
type fieldReader struct {
	plan *plan
	at   reflect.Value // in FieldsReader.record
	full bool          // at may not be zero
	// text and unmarshaler are at where it is of such a kind, else nil.
	text        *string
	unmarshaler encoding.TextUnmarshaler
	lately      [latelyTexts]string
}

// latelyTexts is how many texts of a field are remembered for those that come again.
const latelyTexts = 16

// Fields makes a reader of the values of fields, by their names in JSON. It returns nil where there is nothing to read or a
// field is not found.
func (s *Shape) Fields(names []string) *FieldsReader {
	r := &FieldsReader{record: reflect.New(s.root.of).Elem()}
	for _, name := range names {
		i := s.root.find([]byte(name), len(r.fields))
		if i < 0 {
			return nil
		}
		f := fieldReader{plan: s.root.fields[i].plan, at: r.record.Field(s.root.fields[i].index)}
		f.text, _ = f.at.Addr().Interface().(*string)
		if f.plan.kind == unmarshalsText {
			f.unmarshaler, _ = f.at.Addr().Interface().(encoding.TextUnmarshaler)
		}
		r.fields = append(r.fields, f)
	}
	if len(r.fields) == 0 {
		return nil
	}
	return r
}

// Read is Reader.Read for an object of which the values are there; ends says where each of them ends. Of a field that the
// object lacks there is nothing.
func (r *FieldsReader) Read(values []byte, ends []int, into any) bool {
	from := 0
	for i, end := range ends {
		if f := &r.fields[i]; from < end || f.full {
			if !r.field(f, values[from:end]) {
				return false
			}
		}
		from = end
	}
	reflect.ValueOf(into).Elem().Set(r.record)
	return true
}

// field reads a value of a field, or makes the field zero where there is none.
func (r *FieldsReader) field(f *fieldReader, value []byte) bool {
	f.full = len(value) > 0
	if inside, ok := plainText(value); ok {
		switch {
		case f.text != nil:
			*f.text = r.held(f, inside)
			return true
		case f.unmarshaler != nil:
			f.at.SetZero()
			return f.unmarshaler.UnmarshalText(inside) == nil
		}
	}
	f.at.SetZero()
	if !f.full {
		return true
	}
	r.reader.in, r.reader.at, r.reader.depth = value, 0, 0
	ok := r.reader.value(f.plan, f.at) && r.reader.at == len(value)
	r.reader.in = nil
	return ok
}

// held returns a text in memory of its own, one that the field had lately where it is the same.
func (r *FieldsReader) held(f *fieldReader, text []byte) string {
	if len(text) == 0 {
		return ""
	}
	lately := &f.lately[(len(text)+int(text[len(text)-1]))%latelyTexts]
	if string(text) != *lately {
		*lately = r.reader.memory.hold(text)
	}
	return *lately
}

// plainText returns what stands between the quotes of a value that is a text without escapes, in UTF-8.
func plainText(value []byte) (inside []byte, ok bool) {
	last := len(value) - 1
	if last < 1 || value[0] != '"' || value[last] != '"' {
		return nil, false
	}
	inside = value[1:last]
	ends, all := uint64(0), uint64(0)
	rest := inside
	for ; len(rest) >= wordSize; rest = rest[wordSize:] {
		word := binary.LittleEndian.Uint64(rest)
		ends, all = ends|endsText(word), all|word
	}
	word := lastWord(value[:last], len(rest))
	ends, all = ends|endsText(word), all|word
	return inside, ends == 0 && (all&highBits == 0 || utf8.Valid(inside))
}

// lastWord is a word of the last n bytes, less than a word of them, and of blanks.
func lastWord(b []byte, n int) uint64 {
	const blanks = ' ' * ones
	if len(b) >= wordSize {
		end := binary.LittleEndian.Uint64(b[len(b)-wordSize:])
		return end>>(8*(wordSize-n)) | blanks<<(8*n)
	}
	word := uint64(blanks)
	for _, c := range b[len(b)-n:] {
		word = word<<8 | uint64(c)
	}
	return word
}
