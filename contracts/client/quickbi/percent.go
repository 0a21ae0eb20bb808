package quickbi

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// pair is one parameter, decoded.
type pair struct{ name, value string }

// percentEncode encodes all bytes but the unreserved ones of RFC 3986, with upper-case digits, as both schemes want it.
func percentEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + len(s)/2)
	for i := range len(s) {
		c := s[i]
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0
}

// canonicalQuery joins the parameters, encoded and sorted by name in byte order (so LlmCubeThemes comes before LlmCubes).
// Parameters of one name stay in their order.
func canonicalQuery(pairs []pair) string {
	sorted := slices.Clone(pairs)
	slices.SortStableFunc(sorted, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	parts := make([]string, len(sorted))
	for i, p := range sorted {
		parts[i] = percentEncode(p.name) + "=" + percentEncode(p.value)
	}
	return strings.Join(parts, "&")
}

// pairsOf reads a query or form. It fails on what is no percent-encoded text.
func pairsOf(raw string) ([]pair, error) {
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{name, value})
	}
	return pairs, nil
}

// wireQuery writes parameters as the vendor's Go SDK does: sorted, a blank as a plus sign.
func wireQuery(pairs []pair) string {
	values := url.Values{}
	for _, p := range pairs {
		values.Add(p.name, p.value)
	}
	return values.Encode()
}
