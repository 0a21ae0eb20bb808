package quickbi

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// sink is a ResponseWriter that costs nothing to speak of.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// benchmark sends one call again and again through the whole server, signed beforehand, each time with another nonce.
func benchmark(b *testing.B, status int, setting mockserver.WorldSetting, prepare func(*rig) call) {
	b.Helper()
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{New}, Wall: wall, JournalBytes: 4 << 20})
	if err != nil {
		b.Fatal(err)
	}
	g := rigOn(b, &mockserver.Running{Server: s, URL: "http://127.0.0.1:8080"}, setting)
	c := prepare(g)
	requests := make([]*http.Request, 1024)
	sign := signer(g, c)
	h := s.Handler()
	w := &sink{}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%len(requests) == 0 {
			b.StopTimer()
			for i := range requests {
				requests[i] = sign(n + i)
			}
			b.StartTimer()
		}
		w.header = http.Header{}
		h.ServeHTTP(w, requests[n%len(requests)])
		if w.status != status {
			b.Fatalf("call %d: status %d, want %d", n, w.status, status)
		}
	}
}

// signer signs a call that the rig has signed once, again with other nonces: with the server's own functions, which are
// faster than the rig's.
func signer(g *rig, c call) func(n int) *http.Request {
	g.t.Helper()
	once := g.request(c)
	secret := g.env.AccessKeySecret
	return func(n int) *http.Request {
		nonce := fmt.Sprintf("nonce of call %d", n)
		r := once.Clone(once.Context())
		if c.v1 {
			query := once.URL.Query()
			query.Set("SignatureNonce", nonce)
			query.Del(signatureParam)
			pairs, _ := mockserver.ParsePairs(query.Encode())
			signature := rpcSignature(secret+c.secret, rpcStringToSign(nil, r.Method, pairs))
			r.URL.RawQuery = query.Encode() + "&Signature=" + url.QueryEscape(string(signature[:]))
		} else {
			r.Header.Set(nonceHeader, nonce)
			auth, _, _ := strings.Cut(r.Header.Get("Authorization"), ",Signature=")
			a, _ := parseACS3(auth + ",Signature=x")
			req := &mockserver.Request{Method: r.Method, RawPath: "/", RawQuery: r.URL.RawQuery, Host: r.Host, Header: r.Header}
			signature := acs3Signature(secret+c.secret, acs3Canonical(nil, req, a.SignedHeaders, []byte(sha256Hex(nil))))
			r.Header.Set("Authorization", auth+",Signature="+string(signature[:]))
		}
		r.RequestURI = r.URL.RequestURI()
		return r
	}
}

// closed is a decision about an application that is closed.
func closed(c call) func(*rig) call {
	return func(g *rig) call {
		c.params = but(g.callback(), "ApplicationId", g.given("application-closed")[applicationParam].(string))
		return c
	}
}

func BenchmarkResultCallback(b *testing.B) {
	demo := mockserver.WorldSetting{}
	again := mockserver.WorldSetting{Assumptions: map[string]string{"QB-033": "same-is-success"}} // or it would be closed the second time
	for _, v1 := range []bool{false, true} {
		name := map[bool]string{false: "V3", true: "V1"}[v1]
		b.Run(name+"/OK", func(b *testing.B) {
			benchmark(b, 200, again, func(g *rig) call { return call{v1: v1, params: g.callback()} })
		})
		b.Run(name+"/Closed", func(b *testing.B) { benchmark(b, 400, demo, closed(call{v1: v1})) })
		b.Run(name+"/ParameterMissing", func(b *testing.B) {
			benchmark(b, 400, demo, func(g *rig) call { return call{v1: v1, params: but(g.callback(), "Status", "-")} })
		})
		b.Run(name+"/SignatureWrong", func(b *testing.B) { benchmark(b, 400, demo, closed(call{v1: v1, secret: "another"})) })
	}
	b.Run("V1/ClosedXML", func(b *testing.B) {
		benchmark(b, 400, demo, closed(call{v1: true, edit: func(m map[string]string) { delete(m, "Format") }}))
	})
}

func BenchmarkSmartqAuthorize(b *testing.B) {
	benchmark(b, 200, mockserver.WorldSetting{}, func(g *rig) call { return call{action: authorizeAction, params: g.authorize()} })
}

// BenchmarkSignature computes and compares a signature: with the right secret and with a wrong one.
func BenchmarkSignature(b *testing.B) {
	for _, name := range []string{"v1-derived-post-callback", "v3-derived-callback"} {
		v := vectorNamed(b, name)
		r := v.request()
		for what, secret := range map[string]string{"Right": v.Secret, "Wrong": v.Secret + "x"} {
			b.Run(v.Scheme+"/"+what, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if verify(r, secret) != (what == "Right") {
						b.Fatal("the other outcome")
					}
				}
			})
		}
	}
}

// BenchmarkCanonical makes the texts that are signed.
func BenchmarkCanonical(b *testing.B) {
	v1, v3 := vectorNamed(b, "v1-derived-post-callback").request(), vectorNamed(b, "v3-derived-callback").request()
	pairs := v1.Pairs()
	buf := make([]byte, 0, usualText)
	b.Run("V1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rpcStringToSign(buf, v1.Method, pairs)
		}
	})
	b.Run("V3", func(b *testing.B) {
		b.ReportAllocs()
		a, err := parseACS3(v3.Header.Get("Authorization"))
		if err != nil {
			b.Fatal(err)
		}
		payload := []byte(sha256Hex(v3.Body))
		for b.Loop() {
			acs3Canonical(buf, v3, a.SignedHeaders, payload)
		}
	})
}

func BenchmarkParseACS3(b *testing.B) {
	authorization := vectorNamed(b, "v3-derived-callback").Headers["Authorization"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseACS3(authorization); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMint(b *testing.B) {
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{New}, Wall: wall})
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n++ {
		if _, err := s.CreateWorld(b.Context(), mockserver.WorldSetting{Name: fmt.Sprintf("w%d", n)}); err != nil {
			b.Fatal(err)
		}
	}
}

func vectorNamed(t testing.TB, name string) vector {
	t.Helper()
	for _, v := range vectors(t) {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no vector is named %s", name)
	return vector{}
}

// BenchmarkEncode writes the reply to a refused call.
func BenchmarkEncode(b *testing.B) {
	e := &errorReply{refusal: &mockserver.Refusal{Code: "Application.RecordClosed", Message: "The application has been closed."},
		requestID: "D787E1A3-A93C-424A-B626-C2B05DF8D885", hostID: "127.0.0.1", product: "quickbi-public"}
	buf := make([]byte, 0, 1024)
	b.Run("JSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.AppendJSON(buf)
		}
	})
	b.Run("XML", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.appendXML(buf, false)
		}
	})
}
