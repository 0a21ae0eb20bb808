package mockserver

import "unicode/utf8"

// What follows appends JSON exactly as encoding/json writes it without its escapes for HTML.

// AppendQuoted appends s as a JSON string.
func AppendQuoted(b []byte, s string) []byte {
	return append(AppendText(append(b, '"'), s), '"')
}

// AppendText appends s as it stands between the quotes of a JSON string.
func AppendText(b []byte, s string) []byte {
	if i := plainPrefix(s); i < len(s) {
		return appendEscaped(append(b, s[:i]...), s[i:])
	}
	return append(b, s...)
}

// plainPrefix returns how many bytes of s, from its beginning, stand for themselves wherever they are. It looks at eight
// of them at a time, at some of the last eight once more.
func plainPrefix[T string | []byte](s T) int {
	rest := s
	for len(rest) >= 8 && plainEight(eight(rest)) {
		rest = rest[8:]
	}
	if len(rest) < 8 && len(s) >= 8 && plainEight(eight(s[len(s)-8:])) {
		return len(s)
	}
	i := len(s) - len(rest)
	for i < len(s) && plain[s[i]] {
		i++
	}
	return i
}

// eight are the first eight bytes of s.
func eight[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plainEight reports whether eight bytes are all plain. A byte below n leaves its highest bit set when n is taken from
// it; a byte that equals another is 0, thus below 1, once it is combined with that one.
func plainEight(x uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := x^'"'*each, x^'\\'*each
	return (x|(x-' '*each)|(quote-each)|(slash-each))&high == 0
}

// plain are the bytes that stand for themselves wherever they are.
var plain = func() (t [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendEscaped is AppendText for texts of any kind. What is not UTF-8 becomes U+FFFD.
func appendEscaped(b []byte, s string) []byte {
	from := 0 // what comes before has been appended
	for i, size := 0, 0; i < len(s); i += size {
		if c := s[i]; c < utf8.RuneSelf {
			if size = 1; !plain[c] {
				b = appendASCII(append(b, s[from:i]...), c)
				from = i + size
			}
			continue
		}
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[from:i]...), `\ufffd`...)
			from = i + size
		case r == '\u2028' || r == '\u2029': // ends a line in JavaScript
			b = append(append(b, s[from:i]...), `\u202`...)
			b = append(b, lowerHex[r&15])
			from = i + size
		}
	}
	return append(b, s[from:]...)
}

const lowerHex = "0123456789abcdef"

// appendASCII appends a character that does not stand for itself.
func appendASCII(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
}
