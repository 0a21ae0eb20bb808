package quickbi

import (
	"context"
	"strings"

	"github.com/countersign/countersign/mockserver"
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
	r, w, key, sent := c.Request, c.World, s.key, s.sent.signature
	c.ExplainWith(func() *mockserver.Explanation {
		e := &mockserver.Explanation{Scheme: rpcScheme, StringToSign: string(rpcStringToSign(nil, r.Method, r.Pairs())), ClientSignature: sent}
		return explained(e, r, e.StringToSign, rpcAttempts(r, key.Secret, otherSecrets(w, key.ID)))
	})
}

func (s *session) explainACS3(c *mockserver.Call) {
	r, w, key, auth, trusts := c.Request, c.World, s.key, s.auth, trustsHash(c)
	c.ExplainWith(func() *mockserver.Explanation {
		payload := sha256Hex(r.Body)
		if trusts {
			payload = mockserver.HeaderOf(r.Header, hashHeader)
		}
		canonical := acs3Canonical(nil, r, auth.SignedHeaders, []byte(payload))
		e := &mockserver.Explanation{Scheme: acs3Scheme, StringToSign: string(acs3StringToSign(nil, canonical)),
			CanonicalRequest: string(canonical), ClientSignature: auth.Signature}
		return explained(e, r, e.CanonicalRequest, acs3Attempts(r, auth.SignedHeaders.list(), key.Secret, otherSecrets(w, key.ID)))
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

// otherSecrets are the secrets of the world that a client may have taken for the right one. The call is over when they are
// wanted, so they are read anew.
func otherSecrets(w *mockserver.World, but string) []string {
	var secrets []string
	err := w.Records(context.Background(), vendor, accessKeys.Collection().Name(), func(rec any) {
		if k := rec.(*AccessKey); k.ID != but && len(secrets) < mostSecrets {
			secrets = append(secrets, k.Secret)
		}
	})
	if err != nil {
		return nil
	}
	return secrets
}

// hider returns a function that takes the security token of a request out of a text, however it was encoded.
func hider(r *mockserver.Request) func(string) string {
	token, _ := r.Pairs().Get(tokenParam)
	if h := mockserver.HeaderOf(r.Header, tokenHeader); h != "" {
		token = h
	}
	if token == "" {
		return func(s string) string { return s }
	}
	once := string(appendPercent(nil, token))
	return strings.NewReplacer(token, "[token]", once, "[token]", string(appendPercent(nil, once)), "[token]").Replace
}
