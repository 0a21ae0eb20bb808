package http1

// The kinds of characters that a head is made of; see RFC 9110, sections 5.5, 5.6.2 and 7.2.
const (
	tokenChar = 1 << iota
	textChar
	hostChar
	targetChar
)

var kinds = func() (kinds [256]byte) {
	set := func(kind byte, chars string) {
		for _, c := range []byte(chars) {
			kinds[c] |= kind
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	set(tokenChar, letters+"!#$%&'*+-.^_`|~")
	set(hostChar, letters+".-_:[]")
	for c := range kinds {
		if c >= ' ' && c != 0x7f || c == '\t' {
			kinds[c] |= textChar
		}
		if c > ' ' && c < 0x7f {
			kinds[c] |= targetChar
		}
	}
	return kinds
}()

func all[T string | []byte](s T, kind byte) bool {
	for i := range len(s) {
		if kinds[s[i]]&kind == 0 {
			return false
		}
	}
	return true
}

func isToken(s string) bool { return s != "" && all(s, tokenChar) }
