package mockserver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

// secretNames are the headers, parameters and body fields of a vendor that the journal must not show. They come from
// the documents: the headers of security schemes that carry tokens, and whatever is marked x-secret.
type secretNames struct {
	headers []string // canonical
	fields  []string // parameters and properties, in lower case
}

const redacted = "[redacted]"

// signatureSchemes begin an Authorization header that proves a secret without holding it.
var signatureSchemes = []string{"ACS3-HMAC-SHA256 ", "SDK-HMAC-SHA256 ", "KSO-1 "}

func secretNamesOf(v *specs.Rules) secretNames {
	n := secretNames{headers: []string{"Authorization", "Proxy-Authorization", "Cookie"}}
	for _, s := range v.Secrets {
		n.add(s.In, s.Name)
	}
	return n
}

func (n *secretNames) add(in, name string) {
	if in == "header" {
		if h := http.CanonicalHeaderKey(name); !slices.Contains(n.headers, h) {
			n.headers = append(n.headers, h)
		}
		return
	}
	if f := strings.ToLower(name); !slices.Contains(n.fields, f) {
		n.fields = append(n.fields, f)
	}
}

func (n *secretNames) header(h http.Header) http.Header {
	out := h.Clone()
	for _, name := range n.headers {
		values := out[name]
		for i, v := range values {
			values[i] = redactCredentials(v)
		}
	}
	return out
}

func redactCredentials(v string) string {
	for _, scheme := range signatureSchemes {
		if strings.HasPrefix(v, scheme) {
			return v
		}
	}
	if kind, _, ok := strings.Cut(v, " "); ok && strings.EqualFold(kind, "bearer") {
		return kind + " " + redacted
	}
	return redacted
}

// pairs redacts a query or form, leaving everything else as it was written.
func (n *secretNames) pairs(raw string) string {
	if len(n.fields) == 0 {
		return raw
	}
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); ok && err == nil && slices.Contains(n.fields, strings.ToLower(plain)) {
			parts[i] = name + "=" + redacted
		}
	}
	return strings.Join(parts, "&")
}

func (n *secretNames) body(mediaType string, body []byte) string {
	if mediaType == formType && !bytes.ContainsRune(body, '"') { // with one it is JSON, whatever the client calls it
		return n.pairs(string(body))
	}
	if len(n.fields) == 0 || !n.mentions(body) {
		return string(body)
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return redacted + " (not JSON, and it names a secret field)"
	}
	out, err := json.Marshal(n.value(v))
	if err != nil {
		return redacted
	}
	return string(out)
}

func (n *secretNames) mentions(body []byte) bool {
	lower := bytes.ToLower(body)
	return slices.ContainsFunc(n.fields, func(f string) bool { return bytes.Contains(lower, []byte(f)) })
}

func (n *secretNames) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if _, text := x.(string); text && slices.Contains(n.fields, strings.ToLower(name)) {
				v[name] = redacted
				continue
			}
			v[name] = n.value(x)
		}
	case []any:
		for i := range v {
			v[i] = n.value(v[i])
		}
	}
	return v
}
