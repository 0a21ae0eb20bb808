package dataarts

import (
	"crypto/sha256"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// message is a request as the signature sees it: everything raw, nothing decoded, sorted or cleaned.
type message struct {
	Method string
	// Path and Query are the two parts of the request target as on the wire, without the question mark.
	Path, Query string
	// Host is the Host header with its port.
	Host   string
	Header http.Header
	Body   []byte
}

const (
	scheme         = "SDK-HMAC-SHA256"
	headerDate     = "X-Sdk-Date"
	headerPayload  = "X-Sdk-Content-Sha256"
	unsigned       = "UNSIGNED-PAYLOAD"
	headerSecurity = "X-Security-Token"
)

// appendCanonical appends the canonical request of m to buf: method, path, query, signed headers, their names and the
// hash of the payload, joined by line feeds. signed are the names of the signed headers in lower case, in the order in
// which the client lists them.
// https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
func appendCanonical(buf []byte, m *message, signed []string) []byte {
	buf = append(buf, m.Method...)
	buf = append(buf, '\n')
	buf = appendPath(buf, m.Path)
	buf = append(buf, '\n')
	buf = appendQuery(buf, m.Query)
	buf = append(buf, '\n')
	for _, name := range signed {
		buf = appendHeader(buf, m, name)
	}
	buf = append(buf, '\n')
	for i, name := range signed {
		if i > 0 {
			buf = append(buf, ';')
		}
		buf = append(buf, name...)
	}
	buf = append(buf, '\n')
	return appendPayloadHash(buf, m)
}

// appendPath appends the path with every segment encoded anew. It always ends in a slash, though the path on the wire
// does not.
func appendPath(buf []byte, path string) []byte {
	start := len(buf)
	if plainPath(path) {
		buf, path = append(buf, path...), ""
	}
	for {
		segment, rest, more := strings.Cut(path, "/")
		buf = appendRecoded(buf, segment, false)
		if !more {
			break
		}
		buf = append(buf, '/')
		path = rest
	}
	if len(buf) == start || buf[len(buf)-1] != '/' {
		buf = append(buf, '/')
	}
	return buf
}

// plainPath reports whether encoding the segments anew leaves the path as it is, as nearly always.
func plainPath(path string) bool {
	for i := range len(path) {
		if c := path[i]; !unreserved[c] && c != '/' {
			return false
		}
	}
	return true
}

// parameter is one pair of a query, decoded.
type parameter struct{ name, value string }

// appendQuery appends the query's pairs, sorted by name and then value, both encoded anew. A pair without "=" gets one.
func appendQuery(buf []byte, query string) []byte {
	var few [8]parameter
	pairs := parseQuery(few[:0], query)
	slices.SortStableFunc(pairs, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	for i, p := range pairs {
		if i > 0 {
			buf = append(buf, '&')
		}
		buf = appendEncoded(buf, p.name)
		buf = append(buf, '=')
		buf = appendEncoded(buf, p.value)
	}
	return buf
}

func parseQuery(pairs []parameter, query string) []parameter {
	for query != "" {
		var part string
		part, query, _ = strings.Cut(query, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, parameter{decoded(name, true), decoded(value, true)})
	}
	return pairs
}

// decoded undoes percent-encoding, and "+" for a blank where plus says so. A text that is not properly encoded stands
// for itself.
func decoded(s string, plus bool) string {
	if strings.IndexByte(s, '%') < 0 && (!plus || strings.IndexByte(s, '+') < 0) {
		return s
	}
	unescape := url.PathUnescape
	if plus {
		unescape = url.QueryUnescape
	}
	if d, err := unescape(s); err == nil {
		return d
	}
	return s
}

func appendRecoded(buf []byte, s string, plus bool) []byte {
	return appendEncoded(buf, decoded(s, plus))
}

const upperHex = "0123456789ABCDEF"

// appendEncoded appends s with every byte but letters, digits and -_.~ percent-encoded.
func appendEncoded(buf []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; !unreserved[c] {
			buf = append(append(buf, s[from:i]...), '%', upperHex[c>>4], upperHex[c&15])
			from = i + 1
		}
	}
	return append(buf, s[from:]...)
}

var unreserved = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~") {
		t[c] = true
	}
	return t
}()

// appendHeader appends a line for each value of the header, sorted, or an empty one for a header that is not there.
func appendHeader(buf []byte, m *message, name string) []byte {
	if name == "host" {
		return appendHeaderLine(buf, name, m.Host)
	}
	values := m.Header[headerKey(name)]
	switch len(values) {
	case 0:
		return appendHeaderLine(buf, name, "")
	case 1:
		return appendHeaderLine(buf, name, values[0])
	}
	for _, v := range slices.Sorted(slices.Values(values)) {
		buf = appendHeaderLine(buf, name, v)
	}
	return buf
}

func appendHeaderLine(buf []byte, name, value string) []byte {
	buf = append(append(buf, name...), ':')
	return append(append(buf, strings.TrimSpace(value)...), '\n')
}

// headerValues looks a header up by its name in lower case.
func headerValues(m *message, name string) []string {
	if name == "host" {
		return []string{m.Host}
	}
	return m.Header[headerKey(name)]
}

// headerKey is the name under which a Header has a header of that name in lower case. It spares those that clients of the
// service sign the conversion.
func headerKey(name string) string {
	switch name {
	case "content-type":
		return "Content-Type"
	case "user-agent":
		return "User-Agent"
	case "workspace":
		return "Workspace"
	case "x-auth-token":
		return headerToken
	case "x-domain-id":
		return "X-Domain-Id"
	case "x-project-id":
		return headerProjectID
	case "x-sdk-content-sha256":
		return headerPayload
	case "x-sdk-date":
		return headerDate
	case "x-security-token":
		return headerSecurity
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

// emptyHash is the SHA-256 of no bytes at all.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// appendPayloadHash appends the SHA-256 of the body. A client may send it in a header instead, or say there that it
// has not signed the payload; a hash that is not the body's changes nothing.
func appendPayloadHash(buf []byte, m *message) []byte {
	if v := m.Header[headerPayload]; len(v) == 1 && v[0] == unsigned {
		return append(buf, unsigned...)
	}
	if len(m.Body) == 0 {
		return append(buf, emptyHash...)
	}
	hash := mockserver.HexOf(sha256.Sum256(m.Body))
	return append(buf, hash[:]...)
}
