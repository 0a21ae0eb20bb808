package mockserver_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/countersign/countersign/mockserver"
)

// FuzzParsePairs compares with net/url, pair by pair.
func FuzzParsePairs(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=%E5%AE%A1+x&b=%e5&c", "=&&x==%3D", "a=%", "a=1%2", "12345678%zz=1", "longer+than+eight=%2B%2b", "n\x80=\xff%41"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := mockserver.ParsePairs(raw)
		want, bad := slowPairs(raw)
		if !slices.Equal(got, want) || (err != nil) != bad {
			t.Errorf("%q: got %q, %v, want %q, an error %v", raw, got, err, want, bad)
		}
	})
}

func slowPairs(raw string) (pairs []mockserver.Pair, bad bool) {
	for _, part := range strings.Split(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			bad = true
			continue
		}
		bad = bad || !utf8.ValidString(name) || !utf8.ValidString(value)
		pairs = append(pairs, mockserver.Pair{Name: name, Value: value})
	}
	return pairs, bad
}
