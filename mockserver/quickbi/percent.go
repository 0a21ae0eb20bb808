package quickbi

const upperHex = "0123456789ABCDEF"

// unreserved are the bytes that percent-encoding leaves alone (RFC 3986).
var unreserved = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" {
		t[c] = true
	}
	return t
}()

// appendPercent appends s, percent-encoded as both signature schemes want it: a blank is %20, "*" is %2A, "~" stays.
func appendPercent(dst []byte, s string) []byte {
	for {
		i := plainLength(s)
		if dst = append(dst, s[:i]...); i == len(s) {
			return dst
		}
		dst = append(dst, '%', upperHex[s[i]>>4], upperHex[s[i]&15])
		s = s[i+1:]
	}
}

// plainLength is how many bytes of s, from its beginning, are left alone. Four at a time are seen to in half the steps.
func plainLength(s string) int {
	rest := s
	for len(rest) >= 4 && unreserved[rest[0]] && unreserved[rest[1]] && unreserved[rest[2]] && unreserved[rest[3]] {
		rest = rest[4:]
	}
	for len(rest) > 0 && unreserved[rest[0]] {
		rest = rest[1:]
	}
	return len(s) - len(rest)
}

// appendPercentTwice appends what encoding s a second time gives: the string to sign of version 1.0 holds it.
func appendPercentTwice(dst []byte, s string) []byte {
	for {
		i := plainLength(s)
		if dst = append(dst, s[:i]...); i == len(s) {
			return dst
		}
		dst = append(dst, '%', '2', '5', upperHex[s[i]>>4], upperHex[s[i]&15])
		s = s[i+1:]
	}
}
