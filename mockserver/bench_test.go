package mockserver_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/mockserver"
)

// sink is a ResponseWriter that costs nothing to speak of.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }

func benchRequest(b *testing.B, method, target string) *http.Request {
	b.Helper()
	u, err := url.Parse(target)
	if err != nil {
		b.Fatal(err)
	}
	return &http.Request{Method: method, URL: u, RequestURI: target, Host: "127.0.0.1", Header: demoKey(), Body: http.NoBody, Proto: "HTTP/1.1"}
}

func serveMany(b *testing.B, h http.Handler, req *http.Request, status int) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		w := &sink{header: http.Header{}}
		h.ServeHTTP(w, req)
		if w.status != status {
			b.Fatalf("status %d, want %d", w.status, status)
		}
	}
}

// servePut is serveMany with a body.
func servePut(b *testing.B, h http.Handler, body string, status int) {
	b.Helper()
	req := benchRequest(b, "POST", "/acme/notes")
	req.Header = jsonKey()
	b.ReportAllocs()
	r := strings.NewReader(body)
	req.Body, req.ContentLength = io.NopCloser(r), int64(len(body))
	for b.Loop() {
		r.Reset(body)
		w := &sink{header: http.Header{}}
		h.ServeHTTP(w, req)
		if w.status != status {
			b.Fatalf("status %d, want %d", w.status, status)
		}
	}
}

// BenchmarkPipeline is the core with a vendor that does next to nothing, beside a bare gin handler.
func BenchmarkPipeline(b *testing.B) {
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("OK", func(b *testing.B) {
		serveMany(b, s.Handler(), benchRequest(b, "GET", "/acme/notes/demo?mode=a&size=3"), 200)
	})
	b.Run("Refused", func(b *testing.B) {
		serveMany(b, s.Handler(), benchRequest(b, "GET", "/acme/notes/demo?mode=a&size=x"), 400)
	})
	b.Run("Put", func(b *testing.B) {
		servePut(b, s.Handler(), `{"id":"bench","text":"how it was put","secret":"none","count":3}`, 200)
	})
	b.Run("PutRefused", func(b *testing.B) {
		servePut(b, s.Handler(), `{"id":"bench","text":"how it was put","secret":"none","count":"3"}`, 400)
	})
	b.Run("BareGin", func(b *testing.B) {
		gin.SetMode(gin.ReleaseMode)
		engine := gin.New()
		body := []byte(`{"id":"demo","text":"hello"}`)
		engine.GET("/acme/notes/:id", func(c *gin.Context) { c.Data(200, "application/json; charset=utf-8", body) })
		serveMany(b, engine, benchRequest(b, "GET", "/acme/notes/demo?mode=a&size=3"), 200)
	})
}

func BenchmarkParsePairs(b *testing.B) {
	raw := strings.Repeat("a=b&name=%E5%AE%A1+x&", 6)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mockserver.ParsePairs(raw); err != nil {
			b.Fatal(err)
		}
	}
}
