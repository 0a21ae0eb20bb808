package quickbi

import (
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// explain prepares what the journal shows; it is worked out, from the request as it came, when somebody reads it.
func (s *session) explain(c *mockserver.Call) {
	if s.v3 {
		s.explainACS3(c)
	} else {
		s.explainRPC(c)
	}
}

func (s *session) explainRPC(c *mockserver.Call) {
	r, key, sent, others := c.Request, s.key, s.sent.signature, otherKeys(c)
	c.ExplainWith(func() *mockserver.Explanation {
		e := &mockserver.Explanation{Scheme: rpcScheme, StringToSign: string(rpcStringToSign(nil, r.Method, r.Pairs())), ClientSignature: sent}
		return explained(e, r, e.StringToSign, rpcAttempts(r, key.Secret, secretsBut(others, key.ID)))
	})
}

func (s *session) explainACS3(c *mockserver.Call) {
	r, key, auth, trusts, others := c.Request, s.key, s.auth, trustsHash(c), otherKeys(c)
	c.ExplainWith(func() *mockserver.Explanation {
		payload := sha256Hex(r.Body)
		if trusts {
			payload = r.Header.Get(hashHeader)
		}
		canonical := acs3Canonical(nil, r, auth.SignedHeaders, []byte(payload))
		e := &mockserver.Explanation{Scheme: acs3Scheme, StringToSign: string(acs3StringToSign(nil, canonical)),
			CanonicalRequest: string(canonical), ClientSignature: auth.Signature}
		return explained(e, r, e.CanonicalRequest, acs3Attempts(r, auth.SignedHeaders.list(), key.Secret, secretsBut(others, key.ID)))
	})
}

// explained completes an explanation, with the security token of the request taken out of its texts.
func explained(e *mockserver.Explanation, r *mockserver.Request, text string, attempts []mockserver.Attempt) *mockserver.Explanation {
	hide := hider(r)
	e.Problem = "the signature is not the one that the server computes"
	e.StringToSign, e.CanonicalRequest = hide(e.StringToSign), hide(e.CanonicalRequest)
	for i := range attempts {
		attempts[i].Text = hide(attempts[i].Text)
	}
	return e.Diagnose(hide(text), attempts)
}

// mostSecrets bounds how many other keys are tried.
const mostSecrets = 64

// otherKeys are the keys of the world, at the time of the call, whose secrets a client may have taken for the right one.
func otherKeys(c *mockserver.Call) []*AccessKey {
	keys, err := accessKeys.Page(c.Tx, store.PrimaryIndex, "", store.Range{Limit: mostSecrets})
	if err != nil {
		return nil
	}
	return keys
}

func secretsBut(keys []*AccessKey, but string) []string {
	var secrets []string
	for _, k := range keys {
		if k.ID != but {
			secrets = append(secrets, k.Secret)
		}
	}
	return secrets
}

// hider returns a function that takes the security token of a request out of a text, however it was encoded.
func hider(r *mockserver.Request) func(string) string {
	token, _ := r.Pairs().Get(tokenParam)
	if h := r.Header.Get(tokenHeader); h != "" {
		token = h
	}
	if token == "" {
		return func(s string) string { return s }
	}
	once := string(appendPercent(nil, token))
	return strings.NewReplacer(token, "[token]", once, "[token]", string(appendPercent(nil, once)), "[token]").Replace
}
