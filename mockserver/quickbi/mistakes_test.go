package quickbi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// odd is a request in which every mistake shows: odd characters, names that sort differently by case, a form, an
// empty parameter, a token and a host with a port.
func odd(method, scheme string) *mockserver.Request {
	r := &mockserver.Request{Method: method, RawPath: "/", Host: "127.0.0.1:8080", Header: http.Header{},
		RawQuery: "b=2&LlmCubes=x&LlmCubeThemes=y&A=a+b*c~d/e!f%E4%BD%A0&SignatureType=&Format=JSON"}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = []byte("F=1%2A&E=%20")
	}
	if scheme == rpcScheme {
		r.RawQuery += "&SecurityToken=tok&Signature=zz"
		return r
	}
	r.Header.Set(actionHeader, "ResultCallback")
	r.Header.Set(hashHeader, "0000")
	r.Header.Set("Accept", "application/json")
	return r
}

// TestMistakesAreTold makes each mistake in turn and wants it named, with the first byte that differs.
func TestMistakesAreTold(t *testing.T) {
	t.Parallel()
	signed := []string{"host", "x-acs-action", "x-acs-content-sha256"}
	others := []string{"another", "third"}
	for _, method := range []string{"GET", "POST"} {
		for _, scheme := range []string{rpcScheme, acs3Scheme} {
			t.Run(method+" "+scheme, func(t *testing.T) {
				t.Parallel()
				r := odd(method, scheme)
				attempts, right := rpcAttempts(r, "secret", others), rpcPartsOf(r, "secret").text()
				if scheme == acs3Scheme {
					attempts, right = acs3Attempts(r, signed, "secret", others), acs3PartsOf(r, signed, "secret").text()
				}
				for _, a := range attempts {
					if a.Advice == "" {
						t.Errorf("%s has no advice", a.Mistake)
					}
					if pointless(a.Mistake, method) {
						continue
					}
					e := (&mockserver.Explanation{ClientSignature: a.Signature}).Diagnose(right, attempts)
					if e.Mistake != a.Mistake || e.Advice != a.Advice {
						t.Errorf("made the mistake %q, was told %q (%s)", a.Mistake, e.Mistake, e.Advice)
					}
					if (e.FirstDifference == nil) != (a.Text == right) {
						t.Errorf("%s: first difference %+v", a.Mistake, e.FirstDifference)
					}
				}
				e := (&mockserver.Explanation{ClientSignature: "made up"}).Diagnose(right, attempts)
				if e.Mistake != "" || !strings.Contains(e.Advice, "none of") {
					t.Errorf("a made-up signature is explained as %q: %s", e.Mistake, e.Advice)
				}
			})
		}
	}
}

// TestRawQueryIsToldLast: a query that is signed as it is sent is told by what is wrong with it, if that is one thing.
func TestRawQueryIsToldLast(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{"A=x+y&b=1": "space as +", "b=1&A=x": "*", "b=1&A=x+y": "raw query", "A=x&b=%2a": "lower-case hex"} {
		rpc := &mockserver.Request{Method: "GET", RawPath: "/", Header: http.Header{}, RawQuery: query}
		acs := &mockserver.Request{Method: "GET", RawPath: "/", Header: http.Header{}, RawQuery: query}
		p, q := rpcPartsOf(rpc, "s"), acs3PartsOf(acs, []string{"host"}, "s")
		p.raw, q.query = query, query
		for right, sent := range map[string]mockserver.Attempt{p.text(): {Signature: p.sign(p.key, []byte(p.text()))}, q.text(): q.attempt("", "")} {
			attempts := rpcAttempts(rpc, "s", nil)
			if right == q.text() {
				attempts = acs3Attempts(acs, []string{"host"}, "s", nil)
			}
			got := (&mockserver.Explanation{ClientSignature: sent.Signature}).Diagnose(right, attempts).Mistake
			if got != want && (want != "*" || !strings.HasPrefix(got, "unsorted")) {
				t.Errorf("%s: told %q, want %q", query, got, want)
			}
		}
	}
}

// pointless are the mistakes that a request of this method cannot make.
func pointless(mistake, method string) bool {
	switch mistake {
	case "signed for GET", "signed for POST":
		return mistake == "signed for "+method
	case "form parameters left out", "form parameters in the query", "hash of an empty body", "re-serialised body", "body in place of its hash":
		return method == http.MethodGet
	}
	return false
}

func TestMistakenTexts(t *testing.T) {
	t.Parallel()
	rpc := &mockserver.Request{Method: "POST", RawPath: "/", Header: http.Header{}, RawQuery: "b=x+y&A=*~&Signature=q"}
	acs := &mockserver.Request{Method: "POST", RawPath: "/", Host: "h:1", Header: http.Header{"X-Acs-Action": {"Q"}}, RawQuery: "b=x+y&A=*~"}
	empty := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	tail := "\n\nhost;x-acs-action\n" + empty
	for _, c := range []struct {
		attempts []mockserver.Attempt
		mistake  string
		want     string
	}{
		{rpcAttempts(rpc, "s", nil), "space as +", "POST&%2F&A%3D%252A~%26b%3Dx%2By"},
		{rpcAttempts(rpc, "s", nil), "form encoding", "POST&%2F&A%3D%2A%257E%26b%3Dx%2By"},
		{rpcAttempts(rpc, "s", nil), "* left bare", "POST&%2F&A%3D%2A~%26b%3Dx%2520y"},
		{rpcAttempts(rpc, "s", nil), "~ encoded", "POST&%2F&A%3D%252A%257E%26b%3Dx%2520y"},
		{rpcAttempts(rpc, "s", nil), "lower-case hex", "POST&%2F&A%3D%252a~%26b%3Dx%2520y"},
		{rpcAttempts(rpc, "s", nil), "canonical query not encoded again", "POST&%2F&A=%2A~&b=x%20y"},
		{rpcAttempts(rpc, "s", nil), "unsorted parameters", "POST&%2F&b%3Dx%2520y%26A%3D%252A~"},
		{rpcAttempts(rpc, "s", nil), "raw query", "POST&%2F&b%3Dx%2By%26A%3D%2A~"},
		{rpcAttempts(rpc, "s", nil), "/ not encoded", "POST&/&A%3D%252A~%26b%3Dx%2520y"},
		{rpcAttempts(rpc, "s", nil), "signed for GET", "GET&%2F&A%3D%252A~%26b%3Dx%2520y"},
		{acs3Attempts(acs, []string{"host", "x-acs-action"}, "s", nil), "raw query", "POST\n/\nb=x+y&A=*~\nhost:h:1\nx-acs-action:Q" + tail},
		{acs3Attempts(acs, []string{"host", "x-acs-action"}, "s", nil), "host without port", "POST\n/\nA=%2A~&b=x%20y\nhost:h\nx-acs-action:Q" + tail},
		{acs3Attempts(acs, []string{"host", "x-acs-action"}, "s", nil), "missing final /", "POST\n\nA=%2A~&b=x%20y\nhost:h:1\nx-acs-action:Q" + tail},
		{acs3Attempts(acs, []string{"host"}, "s", nil), "a header missing from SignedHeaders", "POST\n/\nA=%2A~&b=x%20y\nhost:h:1\nx-acs-action:Q" + tail},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			t.Parallel()
			for _, a := range c.attempts {
				if a.Mistake == c.mistake {
					if a.Text != c.want {
						t.Errorf("signs\n got %q\nwant %q", a.Text, c.want)
					}
					return
				}
			}
			t.Errorf("no attempt makes this mistake")
		})
	}
}

// TestSecretMistakes pins the signatures of the mistakes that change no text, made with another program.
func TestSecretMistakes(t *testing.T) {
	t.Parallel()
	rpc := &mockserver.Request{Method: "GET", RawPath: "/", Header: http.Header{}, RawQuery: "A=1"}
	acs := &mockserver.Request{Method: "GET", RawPath: "/", Host: "h", Header: http.Header{}, RawQuery: "A=1"}
	for _, c := range []struct {
		attempts []mockserver.Attempt
		mistake  string
		want     string
	}{
		{rpcAttempts(rpc, "s", []string{"t"}), "secret without &", "EHwd6KXPbKjuHohqJjhno+zbSUA="},
		{rpcAttempts(rpc, "s", []string{"t"}), "HMAC-SHA256", "qtAaZ6LB6fFQswhZseir4VO1qrn+DLiukjSS8s0h43Q="},
		{rpcAttempts(rpc, "s", []string{"t"}), "signature in hex", "884d3faf27ef7da941ee7230fa27de8a8955adcc"},
		{rpcAttempts(rpc, "s", []string{"t"}), otherSecretName, "328bH/Vqv7S2EuhB3UZSvSmbptY="},
		{acs3Attempts(acs, []string{"host"}, "s", []string{"t"}), "secret with &", "524a34fc1e63179c5d3e0c7d424e9dbdf8b9a2ffddb5b47589971e58a2ca60f6"},
		{acs3Attempts(acs, []string{"host"}, "s", []string{"t"}), "canonical request not hashed", "02881018b5f51a71d161b93fa9935e68803ad70275fa33d3a208275d1a19aa61"},
		{acs3Attempts(acs, []string{"host"}, "s", []string{"t"}), "signature in Base64", "JiRZSR/zjoAHdFKeDcdTFK6klS/pGhDtOwPCr72r+4s="},
		{acs3Attempts(acs, []string{"host"}, "s", []string{"t"}), otherSecretName, "7654bf323c1b3d93de252c20fa1c7dd65244178283a17e032b8313a4c11e91a7"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			t.Parallel()
			for _, a := range c.attempts {
				if a.Mistake == c.mistake && a.Signature == c.want {
					return
				}
			}
			t.Errorf("no attempt has the signature %s", c.want)
		})
	}
}
