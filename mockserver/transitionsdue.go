package mockserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// passTime applies the timed transitions that are due, in the order of due times and ids. It reports whether the call that
// asks for it has more to do with transitions.
func (w *World) passTime() (more bool) {
	live := w.transitions.live.Load()
	if live == nil {
		return false
	}
	if live.timed && !w.Now().Before(live.due) {
		w.applyDue()
	}
	return true
}

func (w *World) applyDue() {
	ts := &w.transitions
	ts.doing.Lock()
	defer ts.doing.Unlock()
	now := w.Now()
	for {
		t := ts.nextDue(now)
		if t == nil || !w.applyOne(t, now) {
			return
		}
	}
}

// nextDue is the first of the pending timed transitions that are due, nil if none is.
func (ts *transitions) nextDue(now time.Time) *transition {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var first *transition
	for _, t := range ts.list {
		if t.pending() && t.calls == nil && !t.Due.After(now) && (first == nil || sooner(t, first) < 0) {
			first = t
		}
	}
	return first
}

func sooner(a, b *transition) int {
	return cmp.Or(a.Due.Compare(*b.Due), cmp.Compare(a.Transition.ID, b.Transition.ID))
}

// countTransitions counts a call for the transitions that wait for calls of its operation, and applies those that it is
// the last one for, in the order of their ids.
func (c *Call) countTransitions() {
	ts := &c.World.transitions
	live := ts.live.Load()
	if live == nil || !live.polls {
		return
	}
	ts.doing.Lock()
	defer ts.doing.Unlock()
	for _, t := range ts.counting(c) {
		c.World.applyOne(t, c.now)
	}
	ts.warn(c)
}

// counting counts the call and returns what it makes due.
func (ts *transitions) counting(c *Call) (due []*transition) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.list {
		if !t.pending() || t.calls != c.Op {
			continue
		}
		t.Calls++
		c.extra.state = true // what was counted is to be kept
		if t.Calls >= t.Transition.AfterCalls.N {
			due = append(due, t)
		}
	}
	slices.SortFunc(due, func(a, b *transition) int { return cmp.Compare(a.Transition.ID, b.Transition.ID) })
	return due
}

// applyOne applies a transition; the caller holds doing. What the disk does not take is not done and stays pending; then
// it returns false. A transition that fails otherwise has failed for good.
func (w *World) applyOne(t *transition, now time.Time) bool {
	after := t.TransitionStatus
	after.State, after.Done = TransitionApplied, &now
	x := &extra{state: true, done: &after}
	// not the call's context: whether it happens must not hang on a client that goes away
	err := w.update(x.with(context.Background()), t.in.plug, func(tx *store.Tx) error { return t.apply(tx) })
	if full := (*disk.Error)(nil); errors.As(err, &full) {
		w.transitions.tell("the transition %q could not be kept on disk and has not happened: %v", t.Transition.ID, err)
		return false
	}
	if err != nil {
		after.State, after.Error = TransitionFailed, err.Error()
		w.transitions.tell("the transition %q failed: %v", t.Transition.ID, err)
	}
	ts := &w.transitions
	ts.mu.Lock()
	t.TransitionStatus = after
	ts.refresh()
	ts.mu.Unlock()
	// A state that somebody worked out before this may have gone to disk behind the transaction's.
	if err := w.keepState(); err != nil {
		w.server.log.Error("a transition could not be noted as done on disk", "world", w.name, "transition", t.Transition.ID, "error", err)
	}
	return true
}

// mostUntold bounds the failures that wait for a call to tell of them.
const mostUntold = 20

func (ts *transitions) tell(format string, args ...any) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.untold) < mostUntold {
		ts.untold = append(ts.untold, fmt.Sprintf(format, args...))
	}
	ts.refresh()
}

// warn tells the journal of failures that it does not know of.
func (ts *transitions) warn(c *Call) {
	ts.mu.Lock()
	told := ts.untold
	if len(told) > 0 {
		ts.untold = nil
		ts.refresh()
	}
	ts.mu.Unlock()
	for _, text := range told {
		c.Warn("%s", text)
	}
}

// transitionsState is a world's transitions as they are saved. At is world time then.
type transitionsState struct {
	At   time.Time          `json:"at,omitzero"`
	Made int                `json:"made,omitempty"`
	List []TransitionStatus `json:"list,omitempty"`
}

func (ts *transitions) export(now time.Time) transitionsState {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.list) == 0 {
		return transitionsState{Made: ts.made}
	}
	return transitionsState{At: now, Made: ts.made, List: statusesOf(ts.list)}
}

// with is the state once a transition has become what done says.
func (st transitionsState) with(done *TransitionStatus) transitionsState {
	if done == nil {
		return st
	}
	st.List = slices.Clone(st.List)
	for i := range st.List {
		if st.List[i].Transition.ID == done.Transition.ID {
			st.List[i] = *done
		}
	}
	return st
}

// from is the state as if it had been saved at another world time: what was to happen in 30 s then is to happen 30 s
// after that. Clocks that follow the wall clock cannot be put back, so transitions are put forward.
func (st transitionsState) from(now time.Time) transitionsState {
	by := now.Sub(st.At)
	st.At, st.List = now, slices.Clone(st.List)
	for i := range st.List {
		if t := &st.List[i]; t.Due != nil && t.State == TransitionPending {
			moved := t.Due.Add(by)
			t.Due, t.Written = &moved, t.Written.Add(by)
		}
	}
	return st
}

// restore puts saved transitions in the place of those that there are, or fails and changes nothing.
func (ts *transitions) restore(s *Server, st transitionsState) error {
	list := make([]*transition, len(st.List))
	for i, saved := range st.List {
		t, err := s.compileTransition(saved.Transition, saved.Written)
		if err == nil && (t.Transition.ID == "" || findTransition(list[:i], t.Transition.ID) >= 0) {
			err = errors.New("the id is missing or there twice")
		}
		if err == nil && t.calls == nil && saved.Due == nil {
			err = errors.New("due is missing")
		}
		if err != nil {
			return fmt.Errorf("transition %q: %w", saved.Transition.ID, err)
		}
		saved.Transition = t.Transition
		t.TransitionStatus = saved
		list[i] = t
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.made, ts.untold = st.Made, nil
	ts.replace(list)
	return nil
}
