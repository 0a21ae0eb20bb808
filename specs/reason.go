package specs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Reason says in English what is wrong with a value. It is put into words when it is read: most of those that are found
// are never looked at. It holds nothing of the tape that was checked.
type Reason struct {
	// form is the sentence with places for what follows: %t the text, %q the same in quotes, %n the number, %b the bound,
	// %e the values of the schema's enumeration, %p its pattern.
	form   string
	text   string
	number float64
	bound  float64
	schema *Schema
}

// Because is a reason in words that are there already.
func Because(text string) Reason { return Reason{form: "%t", text: text} }

// Required is the reason why something that is missing is refused.
var Required = Reason{form: "is required"}

// String is the sentence.
func (r Reason) String() string {
	var few [128]byte
	return string(r.AppendTo(few[:0]))
}

// AppendTo appends the sentence.
func (r *Reason) AppendTo(b []byte) []byte {
	form := r.form
	for {
		at := strings.IndexByte(form, '%')
		if at < 0 {
			return append(b, form...)
		}
		b = r.appendWord(append(b, form[:at]...), form[at+1])
		form = form[at+2:]
	}
}

func (r *Reason) appendWord(b []byte, verb byte) []byte {
	switch verb {
	case 'q':
		return strconv.AppendQuote(b, r.text)
	case 'n':
		return appendDecimal(b, r.number)
	case 'b':
		return appendDecimal(b, r.bound)
	case 'e':
		return appendEnum(b, r.schema.enum)
	case 'p':
		return append(b, r.schema.pattern.String()...)
	default:
		return append(b, r.text...)
	}
}

// Size is the length of the text that a reason holds on to, in bytes.
func (r *Reason) Size() int { return len(r.text) }

// appendDecimal appends a number without an exponent as long as one can read it.
func appendDecimal(b []byte, n float64) []byte {
	if math.Abs(n) < 1e15 {
		if whole := int64(n); float64(whole) == n && (whole != 0 || !math.Signbit(n)) {
			return strconv.AppendInt(b, whole, 10) // nearly always
		}
		return strconv.AppendFloat(b, n, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, n, 'g', -1, 64)
}

// appendEnum lists the values of an enumeration as JSON has them.
func appendEnum(b []byte, enum []any) []byte {
	for i, e := range enum {
		if i > 0 {
			b = append(b, ", "...)
		}
		if e == nil {
			b = append(b, "null"...)
		} else {
			b = fmt.Append(b, e)
		}
	}
	return b
}

// clip shortens what a client sent for a message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// clipped is a clipped copy.
func clipped(text []byte) string { return clip(string(text)) }
