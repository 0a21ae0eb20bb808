package main

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	mockquickbi "github.com/countersign/countersign/mockserver/quickbi"
	mockwps "github.com/countersign/countersign/mockserver/wps"
)

// BenchmarkAllocations holds the server's allocations against those of a bare gin handler, without a network: with the
// journal, and with a log at the level of serve's.
func BenchmarkAllocations(b *testing.B) {
	for _, tt := range []struct {
		name string
		work
	}{
		{"list-1", list1()}, {"list-50", list50()}, {"create", create()}, {"wps-30", define30()},
		{"callback-v3", closed(quickbi.V3)}, {"callback-v1", closed(quickbi.V1)},
		{"refused-list", badList1()}, {"refused-create", badCreate()}, {"refused-wps", badDefine()},
		{"refused-callback-v3", badCallback(quickbi.V3)}, {"refused-callback-v1", badCallback(quickbi.V1)},
	} {
		s, h := inProcess(b)
		requests := s.requests(b, tt.work)
		if err := s.remember(b.Context()); err != nil {
			b.Fatal(err)
		}
		w := &sink{header: http.Header{}}
		requests[0].send(h, w)
		if w.status != tt.status {
			b.Fatalf("%s: status %d, not %d: %s", tt.name, w.status, tt.status, w.body)
		}
		bare := bareGin(requests[0].Method, requests[0].URL.Path, w)
		b.Run(tt.name+"/gin", func(b *testing.B) { sendAll(b, bare, requests, nil) })
		b.Run(tt.name+"/server", func(b *testing.B) {
			sendAll(b, h, requests, func() error { return s.restore(b.Context()) })
		})
	}
}

// sendAll sends requests in turn. again is called before each turn, and not measured.
func sendAll(b *testing.B, h http.Handler, requests []*parsed, again func() error) {
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(requests) == 0 && again != nil {
			b.StopTimer()
			if err := again(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		requests[i%len(requests)].send(h, w)
	}
}

// inProcess is a server with members to register and enough approvers for a page.
func inProcess(b *testing.B) (*server, http.Handler) {
	b.Helper()
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{dataarts.New, mockquickbi.New, mockwps.New},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	over := httptest.NewServer(srv.Handler())
	b.Cleanup(over.Close)
	s := &server{process: process{addr: over.Listener.Addr().String()}}
	if err := s.admin(b.Context(), http.MethodGet, "/worlds/default/env", nil, &s.env); err != nil {
		b.Fatal(err)
	}
	s.apply(b, "approvers-exist", map[string]any{"count": 100})
	for i := range turn {
		s.apply(b, "member-exists", map[string]any{"user_id": memberID(i), "user_name": memberName(i)})
	}
	return s, srv.Handler()
}

// turn is how many requests there are of a work whose requests may be sent once.
const turn = 200

func (s *server) apply(b *testing.B, state string, params map[string]any) {
	b.Helper()
	if err := s.admin(b.Context(), http.MethodPost, "/worlds/default/states", map[string]any{"name": state, "params": params}, nil); err != nil {
		b.Fatal(err)
	}
}

// parsed is a request as net/http gives it to a handler.
type parsed struct {
	*http.Request
	text []byte
	body bytes.Reader
}

func (s *server) requests(b *testing.B, w work) []*parsed {
	b.Helper()
	sign, err := w.sign(s)
	if err != nil {
		b.Fatal(err)
	}
	count := 1
	if w.once() {
		count = turn
	}
	all := make([]*parsed, count)
	for i := range all {
		r, err := sign(b.Context(), i)
		if err != nil {
			b.Fatal(err)
		}
		p := &parsed{}
		if p.Request, err = http.ReadRequest(bufio.NewReader(bytes.NewReader(r.wire))); err == nil {
			p.text, err = io.ReadAll(p.Body)
		}
		if err != nil {
			b.Fatal(err)
		}
		if p.Body = http.NoBody; len(p.text) > 0 {
			p.Body = io.NopCloser(&p.body)
		}
		all[i] = p
	}
	return all
}

func (p *parsed) send(h http.Handler, w *sink) {
	clear(w.header)
	p.body.Reset(p.text)
	h.ServeHTTP(w, p.Request)
}

// sink is a ResponseWriter that keeps the last reply, in memory that it uses again.
type sink struct {
	header http.Header
	status int
	body   []byte
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status, s.body = status, s.body[:0] }

func (s *sink) Write(p []byte) (int, error) {
	s.body = append(s.body, p...)
	return len(p), nil
}

// bareGin is the yardstick, in process.
func bareGin(method, path string, reply *sink) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	status, contentType, body := reply.status, reply.header.Get("Content-Type"), bytes.Clone(reply.body)
	header := reply.header.Clone()
	header.Del("Content-Type")
	header.Del("Content-Length")
	engine.Handle(method, path, func(c *gin.Context) {
		if _, err := io.Copy(io.Discard, c.Request.Body); err != nil {
			_ = c.AbortWithError(http.StatusBadRequest, err)
			return
		}
		for name, values := range header {
			c.Header(name, values[0])
		}
		c.Data(status, contentType, body)
	})
	return engine
}
