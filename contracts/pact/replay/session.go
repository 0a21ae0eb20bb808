package replay

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/countersign/countersign/contracts/pact/resign"
)

// Provider is what can be put into states.
type Provider interface {
	// Reset puts the provider back to how it was at the start.
	Reset(ctx context.Context) error
	// Apply puts it into a state and returns the values that the state answers.
	Apply(ctx context.Context, state string, params map[string]any) (map[string]any, error)
	// Env returns its credentials, in the form of `countersign env`. nil: they are given otherwise.
	Env(ctx context.Context) (map[string]any, error)
	// AccessKeys returns the records of Quick BI's access keys. nil: there are no others than those of Env.
	AccessKeys(ctx context.Context) ([]map[string]any, error)
}

// Config is what New needs.
type Config struct {
	Provider Provider
	// Host is the provider's, with its port: signatures cover it.
	Host string
	// Now is the time that signatures bear.
	Now func() time.Time
	// Nonce gives a text that is new with each request of an interaction.
	Nonce func() string
	// Keys are credentials besides those of Provider.Env, which come first.
	Keys map[string]any
}

// Session is one run of a verifier. It is safe for concurrent use, but interactions are taken to come one by one.
type Session struct {
	config Config

	mu     sync.Mutex
	signer resign.Signer
	mode   resign.Mode
	// began is true from the first state of an interaction until its request, or its teardown.
	began bool
	// problems are those since Problems was asked last.
	problems []string
}

// New makes a session.
func New(c Config) *Session {
	return &Session{config: c, signer: resign.Signer{Now: c.Now, Nonce: c.Nonce}, mode: resign.Good}
}

// Problems are the states that failed since it was asked last, and the requests that could not be signed: a verifier tells
// only that something failed.
func (s *Session) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Compact(s.problems) // verifiers ask for a state several times
	s.problems = nil
	return list
}

// noted keeps an error for Problems.
func (s *Session) noted(err error) error {
	if err != nil {
		s.problems = append(s.problems, err.Error())
	}
	return err
}

// signParam is the parameter of any state that says how the request is signed.
const signParam = "sign"

// Setup puts the provider into a state; an empty name only begins the interaction.
func (s *Session) Setup(ctx context.Context, state string, params map[string]any) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	values, err := s.setup(ctx, state, params)
	return values, s.noted(err)
}

func (s *Session) setup(ctx context.Context, state string, params map[string]any) (map[string]any, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	params = maps.Clone(params)
	if how, given := params[signParam]; given {
		mode, err := resign.ParseMode(fmt.Sprint(how))
		if err != nil {
			return nil, fmt.Errorf("state %q: %w", state, err)
		}
		s.mode = mode
		delete(params, signParam)
	}
	if state == "" {
		return nil, nil
	}
	values, err := s.config.Provider.Apply(ctx, state, params)
	if err != nil {
		return nil, fmt.Errorf("state %q: %w", state, err)
	}
	s.signer.Keys.LearnState(values)
	return values, nil
}

// begin resets the provider before the first state of an interaction.
func (s *Session) begin(ctx context.Context) error {
	if s.began {
		return nil
	}
	if err := s.config.Provider.Reset(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	env, err := s.config.Provider.Env(ctx)
	if err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	records, err := s.config.Provider.AccessKeys(ctx)
	if err != nil {
		return fmt.Errorf("access keys: %w", err)
	}
	s.signer.Keys, s.mode, s.began = resign.Keys{}, resign.Good, true
	s.signer.Keys.Learn(env)
	s.signer.Keys.Learn(s.config.Keys)
	s.signer.Keys.LearnRecords(records)
	return nil
}

// Teardown ends an interaction.
func (s *Session) Teardown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = false
}

// Sign signs a recorded request again, for the provider's host. It is the last request of its interaction.
func (s *Session) Sign(r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(r.Context()); err != nil {
		return s.noted(err)
	}
	s.began = false
	r.Host = s.config.Host
	return s.noted(s.signer.Sign(r, s.mode))
}

// Filter signs every request again before it goes on.
func (s *Session) Filter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.Sign(r); err != nil {
			http.Error(w, "countersign: "+err.Error(), http.StatusBadGateway)
			return
		}
		next.ServeHTTP(w, r)
	})
}
