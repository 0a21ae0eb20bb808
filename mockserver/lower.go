package mockserver

import (
	"strings"
	"unicode/utf8"
)

// Lower is strings.ToLower. What is in lower case already, as hosts and media types and the names of signed headers nearly
// always are, it tells by looking at eight bytes at a time: small letters, digits and most signs have a bit that capitals
// lack.
func Lower(s string) string {
	const small = 0x20
	i := 0
	for ; i+8 <= len(s); i += 8 {
		const each, high = 0x0101010101010101, 0x8080808080808080
		if eight(s[i:])&(small*each|high) != small*each {
			return strings.ToLower(s)
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c&small == 0 || c >= utf8.RuneSelf {
			return strings.ToLower(s)
		}
	}
	return s
}

// IsLower reports whether lower is name in lower case. Only letters of ASCII have cases here.
func IsLower(lower, name string) bool {
	if len(lower) != len(name) {
		return false
	}
	for ; len(name) >= 8; lower, name = lower[8:], name[8:] {
		if eight(lower) != lowerEight(eight(name)) {
			return false
		}
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return false
		}
	}
	return true
}

// lowerEight puts eight bytes into lower case. A byte below 128 has its highest bit set once what is missing from n to 128 is
// added, if it was n or more.
func lowerEight(x uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	low := x &^ high
	capital := (low + (128-'A')*each) &^ (low + (128-'Z'-1)*each) &^ x & high
	return x | capital>>2 // 'a' is 'A' with the bit 0x20
}
