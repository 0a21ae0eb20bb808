package quickbi

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// otherSecret is the mistake that needs no variant of the text.
const (
	otherSecretName   = "secret of another access key"
	otherSecretAdvice = "the signature was made with the secret of another access key of this world; send that key's id, or use this key's secret"
)

// rpcParts is what the string to sign of signature version 1.0 is made of.
type rpcParts struct {
	r            *mockserver.Request
	method, path string
	// pairs are query and form without Signature, in the order of the wire; query are those of the query alone.
	pairs, query mockserver.Pairs
	encode       func(dst []byte, s string) []byte
	less         func(a, b mockserver.Pair) int // nil: as on the wire
	// raw, if set, stands in place of the canonical query.
	raw string
	// once leaves the canonical query as it is instead of encoding it again.
	once bool
	key  string
	sign func(key string, text []byte) string
}

func rpcPartsOf(r *mockserver.Request, secret string) *rpcParts {
	query, _ := r.Query()
	form, _ := r.Form()
	p := &rpcParts{r: r, method: r.Method, path: "%2F", encode: appendPercent, less: byNameThenValue, key: secret + "&", sign: hmacSHA1Base64}
	p.query = without(query, isSignature)
	p.pairs = slices.Concat(p.query, without(form, isSignature))
	return p
}

func isSignature(p mockserver.Pair) bool { return p.Name == signatureParam }

func (p *rpcParts) text() string {
	canonical := p.raw
	if canonical == "" {
		canonical = joinPairs(p.pairs, p.less, p.encode)
	}
	if !p.once {
		canonical = string(appendPercent(nil, canonical))
	}
	return p.method + "&" + p.path + "&" + canonical
}

// rpcMistakes is what clients get wrong with signature version 1.0; the order is that of acs3Mistakes.
var rpcMistakes = []struct {
	mistake, advice string
	change          func(*rpcParts)
}{
	{"space as +", "encode a blank as %20, not as +", func(p *rpcParts) { p.encode = plusForBlank }},
	{"form encoding", "encode as RFC 3986 says (blank %20, * %2A, ~ bare), not as HTML forms do", func(p *rpcParts) { p.encode = formEncode }},
	{"encodeURIComponent", "encode ! ' ( ) and * too; encodeURIComponent leaves them", func(p *rpcParts) { p.encode = scriptEncode }},
	{"* left bare", "encode * as %2A", func(p *rpcParts) { p.encode = keepStar }},
	{"~ encoded", "leave ~ as it is", func(p *rpcParts) { p.encode = tildeEncoded }},
	{"/ left bare", "encode / as %2F within names and values", func(p *rpcParts) { p.encode = keepSlash }},
	{"lower-case hex", "write percent-encoding with upper-case hex digits", func(p *rpcParts) { p.encode = lowerHex }},
	{"no encoding", "encode names and values before joining them", func(p *rpcParts) { p.encode = verbatim }},
	{"canonical query not encoded again", "encode the joined query once more before putting it into the string to sign", func(p *rpcParts) { p.once = true }},
	{"unsorted parameters", "sort the parameters by name, bytewise", func(p *rpcParts) { p.less = nil }},
	{"sorted without regard to case", "sort by bytes: upper case comes before lower case", func(p *rpcParts) { p.less = foldingCase }},
	{"raw query", "sign the canonical query (decoded, encoded as RFC 3986 says, sorted), not what is sent", func(p *rpcParts) { p.raw = asSent(p.r) }},
	{"secret without &", "append & to the secret before using it as the key", func(p *rpcParts) { p.key = strings.TrimSuffix(p.key, "&") }},
	{"HMAC-SHA256", "signature version 1.0 here is HMAC-SHA1", func(p *rpcParts) { p.sign = hmacSHA256Base64 }},
	{"signature in hex", "write the signature in Base64", func(p *rpcParts) { p.sign = hmacSHA1Hex }},
	{"/ not encoded", "the second part of the string to sign is %2F", func(p *rpcParts) { p.path = "/" }},
	{"signed for GET", "sign with the HTTP method that is used: POST", func(p *rpcParts) { p.method = "GET" }},
	{"signed for POST", "sign with the HTTP method that is used: GET", func(p *rpcParts) { p.method = "POST" }},
	{"form parameters left out", "parameters in the form body are signed together with those of the query", func(p *rpcParts) { p.pairs = p.query }},
	{"empty parameters left out", "a parameter with an empty value is signed too (Name=)", func(p *rpcParts) { p.drop(func(x mockserver.Pair) bool { return x.Value == "" }) }},
	{"SecurityToken left out", "SecurityToken is signed like every other parameter", func(p *rpcParts) { p.drop(func(x mockserver.Pair) bool { return x.Name == tokenParam }) }},
	{"common parameters left out", "Format, SignatureMethod and the other common parameters are signed too", func(p *rpcParts) { p.drop(isSignatureDetail) }},
}

// asSent is query and form as they came, but for Signature.
func asSent(r *mockserver.Request) string {
	parts := strings.Split(r.RawQuery, "&")
	if form, _ := r.Form(); len(form) > 0 {
		parts = append(parts, strings.Split(string(r.Body), "&")...)
	}
	return strings.Join(without(parts, func(s string) bool { return s == "" || strings.HasPrefix(s, signatureParam+"=") }), "&")
}

func (p *rpcParts) drop(drop func(mockserver.Pair) bool) { p.pairs = without(p.pairs, drop) }

func isSignatureDetail(p mockserver.Pair) bool {
	return p.Name == "SignatureMethod" || p.Name == "SignatureVersion" || p.Name == "Format"
}

// rpcAttempts are all the ways in which a client may have signed r, each with one mistake.
func rpcAttempts(r *mockserver.Request, secret string, others []string) []mockserver.Attempt {
	attempts := make([]mockserver.Attempt, 0, len(rpcMistakes)+len(others))
	right := rpcPartsOf(r, secret).text()
	for _, m := range rpcMistakes {
		p := rpcPartsOf(r, secret)
		m.change(p)
		text := p.text()
		attempts = append(attempts, mockserver.Attempt{Mistake: m.mistake, Advice: m.advice, Text: text, Signature: p.sign(p.key, []byte(text))})
	}
	for _, other := range others {
		attempts = append(attempts, mockserver.Attempt{Mistake: otherSecretName, Advice: otherSecretAdvice, Text: right,
			Signature: hmacSHA1Base64(other+"&", []byte(right))})
	}
	return attempts
}
