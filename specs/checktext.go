package specs

import (
	"strconv"
	"strings"
)

// CheckText checks the text of a query, path or header parameter. An integer or boolean (0, 1) comes back as a number. It
// costs no allocation as long as nothing is wrong.
func (s *Schema) CheckText(name, text string, r Refusals) (int64, *Violation) {
	var found Violation
	t := NewTape()
	defer t.Release()
	n := s.FindInText(t, &found, name, text, r)
	return n, found.orNil()
}

// FindInText is CheckText for one of several parameters: found is the violation that decides among those before and
// becomes the one that decides among all; it is Fine if there is none. t is written over.
func (s *Schema) FindInText(t *Tape, found *Violation, name, text string, r Refusals) (n int64) {
	t.rewind()
	t.putString(text)
	f := finder{found: found}
	before := found.Kind
	switch s.typ {
	case "integer":
		n = s.checkInteger(t, &f, text, &r)
	case "boolean":
		n = checkBoolean(t, &f, text, &r)
	default:
		s.checkString(t, &f, 0, &r)
	}
	if found.Kind != before { // each that takes the place of another is of another kind
		found.Name = name
	}
	return n
}

func checkBoolean(t *Tape, f *finder, text string, r *Refusals) int64 {
	switch text {
	case "true":
		return 1
	case "false":
	default:
		f.add(t, Malformed, r, Reason{form: "is %q, want true or false", text: clipped([]byte(text))})
	}
	return 0
}

func (s *Schema) checkInteger(t *Tape, f *finder, text string, r *Refusals) int64 {
	if !decimal(text) {
		f.add(t, Malformed, r, Reason{form: "is %q, want a whole number", text: clipped([]byte(text))})
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.add(t, Range, r, Reason{form: "is %t, which no 64-bit integer can be", text: clipped([]byte(text))})
		return 0
	}
	s.checkBounds(t, f, float64(n), r)
	return n
}

// decimal reports whether a text is digits, perhaps with a minus before them.
func decimal(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return false
		}
	}
	return digits != ""
}
