package dataarts

import (
	"strconv"

	"github.com/countersign/countersign/mockserver"
)

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte { return mockserver.AppendQuoted(b, s) }

// appendText appends s as it stands between the quotes of a JSON string.
func appendText(b []byte, s string) []byte { return mockserver.AppendText(b, s) }

// appendField appends a text of an object or nothing if it is empty, with the comma before it that it may need. name is
// quoted and ends in its colon.
func appendField(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(appendName(b, name), s)
}

// appendName appends the name of an object's next field.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(b, name...)
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
