package mockserver

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzWellNamed holds the loop against the expression that says it, which takes a start some time to compile.
func FuzzWellNamed(f *testing.F) {
	expr := regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z`)
	for _, name := range []string{"", "a", "9", "Z.z-_0", ".a", "-a", "_a", "a b", "a/b", "é", "aé", "a\n", "a\x00", "`", "{", "@", "[", "a:b",
		strings.Repeat("x", 64), strings.Repeat("x", 65), strings.Repeat("é", 33)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got, want := wellNamed(name), expr.MatchString(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	})
}
