package mockserver

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/countersign/countersign/mockserver/store"
)

// Setup is what runs outside a request and changes a world's records: provider states, the demo records, minting.
type Setup struct {
	Tx *store.Tx
	// Rand is seeded from the world's seed and the number of the setup.
	Rand *rand.Rand
	// World is the world that is set up.
	World *World

	now  time.Time
	plug *plugged
	// trusted records are part of the program: tests hold them against the schemas, so a start need not.
	trusted bool
}

// Now is world time.
func (s *Setup) Now() time.Time { return s.now }

// Switch is Call.Switch.
func (s *Setup) Switch(id string) string { return s.World.Switch(s.plug.Name, id) }

// Load puts records from JSON into the vendor's collections: {"collection": [record, ...], ...}. Unknown collections are
// errors, and so are records that leave their collection's schema (see RecordError), save in Plug.Demo.
func (s *Setup) Load(data []byte) error {
	all, err := recordsOf(data)
	if err != nil {
		return fmt.Errorf("records of %s: %w", s.plug.Name, err)
	}
	for i, c := range s.plug.Collections {
		dec := c.Decoder()
		for n, raw := range all[c.Name()] {
			if err := s.load(i, dec, raw); err != nil {
				return fmt.Errorf("%s: %s[%d]: %w", s.plug.Name, c.Name(), n, err)
			}
		}
		delete(all, c.Name())
	}
	for name := range all {
		return fmt.Errorf("%s has no collection %q", s.plug.Name, name)
	}
	return nil
}

// load puts one record into the i-th collection.
func (s *Setup) load(i int, dec *store.Decoder, raw []byte) error {
	if !s.trusted {
		if err := s.plug.checkRecord(i, raw); err != nil {
			return err
		}
	}
	rec, err := dec.Decode(raw)
	if err != nil {
		return err
	}
	return s.Tx.PutAny(s.plug.Collections[i], rec)
}

// State is a provider state: a named change of a world's records that prepares it for a test.
type State struct {
	// Name is unique across vendors ("an application that is already decided").
	Name string
	// Doc says in one sentence what it does and which parameters it takes.
	Doc string
	// Params names the parameters it takes; others are refused.
	Params []string
	// Apply changes the records. What it returns (ids it made, say) is answered to whoever asked for the state. An
	// error about the caller's parameters is a *ParamError.
	Apply func(s *Setup, params Params) (map[string]any, error)
}

// Params are the parameters of a provider state.
type Params map[string]any

// Text returns a parameter as text, or def if it is not given.
func (p Params) Text(name, def string) string {
	v, ok := p[name]
	if !ok || v == nil {
		return def
	}
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// Int returns a parameter as a whole number, or def if it is not given.
func (p Params) Int(name string, def int) (int, error) {
	v, ok := p[name]
	if !ok || v == nil {
		return def, nil
	}
	var n int
	if _, err := fmt.Sscan(fmt.Sprint(v), &n); err != nil {
		return 0, &ParamError{Name: name, Problem: fmt.Sprintf("%v is not a whole number", v)}
	}
	return n, nil
}

// ParamError says that a provider state was given a parameter it cannot use.
type ParamError struct{ Name, Problem string }

func (e *ParamError) Error() string { return fmt.Sprintf("parameter %q: %s", e.Name, e.Problem) }
