package client

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryPolicy says how often and how soon a call is sent again. Which failures are worth it is not its matter: see the
// package's manual.
type RetryPolicy struct {
	// MaxAttempts is how often a call is sent at most, the first time included. 0: 3. 1: never again.
	MaxAttempts int
	// BaseDelay bounds the wait before the second attempt; it doubles with every further one, up to MaxDelay. The wait
	// is drawn from the upper half of the bound. 0: 200 ms and 5 s.
	BaseDelay, MaxDelay time.Duration
	// MaxRetryAfter is the longest wait that a server may ask for. If it asks for more, the call ends with the error.
	// 0: one minute.
	MaxRetryAfter time.Duration
	// Jitter draws a number from 0 to below 1. nil: the machine's source. It must be safe for concurrent use.
	Jitter func() float64
	// Sleep waits, or returns the context's error if that ends first. nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	setDefault(&p.MaxAttempts, 3)
	setDefault(&p.BaseDelay, 200*time.Millisecond)
	setDefault(&p.MaxDelay, 5*time.Second)
	setDefault(&p.MaxRetryAfter, time.Minute)
	if p.Jitter == nil {
		p.Jitter = machineJitter
	}
	if p.Sleep == nil {
		p.Sleep = machineSleep
	}
	return p
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// backoff is the wait after the attempt of this number, counted from 1.
func (p RetryPolicy) backoff(attempt int) time.Duration {
	bound := p.BaseDelay
	for range attempt - 1 {
		if bound >= p.MaxDelay/2 {
			bound = p.MaxDelay
			break
		}
		bound *= 2
	}
	bound = min(bound, p.MaxDelay)
	return bound/2 + time.Duration(p.Jitter()*float64(bound-bound/2))
}

// wait is the wait after an attempt that failed; false if the server asks for more than the policy grants.
func (p RetryPolicy) wait(attempt int, asked time.Duration) (time.Duration, bool) {
	return max(p.backoff(attempt), asked), asked <= p.MaxRetryAfter
}

// retryAfter reads the header of that name: seconds, or a date, of which the wait is counted from now. 0: it says nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
