package client

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// instant is a policy that never waits.
func instant() RetryPolicy {
	return RetryPolicy{Sleep: func(context.Context, time.Duration) error { return nil }}
}

// callTo is a call that POSTs to an address and takes any reply of status 200.
func callTo(address string, repeatable bool) Call {
	return Call{
		Vendor: "acme", Operation: "Change", Repeatable: repeatable,
		Prepare: func(ctx context.Context) (*Prepared, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("body"))
			return &Prepared{Request: req}, err
		},
		Read: func(r *Reply) error {
			if r.Status != http.StatusOK {
				return r.Malformed("the status", "")
			}
			return nil
		},
	}
}

// What the network does to a call decides whether it may be sent again: what never arrived may, what may have must not.
func TestEffectOfTheNetwork(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int64
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		arrived.Add(1)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		conn.Close()
	}
	cutShort := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "only this")
	}
	tests := []struct {
		name    string
		address func(*testing.T) string
		effect  Effect
	}{
		{"NobodyListens", func(t *testing.T) string { return "http://" + closedPort(t) }, Refused},
		{"NoSuchHost", func(*testing.T) string { return "http://host.invalid" }, Refused},
		{"UnknownCertificate", func(t *testing.T) string { return serve(t, (*httptest.Server).StartTLS, hangUp) }, Final},
		{"NoTLSThere", func(t *testing.T) string {
			return "https" + strings.TrimPrefix(serve(t, (*httptest.Server).Start, hangUp), "http")
		}, Final},
		{"HangsUp", func(t *testing.T) string { return serve(t, (*httptest.Server).Start, hangUp) }, Unclear},
		{"CutsTheReplyShort", func(t *testing.T) string { return serve(t, (*httptest.Server).Start, cutShort) }, Unclear},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := NewSender(Options{Retry: instant(), HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: noLookup}}})
			err := s.Do(t.Context(), callTo(tt.address(t), false))
			var e *SendError
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Effect != tt.effect || e.Unknown != (tt.effect == Unclear) || e.Retryable() != (tt.effect != Final) {
				t.Errorf("effect %d, unknown %v, of %v; want effect %d", e.Effect, e.Unknown, err, tt.effect)
			}
			if want := map[Effect]int{Final: 1, Refused: 3, Unclear: 1}[tt.effect]; e.Attempts != want {
				t.Errorf("%d attempts, want %d: %v", e.Attempts, want, err)
			}
			if strings.Contains(err.Error(), "http://") || strings.Contains(err.Error(), "https://") {
				t.Errorf("the address shows: %v", err)
			}
		})
	}
}

// noLookup dials addresses of this machine and fails like a resolver for all names.
func noLookup(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(addr)
	if net.ParseIP(host) == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

func serve(t *testing.T, start func(*httptest.Server), h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(srv)
	t.Cleanup(srv.Close)
	return srv.URL
}

// closedPort is an address at which nobody listens any more.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A redirection is not followed, whatever the caller's HTTP client would do.
func TestRedirectionsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	elsewhere := serve(t, (*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { followed.Store(true) })
	address := serve(t, (*httptest.Server).Start, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	})
	given := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	err := NewSender(Options{HTTPClient: given}).Do(t.Context(), callTo(address, false))
	var e *ReplyError
	if !errors.As(err, &e) || e.Status != http.StatusTemporaryRedirect || followed.Load() {
		t.Errorf("got %v, followed %v", err, followed.Load())
	}
	if given.CheckRedirect(nil, nil) != nil {
		t.Error("the caller's client was changed")
	}
}

func TestReplyIsBounded(t *testing.T) {
	t.Parallel()
	transport := roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.LimitReader(zeros{}, maxReply+2))}, nil
	})
	err := NewSender(Options{HTTPClient: &http.Client{Transport: transport}, Retry: instant()}).Do(t.Context(), callTo("http://h", true))
	var e *ReplyError
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("got %v", err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A vendor's error type that is embedded in another is found, filled and told apart like the type itself.
func TestEmbeddedErrors(t *testing.T) {
	t.Parallel()
	gone := &Code{Vendor: "acme", Code: "Gone*", Status: 400, Text: "for", Effect: Refused}
	address := serve(t, (*httptest.Server).Start, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) })
	call := callTo(address, false)
	call.Read = func(r *Reply) error {
		return &vendorError{Base: Error{Failure: Failure{Effect: Refused}, Code: "Gone.Away", Message: "for good", Status: r.Status}, Extra: 7}
	}
	err := NewSender(Options{Retry: instant()}).Do(t.Context(), call)
	var outer *vendorError
	var inner *Error
	if !errors.As(err, &outer) || outer.Extra != 7 || !errors.As(err, &inner) || inner.Attempts != 3 || inner.Operation != "Change" {
		t.Fatalf("got %#v", err)
	}
	if !errors.Is(err, gone) || errors.Is(err, &Code{Vendor: "other", Code: "Gone*"}) || errors.Is(err, &Code{Vendor: "acme", Code: "Gone.Away*"}) ||
		errors.Is(err, &Code{Vendor: "acme", Code: "Gone.Away", Status: 401}) || errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("sentinels of %v", err)
	}
	if got, want := err.Error(), "acme Change: status 400 Gone.Away: for good"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type base = Error

// Base is an alias so that the field does not hide the method Error.
type Base = base

type vendorError struct {
	Base
	Extra int
}

func (e *vendorError) Unwrap() error { return &e.Base }
