package mockserver

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/countersign/countersign/mockserver/store"
)

// worldState is what changes in a world beside its records: small enough to be written whole.
type worldState struct {
	// At is world time when it was so.
	At           time.Time  `json:"at,omitzero"`
	Clock        clockState `json:"clock,omitzero"`
	SigningClock string     `json:"signing_clock,omitempty"`
	// Calls and Setups count what chance has been drawn for.
	Calls  uint64 `json:"calls"`
	Setups uint64 `json:"setups,omitempty"`
	// Faults are the rules with their counts.
	Faults faultsState `json:"faults,omitzero"`
	// Transitions are what has become of them and what is to come.
	Transitions transitionsState `json:"transitions,omitzero"`
}

// state is the world's as it is now.
func (w *World) state() worldState {
	st := worldState{At: w.Now(), Clock: w.clock.state(), Calls: w.calls.Load(), Setups: w.setups.Load(), SigningClock: signingWall,
		Faults: w.faults.export(), Transitions: w.transitions.export(w.Now())}
	if w.signsByWorld.Load() {
		st.SigningClock = signingWorld
	}
	return st
}

// restore puts a state back, or fails and changes nothing.
func (w *World) restore(st *worldState) error {
	if err := w.faults.restore(w.server, st.Faults); err != nil {
		return err
	}
	if err := w.transitions.restore(w.server, st.Transitions); err != nil {
		return err
	}
	w.clock.restore(st.Clock)
	w.signsByWorld.Store(st.SigningClock == signingWorld)
	w.calls.Store(st.Calls)
	w.setups.Store(st.Setups)
	return nil
}

func decodeState(raw []byte) (*worldState, error) {
	st := &worldState{}
	if err := json.Unmarshal(raw, st); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return st, nil
}

// picture is a world at one moment. Its stores are never written.
type picture struct {
	stores []*store.Store
	state  worldState
}

func forks(stores []*store.Store) []*store.Store {
	out := make([]*store.Store, len(stores))
	for i, st := range stores {
		out[i] = st.Fork()
	}
	return out
}

// picture takes the world at one moment; the caller holds w.mu. fn is called at that moment, while nothing is written;
// its error makes it fail.
func (w *World) picture(fn func(worldState) error) (*picture, error) {
	if w.gone.Load() {
		return nil, fmt.Errorf("%w %q any more", ErrNoWorld, w.name)
	}
	p := &picture{}
	w.transitions.doing.Lock()
	defer w.transitions.doing.Unlock()
	var err error
	p.stores, err = store.ForkAll(*w.stores.Load(), func() error {
		p.state = w.state()
		p.state.Clock = w.clock.moment()
		return fn(p.state)
	})
	return p, err
}

// become puts a picture in the world's place; the caller holds w.mu. kept is where the picture is kept, "" if it is not.
func (w *World) become(p *picture, kept string) error {
	if w.gone.Load() {
		return fmt.Errorf("%w %q any more", ErrNoWorld, w.name)
	}
	w.transitions.doing.Lock()
	defer w.transitions.doing.Unlock()
	st := p.state
	if st.Clock.At.IsZero() { // it follows the wall clock, which goes on
		now := w.server.wall().UTC()
		st.Transitions = st.Transitions.from(now)
		st.Faults = st.Faults.later(now.Sub(st.At))
	}
	err := store.Retire(*w.stores.Load(), func() error {
		if err := w.server.adopt(w, forks(p.stores), func() error { return w.keepAs(kept, &st) }); err != nil {
			return err
		}
		if err := w.restore(&st); err != nil {
			return err
		}
		w.clock.resume()
		w.nonces.reset()
		return nil
	})
	if err != nil {
		return err
	}
	return w.keepState() // a call on its way may have written what was before
}
