package quickbi

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// The encoding of all bytes, made from the standard library's in the slow way.
func FuzzPercentEncode(f *testing.F) {
	for _, s := range []string{"", "a b+c*d~e'(f)!&=/%", "你不是A部门分析师。", "\x00\xff", "-_.~"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := percentEncode(s)
		if want := strings.ReplaceAll(url.QueryEscape(s), "+", "%20"); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	})
}

// Whatever the query's spelling on the wire, its canonical form is sorted, has the same pairs, and is its own canonical form.
func FuzzCanonicalQuery(f *testing.F) {
	for _, s := range []string{"", "b=2&a=1&a=0", "x=a+b&y=%2A&z=*&w", "LlmCubes=c&LlmCubeThemes=t", "=&&==", "%zz", "a=%E4%BD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		pairs, err := pairsOf(raw)
		if err != nil {
			return
		}
		canonical := canonicalQuery(pairs)
		again, err := pairsOf(canonical)
		if err != nil {
			t.Fatalf("%q: the canonical form %q cannot be read: %v", raw, canonical, err)
		}
		if !slices.IsSortedFunc(again, func(a, b pair) int { return strings.Compare(a.name, b.name) }) {
			t.Errorf("%q: %q is not sorted", raw, canonical)
		}
		if got := canonicalQuery(again); got != canonical {
			t.Errorf("%q: canonical once %q, twice %q", raw, canonical, got)
		}
		for _, p := range pairs {
			if !slices.Contains(again, p) {
				t.Errorf("%q: %q has lost %v", raw, canonical, p)
			}
		}
	})
}
