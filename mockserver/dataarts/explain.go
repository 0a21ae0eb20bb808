package dataarts

import (
	"crypto/sha256"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// otherSecrets bounds how many further secrets of the world are tried.
const otherSecrets = 16

// explain leaves word for the journal why a signature was refused. Everything is worked out when somebody reads it.
func explain(c *mockserver.Call, a authorization, key *AccessKey) {
	keys, err := accessKeys.Page(c.Tx, store.PrimaryIndex, "", store.Range{Limit: otherSecrets})
	if err != nil {
		keys = nil // the request is being given up; the explanation can do without
	}
	req := c.Request // the journal keeps it, and not the call
	c.ExplainWith(func() *mockserver.Explanation {
		m := messageOf(req)
		return explanation(&m, &a, key, keys)
	})
}

func explanation(m *message, a *authorization, key *AccessKey, all []*AccessKey) *mockserver.Explanation {
	var others []string
	for _, k := range all {
		if k.SK != key.SK {
			others = append(others, k.SK)
		}
	}
	signed := a.names(nil)
	canonical := string(appendCanonical(nil, m, signed))
	e := &mockserver.Explanation{
		Scheme:           scheme,
		Problem:          "the signature does not fit the request and the secret of access key " + a.Access,
		StringToSign:     string(appendStringToSign(nil, mockserver.HeaderOf(m.Header, headerDate), sha256.Sum256([]byte(canonical)))),
		CanonicalRequest: withoutSecrets(m, canonical),
		ClientSignature:  a.Signature,
	}
	var tried []mockserver.Attempt
	attempts(m, signed, key.SK, others, func(t attempt) bool {
		tried = append(tried, mockserver.Attempt{Mistake: t.mistake, Advice: t.advice,
			Text: withoutSecrets(m, t.canonical), Signature: t.signature})
		return t.signature != a.Signature
	})
	return e.Diagnose(e.CanonicalRequest, tried)
}

// withoutSecrets takes the values of token headers out of a canonical request.
func withoutSecrets(m *message, canonical string) string {
	for _, name := range []string{headerToken, headerSecurity} {
		for _, v := range m.Header[name] {
			if v != "" {
				canonical = strings.ReplaceAll(canonical, v, "[redacted]")
			}
		}
	}
	return canonical
}
