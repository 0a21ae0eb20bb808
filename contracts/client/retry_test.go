package client

import (
	"net/http"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := []struct {
		attempt     int
		least, most time.Duration // without jitter, with all of it
	}{
		{1, 100 * ms, 200 * ms}, {2, 200 * ms, 400 * ms}, {3, 400 * ms, 800 * ms}, {5, 1600 * ms, 3200 * ms},
		{6, 2500 * ms, 5 * time.Second}, {60, 2500 * ms, 5 * time.Second}, {1 << 30, 2500 * ms, 5 * time.Second},
	}
	for _, tt := range tests {
		for share, want := range map[float64]time.Duration{0: tt.least, 1: tt.most, 0.5: (tt.least + tt.most) / 2} {
			p := RetryPolicy{Jitter: func() float64 { return share }}.withDefaults()
			if got := p.backoff(tt.attempt); got != want {
				t.Errorf("attempt %d with jitter %v: %v, want %v", tt.attempt, share, got, want)
			}
		}
	}
	p := RetryPolicy{BaseDelay: time.Minute, MaxDelay: time.Second, Jitter: func() float64 { return 1 }}.withDefaults()
	if got := p.backoff(1); got != time.Second {
		t.Errorf("a base above the most: %v", got)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-3": 0, "soon": 0, "99999999999": 0,
		"Thu, 15 Jan 2026 08:01:00 GMT": time.Minute, "Thu, 15 Jan 2026 07:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestEffectByStatus(t *testing.T) {
	t.Parallel()
	codes := []*Code{{Vendor: "acme", Code: "Busy", Effect: Refused}, {Vendor: "acme", Code: "Done", Status: 500, Effect: Final}}
	tests := []struct {
		code   string
		status int
		want   Effect
	}{
		{"Busy", 400, Refused}, {"Done", 500, Final}, {"Done", 503, Unclear}, {"", 429, Refused}, {"", 408, Unclear}, {"", 500, Unclear},
		{"", 502, Unclear}, {"", 504, Unclear}, {"", 400, Final}, {"", 404, Final}, {"", 501, Final}, {"", 200, Final},
	}
	for _, tt := range tests {
		if got := EffectOf(&Error{Failure: Failure{Vendor: "acme"}, Code: tt.code, Status: tt.status}, codes); got != tt.want {
			t.Errorf("%s %d: %d, want %d", tt.code, tt.status, got, tt.want)
		}
	}
}
