package mockserver

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Request is a request as received: nothing in it has been decoded, sorted or cleaned, because signatures cover it.
type Request struct {
	Method string
	// URI is the request target of the request line, raw ("/v7/x?cursor=&page=10").
	URI string
	// RawPath and RawQuery are the two parts of URI.
	RawPath, RawQuery string
	// Host is the Host header as sent, with its port.
	Host   string
	Header http.Header
	// Body is the whole body, chunked or not.
	Body []byte
	// TLS reports whether the request came over HTTPS.
	TLS bool

	query, form Pairs
	queryErr    error
	formErr     error
	parsed      bool
	// memory is that of the call, while there is one.
	memory *callMemory
}

// Pair is one name and value of a query or form, decoded.
type Pair struct{ Name, Value string }

// Pairs are decoded pairs in the order of the wire.
type Pairs []Pair

// Get returns the first value of a name.
func (p Pairs) Get(name string) (string, bool) {
	for i := range p {
		if p[i].Name == name {
			return p[i].Value, true
		}
	}
	return "", false
}

// Query returns the decoded pairs of the query. The error says that one is not percent-encoded UTF-8; the pairs are
// those of ParsePairs all the same.
func (r *Request) Query() (Pairs, error) {
	r.parse()
	return r.query, r.queryErr
}

// Form returns the decoded pairs of a form body, or nothing for another media type.
func (r *Request) Form() (Pairs, error) {
	r.parse()
	return r.form, r.formErr
}

// Pairs returns query and form pairs together, query first: the parameters of an RPC request.
func (r *Request) Pairs() Pairs {
	r.parse()
	switch {
	case len(r.form) == 0:
		return r.query
	case len(r.query) == 0:
		return r.form
	}
	return append(r.query[:len(r.query):len(r.query)], r.form...)
}

func (r *Request) parse() {
	if r.parsed {
		return
	}
	r.parsed = true
	m := r.memory
	if m == nil {
		m = &callMemory{}
	}
	r.query, r.queryErr = appendPairs(m.query[:0], r.RawQuery)
	m.query = r.query
	if r.hasForm() {
		r.form, r.formErr = appendPairs(m.form[:0], string(r.Body))
		m.form = r.form
	}
}

func (r *Request) hasForm() bool {
	return len(r.Body) > 0 && r.MediaType() == "application/x-www-form-urlencoded"
}

// tooManyPairs reports whether query or form are more than anybody sends; then neither the world nor the operation can
// be told from them.
func (r *Request) tooManyPairs() bool {
	return strings.Count(r.RawQuery, "&") >= maxPairs || r.hasForm() && bytes.Count(r.Body, []byte("&")) >= maxPairs
}

// forget drops the decoded pairs; whoever asks for them again gets them decoded again.
func (r *Request) forget() {
	r.parsed, r.query, r.form, r.queryErr, r.formErr, r.memory = false, nil, nil, nil, nil, nil
}

// MediaType is the Content-Type without its parameters, in lower case.
func (r *Request) MediaType() string {
	m := r.memory
	if m == nil {
		return mediaType(HeaderOf(r.Header, contentTypeHeader))
	}
	if !m.mediaKnown {
		m.media, m.mediaKnown = mediaType(HeaderOf(r.Header, contentTypeHeader)), true
	}
	return m.media
}

const contentTypeHeader = "Content-Type"

// HeaderOf is Header.Get for a name as net/http spells it, which that would first have to find out.
func HeaderOf(h Header, canonical string) string {
	if values := h[canonical]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// HostName is the Host in lower case, without port and final dot.
func (r *Request) HostName() string {
	host := r.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return Lower(strings.TrimSuffix(host, "."))
}

// Path is RawPath decoded; RawPath itself where it cannot be decoded.
func (r *Request) Path() string {
	if strings.IndexByte(r.RawPath, '%') < 0 {
		return r.RawPath
	}
	if p, err := url.PathUnescape(r.RawPath); err == nil {
		return p
	}
	return r.RawPath
}

// ErrBadEncoding says that a query, form or path is not percent-encoded UTF-8.
var ErrBadEncoding = errors.New("not percent-encoded UTF-8")

// maxPairs bounds the pairs of a query or form. Every step looks at all of them, some of them sort.
const maxPairs = 10_000

var errTooManyPairs = fmt.Errorf("more than %d parameters", maxPairs)

// ParsePairs decodes a query or form. A pair that is not percent-encoding is left out and reported; one that is, but of
// bytes that are not UTF-8, is reported and there, because signatures cover it. A pair without "=" has an empty value;
// "+" is a space; ";" is an ordinary character. More than ten thousand pairs are not decoded at all.
func ParsePairs(raw string) (Pairs, error) { return appendPairs(nil, raw) }

func appendPairs(pairs Pairs, raw string) (Pairs, error) {
	if raw == "" {
		return pairs, nil
	}
	n := strings.Count(raw, "&") + 1
	if n > maxPairs {
		return pairs, errTooManyPairs
	}
	pairs = slices.Grow(pairs, n)
	d := decoder{most: len(raw)}
	var bad error
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, ok1 := d.decode(name, &bad)
		value, ok2 := d.decode(value, &bad)
		if ok1 && ok2 {
			pairs = append(pairs, Pair{name, value})
		}
	}
	return pairs, bad
}

// isLiteral reports whether a text stands for itself: ASCII without percent-encoding. It looks at eight bytes at a time, as
// plainEight does.
func isLiteral(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		const each, high = 0x0101010101010101, 0x8080808080808080
		x := eight(s)
		if (x|(x^'%'*each-each)|(x^'+'*each-each))&high != 0 {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c == '%' || c == '+' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decoder decodes the texts of a query or form into one piece of memory, which none has moved from when the next comes.
type decoder struct {
	text strings.Builder
	most int // the length of all texts together
}

// decode is url.QueryUnescape. It says in bad that s is not percent-encoded UTF-8, and reports whether it is percent-encoded
// bytes at least.
func (d *decoder) decode(s string, bad *error) (text string, ok bool) {
	if isLiteral(s) {
		return s, true
	}
	if text, ok = d.unescape(s); !ok || !utf8.ValidString(text) {
		*bad = ErrBadEncoding
	}
	return text, ok
}

func (d *decoder) unescape(s string) (string, bool) {
	if d.text.Cap() == 0 {
		d.text.Grow(d.most)
	}
	from, done := d.text.Len(), 0
	for i := 0; i < len(s); i++ {
		c, size := s[i], 1
		switch c {
		case '+':
			c = ' '
		case '%':
			if size = 3; i+size > len(s) {
				return "", false
			}
			high, low := hexDigit(s[i+1]), hexDigit(s[i+2])
			if high|low > 15 {
				return "", false
			}
			c = high<<4 | low
		default:
			continue
		}
		d.text.WriteString(s[done:i])
		d.text.WriteByte(c)
		done = i + size
		i = done - 1
	}
	d.text.WriteString(s[done:])
	return d.text.String()[from:], true
}

// hexDigit is the value of a digit, 255 if it is none.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
