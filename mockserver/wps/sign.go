package wps

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// The headers of KSO-1 and its version.
const (
	version             = "KSO-1"
	headerDate          = "X-Kso-Date"
	headerAuthorization = "X-Kso-Authorization"
)

// credential is what X-Kso-Authorization carries.
type credential struct{ accessKey, signature string }

// parseAuthorization reads "KSO-1 accessKey:signature" the way the vendor's sample verifier does: cut at the first
// blank, then at the first colon. On failure it returns the name of the refusal.
func parseAuthorization(header string) (credential, string) {
	if header == "" {
		return credential{}, errSignatureMissing
	}
	v, rest, blank := strings.Cut(header, " ")
	key, signature, colon := strings.Cut(rest, ":")
	switch {
	case !blank || blank && !colon && v == version:
		return credential{}, errSignatureMalformed
	case v != version:
		return credential{}, errSignatureVersion
	case key == "" || signature == "":
		return credential{}, errSignatureMalformed
	}
	return credential{key, signature}, ""
}

// signed is what KSO-1 covers, part by part, exactly as received.
type signed struct{ version, method, uri, contentType, date, body string }

// signedParts takes the parts from a request. A missing header counts as empty; so does the hash of an empty body.
func signedParts(r *mockserver.Request) signed {
	s := signed{version: version, method: r.Method, uri: target(r), contentType: r.Header.Get("Content-Type"), date: r.Header.Get(headerDate)}
	if len(r.Body) > 0 {
		sum := sha256.Sum256(r.Body)
		s.body = hex.EncodeToString(sum[:])
	}
	return s
}

// target is path and query as on the request line; a proxy's absolute form is reduced to them.
func target(r *mockserver.Request) string {
	if strings.HasPrefix(r.URI, "/") || r.RawPath == "" {
		return r.URI
	}
	if r.RawQuery == "" {
		return r.RawPath
	}
	return r.RawPath + "?" + r.RawQuery
}

// append appends the string to sign: the parts joined without separators.
func (s signed) append(b []byte) []byte {
	for _, part := range [...]string{s.version, s.method, s.uri, s.contentType, s.date, s.body} {
		b = append(b, part...)
	}
	return b
}

// text is the string to sign.
func (s signed) text() string { return string(s.append(nil)) }

// mac is HMAC-SHA256 in lower-case hex.
func mac(key string, text []byte) [2 * sha256.Size]byte {
	var sum [sha256.Size]byte
	h := hmac.New(sha256.New, []byte(key))
	h.Write(text)
	h.Sum(sum[:0])
	var out [2 * sha256.Size]byte
	hex.Encode(out[:], sum[:])
	return out
}

// sign returns the signature of a text.
func sign(key, text string) string {
	out := mac(key, []byte(text))
	return string(out[:])
}

// verify reports whether the signature is that of the request as received.
func verify(r *mockserver.Request, key, signature string) bool {
	const enough = 256 // for most texts
	want := mac(key, signedParts(r).append(make([]byte, 0, enough)))
	return hmac.Equal(want[:], []byte(signature))
}

// dateForms are the forms of X-Kso-Date that the vendor's sample verifier parses (WPS-002).
var dateForms = []string{time.RFC1123, time.RFC1123Z, "Monday, 02 Jan 2006 15:04:05 MST", time.RFC850}

// parseDate reads X-Kso-Date. A zone abbreviation other than GMT and UTC counts as UTC: the sample verifier looks only
// at the form.
func parseDate(text string, onlyGMT bool) (time.Time, bool) {
	if onlyGMT {
		t, err := time.ParseInLocation("Mon, 02 Jan 2006 15:04:05 GMT", text, time.UTC)
		return t, err == nil
	}
	for _, form := range dateForms {
		if t, err := time.ParseInLocation(form, text, time.UTC); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
