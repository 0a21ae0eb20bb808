package wps

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what older schemes of the vendor use; only to recognise it
	"crypto/sha1" //nolint:gosec // only to recognise it
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// mistake is a known way of signing something else than the request that is sent.
type mistake struct {
	name, advice string
	// variants are the parts that a client which makes the mistake may have signed.
	variants func(s signed, r *mockserver.Request) []signed
}

// mistakes are tried in this order; the first that reproduces the client's signature is named.
var mistakes = []mistake{
	{"content-type", "sign the Content-Type header exactly as it is sent, on GET too; nothing if it is not sent", contentTypes},
	{"date-zone", "sign the text of X-Kso-Date exactly as it is sent: http.TimeFormat ends in GMT, time.RFC1123 on UTC in UTC", dateZones},
	{"space", "sign the query as it is on the wire: a blank written as + stays +, one written as %20 stays %20", blanks},
	{"query-order", "sign the query in the order in which it is sent; KSO-1 does not sort", sortedQuery},
	{"query-encoding", "sign the query as it is on the wire; decode and encode nothing", encodings},
	{"empty-parameter", "sign parameters without a value too (cursor=), as they are sent", emptyParameters},
	{"query-missing", "sign path and query, not the path alone", noQuery},
	{"host", "sign path and query only, without scheme and host", withHost},
	{"final-slash", "sign the path as it is sent; a final / counts", finalSlash},
	{"openapi-prefix", "sign the path that is sent; only private deployments have /openapi in front", openapiPrefix},
	{"empty-body-hash", "sign nothing for an empty body, not the hash of nothing", emptyBodyHash},
	{"body-reserialised", "hash the bytes that are sent; do not build the JSON a second time", reserialised},
	{"body-hash", "append the lower-case hexadecimal SHA-256 of the body", bodyHashes},
	{"method", "sign the method in capitals, as it is sent", methodCase},
	{"version", "begin the text with KSO-1", versions},
}

// maker is a known way of making a wrong signature of the right text.
type maker struct {
	name, advice string
	of           func(key, accessKey string, text []byte) string
}

var makers = []maker{
	{"hex-upper", "write the signature in lower-case hexadecimal", func(key, _ string, text []byte) string {
		return strings.ToUpper(hex.EncodeToString(keyed(sha256.New, key, text)))
	}},
	{"base64", "write the signature in hexadecimal, not in base64", func(key, _ string, text []byte) string {
		return base64.StdEncoding.EncodeToString(keyed(sha256.New, key, text))
	}},
	{"hmac-sha1", "use HMAC-SHA256, not HMAC-SHA1", func(key, _ string, text []byte) string {
		return hex.EncodeToString(keyed(sha1.New, key, text))
	}},
	{"no-hmac", "use HMAC-SHA256 with the app key, not a plain hash", func(key, _ string, text []byte) string {
		sum := sha256.Sum256(append([]byte(key), text...))
		return hex.EncodeToString(sum[:])
	}},
	{"key-is-app-id", "sign with the app key, not with the app id", func(_, accessKey string, text []byte) string {
		return hex.EncodeToString(keyed(sha256.New, accessKey, text))
	}},
	{"key-blank", "remove the blank or line end around the app key", func(key, _ string, text []byte) string {
		return hex.EncodeToString(keyed(sha256.New, key+"\n", text))
	}},
}

func keyed(h func() hash.Hash, key string, text []byte) []byte {
	m := hmac.New(h, []byte(key))
	m.Write(text)
	return m.Sum(nil)
}

// attempts lists what a client may have done to arrive at its signature: every known mistake, and the keys of the
// other apps in the world.
func attempts(r *mockserver.Request, accessKey, key string, others []App) []mockserver.Attempt {
	s := signedParts(r)
	text := s.text()
	var out []mockserver.Attempt
	for _, m := range mistakes {
		for _, v := range m.variants(s, r) {
			if t := v.text(); t != text {
				out = append(out, mockserver.Attempt{Mistake: m.name, Advice: m.advice, Text: t, Signature: sign(key, t)})
			}
		}
	}
	for _, t := range separated(s) {
		out = append(out, mockserver.Attempt{Mistake: "separators", Advice: "join the parts in their order (version, method, URI, Content-Type, date, body hash) without separators",
			Text: t, Signature: sign(key, t)})
	}
	for _, m := range makers {
		out = append(out, mockserver.Attempt{Mistake: m.name, Advice: m.advice, Text: text, Signature: m.of(key, accessKey, []byte(text))})
	}
	for i := range others {
		out = append(out, mockserver.Attempt{Mistake: "other-key", Advice: "the key is that of app " + others[i].ID + ", the access key that of " + accessKey,
			Text: text, Signature: sign(others[i].Key, text)})
	}
	return out
}

func contentTypes(s signed, _ *mockserver.Request) []signed {
	var out []signed
	for _, ct := range []string{"", "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
		"application/json; charset=UTF-8", "application/json;charset=UTF-8", "application/x-www-form-urlencoded", "text/plain"} {
		v := s
		v.contentType = ct
		out = append(out, v)
	}
	return out
}

func dateZones(s signed, _ *mockserver.Request) []signed {
	t, ok := parseDate(s.date, false)
	if !ok {
		return nil
	}
	east := t.In(time.FixedZone("CST", 8*60*60))
	var out []signed
	for _, text := range []string{t.Format("Mon, 02 Jan 2006 15:04:05 GMT"), t.Format("Mon, 02 Jan 2006 15:04:05 UTC"),
		t.Format(time.RFC1123Z), east.Format(time.RFC1123), east.Format(time.RFC1123Z), t.Format(time.RFC3339), ""} {
		v := s
		v.date = text
		out = append(out, v)
	}
	return out
}

// queries makes variants that differ in the query only.
func queries(s signed, list ...string) []signed {
	path, _, has := strings.Cut(s.uri, "?")
	if !has {
		return nil
	}
	var out []signed
	for _, q := range list {
		v := s
		v.uri = path
		if q != "" {
			v.uri += "?" + q
		}
		out = append(out, v)
	}
	return out
}

func rawQuery(s signed) string {
	_, q, _ := strings.Cut(s.uri, "?")
	return q
}

func blanks(s signed, _ *mockserver.Request) []signed {
	q := rawQuery(s)
	return queries(s, strings.ReplaceAll(q, "+", "%20"), strings.ReplaceAll(q, "%20", "+"))
}

func sortedQuery(s signed, _ *mockserver.Request) []signed {
	parts := strings.Split(rawQuery(s), "&")
	sort.Strings(parts)
	up := strings.Join(parts, "&")
	sort.Sort(sort.Reverse(sort.StringSlice(parts)))
	return queries(s, up, strings.Join(parts, "&"))
}

func encodings(s signed, _ *mockserver.Request) []signed {
	q := rawQuery(s)
	var list []string
	if plain, err := url.QueryUnescape(q); err == nil {
		list = append(list, plain)
	}
	if plain, err := url.PathUnescape(q); err == nil {
		list = append(list, plain)
	}
	if values, err := url.ParseQuery(q); err == nil {
		list = append(list, values.Encode(), strings.ReplaceAll(values.Encode(), "+", "%20"))
	}
	out := queries(s, append(list, escapes(q, strings.ToLower), escapes(q, strings.ToUpper), url.QueryEscape(q))...)
	if v := s; !strings.Contains(q, "%") {
		return out
	} else if plain, err := url.PathUnescape(s.uri); err == nil {
		v.uri = plain
		out = append(out, v)
	}
	return out
}

// escapes changes the case of the percent escapes.
func escapes(q string, change func(string) string) string {
	b := []byte(q)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], change(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

func emptyParameters(s signed, _ *mockserver.Request) []signed {
	var without, bare []string
	for _, part := range strings.Split(rawQuery(s), "&") {
		name, value, _ := strings.Cut(part, "=")
		if value != "" {
			without, bare = append(without, part), append(bare, part)
			continue
		}
		bare = append(bare, name)
	}
	return queries(s, strings.Join(without, "&"), strings.Join(bare, "&"), strings.ReplaceAll(rawQuery(s)+"&", "cursor&", "cursor=&"),
		"cursor=&"+rawQuery(s), rawQuery(s)+"&cursor=")
}

func noQuery(s signed, _ *mockserver.Request) []signed { return queries(s, "") }

func withHost(s signed, r *mockserver.Request) []signed {
	host, _, _ := strings.Cut(r.Host, ":")
	var out []signed
	for _, prefix := range []string{"http://" + r.Host, "https://" + r.Host, r.Host, "http://" + host, "https://" + host, host,
		"https://openapi.wps.cn", "openapi.wps.cn"} {
		v := s
		v.uri = prefix + s.uri
		out = append(out, v)
	}
	return out
}

func finalSlash(s signed, _ *mockserver.Request) []signed {
	path, query, has := strings.Cut(s.uri, "?")
	if has {
		query = "?" + query
	}
	longer, shorter := s, s
	longer.uri, shorter.uri = path+"/"+query, strings.TrimSuffix(path, "/")+query
	return []signed{longer, shorter}
}

func openapiPrefix(s signed, _ *mockserver.Request) []signed {
	longer, shorter := s, s
	longer.uri, shorter.uri = "/openapi"+s.uri, strings.TrimPrefix(s.uri, "/openapi")
	return []signed{longer, shorter}
}

func emptyBodyHash(s signed, r *mockserver.Request) []signed {
	if len(r.Body) > 0 {
		return nil
	}
	return withBodies(s, nil)
}

// withBodies makes variants that sign the hashes of other bodies.
func withBodies(s signed, bodies ...[]byte) []signed {
	var out []signed
	for _, b := range bodies {
		sum := sha256.Sum256(b)
		v := s
		v.body = hex.EncodeToString(sum[:])
		out = append(out, v)
	}
	return out
}

func reserialised(s signed, r *mockserver.Request) []signed {
	out := withBodies(s, append(bytes.Clone(r.Body), '\n'), bytes.TrimSpace(r.Body), []byte("{}"), []byte("null"))
	var compact, indented bytes.Buffer
	if len(r.Body) == 0 || json.Compact(&compact, r.Body) != nil || json.Indent(&indented, r.Body, "", "  ") != nil {
		return out
	}
	out = append(out, withBodies(s, compact.Bytes(), indented.Bytes(), spaced(compact.Bytes()))...)
	var v any
	dec := json.NewDecoder(bytes.NewReader(r.Body))
	dec.UseNumber()
	if dec.Decode(&v) == nil {
		var sorted bytes.Buffer
		enc := json.NewEncoder(&sorted)
		enc.SetEscapeHTML(false)
		if enc.Encode(v) == nil {
			plain := bytes.TrimSuffix(sorted.Bytes(), []byte("\n"))
			out = append(out, withBodies(s, plain, sorted.Bytes(), spaced(plain))...)
		}
	}
	return out
}

// spaced puts the blanks behind commas and colons that some JSON libraries write.
func spaced(compact []byte) []byte {
	var out []byte
	inText := false
	for i, c := range compact {
		out = append(out, c)
		switch {
		case c == '"' && (i == 0 || !inText || !escaped(compact, i)):
			inText = !inText
		case !inText && (c == ',' || c == ':'):
			out = append(out, ' ')
		}
	}
	return out
}

// escaped reports whether an odd number of backslashes stands before i.
func escaped(b []byte, i int) bool {
	n := 0
	for i--; i >= 0 && b[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

func bodyHashes(s signed, r *mockserver.Request) []signed {
	if len(r.Body) == 0 {
		return nil
	}
	sum, old := sha256.Sum256(r.Body), md5.Sum(r.Body) //nolint:gosec // only to recognise it
	var out []signed
	for _, text := range []string{"", string(r.Body), strings.ToUpper(s.body), base64.StdEncoding.EncodeToString(sum[:]), hex.EncodeToString(old[:])} {
		v := s
		v.body = text
		out = append(out, v)
	}
	return out
}

func methodCase(s signed, _ *mockserver.Request) []signed {
	lower, none := s, s
	lower.method, none.method = strings.ToLower(s.method), ""
	return []signed{lower, none}
}

func versions(s signed, _ *mockserver.Request) []signed {
	var out []signed
	for _, text := range []string{"", "WPS-4", "WPS-3", "kso-1"} {
		v := s
		v.version = text
		out = append(out, v)
	}
	return out
}

// separated are the texts of clients that join the parts otherwise.
func separated(s signed) []string {
	parts := []string{s.version, s.method, s.uri, s.contentType, s.date, s.body}
	swapped := s
	swapped.contentType, swapped.date = s.date, s.contentType
	return []string{strings.Join(parts, "\n"), strings.Join(parts, ":"), strings.Join(parts, " "), strings.Join(parts, "&"), swapped.text()}
}
