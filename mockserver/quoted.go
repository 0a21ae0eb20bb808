package mockserver

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// shortestSecret is the length from which on a value is looked for in other texts, in bytes.
const shortestSecret = 6

// quoted returns a function that takes the secrets a request carries out of a text that quotes them: a vendor may echo
// what was signed. It knows them as they are, within JSON, and percent-encoded once or twice.
func (n *secretNames) quoted(r *Request) func(string) string {
	var swap []string
	for _, secret := range n.carried(r) {
		if len(secret) < shortestSecret {
			continue
		}
		once := strings.ReplaceAll(url.QueryEscape(secret), "+", "%20")
		inJSON, err := json.Marshal(secret)
		if err == nil {
			swap = append(swap, strings.Trim(string(inJSON), `"`), redacted)
		}
		swap = append(swap, secret, redacted, once, redacted, url.QueryEscape(once), redacted)
	}
	if len(swap) == 0 {
		return func(s string) string { return s }
	}
	return strings.NewReplacer(swap...).Replace
}

// carried lists the values of secret headers and parameters.
func (n *secretNames) carried(r *Request) []string {
	var out []string
	for _, name := range n.headers {
		for _, v := range r.Header[name] {
			if redactCredentials(v) == v {
				continue // a signature
			}
			if kind, token, ok := strings.Cut(v, " "); ok && strings.EqualFold(kind, "bearer") {
				v = token
			}
			out = append(out, v)
		}
	}
	query, _ := r.Query()
	form, _ := r.Form()
	for _, pairs := range []Pairs{query, form} {
		for _, p := range pairs {
			if slices.Contains(n.fields, strings.ToLower(p.Name)) {
				out = append(out, p.Value)
			}
		}
	}
	return out
}
