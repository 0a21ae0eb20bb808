package quickbi

import "github.com/countersign/countersign/mockserver"

// appendText appends a JSON string of texts that follow each other.
func appendText(b []byte, parts ...string) []byte {
	b = append(b, '"')
	for _, s := range parts {
		b = mockserver.AppendText(b, s)
	}
	return append(b, '"')
}
