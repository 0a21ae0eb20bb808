package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrUnknownOutcome is held by the error of a call that changes something when it cannot be known whether it was carried
// out: the reply was lost, or the vendor failed while it worked. Look at the vendor's side before the call is repeated.
var ErrUnknownOutcome = errors.New("the call may have been carried out")

// ErrStuck is held by the error of an iteration whose next page would be one that it has had already.
var ErrStuck = errors.New("the list does not move on")

// ErrGap is held by the error of an iteration when a page was short and the next one is not empty: records between them
// were left out.
var ErrGap = errors.New("the list leaves records out")

// Effect says what a failed attempt has left behind, and thereby whether another one may follow.
type Effect int

// The three effects.
const (
	// Final: refused for a reason that will not pass by itself.
	Final Effect = iota
	// Refused before anything was done, for a reason that may pass: another attempt does no harm.
	Refused
	// Unclear: it may have been done, or not; the reason may pass.
	Unclear
)

// Failure is what the errors of all calls that were begun have in common.
type Failure struct {
	// Vendor and Operation say what was called: "quickbi" and "ResultCallback".
	Vendor, Operation string
	// Attempts is how often the request was sent, at most: the last attempt may have ended before.
	Attempts int
	// Unknown is true if the call changes something and this attempt, or one before it, may have been carried out.
	Unknown bool
	// RetryAfter is how long the server asked to wait. 0: it did not ask.
	RetryAfter time.Duration
	// Effect is that of the last attempt.
	Effect Effect
}

// Retryable says whether the same call may succeed later. Whether it may be sent again is another question: see Unknown.
func (f *Failure) Retryable() bool { return f.Effect != Final }

func (f *Failure) failed() *Failure { return f }

func (f *Failure) is(target error) bool { return f.Unknown && errors.Is(target, ErrUnknownOutcome) }

// text puts the parts of an error's text behind the call's name.
func (f *Failure) text(parts ...string) string {
	s := strings.TrimSpace(f.Vendor + " " + f.Operation)
	for _, p := range parts {
		if p != "" {
			s += ": " + p
		}
	}
	if f.Unknown {
		s += " (" + ErrUnknownOutcome.Error() + ")"
	}
	return s
}

// failure is an error of this package about a call that was begun.
type failure interface {
	error
	failed() *Failure
	scrub([]Secret)
}

// Error is a vendor's answer that it does not, or did not, do what was asked.
type Error struct {
	Failure
	// Code is the vendor's code as it stands in the reply; empty if the reply has none (a proxy's page, say).
	Code string
	// Message is the vendor's text, without the secrets that it may repeat.
	Message string
	// Status is the HTTP status.
	Status int
	// RequestID is the vendor's number of the request, to be named when the vendor is asked for help. Empty if none came.
	RequestID string
}

func (e *Error) Error() string {
	what := fmt.Sprintf("status %d", e.Status)
	if e.Code != "" {
		what += " " + e.Code
	}
	if e.RequestID != "" {
		return e.text(what, e.Message, "request "+e.RequestID)
	}
	return e.text(what, e.Message)
}

// Is says whether target is a sentinel of this error's code, or ErrUnknownOutcome if Unknown is set.
func (e *Error) Is(target error) bool {
	c, ok := target.(*Code)
	return ok && c.Matches(e) || e.is(target)
}

func (e *Error) scrub(secrets []Secret) { e.Message = scrub(e.Message, secrets) }

// Code is a sentinel for a vendor's error code, to be used with errors.Is.
type Code struct {
	Vendor string
	// Code is the vendor's code. A final * stands for anything.
	Code string
	// Status is the HTTP status, if the code has several meanings that it tells apart. 0: any.
	Status int
	// Text is a part of the message, for the same purpose. Empty: any.
	Text string
	// Effect is what an error of this code leaves behind.
	Effect Effect
	// Match, if set, looks at the code in place of comparing it with Code.
	Match func(code string) bool
}

func (c *Code) Error() string {
	s := c.Vendor + " " + c.Code
	if c.Status != 0 {
		s += fmt.Sprintf(" (status %d)", c.Status)
	}
	if c.Text != "" {
		s += ": " + c.Text
	}
	return s
}

// Matches says whether an error is one of these.
func (c *Code) Matches(e *Error) bool {
	return c.Vendor == e.Vendor && (c.Status == 0 || c.Status == e.Status) &&
		strings.Contains(e.Message, c.Text) && c.matchesCode(e.Code)
}

func (c *Code) matchesCode(code string) bool {
	if c.Match != nil {
		return c.Match(code)
	}
	if prefix, open := strings.CutSuffix(c.Code, "*"); open {
		return strings.HasPrefix(code, prefix) && len(code) > len(prefix)
	}
	return c.Code == code
}

// EffectOf is the effect of the first code that an error matches, otherwise the one that its HTTP status suggests.
func EffectOf(e *Error, codes []*Code) Effect {
	for _, c := range codes {
		if c.Matches(e) {
			return c.Effect
		}
	}
	switch e.Status {
	case http.StatusTooManyRequests:
		return Refused
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Unclear
	}
	return Final
}

// SendError says that a request could not be sent, or that no whole reply came back.
type SendError struct {
	Failure
	// Err is the cause, without the address that was called and without the secrets that its text may repeat.
	Err error
}

func (e *SendError) Error() string { return e.text(e.Err.Error()) }

// Is says whether target is ErrUnknownOutcome and Unknown is set.
func (e *SendError) Is(target error) bool { return e.is(target) }

// Unwrap returns the cause: context.DeadlineExceeded, say.
func (e *SendError) Unwrap() error { return e.Err }

func (e *SendError) scrub(secrets []Secret) {
	cause := e.Err
	if text := cause.Error(); scrub(text, secrets) != text {
		e.Err = &scrubbed{scrub(text, secrets), func() error { return cause }}
	}
}

// scrubbed is an error whose text had secrets in it. The function keeps it from being printed by its fields.
type scrubbed struct {
	text  string
	cause func() error
}

func (e *scrubbed) Error() string { return e.text }
func (e *scrubbed) Unwrap() error { return e.cause() }

// ReplyError says that a reply is not as documented: no JSON, a field missing or of another type, a redirection.
type ReplyError struct {
	Failure
	// Status is the HTTP status.
	Status int
	// RequestID is the vendor's number of the request, if it came in a header.
	RequestID string
	// Problem says what is wrong. It has nothing of the reply's body in it.
	Problem string
}

func (e *ReplyError) Error() string {
	what := fmt.Sprintf("status %d with a reply that is not as documented", e.Status)
	if e.RequestID != "" {
		return e.text(what, e.Problem, "request "+e.RequestID)
	}
	return e.text(what, e.Problem)
}

// Is says whether target is ErrUnknownOutcome and Unknown is set.
func (e *ReplyError) Is(target error) bool { return e.is(target) }

func (e *ReplyError) scrub(secrets []Secret) { e.Problem = scrub(e.Problem, secrets) }
