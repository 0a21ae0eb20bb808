package store

import "strings"

// escapes keeps the byte that ends a part out of the part, without changing how parts sort.
var escapes = strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02")

// Key joins parts into an index key that sorts part by part, so that Key("a") is a prefix of every Key("a", ...) and
// of no Key("ab", ...). Parts may hold any text.
func Key(parts ...string) string {
	n := len(parts)
	for _, p := range parts {
		n += len(p)
	}
	var b strings.Builder
	b.Grow(n)
	for _, p := range parts {
		if strings.ContainsAny(p, "\x00\x01") {
			p = escapes.Replace(p)
		}
		b.WriteString(p)
		b.WriteByte(0)
	}
	return b.String()
}

// Int formats n so that its text sorts as the number does, for use as a part of a Key.
func Int(n int64) string {
	u := uint64(n) ^ 1<<63
	var b [16]byte
	const digits = "0123456789abcdef"
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[u&15]
		u >>= 4
	}
	return string(b[:])
}
