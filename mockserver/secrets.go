package mockserver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

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

func secretNamesOf(v *specs.Vendor) secretNames {
	n := secretNames{headers: []string{"Authorization", "Proxy-Authorization", "Cookie"}}
	for _, p := range v.CommonParameters {
		if p.Secret {
			n.add(p.In, p.Name)
		}
	}
	seen := map[*openapi3.Schema]bool{}
	for _, op := range v.Operations {
		for _, p := range op.Parameters {
			if isSecret(p.Extensions) {
				n.add(p.In, p.Name)
			}
		}
		if op.Spec.RequestBody != nil {
			n.walkContent(op.Spec.RequestBody.Value.Content, seen)
		}
		for _, r := range op.Spec.Responses.Map() {
			n.walkContent(r.Value.Content, seen)
			for name, h := range r.Value.Headers {
				if isSecret(h.Value.Extensions) {
					n.add("header", name)
				}
			}
		}
	}
	n.addSchemes(v)
	return n
}

func (n *secretNames) addSchemes(v *specs.Vendor) {
	for _, d := range v.Documents {
		if d.T.Components == nil {
			continue
		}
		for _, s := range d.T.Components.SecuritySchemes {
			if s.Value.Type == "apiKey" && isSecret(s.Value.Extensions) {
				n.add(s.Value.In, s.Value.Name)
			}
		}
	}
}

func isSecret(ext map[string]any) bool { v, _ := ext["x-secret"].(bool); return v }

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

func (n *secretNames) walkContent(content openapi3.Content, seen map[*openapi3.Schema]bool) {
	for _, m := range content {
		n.walk(m.Schema, seen)
	}
}

func (n *secretNames) walk(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || seen[ref.Value] {
		return
	}
	seen[ref.Value] = true
	n.walk(ref.Value.Items, seen)
	for name, p := range ref.Value.Properties {
		if p.Value != nil && isSecret(p.Value.Extensions) {
			n.add("body", name)
		}
		n.walk(p, seen)
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
