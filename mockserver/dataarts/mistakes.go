package dataarts

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// recipe is a way to sign a request. The zero value with a key and the list of signed headers is the documented one; a
// mistake is a change of one of its parts. It is written for clarity: it runs when somebody asks why a signature was
// refused.
type recipe struct {
	key    string
	signed []string

	method  func(string) string
	path    func(string) string
	query   func(string) string
	header  func(name, value string) string
	payload func(body []byte) string
	// noBlankLine leaves out the blank line behind the headers, upperHash writes the hashes in capitals, unhashed puts
	// the canonical request itself where its hash belongs.
	noBlankLine, upperHash, unhashed bool
	// listed are the names in the SignedHeaders line, if not signed.
	listed []string
	encode func(mac []byte) string
}

// canonical is the canonical request that the recipe makes of m.
func (r *recipe) canonical(m *message) string {
	var headers strings.Builder
	for _, name := range r.signed {
		headers.Write(r.headerLines(m, name))
	}
	if r.noBlankLine && len(r.signed) > 0 {
		h := strings.TrimSuffix(headers.String(), "\n")
		headers.Reset()
		headers.WriteString(h)
	}
	listed := r.signed
	if r.listed != nil {
		listed = r.listed
	}
	return strings.Join([]string{
		apply(r.method, m.Method),
		applyOr(r.path, m.Path, func(s string) string { return string(appendPath(nil, s)) }),
		applyOr(r.query, m.Query, func(s string) string { return string(appendQuery(nil, s)) }),
		headers.String(),
		strings.Join(listed, ";"),
		r.payloadHash(m),
	}, "\n")
}

func apply(f func(string) string, s string) string {
	return applyOr(f, s, func(s string) string { return s })
}

func applyOr(f func(string) string, s string, otherwise func(string) string) string {
	if f != nil {
		return f(s)
	}
	return otherwise(s)
}

func (r *recipe) headerLines(m *message, name string) []byte {
	if r.header == nil || len(headerValues(m, name)) != 1 {
		return appendHeader(nil, m, name)
	}
	return []byte(name + ":" + r.header(name, headerValues(m, name)[0]) + "\n")
}

func (r *recipe) payloadHash(m *message) string {
	hash := string(appendPayloadHash(nil, m))
	if r.payload != nil && hash != unsigned {
		hash = r.payload(m.Body)
	}
	if r.upperHash && hash != unsigned {
		hash = strings.ToUpper(hash)
	}
	return hash
}

// sign returns the canonical request and the signature that the recipe makes of m.
func (r *recipe) sign(m *message) (canonical, signature string) {
	canonical = r.canonical(m)
	text := canonical
	if !r.unhashed {
		text = hexHash([]byte(canonical))
	}
	if r.upperHash {
		text = strings.ToUpper(text)
	}
	mac := mockserver.HMACSHA256(r.key, []byte(scheme+"\n"+m.Header.Get(headerDate)+"\n"+text))
	if r.encode != nil {
		return canonical, r.encode(mac[:])
	}
	return canonical, hex.EncodeToString(mac[:])
}

// mistake is something that clients are known to do.
type mistake struct {
	name, advice string
	// part is the part of the recipe that it changes; two mistakes of one part cannot be combined.
	part string
	// change makes the mistake, and reports false where it would change nothing.
	change func(r *recipe, m *message) bool
}

// attempt is one way in which a client may have signed a request.
type attempt struct {
	mistake, advice string
	// canonical is the text that was hashed and signed.
	canonical, signature string
}

// attempts yields the ways in which a client that knows the secret may have signed m with the listed headers, each
// wrong in one known way, then those that are wrong in two, until yield returns false. others are further secrets that
// the client might have taken instead.
func attempts(m *message, signed []string, secret string, others []string, yield func(attempt) bool) {
	all := applicable(m, signed, secret, others)
	for i := range all {
		if !yield(try(m, signed, secret, all[i])) {
			return
		}
	}
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			if all[i].part != all[j].part && !yield(try(m, signed, secret, all[i], all[j])) {
				return
			}
		}
	}
}

func applicable(m *message, signed []string, secret string, others []string) []mistake {
	candidates := slices.Concat(mistakes, headerMistakes(m, signed), secretMistakes(secret, others))
	return slices.DeleteFunc(candidates, func(x mistake) bool {
		r := recipe{key: secret, signed: signed}
		return !x.change(&r, m)
	})
}

func try(m *message, signed []string, secret string, made ...mistake) attempt {
	r := recipe{key: secret, signed: signed}
	var a attempt
	for i, x := range made {
		x.change(&r, m)
		if i > 0 {
			a.mistake, a.advice = a.mistake+" and ", a.advice+" "
		}
		a.mistake += x.name
		a.advice += x.advice
	}
	a.canonical, a.signature = r.sign(m)
	return a
}

// mistakes are those that concern every request.
var mistakes = []mistake{
	{"no final slash", "The canonical path ends in a slash, though the path that is sent does not.", "path",
		pathMistake(func(s string) string { return strings.TrimSuffix(string(appendPath(nil, s)), "/") })},
	{"path not encoded", "Percent-encode every segment of the canonical path.", "path",
		pathMistake(func(s string) string { return strings.TrimSuffix(decoded(s, false), "/") + "/" })},
	{"path encoded twice", "Decode the segments of the path before encoding them.", "path",
		pathMistake(encodedTwice)},
	{"query as sent", "Decode the query's pairs, sort them by name and encode them anew.", "query",
		queryMistake(func(s string) string { return s })},
	{"query not sorted", "Sort the query's pairs by name, then by value.", "query",
		queryMistake(unsortedQuery)},
	{"space as +", "Encode a space as %20 in the canonical query.", "query",
		queryMistake(func(s string) string { return strings.ReplaceAll(string(appendQuery(nil, s)), "%20", "+") })},
	{"query not encoded", "Percent-encode names and values of the canonical query.", "query",
		queryMistake(func(s string) string { return plainQuery(s, func(p string) string { return p }) })},
	{"asterisk or tilde not encoded as documented", "Encode * as %2A and leave ~ as it is.", "query",
		queryMistake(func(s string) string { return plainQuery(s, formEncoded) })},
	{"empty value without =", "Write a parameter without a value as name=.", "query",
		queryMistake(withoutEmptyValues)},
	{"query left out", "The query belongs into the canonical request.", "query",
		queryMistake(func(string) string { return "" })},
	{"hash of an empty body", "Hash the body that is sent.", "payload",
		payloadMistake(func([]byte) []byte { return nil })},
	{"body without its line feed", "Hash every byte of the body that is sent, the last line feed too.", "payload",
		payloadMistake(func(b []byte) []byte { return bytes.TrimRight(b, "\r\n") })},
	{"body with a line feed", "Hash the body that is sent; it does not end in a line feed.", "payload",
		payloadMistake(func(b []byte) []byte { return append(slices.Clip(b), '\n') })},
	{"body serialised anew, compact", "Hash the bytes that are sent, not the JSON they stand for.", "payload",
		payloadMistake(compact)},
	{"body serialised anew, sorted", "Hash the bytes that are sent, not the JSON they stand for.", "payload",
		payloadMistake(sorted)},
	{"body serialised anew, with blanks", "Hash the bytes that are sent, not the JSON they stand for.", "payload",
		payloadMistake(blanks)},
	{"payload not signed", "Send X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD if the body is not to be signed.", "payload",
		func(r *recipe, _ *message) bool {
			r.payload = func([]byte) string { return unsigned }
			return true
		}},
	{"method in small letters", "Write the method in capitals.", "method",
		func(r *recipe, _ *message) bool { r.method = strings.ToLower; return true }},
	{"host without port", "Sign the host as it is sent, with its port.", "header", hostMistake(withoutPort)},
	{"header values in small letters", "Only the names of headers are written in small letters.", "header",
		func(r *recipe, _ *message) bool {
			r.header = func(_, v string) string { return strings.ToLower(v) }
			return true
		}},
	{"no blank line behind the headers", "Every header line ends in a line feed, the last one too.", "lines",
		func(r *recipe, _ *message) bool { r.noBlankLine = true; return true }},
	{"hash in capitals", "Write the hashes in small letters.", "hash",
		func(r *recipe, _ *message) bool { r.upperHash = true; return true }},
	{"canonical request not hashed", "The string to sign holds the SHA-256 of the canonical request.", "hash",
		func(r *recipe, _ *message) bool { r.unhashed = true; return true }},
	{"signature in Base64", "Write the signature in hexadecimal digits.", "signature",
		func(r *recipe, _ *message) bool { r.encode = base64.StdEncoding.EncodeToString; return true }},
	{"signature in capitals", "Write the signature in small letters.", "signature",
		func(r *recipe, _ *message) bool {
			r.encode = func(mac []byte) string { return strings.ToUpper(hex.EncodeToString(mac)) }
			return true
		}},
}

func pathMistake(f func(string) string) func(*recipe, *message) bool {
	return func(r *recipe, m *message) bool {
		r.path = f
		return f(m.Path) != string(appendPath(nil, m.Path))
	}
}

func encodedTwice(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = string(appendEncoded(nil, s))
	}
	return strings.TrimSuffix(strings.Join(segments, "/"), "/") + "/"
}

func queryMistake(f func(string) string) func(*recipe, *message) bool {
	return func(r *recipe, m *message) bool {
		r.query = f
		return f(m.Query) != string(appendQuery(nil, m.Query))
	}
}

func unsortedQuery(query string) string {
	var parts []string
	for _, p := range parseQuery(nil, query) {
		parts = append(parts, string(appendEncoded(nil, p.name))+"="+string(appendEncoded(nil, p.value)))
	}
	return strings.Join(parts, "&")
}

// plainQuery is the sorted query in another encoding.
func plainQuery(query string, encode func(string) string) string {
	pairs := parseQuery(nil, query)
	slices.SortStableFunc(pairs, func(a, b parameter) int { return strings.Compare(a.name+"\x00"+a.value, b.name+"\x00"+b.value) })
	var parts []string
	for _, p := range pairs {
		parts = append(parts, encode(p.name)+"="+encode(p.value))
	}
	return strings.Join(parts, "&")
}

// formEncoded encodes as JavaScript and Java do by default: the asterisk stays, the tilde may not.
func formEncoded(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2A", "*")
}

func withoutEmptyValues(query string) string {
	parts := strings.Split(string(appendQuery(nil, query)), "&")
	for i, p := range parts {
		parts[i] = strings.TrimSuffix(p, "=")
	}
	return strings.Join(parts, "&")
}

func payloadMistake(f func([]byte) []byte) func(*recipe, *message) bool {
	return func(r *recipe, m *message) bool {
		r.payload = func(b []byte) string { return hexHash(f(b)) }
		return !bytes.Equal(f(m.Body), m.Body)
	}
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func compact(body []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, body) != nil {
		return body
	}
	return out.Bytes()
}

func sorted(body []byte) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return body
	}
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return out
}

// blanks is the body with a blank behind every colon and comma, as Python writes JSON.
func blanks(body []byte) []byte {
	var out bytes.Buffer
	inText, escaped := false, false
	for _, c := range compact(body) {
		out.WriteByte(c)
		switch {
		case escaped:
			escaped = false
		case inText && c == '\\':
			escaped = true
		case c == '"':
			inText = !inText
		case !inText && (c == ':' || c == ','):
			out.WriteByte(' ')
		}
	}
	return out.Bytes()
}

func hostMistake(f func(string) string) func(*recipe, *message) bool {
	return func(r *recipe, m *message) bool {
		r.header = func(name, v string) string {
			if name == "host" {
				return f(v)
			}
			return strings.TrimSpace(v)
		}
		return slices.Contains(r.signed, "host") && f(m.Host) != m.Host
	}
}

func withoutPort(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// headerMistakes are a signed header that SignedHeaders does not name, a named one that was not signed, and a list in
// another order.
func headerMistakes(m *message, signed []string) []mistake {
	var out []mistake
	for _, name := range append(headerNames(m), "host") {
		if slices.Contains(signed, name) || name == "authorization" {
			continue
		}
		out = append(out, mistake{name + " missing from SignedHeaders", "List every header that is signed in SignedHeaders.", "signed",
			func(r *recipe, _ *message) bool {
				r.signed = slices.Sorted(slices.Values(append(slices.Clone(signed), name)))
				return true
			}})
	}
	for _, name := range signed {
		out = append(out, mistake{name + " listed but not signed", "SignedHeaders lists a header that is not in the canonical request.", "signed",
			func(r *recipe, _ *message) bool {
				r.signed = slices.DeleteFunc(slices.Clone(signed), func(s string) bool { return s == name })
				r.listed = signed
				return true
			}})
	}
	inOrder := slices.Sorted(slices.Values(signed))
	return append(out, mistake{"SignedHeaders not sorted", "List the signed headers in alphabetical order.", "signed",
		func(r *recipe, _ *message) bool { r.signed = inOrder; return !slices.Equal(inOrder, signed) }})
}

func headerNames(m *message) []string {
	names := make([]string, 0, len(m.Header))
	for name := range m.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	return names
}

func secretMistakes(secret string, others []string) []mistake {
	with := func(name, advice, key string) mistake {
		return mistake{name, advice, "key", func(r *recipe, _ *message) bool { r.key = key; return key != secret }}
	}
	out := []mistake{
		with("secret with a line feed", "The secret was read from a file with its line feed; leave that out.", secret+"\n"),
		with("secret with a blank", "The secret has a blank at its end; leave that out.", secret+" "),
		with("secret with &", "The secret alone is the key; the ampersand belongs to another vendor's scheme.", secret+"&"),
	}
	for _, o := range others {
		out = append(out, with("another key's secret", "The secret belongs to another access key that this server knows.", o))
	}
	return out
}
