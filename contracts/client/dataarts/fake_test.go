package dataarts

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// handler answers one request.
type handler func(*http.Request) (*http.Response, error)

// fakeVendor answers what it is told, in turn; the last answer stands for all further ones.
type fakeVendor struct {
	answers []handler

	mu     sync.Mutex
	seen   []*http.Request
	bodies []string
	waits  []time.Duration
}

func (f *fakeVendor) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	n := len(f.seen)
	f.seen, f.bodies = append(f.seen, r), append(f.bodies, string(body))
	f.mu.Unlock()
	return f.answers[min(n, len(f.answers)-1)](r)
}

// says is an answer that can be given often.
func says(status int, body string) handler {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func fails(err error) handler {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// options are those of a client whose clock stands still and which never sleeps.
func (f *fakeVendor) options() client.Options {
	return client.Options{
		HTTPClient: &http.Client{Transport: f},
		Clock:      func() time.Time { return time.Date(2006, 1, 2, 23, 4, 5, 0, time.FixedZone("CST", 8*60*60)) },
		Retry: client.RetryPolicy{
			Jitter: func() float64 { return 0 },
			Sleep: func(_ context.Context, d time.Duration) error {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.waits = append(f.waits, d)
				return nil
			},
		},
	}
}

func (f *fakeVendor) client(t testing.TB, change func(*Config)) *Client {
	t.Helper()
	config := Config{
		Endpoint:    "http://127.0.0.1:8080",
		ProjectID:   "0833a5737480d53b2f25c010dc1a7b88",
		Workspace:   "9ce2cfd08fda4f3b95faa5ba65fa5ec3",
		Credentials: Credentials{AccessKey: "AKEXAMPLE0000000001", SecretKey: "SKEXAMPLE00000000000000000000000000000001"},
		Options:     f.options(),
	}
	if change != nil {
		change(&config)
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fakeVendor) iam(t testing.TB, creds Credentials) *IAM {
	t.Helper()
	i, err := NewIAM(IAMConfig{Credentials: creds, Options: f.options()})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// with is an answer that has a header.
func with(name, value string, h handler) handler {
	return func(r *http.Request) (*http.Response, error) {
		resp, err := h(r)
		resp.Header.Set(name, value)
		return resp, err
	}
}
