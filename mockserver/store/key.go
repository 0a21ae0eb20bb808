package store

import "strings"

// keyRoom is enough for most keys.
const keyRoom = 128

// Key joins parts into an index key that sorts part by part, so that Key("a") is a prefix of every Key("a", ...) and
// of no Key("ab", ...). Parts may hold any text.
func Key(parts ...string) string {
	var room [keyRoom]byte
	return string(AppendKey(room[:0], parts...))
}

// AppendKey appends what Key returns.
func AppendKey(b []byte, parts ...string) []byte {
	for _, p := range parts {
		if strings.IndexByte(p, 0) >= 0 || strings.IndexByte(p, 1) >= 0 {
			b = appendEscaped(b, p)
		} else {
			b = append(b, p...)
		}
		b = append(b, 0)
	}
	return b
}

// appendEscaped keeps the byte that ends a part out of the part, without changing how parts sort.
func appendEscaped(b []byte, part string) []byte {
	for i := range len(part) {
		if c := part[i]; c <= 1 {
			b = append(b, 1, c+1)
		} else {
			b = append(b, c)
		}
	}
	return b
}

// Int formats n so that its text sorts as the number does, for use as a part of a Key.
func Int(n int64) string {
	b := intText(n)
	return string(b[:])
}

// AppendInt appends Int(n) as a part of its own to a key, as AppendKey would.
func AppendInt(b []byte, n int64) []byte {
	text := intText(n)
	return append(append(b, text[:]...), 0)
}

func intText(n int64) (b [16]byte) {
	u := uint64(n) ^ 1<<63
	const digits = "0123456789abcdef"
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[u&15]
		u >>= 4
	}
	return b
}
