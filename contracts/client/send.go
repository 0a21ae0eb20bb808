package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// UserAgent is what the clients call themselves unless Options say otherwise.
const UserAgent = "countersign-client-go/1"

// maxReply is how many bytes of a reply are read.
const maxReply = 32 << 20

// Options are the parts of a configuration that all clients share. The zero value works.
type Options struct {
	// HTTPClient sends the requests. Redirections are never followed, whatever it says: the signature would not fit the
	// new address, and credentials would go to a host that nobody named. nil: one with a timeout of 30 s.
	HTTPClient *http.Client
	// Clock gives the time that requests are signed with. nil: the machine's. It must be safe for concurrent use.
	Clock func() time.Time
	// Retry says how often and how soon calls are sent again.
	Retry RetryPolicy
	// Logger gets one line for each attempt, at level debug: operation, status, code, request id, wait. nil: none.
	Logger *slog.Logger
	// UserAgent is sent with every request. Empty: UserAgent.
	UserAgent string
	// SkipChecks sends what the caller has built, also where it leaves the vendor's document. For tests of the errors.
	SkipChecks bool
}

// Sender sends requests, again where that does no harm. It is safe for concurrent use.
type Sender struct {
	http      http.Client
	clock     func() time.Time
	retry     RetryPolicy
	log       *slog.Logger
	userAgent string
}

// NewSender makes a sender.
func NewSender(o Options) *Sender {
	s := &Sender{clock: o.Clock, retry: o.Retry.withDefaults(), log: o.Logger, userAgent: o.UserAgent}
	s.http = http.Client{Timeout: 30 * time.Second}
	if o.HTTPClient != nil {
		s.http = *o.HTTPClient
	}
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if s.clock == nil {
		s.clock = machineClock
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.userAgent == "" {
		s.userAgent = UserAgent
	}
	return s
}

// Now is the time by the options' clock, in UTC.
func (s *Sender) Now() time.Time { return s.clock().UTC() }

// UserAgent is what the sender calls itself; signers that cover it need to know.
func (s *Sender) UserAgent() string { return s.userAgent }

// Prepared is the request of one attempt, and what no error about it may show.
type Prepared struct {
	Request *http.Request
	Secrets []Secret
}

// Reply is an HTTP reply, read whole.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	// secrets are those of the request.
	secrets []Secret
}

// Scrub returns a text of the reply without the request's secrets.
func (r *Reply) Scrub(text string) string { return scrub(text, r.secrets) }

// Excerpt is the beginning of a body that is not the vendor's, on one line and without the request's secrets.
func (r *Reply) Excerpt() string {
	const most = 200
	s := r.Scrub(strings.Join(strings.Fields(string(r.Body)), " "))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Malformed is the error about a reply that is not as documented; requestID may be empty. The call may have been carried
// out nevertheless.
func (r *Reply) Malformed(problem, requestID string) *ReplyError {
	return &ReplyError{Failure: Failure{Effect: Unclear}, Status: r.Status, RequestID: requestID, Problem: problem}
}

// Call is one call of an operation.
type Call struct {
	Vendor, Operation string
	// Repeatable says that carrying the call out twice does no harm: it changes nothing, or the same.
	Repeatable bool
	// Prepare makes and signs the request; it is called for every attempt.
	Prepare func(ctx context.Context) (*Prepared, error)
	// Read takes what is wanted out of a reply, or returns an *Error (alone or embedded) or a *ReplyError.
	Read func(*Reply) error
	// Options are the caller's.
	Options []CallOption
}

// CallOption changes how one call is sent.
type CallOption func(*callOptions)

type callOptions struct{ repeatUnknown bool }

// RepeatUnknown sends a call again even though it may have been carried out already. Without it a call that changes
// something is never sent again after a timeout, a broken connection or an internal error.
func RepeatUnknown() CallOption { return func(o *callOptions) { o.repeatUnknown = true } }

// Do sends a call until it succeeds, fails for good, may not be repeated, or the policy or the context has had enough.
func (s *Sender) Do(ctx context.Context, c Call) error {
	var opts callOptions
	for _, o := range c.Options {
		o(&opts)
	}
	unknown := false
	for attempt := 1; ; attempt++ {
		f := s.attempt(ctx, c)
		if f == nil {
			s.log.LogAttrs(ctx, slog.LevelDebug, "called", slog.String("operation", c.Operation), slog.Int("attempt", attempt))
			return nil
		}
		about := f.failed()
		unknown = unknown || about.Effect == Unclear && !c.Repeatable
		about.Attempts, about.Unknown = attempt, unknown
		safe := about.Effect == Refused || about.Effect == Unclear && (c.Repeatable || opts.repeatUnknown)
		wait, granted := s.retry.wait(attempt, about.RetryAfter)
		again := safe && granted && attempt < s.retry.MaxAttempts && ctx.Err() == nil
		s.logFailure(ctx, f, again, wait)
		if !again {
			return f
		}
		if err := s.retry.Sleep(ctx, wait); err != nil {
			return fmt.Errorf("%w; ended while waiting for another attempt: %w", f, err)
		}
	}
}

func (s *Sender) logFailure(ctx context.Context, f failure, again bool, wait time.Duration) {
	about := f.failed()
	attrs := []slog.Attr{slog.String("operation", about.Operation), slog.Int("attempt", about.Attempts), slog.String("error", f.Error())}
	if again {
		attrs = append(attrs, slog.Duration("again_in", wait))
	}
	s.log.LogAttrs(ctx, slog.LevelDebug, "call failed", attrs...)
}

// attempt sends a call once. It returns nil if the call succeeded.
func (s *Sender) attempt(ctx context.Context, c Call) failure {
	reply, secrets, err := s.exchange(ctx, c)
	if err == nil {
		err = c.Read(reply)
	}
	if err == nil {
		return nil
	}
	var f failure
	if !errors.As(err, &f) {
		f = &SendError{Err: err}
	}
	f.scrub(secrets)
	about := f.failed()
	about.Vendor, about.Operation = c.Vendor, c.Operation
	if reply != nil && about.RetryAfter == 0 {
		about.RetryAfter = retryAfter(reply.Header, s.clock())
	}
	return f
}

// exchange sends a request and reads the whole reply.
func (s *Sender) exchange(ctx context.Context, c Call) (*Reply, []Secret, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, &SendError{Err: err}
	}
	p, err := c.Prepare(ctx)
	if err != nil {
		return nil, nil, &SendError{Err: fmt.Errorf("the request could not be made: %w", err)}
	}
	p.Request.Header.Set("User-Agent", s.userAgent)
	resp, err := s.http.Do(p.Request)
	if err != nil {
		return nil, p.Secrets, sendError(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	switch {
	case err != nil:
		return nil, p.Secrets, &SendError{Failure: Failure{Effect: Unclear}, Err: fmt.Errorf("the reply ended early: %w", err)}
	case len(body) > maxReply:
		return nil, p.Secrets, &ReplyError{Failure: Failure{Effect: Unclear}, Status: resp.StatusCode, Problem: "it is larger than 32 MiB"}
	}
	return &Reply{resp.StatusCode, resp.Header, body, p.Secrets}, p.Secrets, nil
}

// sendError makes an error of the HTTP client one of ours, without the address, which may hold a signature or a token.
func sendError(err error) *SendError {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return &SendError{Failure: Failure{Effect: effectOfSending(err)}, Err: err}
}

// effectOfSending tells apart what never left this machine from what may have arrived.
func effectOfSending(err error) Effect {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		host        x509.HostnameError
		dial        *net.OpError
		name        *net.DNSError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &host),
		errors.Is(err, http.ErrSchemeMismatch):
		return Final
	case errors.As(err, &name), errors.As(err, &dial) && dial.Op == "dial":
		return Refused
	}
	return Unclear
}
