package quickbi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// benchmark sends one call again and again through the whole server, signed beforehand, each time with another nonce.
func benchmark(b *testing.B, c call, state string) {
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{New}, Wall: wall})
	if err != nil {
		b.Fatal(err)
	}
	g := rigOn(b, &mockserver.Running{Server: s, URL: "http://127.0.0.1:8080"}, mockserver.WorldSetting{})
	if c.params == nil {
		c.params = g.callback()
	}
	if c.action == authorizeAction {
		c.params = g.authorize()
	}
	if state != "" {
		c.params["ApplicationId"] = g.given(state)[applicationParam].(string)
	}
	requests := make([]*http.Request, 4096)
	sign := func(round int) {
		for i := range requests {
			c.nonce = fmt.Sprintf("%d-%d", round, i)
			requests[i] = g.request(c)
			requests[i].RequestURI = requests[i].URL.RequestURI()
		}
	}
	h := s.Handler()
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if n%len(requests) == 0 {
			b.StopTimer()
			sign(n)
			b.StartTimer()
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, requests[n%len(requests)])
		if n == 0 && w.Code != http.StatusOK && state == "" {
			b.Fatal(w.Body)
		}
	}
}

func BenchmarkResultCallbackClosedV3(b *testing.B) { benchmark(b, call{}, "application-closed") }

func BenchmarkResultCallbackClosedV1(b *testing.B) {
	benchmark(b, call{v1: true}, "application-closed")
}

func BenchmarkSmartqAuthorize(b *testing.B) { benchmark(b, call{action: authorizeAction}, "") }

func BenchmarkVerifyV1(b *testing.B) {
	v := vectorNamed(b, "v1-derived-post-callback")
	b.ReportAllocs()
	for b.Loop() {
		if !verify(v.request(), v.Secret) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkVerifyV3(b *testing.B) {
	v := vectorNamed(b, "v3-derived-callback")
	b.ReportAllocs()
	for b.Loop() {
		if !verify(v.request(), v.Secret) {
			b.Fatal("does not verify")
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
