package quickbi

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// vector is one entry of specs/quickbi/signing.txtar.
type vector struct {
	Name            string            `json:"-"`
	Scheme          string            `json:"scheme"`
	Grade           string            `json:"grade"`
	Source          string            `json:"source"`
	Key             string            `json:"key"`
	Secret          string            `json:"secret"`
	Token           string            `json:"token"`
	Method          string            `json:"method"`
	URL             string            `json:"url"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	Canonical       string            `json:"canonical"`
	CanonicalSHA256 string            `json:"canonical_sha256"`
	StringToSign    string            `json:"string_to_sign"`
	Signature       string            `json:"signature"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("../../specs/quickbi/signing.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	for _, file := range strings.Split(string(data), "\n-- ")[1:] {
		name, text, _ := strings.Cut(file, " --\n")
		v := vector{Name: strings.TrimSuffix(name, ".json")}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, v)
	}
	if len(out) < 39 {
		t.Fatalf("signing.txtar has %d vectors, want at least the 39 it began with", len(out))
	}
	return out
}

// request is the vector as the server would receive it.
func (v vector) request() *mockserver.Request {
	r := &mockserver.Request{Method: v.Method, URI: v.URL, Header: http.Header{}, Body: []byte(v.Body)}
	r.RawPath, r.RawQuery, _ = strings.Cut(v.URL, "?")
	for name, value := range v.Headers {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

// verify computes the signature as the server does and says whether it is the one that was sent.
func verify(r *mockserver.Request, secret string) bool {
	var buf [usualText]byte
	if isACS3(r.Header.Get("Authorization")) {
		a, err := parseACS3(r.Header.Get("Authorization"))
		if err != nil {
			return false
		}
		hash := mockserver.HexOf(sha256.Sum256(r.Body))
		signature := acs3Signature(secret, acs3Canonical(buf[:0], r, a.SignedHeaders, hash[:]))
		return sameSignature(signature[:], a.Signature)
	}
	pairs := r.Pairs()
	sent, _ := pairs.Get(signatureParam)
	signature := rpcSignature(secret, rpcStringToSign(buf[:0], r.Method, pairs))
	return sameSignature(signature[:], sent)
}

func TestPublishedVectorsVerify(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			if !verify(v.request(), v.Secret) {
				t.Errorf("the signature does not verify")
			}
			if verify(v.request(), v.Secret+"x") || verify(v.request(), v.Secret[1:]) {
				t.Errorf("the signature verifies with another secret")
			}
		})
	}
}

// TestIntermediateTexts holds the texts on the way to the signature to those of an independent program.
func TestIntermediateTexts(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			r := v.request()
			if v.Scheme == rpcScheme {
				if got := string(rpcStringToSign(nil, r.Method, r.Pairs())); got != v.StringToSign {
					t.Errorf("string to sign\n got %s\nwant %s", got, v.StringToSign)
				}
				return
			}
			a, err := parseACS3(r.Header.Get("Authorization"))
			if err != nil {
				t.Fatal(err)
			}
			canonical := acs3Canonical(nil, r, a.SignedHeaders, []byte(sha256Hex(r.Body)))
			if string(canonical) != v.Canonical || sha256Hex(canonical) != v.CanonicalSHA256 {
				t.Errorf("canonical request\n got %q\nwant %q", canonical, v.Canonical)
			}
			if got := string(acs3StringToSign(nil, canonical)); got != v.StringToSign {
				t.Errorf("string to sign\n got %q\nwant %q", got, v.StringToSign)
			}
		})
	}
}

// TestSpoiledVectorsFail changes one byte at a time in everything that is signed.
func TestSpoiledVectorsFail(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			n := 0
			for _, s := range spoilings(t, v) {
				n++
				if r := s.v.request(); verify(r, s.v.Secret) {
					t.Errorf("still verifies with %s", s.what)
				}
			}
			if n < 40 {
				t.Errorf("only %d spoilings were tried", n)
			}
		})
	}
}

type spoiling struct {
	what string
	v    vector
}

// spoilings are the vector with one byte changed, for every byte of method, query, body, signed headers and signature.
func spoilings(t *testing.T, v vector) []spoiling {
	t.Helper()
	var out []spoiling
	add := func(what string, change func(*vector)) {
		c := v
		c.Headers = map[string]string{}
		for k, val := range v.Headers {
			c.Headers[k] = val
		}
		change(&c)
		out = append(out, spoiling{what, c})
	}
	add("another method", func(c *vector) { c.Method = map[string]string{"GET": "POST", "POST": "GET"}[v.Method] })
	start := strings.IndexByte(v.URL, '?') + 1
	if start == 0 {
		start = len(v.URL)
	}
	for i := start; i < len(v.URL); i++ {
		if b, ok := otherByte(v.URL, i); ok {
			add("byte "+v.URL[i:]+" of the query", func(c *vector) { c.URL = v.URL[:i] + b + v.URL[i+1:] })
		}
	}
	for i := range v.Body {
		if b, ok := otherByte(v.Body, i); ok {
			add("byte "+v.Body[i:]+" of the body", func(c *vector) { c.Body = v.Body[:i] + b + v.Body[i+1:] })
		}
	}
	if v.Scheme == acs3Scheme {
		add3(t, v, add)
	}
	return out
}

func add3(t *testing.T, v vector, add func(string, func(*vector))) {
	t.Helper()
	a, err := parseACS3(v.Headers["Authorization"])
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range v.Headers {
		lower := strings.ToLower(name)
		if lower == "authorization" {
			i := len(value) - 5
			add("another signature", func(c *vector) { c.Headers[name] = value[:i] + flip(value[i]) + value[i+1:] })
			add("one signed header less", func(c *vector) {
				c.Headers[name] = strings.Replace(value, a.SignedHeaders.list()[0]+";", "", 1)
			})
			continue
		}
		for _, s := range a.SignedHeaders.list() {
			if s != lower {
				continue
			}
			for i := range len(value) {
				add("byte "+value[i:]+" of header "+name, func(c *vector) { c.Headers[name] = value[:i] + flip(value[i]) + value[i+1:] })
			}
		}
	}
}

// otherByte changes the byte i of a query or form so that it decodes to something else; escapes stay escapes.
func otherByte(s string, i int) (string, bool) {
	inEscape := i >= 1 && s[i-1] == '%' || i >= 2 && s[i-2] == '%'
	switch {
	case s[i] == '%' || s[i] == '&' || s[i] == '=':
		return "A", s[i] != '=' || i+1 < len(s) && s[i+1] != '&'
	case inEscape && i >= 2 && s[i-2] == '%':
		return flipHex(s[i]), true
	case inEscape:
		return "3", s[i] != '3'
	}
	return flip(s[i]), true
}

func flip(b byte) string {
	if b == 'q' {
		return "r"
	}
	return "q"
}

func flipHex(b byte) string {
	if b == '1' {
		return "2"
	}
	return "1"
}
