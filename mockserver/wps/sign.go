package wps

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
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
	return signed{version: version, method: r.Method, uri: target(r), contentType: r.Header.Get("Content-Type"), date: r.Header.Get(headerDate),
		body: string(appendBodyHash(nil, r.Body))}
}

func appendBodyHash(b, body []byte) []byte {
	if len(body) == 0 {
		return b
	}
	hash := mockserver.HexOf(sha256.Sum256(body))
	return append(b, hash[:]...)
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

// text is the string to sign: the parts joined without separators.
func (s signed) text() string {
	return s.version + s.method + s.uri + s.contentType + s.date + s.body
}

// appendSigned appends the string to sign of a request.
func appendSigned(b []byte, r *mockserver.Request) []byte {
	b = append(append(b, version...), r.Method...)
	b = append(b, target(r)...)
	b = append(b, mockserver.HeaderOf(r.Header, "Content-Type")...)
	b = append(b, mockserver.HeaderOf(r.Header, headerDate)...)
	return appendBodyHash(b, r.Body)
}

// usualText is the room on the stack for a text, in bytes; longer ones take the heap.
const usualText = 512

// sign returns the signature of a text: its MAC in lower-case hex.
func sign(key, text string) string {
	signature := mockserver.HexOf(mockserver.HMACSHA256(key, []byte(text)))
	return string(signature[:])
}

// verify reports whether the signature is that of the request as received.
func verify(r *mockserver.Request, key, signature string) bool {
	var buf [usualText]byte
	want := mockserver.HexOf(mockserver.HMACSHA256(key, appendSigned(buf[:0], r)))
	return subtle.ConstantTimeCompare(want[:], []byte(signature)) == 1
}

// dateForms are the forms of X-Kso-Date that the vendor's sample verifier parses (WPS-002).
var dateForms = []string{time.RFC1123, time.RFC1123Z, "Monday, 02 Jan 2006 15:04:05 MST", time.RFC850}

// parseDate reads X-Kso-Date. A zone abbreviation other than GMT and UTC counts as UTC: the sample verifier looks only
// at the form.
func parseDate(text string, onlyGMT bool) (time.Time, bool) {
	if onlyGMT || strings.HasSuffix(text, " GMT") { // the first of the forms, read without making a time zone
		if t, ok := parseUsualDate(text); ok {
			return t, true
		}
		if t, err := time.ParseInLocation(http.TimeFormat, text, time.UTC); err == nil || onlyGMT {
			return t, err == nil
		}
	}
	for _, form := range dateForms {
		if t, err := time.ParseInLocation(form, text, time.UTC); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// parseUsualDate reads "Thu, 15 Jan 2026 08:00:00 GMT" in half the time that net/http's layout takes. Whatever is
// written otherwise, or is no date, is left to that.
func parseUsualDate(s string) (time.Time, bool) {
	const form = "Www, 00 Mmm 0000 00:00:00 GMT" // 0 is a digit
	if len(s) != len(form) {
		return time.Time{}, false
	}
	var n [len(form)]int
	for i := range len(form) {
		switch c := s[i]; {
		case form[i] == '0':
			if n[i] = int(c) - '0'; n[i] < 0 || n[i] > 9 {
				return time.Time{}, false
			}
		case i >= len("Www") && (i < len("Www, 00 ") || i >= len("Www, 00 Mmm")) && c != form[i]:
			return time.Time{}, false
		}
	}
	two := func(i int) int { return 10*n[i] + n[i+1] }
	day, month, year := two(5), monthOf(s[8:11]), 100*two(12)+two(14)
	hour, minute, second := two(17), two(20), two(23)
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	// A day that its month does not have has become another date.
	right := month > 0 && hour < 24 && minute < 60 && second < 60 && t.Day() == day
	return t, right && isDay(s[:3])
}

// monthOf is 0 for what is no month.
func monthOf(s string) time.Month {
	for m := time.January; m <= time.December; m++ {
		if m.String()[:3] == s {
			return m
		}
	}
	return 0
}

// isDay reports whether a text is a day of the week. As with time.Parse, it need not be that of the date.
func isDay(s string) bool {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if d.String()[:3] == s {
			return true
		}
	}
	return false
}
