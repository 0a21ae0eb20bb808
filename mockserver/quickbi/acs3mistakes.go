package quickbi

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// acs3Parts is what the canonical request of V3 is made of.
type acs3Parts struct {
	r           *mockserver.Request
	method, uri string
	query       string
	headers     []headerLine
	gap         string // between the headers and their names
	names       string
	payload     string
	key         string
	sign        func(key, canonical string) string
}

type headerLine struct{ name, value string }

func acs3PartsOf(r *mockserver.Request, signed []string, secret string) *acs3Parts {
	query, _ := r.Query()
	p := &acs3Parts{r: r, method: r.Method, uri: "/", query: joinPairs(query, byNameThenValue, appendPercent), gap: "\n",
		payload: sha256Hex(r.Body), key: secret, sign: signCanonical}
	p.cover(signed)
	return p
}

// cover sets the headers that are signed.
func (p *acs3Parts) cover(names []string) {
	names = slices.Clone(names)
	slices.Sort(names)
	p.names, p.headers = strings.Join(names, ";"), nil
	for _, name := range names {
		p.headers = append(p.headers, headerLine{name, headerValue(p.r, name)})
	}
}

func signCanonical(key, canonical string) string {
	signature := acs3Signature(key, []byte(canonical))
	return string(signature[:])
}

func (p *acs3Parts) text() string {
	var b strings.Builder
	b.WriteString(p.method + "\n" + p.uri + "\n" + p.query + "\n")
	for _, h := range p.headers {
		b.WriteString(h.name + ":" + h.value + "\n")
	}
	b.WriteString(p.gap + p.names + "\n" + p.payload)
	return b.String()
}

func (p *acs3Parts) attempt(mistake, advice string) mockserver.Attempt {
	text := p.text()
	return mockserver.Attempt{Mistake: mistake, Advice: advice, Text: text, Signature: p.sign(p.key, text)}
}

// acs3Mistakes is what clients get wrong with V3. Of several that come to the same text the first one is told: "raw query"
// stands behind what may be wrong with it.
var acs3Mistakes = []struct {
	mistake, advice string
	change          func(*acs3Parts)
}{
	{"unsorted query", "sort the parameters by name, bytewise", requery(nil, appendPercent)},
	{"sorted without regard to case", "sort by bytes: upper case comes before lower case", requery(foldingCase, appendPercent)},
	{"space as +", "encode a blank as %20, not as +", requery(byNameThenValue, plusForBlank)},
	{"form encoding", "encode as RFC 3986 says (blank %20, * %2A, ~ bare), not as HTML forms do", requery(byNameThenValue, formEncode)},
	{"encodeURIComponent", "encode ! ' ( ) and * too; encodeURIComponent leaves them", requery(byNameThenValue, scriptEncode)},
	{"* left bare", "encode * as %2A", requery(byNameThenValue, keepStar)},
	{"~ encoded", "leave ~ as it is", requery(byNameThenValue, tildeEncoded)},
	{"/ left bare", "encode / as %2F within names and values", requery(byNameThenValue, keepSlash)},
	{"lower-case hex", "write percent-encoding with upper-case hex digits", requery(byNameThenValue, lowerHex)},
	{"no encoding", "encode names and values of the query", requery(byNameThenValue, verbatim)},
	{"raw query", "sign the canonical query (decoded, encoded as RFC 3986 says, sorted), not the one on the wire", func(p *acs3Parts) { p.query = p.r.RawQuery }},
	{"form parameters in the query", "parameters of a form body are covered by the hash of the body, not by the canonical query", formIntoQuery},
	{"query left out", "the third line is the canonical query", func(p *acs3Parts) { p.query = "" }},
	{"missing final /", "the canonical URI of an RPC call is /", func(p *acs3Parts) { p.uri = "" }},
	{"hash of an empty body", "hash the body as it is sent", func(p *acs3Parts) { p.payload = sha256Hex(nil) }},
	{"re-serialised body", "hash the very bytes that are sent; this form was encoded again after it was hashed", formAgain},
	{"hash in upper case", "write the hash of the body in lower-case hex", func(p *acs3Parts) { p.payload = strings.ToUpper(p.payload) }},
	{"body in place of its hash", "the last line is the hash of the body", func(p *acs3Parts) { p.payload = string(p.r.Body) }},
	{"x-acs-content-sha256 of another body", "the header is not the hash of this body; hash the body as it is sent", func(p *acs3Parts) { p.payload = headerValue(p.r, hashHeader) }},
	{"host without port", "sign the Host header as it is sent, with its port", rehost(hostWithoutPort)},
	{"host of the public endpoint", "sign the Host header as it is sent, not the endpoint that is normally called", rehost(publicEndpoint)},
	{"host with scheme", "sign the host without http:// before it", rehost(func(h string) string { return "http://" + h })},
	{"no blank line after the headers", "each canonical header ends in a newline, and one more follows the last", func(p *acs3Parts) { p.gap = "" }},
	{"blank after the colon of a header", "write name:value without a blank", eachHeader(func(h *headerLine) { h.value = " " + h.value })},
	{"secret with &", "the secret is the key as it is; only signature version 1.0 appends &", func(p *acs3Parts) { p.key += "&" }},
	{"canonical request not hashed", "the string to sign holds the SHA-256 of the canonical request", func(p *acs3Parts) { p.sign = signUnhashed }},
	{"scheme left out of the string to sign", "the first line of the string to sign is ACS3-HMAC-SHA256", func(p *acs3Parts) { p.sign = signHashOnly }},
	{"signature in Base64", "write the signature in lower-case hex", func(p *acs3Parts) { p.sign = signBase64 }},
	{"signature in upper case", "write the signature in lower-case hex", func(p *acs3Parts) { p.sign = signUpper }},
	{"signed for GET", "sign with the HTTP method that is used: POST", func(p *acs3Parts) { p.method = "GET" }},
	{"signed for POST", "sign with the HTTP method that is used: GET", func(p *acs3Parts) { p.method = "POST" }},
}

func requery(less func(a, b mockserver.Pair) int, encode func([]byte, string) []byte) func(*acs3Parts) {
	return func(p *acs3Parts) {
		query, _ := p.r.Query()
		p.query = joinPairs(query, less, encode)
	}
}

func formIntoQuery(p *acs3Parts) {
	query, _ := p.r.Query()
	form, _ := p.r.Form()
	p.query = joinPairs(append(query[:len(query):len(query)], form...), byNameThenValue, appendPercent)
}

// formAgain hashes the form as a client library might write it: encoded strictly and sorted.
func formAgain(p *acs3Parts) {
	form, _ := p.r.Form()
	p.payload = sha256Hex([]byte(joinPairs(form, byNameThenValue, formEncode)))
}

func eachHeader(change func(*headerLine)) func(*acs3Parts) {
	return func(p *acs3Parts) {
		for i := range p.headers {
			change(&p.headers[i])
		}
	}
}

func rehost(change func(string) string) func(*acs3Parts) {
	return eachHeader(func(h *headerLine) {
		if h.name == "host" {
			h.value = change(h.value)
		}
	})
}

func hostWithoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

func publicEndpoint(string) string { return "quickbi-public.cn-hangzhou.aliyuncs.com" }

// acs3Attempts are all the ways in which a client may have signed r, each with one mistake.
func acs3Attempts(r *mockserver.Request, signed []string, secret string, others []string) []mockserver.Attempt {
	var attempts []mockserver.Attempt
	for _, m := range acs3Mistakes {
		p := acs3PartsOf(r, signed, secret)
		m.change(p)
		attempts = append(attempts, p.attempt(m.mistake, m.advice))
	}
	for _, name := range signed {
		p := acs3PartsOf(r, without(signed, func(s string) bool { return s == name }), secret)
		attempts = append(attempts, p.attempt("a header of SignedHeaders was not signed", "SignedHeaders lists "+name+", but the signature does not cover it"))
	}
	for _, name := range unlisted(r, signed) {
		p := acs3PartsOf(r, append(slices.Clone(signed), name), secret)
		attempts = append(attempts, p.attempt("a header missing from SignedHeaders", "the signature covers "+name+"; list it in SignedHeaders"))
	}
	for _, other := range others {
		attempts = append(attempts, acs3PartsOf(r, signed, other).attempt(otherSecretName, otherSecretAdvice))
	}
	return attempts
}

// unlisted names the headers that a client may have signed without saying so, sorted.
func unlisted(r *mockserver.Request, signed []string) []string {
	var names []string
	for name := range r.Header {
		if lower := strings.ToLower(name); lower != "authorization" && !slices.Contains(signed, lower) {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return names
}
