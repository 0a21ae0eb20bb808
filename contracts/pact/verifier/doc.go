// Package verifier holds a provider to pact files, with the verifier of the Pact library. It calls the library's
// functions itself and not through pact-go, which verifies within a Go test only and tells no more than passed or failed.
//
// It needs the build tag pact, cgo, and the library that scripts/pact-ffi fetches. Without the tag Run answers
// ErrNoLibrary.
package verifier

import (
	"errors"
	"net/url"
	"time"
)

// ErrNoLibrary says that the program was built without the build tag pact.
var ErrNoLibrary = errors.New("built without the Pact library: build it with -tags=pact, after ./scripts/pact-ffi")

// Options say what is verified. Exactly one of File, URL and Broker is set.
type Options struct {
	// Target is the provider, or the proxy before it.
	Target *url.URL
	// StatesURL takes provider states.
	StatesURL string
	// Provider is its name, needed for a broker.
	Provider string
	// File is a pact file.
	File string
	// URL is the address of a pact. Username and Password, or Token, authenticate; also with a broker.
	URL                       string
	Username, Password, Token string
	Broker                    *Broker
	// Description and State, if set, are regular expressions that choose interactions.
	Description, State string
	// Timeout bounds one request. 0: 10 s.
	Timeout time.Duration
	// Publish, if set, tells the broker how it went.
	Publish *Publish
}

// Broker chooses pacts of a Pact broker.
type Broker struct {
	URL string
	// Selectors are consumer version selectors, each a JSON object.
	Selectors []string
	// Pending lets pacts fail that have never been verified; WIPSince (a date) adds those that are being worked on.
	Pending  bool
	WIPSince string
	// Branch is the provider's.
	Branch string
}

// Publish is how results are named in the broker.
type Publish struct {
	Version, Branch, BuildURL string
	Tags                      []string
}

// Interaction is how one interaction went.
type Interaction struct {
	Description string `json:"description"`
	// Consumer is empty where the library does not say.
	Consumer string `json:"consumer,omitempty"`
	Passed   bool   `json:"passed"`
	// Problems say what did not fit; empty if it passed.
	Problems []string `json:"problems,omitempty"`
	// Took is in milliseconds.
	Took int64 `json:"took_ms"`
}

// Result is how one source went.
type Result struct {
	// Source is the file, address or broker.
	Source       string        `json:"source"`
	Interactions []Interaction `json:"interactions"`
	// Problem says why nothing, or not everything, could be verified; empty if there is no such reason.
	Problem string `json:"problem,omitempty"`
	// Output is what the library says for people.
	Output string `json:"-"`
}

// Passed says whether something was verified and all of it passed.
func (r *Result) Passed() bool {
	for _, i := range r.Interactions {
		if !i.Passed {
			return false
		}
	}
	return r.Problem == "" && len(r.Interactions) > 0
}
