package dataarts

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"sync"
	"time"
)

// window is how far the client's clock may be from the server's, both ways, the bound included.
const window = 15 * time.Minute

// dateLayout is that of X-Sdk-Date, in UTC.
const dateLayout = "20060102T150405Z"

// authorization is the content of an Authorization header of the scheme.
type authorization struct {
	// Access is the access key, Signature the signature as sent.
	Access, Signature string
	// Signed are the names of the signed headers in lower case, in the order sent.
	Signed []string
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
	return a, a.Access != "" && a.Signature != "" && len(a.Signed) > 0
}

func (a *authorization) set(name, value string) bool {
	switch {
	case name == "Access" && a.Access == "":
		a.Access = value
	case name == "Signature" && a.Signature == "":
		a.Signature = value
	case name == "SignedHeaders" && a.Signed == nil:
		a.Signed = strings.Split(strings.ToLower(value), ";")
	default:
		return false
	}
	return true
}

// signs reports whether the header of that name, in lower case, is signed.
func (a *authorization) signs(name string) bool {
	for _, s := range a.Signed {
		if s == name {
			return true
		}
	}
	return false
}

// parseDate reads an X-Sdk-Date.
func parseDate(s string) (time.Time, bool) {
	if len(s) != len(dateLayout) {
		return time.Time{}, false
	}
	t, err := time.Parse(dateLayout, s)
	return t, err == nil
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
	s.buf = appendCanonical(s.buf[:0], m, a.Signed)
	sum := sha256.Sum256(s.buf)
	s.buf = appendStringToSign(s.buf[:0], m.Header.Get(headerDate), sum)
	want := sign(secret, s.buf)
	return subtle.ConstantTimeCompare(want[:], []byte(a.Signature)) == 1
}

// appendStringToSign appends the scheme, the date as sent and the hash of the canonical request.
func appendStringToSign(buf []byte, date string, canonical [sha256.Size]byte) []byte {
	buf = append(buf, scheme+"\n"...)
	buf = append(buf, date...)
	buf = append(buf, '\n')
	return hex.AppendEncode(buf, canonical[:])
}

// sign returns the HMAC-SHA256 of text under the secret, in hexadecimal digits. The secret itself is the key: there is
// no key derived for day, region or service.
func sign(secret string, text []byte) [2 * sha256.Size]byte {
	mac := hmacSHA256(secret, text)
	var out [2 * sha256.Size]byte
	hex.Encode(out[:], mac[:])
	return out
}

// hmacSHA256 is crypto/hmac with SHA-256, written out because that allocates six times for every signature.
func hmacSHA256(key string, text []byte) [sha256.Size]byte {
	var pad [sha256.BlockSize]byte
	if len(key) > len(pad) {
		sum := sha256.Sum256([]byte(key))
		copy(pad[:], sum[:])
	} else {
		copy(pad[:], key)
	}
	var stack [sha256.BlockSize + 256]byte
	inner := sha256.Sum256(append(xored(stack[:0], pad, 0x36), text...))
	return sha256.Sum256(append(xored(stack[:0], pad, 0x5c), inner[:]...))
}

func xored(buf []byte, pad [sha256.BlockSize]byte, with byte) []byte {
	for _, b := range pad {
		buf = append(buf, b^with)
	}
	return buf
}
