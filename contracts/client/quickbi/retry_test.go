package quickbi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// operation calls one of the operations.
type operation func(context.Context, *Client, ...client.CallOption) error

func decide(ctx context.Context, c *Client, opts ...client.CallOption) error {
	_, err := c.ResultCallback(ctx, ResultCallbackRequest{"c5ea0db8", "fine", Approve}, opts...)
	return err
}

func grant(ctx context.Context, c *Client, opts ...client.CallOption) error {
	_, err := c.SmartqAuthorize(ctx, SmartqAuthorizeRequest{OperationType: Grant, UserIds: []string{"u"}, LlmCubes: []string{"c"}}, opts...)
	return err
}

func revoke(ctx context.Context, c *Client, opts ...client.CallOption) error {
	_, err := c.SmartqAuthorize(ctx, SmartqAuthorizeRequest{OperationType: Revoke, UserIds: []string{"u"}, LlmCubes: []string{"c"}}, opts...)
	return err
}

func TestRetries(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	var (
		reset     = &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
		noServer  = &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		repeat    = []client.CallOption{client.RepeatUnknown()}
		throttled = func(headers ...string) handler { return refuses(400, "Throttling.User", headers...) }
	)
	tests := []struct {
		name    string
		call    operation
		options []client.CallOption
		answers []handler
		want    error // nil: success
		unknown bool
		waits   []time.Duration
	}{
		{"OK", decide, nil, []handler{says(200, success)}, nil, false, nil},
		{"OKThrottledFirst", decide, nil, []handler{throttled(), says(200, success)}, nil, false, []time.Duration{100 * ms}},
		{"OKThrottledTwice", grant, nil, []handler{throttled(), throttled(), says(200, listed)}, nil, false, []time.Duration{100 * ms, 200 * ms}},
		{"OKAfterTimeLeft", decide, nil, []handler{throttled("x-ratelimit-user", "Limit:10,Remain:0,TimeLeft:1500,Reset:1"), says(200, success)},
			nil, false, []time.Duration{1500 * ms}},
		{"OKAfterTimeLeftOfApi", decide, nil, []handler{refuses(400, "Throttling.Api", "x-ratelimit-user-api", "TimeLeft:700"), says(200, success)},
			nil, false, []time.Duration{700 * ms}},
		{"OKAfterRetryAfter", decide, nil, []handler{throttled("Retry-After", "7"), says(200, success)}, nil, false, []time.Duration{7 * time.Second}},
		{"OKAfterRetryAfterDate", decide, nil, []handler{throttled("Retry-After", "Thu, 15 Jan 2026 08:00:09 GMT"), says(200, success)},
			nil, false, []time.Duration{9 * time.Second}},
		{"OKGatewayCannotReachProduct", decide, nil, []handler{refuses(503, "ServiceUnavailable"), says(200, success)}, nil, false, []time.Duration{100 * ms}},
		{"OKNoConnectionFirst", decide, nil, []handler{fails(noServer), says(200, success)}, nil, false, []time.Duration{100 * ms}},
		{"OKRevokedAgain", revoke, nil, []handler{fails(reset), refuses(500, "InternalError"), says(200, listed)}, nil, false, []time.Duration{100 * ms, 200 * ms}},
		{"OKRepeatUnknown", decide, repeat, []handler{fails(reset), says(200, success)}, nil, false, []time.Duration{100 * ms}},

		{"ErrThrottledThreeTimes", decide, nil, []handler{throttled()}, ErrThrottlingUser, false, []time.Duration{100 * ms, 200 * ms}},
		{"ErrRetryAfterTooLong", decide, nil, []handler{throttled("Retry-After", "61")}, ErrThrottlingUser, false, nil},
		{"ErrFinal", decide, nil, []handler{refuses(400, "Application.NotExist")}, ErrApplicationNotExist, false, nil},
		{"ErrFinalAfterThrottling", decide, nil, []handler{throttled(), refuses(400, "Application.NotExist")}, ErrApplicationNotExist, false, []time.Duration{100 * ms}},
		{"ErrBrokenConnection", decide, nil, []handler{fails(reset), says(200, success)}, reset, true, nil},
		{"ErrBrokenConnectionWhileGranting", grant, nil, []handler{fails(reset), says(200, listed)}, reset, true, nil},
		{"ErrGatewayFailed", decide, nil, []handler{refuses(500, "InternalError"), says(200, success)}, ErrInternalError, true, nil},
		{"ErrProductFailed", decide, nil, []handler{refuses(400, "Internal.System.Error"), says(200, success)}, ErrInternalSystem, true, nil},
		{"ErrNonceUsed", decide, nil, []handler{refuses(400, "SignatureNonceUsed"), says(200, success)}, ErrSignatureNonceUsed, true, nil},
		{"ErrUnknownProxy", decide, nil, []handler{says(503, "<html>busy</html>"), says(200, success)}, nil, true, nil},
		{"ErrRevokedThreeTimes", revoke, nil, []handler{fails(reset)}, reset, false, []time.Duration{100 * ms, 200 * ms}},
		{"ErrClosedByOwnAttempt", decide, repeat, []handler{fails(reset), refuses(400, "Application.RecordClosed")},
			ErrApplicationRecordClosed, true, []time.Duration{100 * ms}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeVendor{answers: tt.answers}
			err := tt.call(t.Context(), f.client(t, nil), tt.options...)
			if (err == nil) != strings.HasPrefix(tt.name, "OK") {
				t.Errorf("error %v", err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if errors.Is(err, client.ErrUnknownOutcome) != tt.unknown {
				t.Errorf("error %v: outcome unknown is %v, want %v", err, !tt.unknown, tt.unknown)
			}
			if !slices.Equal(f.waits, tt.waits) || len(f.seen) != len(tt.waits)+1 {
				t.Errorf("%d attempts, waits %v, want %v", len(f.seen), f.waits, tt.waits)
			}
			checkAttempts(t, err, len(f.seen))
		})
	}
}

func checkAttempts(t *testing.T, err error, want int) {
	t.Helper()
	var ours *client.Error
	var sending *client.SendError
	switch {
	case err == nil:
	case errors.As(err, &ours):
		if ours.Attempts != want || ours.Vendor != "quickbi" || ours.Operation == "" {
			t.Errorf("%d attempts of %s %s, want %d", ours.Attempts, ours.Vendor, ours.Operation, want)
		}
	case errors.As(err, &sending):
		if sending.Attempts != want || sending.Operation == "" {
			t.Errorf("%d attempts of %s, want %d", sending.Attempts, sending.Operation, want)
		}
	default:
		t.Errorf("error of another kind: %v", err)
	}
}

// Every attempt is signed anew, with another nonce and the date of its own moment.
func TestEveryAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	for _, scheme := range []Scheme{V3, V1} {
		f := &fakeVendor{answers: []handler{
			refuses(400, "Throttling", "Retry-After", "3"), says(200, success)}}
		if err := decide(t.Context(), f.client(t, func(c *Config) { c.Scheme = scheme })); err != nil {
			t.Fatal(err)
		}
		first, second := signatureOf(f.seen[0], scheme), signatureOf(f.seen[1], scheme)
		for i, name := range []string{"nonce", "date", "signature"} {
			if first[i] == "" || first[i] == second[i] {
				t.Errorf("%s: %s %q, then %q", scheme, name, first[i], second[i])
			}
		}
		if want := "2026-01-15T08:00:03Z"; second[1] != want {
			t.Errorf("%s: second date %s, want %s", scheme, second[1], want)
		}
	}
}

func signatureOf(r *http.Request, scheme Scheme) [3]string {
	if scheme == V1 {
		q := r.URL.Query()
		return [3]string{q.Get("SignatureNonce"), q.Get("Timestamp"), q.Get("Signature")}
	}
	return [3]string{r.Header.Get("x-acs-signature-nonce"), r.Header.Get("x-acs-date"), r.Header.Get("Authorization")}
}

func TestContextEndsACall(t *testing.T) {
	t.Parallel()
	t.Run("ErrBefore", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f := &fakeVendor{answers: []handler{says(200, success)}}
		err := decide(ctx, f.client(t, nil))
		if !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrUnknownOutcome) || len(f.seen) != 0 {
			t.Errorf("error %v after %d requests", err, len(f.seen))
		}
	})
	t.Run("ErrWhileSent", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		f := &fakeVendor{answers: []handler{func(*http.Request) (*http.Response, error) {
			cancel()
			return nil, context.Canceled
		}}}
		err := decide(ctx, f.client(t, nil), client.RepeatUnknown())
		if !errors.Is(err, context.Canceled) || !errors.Is(err, client.ErrUnknownOutcome) || len(f.seen) != 1 {
			t.Errorf("error %v after %d requests", err, len(f.seen))
		}
		checkAttempts(t, err, 1)
	})
	t.Run("ErrWhileWaiting", func(t *testing.T) {
		t.Parallel()
		f := &fakeVendor{answers: []handler{refuses(400, "Throttling")}}
		c := f.client(t, func(c *Config) {
			c.Retry.Sleep = func(context.Context, time.Duration) error { return context.DeadlineExceeded }
		})
		err := decide(t.Context(), c)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrThrottling) || len(f.seen) != 1 {
			t.Errorf("error %v after %d requests", err, len(f.seen))
		}
	})
}

// A client with the machine's clock, nonce, jitter and sleep works too: the other tests replace them all.
func TestDefaultsOfTheMachine(t *testing.T) {
	t.Parallel()
	f := &fakeVendor{answers: []handler{refuses(400, "Throttling"), says(200, success)}}
	c, err := New(Config{Credentials: Credentials{AccessKeyId: "id", AccessKeySecret: "secret"},
		Options: client.Options{HTTPClient: &http.Client{Transport: f}, Retry: client.RetryPolicy{BaseDelay: 1, MaxDelay: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := decide(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	a, b := signatureOf(f.seen[0], V3), signatureOf(f.seen[1], V3)
	if len(a[0]) != 32 || a[0] == b[0] {
		t.Errorf("nonces %q and %q", a[0], b[0])
	}
	if date, err := time.Parse(timeFormat, a[1]); err != nil || time.Since(date).Abs() > time.Minute {
		t.Errorf("date %q", a[1])
	}
	if got := f.seen[0].Header.Get("User-Agent"); got != client.UserAgent {
		t.Errorf("user agent %q", got)
	}
	if body, _ := io.ReadAll(f.seen[0].Body); len(body) != 0 || f.seen[0].URL.Host != "quickbi-public.cn-hangzhou.aliyuncs.com" {
		t.Errorf("sent %q to %s", body, f.seen[0].URL.Host)
	}
}
