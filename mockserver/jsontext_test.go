package mockserver_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// unescaped is what encoding/json makes of a text, without escapes for HTML.
func unescaped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func TestAppendQuoted(t *testing.T) {
	t.Parallel()
	for c := range 0x3000 {
		for _, s := range []string{string(rune(c)), "a" + string(rune(c)) + "b", string([]byte{byte(c), byte(c >> 8)})} {
			if got, want := string(mockserver.AppendQuoted(nil, s)), unescaped(t, s); got != want {
				t.Errorf("%q: %s, want %s", s, got, want)
			}
		}
	}
}

func FuzzAppendQuoted(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\"\\\b\f\n\r\t\x1f\x7f", "<&>", "审批人 \u2028\u2029\ufffd", "\xc3", "a\xe2\x80", "\xed\xa0\x80é", "𠮷👨‍👩‍👧‍👦", "\xff\xc3("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(mockserver.AppendQuoted([]byte("x"), s)), "x"+unescaped(t, s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	})
}
