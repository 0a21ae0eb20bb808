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
	from := 0
	for i := range len(s) {
		if c := s[i]; !unreserved[c] {
			dst = append(append(dst, s[from:i]...), '%', upperHex[c>>4], upperHex[c&15])
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}

// appendPercentTwice appends what encoding s a second time gives: the string to sign of version 1.0 holds it.
func appendPercentTwice(dst []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		if c := s[i]; !unreserved[c] {
			dst = append(append(dst, s[from:i]...), '%', '2', '5', upperHex[c>>4], upperHex[c&15])
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}
