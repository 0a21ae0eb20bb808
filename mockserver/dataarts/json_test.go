package dataarts

import (
	"bytes"
	"encoding/json"
	"testing"
)

// slowJSON is what encoding/json makes of a value, without escapes for HTML.
func slowJSON(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
