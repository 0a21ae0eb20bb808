package quickbi

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

const (
	success = `{"RequestId":"D787E1A3-A93C-424A-B626-C2B05DF8D885","Result":true,"Success":true}`
	listed  = `{"RequestId":"D787E1A3-A93C-424A-B626-C2B05DF8D885","Result":[],"Success":true}`
)

// handler answers one request.
type handler func(*http.Request) (*http.Response, error)

// RoundTrip makes a handler a transport.
func (h handler) RoundTrip(r *http.Request) (*http.Response, error) { return h(r) }

// says is an answer that can be given often; headers are names and values in turn.
func says(status int, body string, headers ...string) handler {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func refuses(status int, code string, headers ...string) handler {
	return says(status, `{"RequestId":"R-1","HostId":"h","Code":"`+code+`","Message":"m"}`, headers...)
}

func fails(err error) handler {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// fakeVendor answers what it is told, in turn; the last answer stands for all further ones.
type fakeVendor struct {
	answers []handler

	mu    sync.Mutex
	seen  []*http.Request
	waits []time.Duration
}

func (f *fakeVendor) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	n := len(f.seen)
	f.seen = append(f.seen, r)
	f.mu.Unlock()
	return f.answers[min(n, len(f.answers)-1)](r)
}

// client makes a client of the fake vendor. Its clock stands at 2026-01-15T08:00:00Z and moves only while it waits.
func (f *fakeVendor) client(t testing.TB, change func(*Config)) *Client {
	t.Helper()
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	config := Config{
		Endpoint:    "https://quickbi-public.cn-hangzhou.aliyuncs.com",
		Credentials: Credentials{AccessKeyId: "testid", AccessKeySecret: "testsecret"},
		Options: client.Options{
			HTTPClient: &http.Client{Transport: f},
			Clock: func() time.Time {
				f.mu.Lock()
				defer f.mu.Unlock()
				return now
			},
			Retry: client.RetryPolicy{
				Jitter: func() float64 { return 0 },
				Sleep: func(_ context.Context, d time.Duration) error {
					f.mu.Lock()
					defer f.mu.Unlock()
					now = now.Add(d)
					f.waits = append(f.waits, d)
					return nil
				},
			},
		},
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
