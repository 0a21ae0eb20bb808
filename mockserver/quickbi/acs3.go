package quickbi

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// acs3Scheme begins the Authorization header of V3.
const acs3Scheme = "ACS3-HMAC-SHA256"

// The headers of V3, in canonical spelling as net/http keeps them; headerOf looks them up.
const (
	authorizationHeader = "Authorization"

	actionHeader  = "X-Acs-Action"
	versionHeader = "X-Acs-Version"
	dateHeader    = "X-Acs-Date"
	nonceHeader   = "X-Acs-Signature-Nonce"
	hashHeader    = "X-Acs-Content-Sha256"
	tokenHeader   = "X-Acs-Security-Token"
)

// acs3Auth is the Authorization header of V3, taken apart.
type acs3Auth struct {
	Credential    string
	SignedHeaders headerNames
	Signature     string
}

// headerNames are the names of headers in lower case, in the order of the client, joined by ";".
type headerNames string

// appendTo appends the names one by one.
func (n headerNames) appendTo(list []string) []string {
	for name := range strings.SplitSeq(string(n), ";") {
		list = append(list, name)
	}
	return list
}

// list are the names one by one.
func (n headerNames) list() []string { return n.appendTo(nil) }

// lacksOne reports whether one of the names is empty.
func (n headerNames) lacksOne() bool {
	return n == "" || n[0] == ';' || n[len(n)-1] == ';' || strings.Contains(string(n), ";;")
}

// has reports whether a header is among the names; its own may be in any case.
func (n headerNames) has(header string) bool {
	for name := range strings.SplitSeq(string(n), ";") {
		if mockserver.IsLower(name, header) {
			return true
		}
	}
	return false
}

var errAuthorization = errors.New("Authorization is not ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…")

// isACS3 reports whether an Authorization header is one of V3.
func isACS3(authorization string) bool {
	rest, ok := strings.CutPrefix(authorization, acs3Scheme)
	return ok && (rest == "" || rest[0] == ' ')
}

func parseACS3(authorization string) (acs3Auth, error) {
	var a acs3Auth
	rest, ok := strings.CutPrefix(authorization, acs3Scheme+" ")
	if !ok {
		return a, errAuthorization
	}
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, ",")
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			a.Credential = value
		case "SignedHeaders":
			a.SignedHeaders = headerNames(mockserver.Lower(value))
		case "Signature":
			a.Signature = value
		}
	}
	if a.Credential == "" || a.Signature == "" || a.SignedHeaders.lacksOne() {
		return a, errAuthorization
	}
	return a, nil
}

// acs3Canonical appends the canonical request: method, path, query, headers, names of the headers and hash of the body.
// The path of an RPC call is always "/". The host is the Host header as sent, with its port. payload is the lower-case
// hex SHA-256 of the body as it came, chunked or not.
//
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
func acs3Canonical(dst []byte, r *mockserver.Request, signed headerNames, payload []byte) []byte {
	var few [usualHeaders]signedHeader
	list := signed.sorted(few[:0])
	for key, values := range r.Header {
		list.take(key, values)
	}
	return list.appendCanonical(dst, r, payload)
}

// usualHeaders is more than clients sign.
const usualHeaders = 16

// signedHeader is a header that is signed: its name in lower case, and what the request has under it.
type signedHeader struct {
	name   string
	values []string
}

// signedHeaders are in the order of their names.
type signedHeaders []signedHeader

// sorted appends the names in their order, without values.
func (n headerNames) sorted(list signedHeaders) signedHeaders {
	inOrder := true
	for rest, more := string(n), true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ";")
		inOrder = inOrder && (len(list) == 0 || list[len(list)-1].name <= name)
		list = append(list, signedHeader{name: name})
	}
	if !inOrder {
		slices.SortFunc(list, func(a, b signedHeader) int { return strings.Compare(a.name, b.name) })
	}
	return list
}

// take notes what the request has under a key of its header, and reports whether that is signed.
func (list signedHeaders) take(key string, values []string) (signed bool) {
	for i := range list {
		if h := &list[i]; len(h.name) == len(key) && mockserver.IsLower(h.name, key) {
			h.values, signed = values, true
		}
	}
	return signed
}

func (list signedHeaders) appendCanonical(dst []byte, r *mockserver.Request, payload []byte) []byte {
	query, _ := r.Query() // a pair that cannot be decoded is refused later, in words that say so
	dst = append(dst, r.Method...)
	dst = append(dst, "\n/\n"...)
	dst = appendCanonicalQuery(dst, query)
	dst = append(dst, '\n')
	for i := range list {
		dst = list[i].appendTo(dst, r.Host)
	}
	dst = append(dst, '\n')
	for i := range list {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, list[i].name...)
	}
	dst = append(dst, '\n')
	return append(dst, payload...)
}

func appendCanonicalQuery(dst []byte, pairs mockserver.Pairs) []byte {
	var few [16]mockserver.Pair
	sorted := append(few[:0], pairs...)
	slices.SortFunc(sorted, byNameThenValue)
	for i, p := range sorted {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = appendPercent(dst, p.Name)
		dst = append(dst, '=')
		dst = appendPercent(dst, p.Value)
	}
	return dst
}

// appendTo appends one canonical header line.
func (h *signedHeader) appendTo(dst []byte, host string) []byte {
	dst = append(append(dst, h.name...), ':')
	if h.name == "host" {
		dst = append(dst, host...)
	} else {
		dst = append(dst, joined(h.values)...)
	}
	return append(dst, '\n')
}

// headerValue is what the canonical request has for a header.
func headerValue(r *mockserver.Request, name string) string {
	if name == "host" {
		return r.Host
	}
	return joined(headerValues(r.Header, name))
}

// joined are the values of a header, sorted, with commas between them.
func joined(values []string) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(values[0])
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	slices.Sort(trimmed)
	return strings.Join(trimmed, ",")
}

// headerValues is Header.Values for a name in lower case, which that would have to make a text in net/http's spelling of.
func headerValues(h mockserver.Header, name string) []string {
	var canonical [64]byte
	if len(name) > len(canonical) {
		return h.Values(name)
	}
	first := true
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z' && first:
			c -= 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-':
		default:
			return h.Values(name)
		}
		canonical[i], first = c, c == '-'
	}
	return h[string(canonical[:len(name)])]
}

// acs3StringToSign appends the string to sign of a canonical request.
func acs3StringToSign(dst, canonical []byte) []byte {
	hash := mockserver.HexOf(sha256.Sum256(canonical))
	return append(append(append(dst, acs3Scheme...), '\n'), hash[:]...)
}

// acs3Signature signs a canonical request. The secret is taken as it is.
func acs3Signature(secret string, canonical []byte) [64]byte {
	var few [macBlock + 2*sha256.Size]byte
	return mockserver.HexOf(mockserver.HMACSHA256(secret, acs3StringToSign(few[:0], canonical)))
}

// unsigned returns the first header that has to be signed and is not: host and every x-acs header that was sent
// (QB-014: host alone), in a fixed order.
func unsigned(r *mockserver.Request, signed headerNames, hostOnly bool) string {
	if !signed.has("host") {
		return "host"
	}
	if hostOnly {
		return ""
	}
	first := ""
	for name := range r.Header {
		if !isACSHeader(name) || signed.has(name) {
			continue
		}
		if lower := strings.ToLower(name); first == "" || lower < first {
			first = lower
		}
	}
	return first
}

// isACSHeader reports whether a key of a header begins with x-acs-.
func isACSHeader(key string) bool {
	const prefix = "x-acs-"
	return len(key) >= len(prefix) && mockserver.IsLower(prefix, key[:len(prefix)])
}
