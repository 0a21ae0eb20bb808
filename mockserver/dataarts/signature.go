package dataarts

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// window is how far the client's clock may be from the server's, both ways, the bound included.
const window = 15 * time.Minute

// dateLayout is that of X-Sdk-Date, in UTC.
const dateLayout = "20060102T150405Z"

// authorization is the content of an Authorization header of the scheme.
type authorization struct {
	// Access is the access key, Signature the signature as sent.
	Access, Signature string
	// Signed are the names of the signed headers in lower case, in the order sent, with semicolons between them.
	Signed string
}

// parseAuthorization reads "SDK-HMAC-SHA256 Access=..., SignedHeaders=a;b, Signature=...". Blanks after the commas may
// be missing, the parts may come in any order; a part that is missing, empty or sent twice makes the header unreadable.
func parseAuthorization(header string) (a authorization, ok bool) {
	rest, ok := strings.CutPrefix(header, scheme+" ")
	if !ok {
		return a, false
	}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, ",")
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if value == "" || !a.set(name, value) {
			return a, false
		}
	}
	return a, a.Access != "" && a.Signature != "" && a.Signed != ""
}

func (a *authorization) set(name, value string) bool {
	switch {
	case name == "Access" && a.Access == "":
		a.Access = value
	case name == "Signature" && a.Signature == "":
		a.Signature = value
	case name == "SignedHeaders" && a.Signed == "":
		a.Signed = mockserver.Lower(value)
	default:
		return false
	}
	return true
}

// names appends the names of the signed headers.
func (a *authorization) names(names []string) []string {
	for rest, more := a.Signed, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ";")
		names = append(names, name)
	}
	return names
}

// signs reports whether the header of that name, in lower case, is signed.
func (a *authorization) signs(name string) bool {
	for signed := range strings.SplitSeq(a.Signed, ";") {
		if signed == name {
			return true
		}
	}
	return false
}

// usualHeaders is more than clients sign.
const usualHeaders = 12

// parseDate reads an X-Sdk-Date. It is time.Parse with dateLayout in a third of the time.
func parseDate(s string) (time.Time, bool) {
	if len(s) != len(dateLayout) || s[8] != 'T' || s[15] != 'Z' {
		return time.Time{}, false
	}
	var digits [14]int
	for i := range digits {
		c := s[i+i/8] - '0' // there is a T in the midst
		if c > 9 {
			return time.Time{}, false
		}
		digits[i] = int(c)
	}
	two := func(i int) int { return 10*digits[i] + digits[i+1] }
	year, month, day, hour, minute, second := 100*two(0)+two(2), time.Month(two(4)), two(6), two(8), two(10), two(12)
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	// A day that its month does not have, or a thirteenth month, has become another date.
	return t, hour < 24 && minute < 60 && second < 60 && t.Day() == day && t.Month() == month
}

// fresh reports whether a request signed at the given time is accepted now.
func fresh(signed, now time.Time) bool {
	return now.Sub(signed).Abs() <= window
}

// scratch holds the texts that are built while a signature is checked.
type scratch struct{ buf []byte }

var scratches = sync.Pool{New: func() any { return &scratch{buf: make([]byte, 0, 2048)} }}

// verify reports whether the signature in a is that of m under the secret.
func verify(m *message, a *authorization, secret string) bool {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var few [usualHeaders]string
	s.buf = appendCanonical(s.buf[:0], m, a.names(few[:0]))
	sum := sha256.Sum256(s.buf)
	s.buf = appendStringToSign(s.buf[:0], mockserver.HeaderOf(m.Header, headerDate), sum)
	want := sign(secret, s.buf)
	return subtle.ConstantTimeCompare(want[:], []byte(a.Signature)) == 1
}

// appendStringToSign appends the scheme, the date as sent and the hash of the canonical request.
func appendStringToSign(buf []byte, date string, canonical [sha256.Size]byte) []byte {
	buf = append(buf, scheme+"\n"...)
	buf = append(buf, date...)
	buf = append(buf, '\n')
	hash := mockserver.HexOf(canonical)
	return append(buf, hash[:]...)
}

// sign returns the HMAC-SHA256 of text under the secret, in hexadecimal digits. The secret itself is the key: there is
// no key derived for day, region or service.
func sign(secret string, text []byte) [2 * sha256.Size]byte {
	return mockserver.HexOf(mockserver.HMACSHA256(secret, text))
}
