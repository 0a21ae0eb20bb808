package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/mockserver/store"
)

// Errors of the transitions of a world.
var (
	ErrNoTransition    = errors.New("no transition has the id")
	ErrTransitionTaken = errors.New("a transition already has the id")
)

// maxTransitions bounds the transitions of a world, those that are over too.
const maxTransitions = 1000

// Transition changes a record by itself, once: when world time has passed, or when an operation has been called often
// enough. What has become due while nobody asked is done before the next call of the world is answered, and before
// somebody looks at its records, in the order of due times and then of ids, each in a transaction of its own.
type Transition struct {
	// ID tells the transition from the world's others: 1 to 64 letters, digits, dots, dashes or underscores. Empty: one is
	// made.
	ID string `json:"id,omitempty"`
	// Collection is "vendor.collection", or the collection alone where only one vendor has it. Record is the id of the
	// record; Put may leave it out.
	Collection string `json:"collection"`
	Record     string `json:"record,omitempty"`
	// Patch, Put and Delete say what happens to it; want one of them. Patch is a JSON merge patch (see PatchRecord), Put
	// a record, and Delete lets it go; Cascade lets go with it all that refers to it.
	Patch   json.RawMessage `json:"patch,omitempty"`
	Put     json.RawMessage `json:"put,omitempty"`
	Delete  bool            `json:"delete,omitempty"`
	Cascade bool            `json:"cascade,omitempty"`
	// After is how much world time passes before it happens, AfterCalls which calls; want one of them.
	After      Duration    `json:"after,omitempty"`
	AfterCalls *AfterCalls `json:"after_calls,omitempty"`
}

// AfterCalls lets a transition happen just before the N-th call of an operation, from 1 on, is handled, so that this call
// sees it. Calls that fail authentication or validation do not count, as for fault rules.
type AfterCalls struct {
	// Vendor is whose operation it is. Empty: the vendor of the collection.
	Vendor    string `json:"vendor,omitempty"`
	Operation string `json:"operation"`
	N         uint64 `json:"n"`
}

// UnmarshalJSON reads a transition strictly, in world files too.
func (t *Transition) UnmarshalJSON(data []byte) error {
	type plain Transition
	return strictly(data, (*plain)(t), "a transition")
}

// UnmarshalJSON reads it strictly.
func (a *AfterCalls) UnmarshalJSON(data []byte) error {
	type plain AfterCalls
	return strictly(data, (*plain)(a), "after_calls")
}

// What has become of a transition.
const (
	TransitionPending = "pending"
	TransitionApplied = "applied"
	TransitionFailed  = "failed"
)

// TransitionStatus is a transition and what has become of it. It is also the form in which it is saved.
type TransitionStatus struct {
	// Transition is as it was written, with its id filled in and the collection named in full.
	Transition Transition `json:"transition"`
	// State is TransitionPending, TransitionApplied or TransitionFailed; a failed one is not tried again.
	State string `json:"state"`
	// Written and Due are world time; Due is nil for one that waits for calls, of which Calls were counted.
	Written time.Time  `json:"written"`
	Due     *time.Time `json:"due,omitempty"`
	Calls   uint64     `json:"calls,omitempty"`
	// Done is the world time at which it was applied or failed; Error says why it failed.
	Done  *time.Time `json:"done,omitempty"`
	Error string     `json:"error,omitempty"`
}

// transitions are a world's. A world that has none that are pending costs a call one atomic load.
type transitions struct {
	// live says what calls have to look for; nil: nothing.
	live atomic.Pointer[liveTransitions]
	// doing is held while transitions are applied, and by those who want to see none half applied. Taken before the
	// stores' locks and before mu.
	doing sync.Mutex

	mu   sync.Mutex // guards what follows
	list []*transition
	made int
	// untold are the failures that no journal entry tells of yet.
	untold []string
}

// liveTransitions is a summary of what is pending.
type liveTransitions struct {
	timed bool
	due   time.Time // the earliest, if timed
	polls bool
	tell  bool // there are failures to tell of
}

type transition struct {
	TransitionStatus
	in    placed
	calls *Operation // whose calls are counted, nil if it is timed
}

func (t *transition) pending() bool { return t.State == TransitionPending }

// refresh works out what calls have to look for; the caller holds mu.
func (ts *transitions) refresh() {
	live := liveTransitions{tell: len(ts.untold) > 0}
	for _, t := range ts.list {
		switch {
		case !t.pending():
		case t.calls != nil:
			live.polls = true
		case !live.timed || t.Due.Before(live.due):
			live.timed, live.due = true, *t.Due
		}
	}
	if live == (liveTransitions{}) {
		ts.live.Store(nil)
		return
	}
	ts.live.Store(&live)
}

// beginTransitions writes those of the world's setting.
func (w *World) beginTransitions() error {
	if len(w.setting.Transitions) == 0 {
		return nil
	}
	_, err := w.AddTransitions(w.setting.Transitions...)
	return err
}

// AddTransitions writes transitions, all of them or none, and returns how they stand. World time and calls count from now.
// Errors: ErrTransitionTaken, or what is wrong with which of them; *disk.Error.
func (w *World) AddTransitions(list ...Transition) ([]TransitionStatus, error) {
	now := w.Now()
	made := make([]*transition, len(list))
	for i := range list {
		var err error
		if made[i], err = w.server.compileTransition(list[i], now); err != nil {
			return nil, inTransitions(i, len(list), err)
		}
	}
	err := w.changeTransitions(func(all []*transition) ([]*transition, error) {
		for i, t := range made {
			if err := w.transitions.name(t, all); err != nil {
				return nil, inTransitions(i, len(made), err)
			}
			all = append(all, t)
		}
		return all, nil
	})
	if err != nil {
		return nil, err
	}
	return statusesOf(made), nil
}

func inTransitions(i, n int, err error) error {
	if n == 1 {
		return fmt.Errorf("transition: %w", err)
	}
	return fmt.Errorf("transitions: [%d]: %w", i, err)
}

// Transitions lists the transitions in the order in which they were written. What is due is applied first.
func (w *World) Transitions() []TransitionStatus {
	w.passTime()
	w.transitions.mu.Lock()
	defer w.transitions.mu.Unlock()
	return statusesOf(w.transitions.list)
}

func statusesOf(list []*transition) []TransitionStatus {
	out := make([]TransitionStatus, len(list))
	for i, t := range list {
		out[i] = t.TransitionStatus
	}
	return out
}

// RemoveTransition forgets a transition. What it has done stays. Errors: ErrNoTransition, *disk.Error.
func (w *World) RemoveTransition(id string) error {
	w.passTime()
	return w.changeTransitions(func(list []*transition) ([]*transition, error) {
		i := findTransition(list, id)
		if i < 0 {
			return nil, fmt.Errorf("%w %q", ErrNoTransition, id)
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// ClearTransitions forgets all transitions and returns how many there were. Error: *disk.Error.
func (w *World) ClearTransitions() (n int, err error) {
	w.passTime()
	err = w.changeTransitions(func(list []*transition) ([]*transition, error) {
		n = len(list)
		return nil, nil
	})
	return n, err
}

// changeTransitions puts what change makes of the list in its place, and keeps it.
func (w *World) changeTransitions(change func([]*transition) ([]*transition, error)) error {
	ts := &w.transitions
	ts.doing.Lock()
	defer ts.doing.Unlock()
	ts.mu.Lock()
	before := ts.list
	list, err := change(slices.Clone(before))
	if err == nil && len(list) > maxTransitions {
		err = fmt.Errorf("a world has at most %d transitions, those that are over too; delete some", maxTransitions)
	}
	if err != nil {
		ts.mu.Unlock()
		return err
	}
	ts.replace(list)
	ts.mu.Unlock()
	if w.stores.Load() == nil { // it is being made, and will be kept whole
		return nil
	}
	if err := w.keepState(); err != nil {
		ts.mu.Lock()
		defer ts.mu.Unlock()
		ts.replace(before)
		return err
	}
	return nil
}

// replace puts another list in place; the caller holds mu.
func (ts *transitions) replace(list []*transition) {
	ts.list = list
	ts.refresh()
}

// name gives a transition an id that no other has, or refuses the one it has; the caller holds mu.
func (ts *transitions) name(t *transition, others []*transition) error {
	for t.Transition.ID == "" {
		ts.made++
		if id := fmt.Sprintf("transition-%d", ts.made); findTransition(others, id) < 0 {
			t.Transition.ID = id
			return nil
		}
	}
	if findTransition(others, t.Transition.ID) >= 0 {
		return fmt.Errorf("%w %q", ErrTransitionTaken, t.Transition.ID)
	}
	return nil
}

func findTransition(list []*transition, id string) int {
	return slices.IndexFunc(list, func(t *transition) bool { return t.Transition.ID == id })
}

// compileTransition checks a transition that is written now.
func (s *Server) compileTransition(t Transition, now time.Time) (*transition, error) {
	p, col, err := s.findCollection(t.Collection)
	if err != nil {
		return nil, err
	}
	made := &transition{in: placed{p, p.place(col.Name())}}
	t.Collection = made.in.name()
	if t.ID != "" && !wellNamed(t.ID) {
		return nil, fmt.Errorf("id %q: want 1 to 64 letters, digits, dots, dashes or underscores", t.ID)
	}
	if err := made.in.checkChange(&t); err != nil {
		return nil, err
	}
	if made.calls, err = s.checkWait(&t, p); err != nil {
		return nil, err
	}
	made.TransitionStatus = TransitionStatus{Transition: t, State: TransitionPending, Written: now}
	if made.calls == nil {
		due := now.Add(time.Duration(t.After))
		if due.After(lastTime) {
			return nil, fmt.Errorf("after: %s from now is behind the year %d, the last that a clock shows", t.After, lastYear)
		}
		made.Due = &due
	}
	return made, nil
}

// checkChange checks what is to happen to the record, and fills its id in.
func (c placed) checkChange(t *Transition) error {
	n := 0
	for _, given := range []bool{t.Patch != nil, t.Put != nil, t.Delete} {
		if given {
			n++
		}
	}
	switch {
	case n != 1:
		return errors.New("want one of patch, put and delete")
	case t.Cascade && !t.Delete:
		return errors.New("cascade goes with delete only")
	case t.Put == nil && t.Record == "":
		return errors.New("record is missing: the id of the record to change")
	case t.Patch != nil:
		return checkPatch(t.Patch)
	case t.Put == nil:
		return nil
	}
	rec, err := c.decode(t.Put)
	if err != nil {
		return fmt.Errorf("put: %w", err)
	}
	id := c.collection().ID(rec)
	if t.Record != "" && t.Record != id {
		return fmt.Errorf("put: the id is %q, but record names %q", id, t.Record)
	}
	t.Record = id
	return nil
}

// checkWait checks what is waited for and returns the operation whose calls are, nil for time.
func (s *Server) checkWait(t *Transition, p *plugged) (*Operation, error) {
	a := t.AfterCalls
	switch {
	case t.After < 0:
		return nil, fmt.Errorf("after: %s is past already; want a duration such as \"30s\"", t.After)
	case (t.After == 0) == (a == nil):
		return nil, errors.New(`want one of after ("30s") and after_calls ({"operation": "...", "n": 3})`)
	case a == nil:
		return nil, nil //nolint:nilnil // nothing is wrong, and no calls are waited for
	case a.N == 0:
		return nil, errors.New("after_calls: n counts from 1")
	}
	if a.Vendor != "" {
		if p = s.plug(a.Vendor); p == nil {
			return nil, fmt.Errorf("after_calls: no vendor is named %q", a.Vendor)
		}
	}
	for _, op := range p.ops {
		if op.ID == a.Operation {
			return op, nil
		}
	}
	return nil, fmt.Errorf("after_calls: %s has no operation %q; it has %s", p.Name, a.Operation, strings.Join(operationIDs(p), ", "))
}

func operationIDs(p *plugged) []string {
	ids := make([]string, len(p.ops))
	for i, op := range p.ops {
		ids[i] = op.ID
	}
	slices.Sort(ids)
	return ids
}

// apply does what the transition says.
func (t *transition) apply(tx *store.Tx) error {
	what := &t.Transition
	switch {
	case what.Patch != nil:
		_, err := t.in.patch(tx, what.Record, what.Patch)
		return err
	case what.Put != nil:
		rec, err := t.in.decode(what.Put)
		if err != nil {
			return err
		}
		return tx.PutAny(t.in.collection(), rec)
	}
	_, err := t.in.delete(tx, what.Record, what.Cascade)
	return err
}
