package dataarts

import (
	"strconv"

	"github.com/countersign/countersign/mockserver"
)

// appendField appends a text of an object or nothing if it is empty, with the comma before it that it may need. name is
// quoted and ends in its colon.
func appendField(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return mockserver.AppendQuoted(appendName(b, name), s)
}

// appendName appends the name of an object's next field.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(b, name...)
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
