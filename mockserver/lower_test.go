package mockserver

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// asciiLower is IsLower's idea of lower case, byte by byte.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func checkLower(t *testing.T, s, other string) {
	t.Helper()
	if got, want := Lower(s), strings.ToLower(s); got != want {
		t.Errorf("%q: got %q, want %q", s, got, want)
	}
	if !IsLower(asciiLower(s), s) {
		t.Errorf("%q is not taken for %q in lower case", asciiLower(s), s)
	}
	if got, want := IsLower(other, s), other == asciiLower(s); got != want {
		t.Errorf("%q for %q in lower case: got %v, want %v", other, s, got, want)
	}
}

func TestLower(t *testing.T) {
	t.Parallel()
	for c := range 256 { // every byte, at every place of eight
		for at := range 17 {
			b := []byte("x-acs-signature-n")
			b[at] = byte(c)
			s := string(b)
			for d := range 256 {
				b[at] = byte(d)
				checkLower(t, s, string(b))
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		b := make([]byte, r.IntN(20))
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		checkLower(t, string(b), "")
	}
}

func FuzzLower(f *testing.F) {
	f.Add("X-Acs-Action", "x-acs-action")
	f.Add("Ünïcode-Äöü", "ünïcode-äöü")
	f.Fuzz(checkLower)
}

func BenchmarkLower(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if Lower("content-type;host;x-acs-action;x-acs-date") == "" || !IsLower("x-acs-signature-nonce", "X-Acs-Signature-Nonce") {
			b.Fatal("not lower")
		}
	}
}
