package quickbi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// acs3Scheme begins the Authorization header of V3.
const acs3Scheme = "ACS3-HMAC-SHA256"

// The headers of V3, in canonical spelling as net/http keeps them.
const (
	actionHeader  = "X-Acs-Action"
	versionHeader = "X-Acs-Version"
	dateHeader    = "X-Acs-Date"
	nonceHeader   = "X-Acs-Signature-Nonce"
	hashHeader    = "X-Acs-Content-Sha256"
	tokenHeader   = "X-Acs-Security-Token"
)

// acs3Auth is the Authorization header of V3, taken apart.
type acs3Auth struct {
	Credential string
	// SignedHeaders are in lower case, in the order of the client.
	SignedHeaders []string
	Signature     string
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
			a.SignedHeaders = strings.Split(strings.ToLower(value), ";")
		case "Signature":
			a.Signature = value
		}
	}
	if a.Credential == "" || a.Signature == "" || len(a.SignedHeaders) == 0 || slices.Contains(a.SignedHeaders, "") {
		return a, errAuthorization
	}
	return a, nil
}

// acs3Canonical appends the canonical request: method, path, query, headers, names of the headers and hash of the body.
// The path of an RPC call is always "/". The host is the Host header as sent, with its port. payload is the lower-case
// hex SHA-256 of the body as it came, chunked or not.
//
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
func acs3Canonical(dst []byte, r *mockserver.Request, signed []string, payload string) []byte {
	query, _ := r.Query() // a pair that cannot be decoded is refused later, in words that say so
	dst = append(dst, r.Method...)
	dst = append(dst, "\n/\n"...)
	dst = appendCanonicalQuery(dst, query)
	dst = append(dst, '\n')
	var few [16]string
	names := append(few[:0], signed...)
	slices.Sort(names)
	for _, name := range names {
		dst = appendHeader(dst, r, name)
	}
	dst = append(dst, '\n')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, name...)
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

// appendHeader appends one canonical header line. Several values of one name are sorted and joined by commas.
func appendHeader(dst []byte, r *mockserver.Request, name string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':')
	dst = append(dst, headerValue(r, name)...)
	return append(dst, '\n')
}

func headerValue(r *mockserver.Request, name string) string {
	if name == "host" {
		return r.Host
	}
	values := r.Header.Values(name)
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

// acs3Signature signs a canonical request and returns the string to sign with it. The secret is taken as it is.
func acs3Signature(secret string, canonical []byte) (stringToSign, signature string) {
	text := acs3StringToSign(canonical)
	return text, hmacSHA256(secret, text)
}

func acs3StringToSign(canonical []byte) string { return acs3Scheme + "\n" + sha256Hex(canonical) }

func hmacSHA256(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	var sum [sha256.Size]byte
	return hex.EncodeToString(mac.Sum(sum[:0]))
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// unsigned returns the first header that has to be signed and is not: host and every x-acs header that was sent
// (QB-014: host alone), in a fixed order.
func unsigned(r *mockserver.Request, signed []string, hostOnly bool) string {
	if !slices.Contains(signed, "host") {
		return "host"
	}
	if hostOnly {
		return ""
	}
	first := ""
	for name := range r.Header {
		if len(name) < len("x-acs-") || !strings.EqualFold(name[:len("x-acs-")], "x-acs-") {
			continue
		}
		if lower := strings.ToLower(name); !slices.Contains(signed, lower) && (first == "" || lower < first) {
			first = lower
		}
	}
	return first
}
