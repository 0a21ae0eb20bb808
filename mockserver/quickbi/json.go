package quickbi

import (
	"bytes"
	"encoding/json"
)

// appendText appends a JSON string of texts that follow each other, exactly as encoding/json writes it without its escapes
// for HTML.
func appendText(b []byte, parts ...string) []byte {
	b = append(b, '"')
	for _, s := range parts {
		if isPlain(s) {
			b = append(b, s...)
		} else {
			b = appendUnusual(b, s)
		}
	}
	return append(b, '"')
}

// isPlain reports whether a text stands in JSON as it is: printable ASCII without quotes and backslashes, as nearly all
// texts of the gateway are.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendUnusual leaves a text to encoding/json.
func appendUnusual(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string
	}
	return append(b, buf.Bytes()[1:buf.Len()-len("\"\n")]...)
}
