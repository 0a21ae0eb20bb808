package mockserver

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of the rules of a world.
var (
	ErrNoFault    = errors.New("no fault rule has the id")
	ErrFaultTaken = errors.New("a fault rule already has the id")
)

// maxFaults bounds the rules of a world: every call looks at all of them.
const maxFaults = 1000

// faults are a world's rules. A world that has none costs a call one atomic load.
type faults struct {
	rules atomic.Pointer[[]*faultRule] // nil: none

	mu sync.Mutex // guards changes of the list, and the rules' counts
	// made numbers the ids that are made.
	made int
}

// FaultStatus is a rule and what has become of it.
type FaultStatus struct {
	// Rule is as it was written, with its id and moment filled in.
	Rule FaultRule `json:"rule"`
	// Operations are those whose calls match.
	Operations []string `json:"operations"`
	// Written and Expires are world time. Expires is nil for a rule without TTL.
	Written time.Time  `json:"written"`
	Expires *time.Time `json:"expires,omitempty"`
	Expired bool       `json:"expired,omitempty"`
	// Matched counts the calls that matched, Acted those that the rule acted on.
	Matched uint64 `json:"matched"`
	Acted   uint64 `json:"acted"`
}

// AddFaults puts rules behind those that there are, all of them or none, and returns how they stand there. Errors:
// ErrFaultTaken, *disk.Error, or what is wrong with which rule.
func (w *World) AddFaults(rules ...FaultRule) ([]FaultStatus, error) {
	made, err := w.compileFaults(rules)
	if err != nil {
		return nil, err
	}
	if err := w.changeFaults(w.faults.adding(made)); err != nil {
		return nil, err
	}
	return w.statuses(made), nil
}

// adding is the change that puts rules behind the others.
func (f *faults) adding(made []*faultRule) func([]*faultRule) ([]*faultRule, error) {
	return func(list []*faultRule) ([]*faultRule, error) {
		for i, r := range made {
			if err := f.name(r, list); err != nil {
				return nil, inRules(i, len(made), err)
			}
			list = append(list, r)
		}
		return list, nil
	}
}

// PutFault puts a rule in the place of the one with its id, counting anew, or behind all others. created says that there
// was none.
func (w *World) PutFault(rule FaultRule) (status FaultStatus, created bool, err error) {
	if rule.ID == "" {
		return status, false, errors.New("fault rule: id is missing")
	}
	made, err := w.compileFaults([]FaultRule{rule})
	if err != nil {
		return status, false, err
	}
	err = w.changeFaults(func(list []*faultRule) ([]*faultRule, error) {
		i := find(list, rule.ID)
		if created = i < 0; created {
			return append(list, made[0]), nil
		}
		list[i] = made[0]
		return list, nil
	})
	if err != nil {
		return status, false, err
	}
	return w.statuses(made)[0], created, nil
}

// Faults lists the rules in their order.
func (w *World) Faults() []FaultStatus {
	return w.statuses(w.faults.list())
}

// Fault returns the rule with the id. Error: ErrNoFault.
func (w *World) Fault(id string) (FaultStatus, error) {
	list := w.faults.list()
	i := find(list, id)
	if i < 0 {
		return FaultStatus{}, fmt.Errorf("%w %q", ErrNoFault, id)
	}
	return w.statuses(list[i : i+1])[0], nil
}

// RemoveFault deletes the rule with the id. Error: ErrNoFault.
func (w *World) RemoveFault(id string) error {
	return w.changeFaults(func(list []*faultRule) ([]*faultRule, error) {
		i := find(list, id)
		if i < 0 {
			return nil, fmt.Errorf("%w %q", ErrNoFault, id)
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// ClearFaults deletes all rules and returns how many there were.
func (w *World) ClearFaults() (n int, err error) {
	err = w.changeFaults(func(list []*faultRule) ([]*faultRule, error) {
		n = len(list)
		return nil, nil
	})
	return n, err
}

// changeFaults puts what change makes of the rules in their place, and keeps it on disk where worlds are kept.
func (w *World) changeFaults(change func([]*faultRule) ([]*faultRule, error)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.faults.list()
	err := w.faults.change(change)
	if err == nil {
		if err = w.keepState(); err != nil {
			w.faults.set(before)
		}
	}
	return err
}

func (f *faults) set(list []*faultRule) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store(list)
}

func (f *faults) change(change func([]*faultRule) ([]*faultRule, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	list, err := change(slices.Clone(f.list()))
	if err != nil {
		return err
	}
	if len(list) > maxFaults {
		return fmt.Errorf("a world has at most %d fault rules; delete some", maxFaults)
	}
	f.store(list)
	return nil
}

// beginFaults gives a world that is being made the rules of its setting.
func (w *World) beginFaults() error {
	made, err := w.compileFaults(w.setting.Faults)
	if err != nil {
		return err
	}
	return w.faults.change(w.faults.adding(made))
}

func (w *World) compileFaults(rules []FaultRule) ([]*faultRule, error) {
	now := w.Now()
	made := make([]*faultRule, len(rules))
	for i, rule := range rules {
		var err error
		if made[i], err = w.server.compileFault(rule, w.setting.Seed, now); err != nil {
			if rule.ID != "" {
				err = fmt.Errorf("%q: %w", rule.ID, err)
			}
			return nil, inRules(i, len(rules), err)
		}
	}
	return made, nil
}

// inRules says which of several rules an error is about.
func inRules(i, n int, err error) error {
	if n == 1 {
		return fmt.Errorf("fault rule: %w", err)
	}
	return fmt.Errorf("fault rules: [%d]: %w", i, err)
}

func (f *faults) list() []*faultRule {
	if list := f.rules.Load(); list != nil {
		return *list
	}
	return nil
}

func (f *faults) store(list []*faultRule) {
	if len(list) == 0 {
		f.rules.Store(nil)
		return
	}
	f.rules.Store(&list)
}

// name gives a rule an id that no other has, or refuses the one it has.
func (f *faults) name(r *faultRule, others []*faultRule) error {
	for r.ID == "" {
		f.made++
		if id := fmt.Sprintf("fault-%d", f.made); find(others, id) < 0 {
			r.ID = id
			return nil
		}
	}
	if find(others, r.ID) >= 0 {
		return fmt.Errorf("%w %q", ErrFaultTaken, r.ID)
	}
	return nil
}

func find(list []*faultRule, id string) int {
	return slices.IndexFunc(list, func(r *faultRule) bool { return r.ID == id })
}

func (w *World) statuses(list []*faultRule) []FaultStatus {
	now := w.Now()
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	out := make([]FaultStatus, len(list))
	for i, r := range list {
		out[i] = r.status(now)
	}
	return out
}

func (r *faultRule) status(now time.Time) FaultStatus {
	s := FaultStatus{Rule: r.FaultRule, Operations: []string{}, Written: r.written, Expired: r.expired(now), Matched: r.matched, Acted: r.acted}
	for _, op := range r.plug.ops {
		if _, ok := r.targets[op]; ok {
			s.Operations = append(s.Operations, op.ID)
		}
	}
	if r.TTL > 0 {
		expires := r.written.Add(time.Duration(r.TTL))
		s.Expires = &expires
	}
	return s
}

// choose counts a call for every rule that it matches and returns what the first that acts does to it, nil if none.
// counted says that the counts have changed.
func (f *faults) choose(c *Call) (chosen *fault, counted bool) {
	rules := f.rules.Load()
	if rules == nil {
		return nil, false
	}
	var few [8]*faultRule
	matching := few[:0]
	for _, r := range *rules {
		if r.matches(c) {
			matching = append(matching, r)
		}
	}
	if len(matching) == 0 {
		return nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range matching {
		r.matched++
		if chosen != nil {
			continue
		}
		if chance := r.chance(r.matched); r.acts(r.matched, chance) {
			r.acted++
			chosen = r.fault(c, chance)
		}
	}
	return chosen, true
}

// faultsState is a world's rules as they are saved.
type faultsState struct {
	Made  int         `json:"made"`
	Rules []savedRule `json:"rules,omitempty"`
}

type savedRule struct {
	Rule    FaultRule `json:"rule"`
	Seed    uint64    `json:"seed"`
	Written time.Time `json:"written"`
	Matched uint64    `json:"matched"`
	Acted   uint64    `json:"acted"`
}

func (f *faults) export() faultsState {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := faultsState{Made: f.made}
	for _, r := range f.list() {
		st.Rules = append(st.Rules, savedRule{r.FaultRule, r.seed, r.written, r.matched, r.acted})
	}
	return st
}

// later is the state as if the rules had been written by so much later: what was to end in 30 s then ends 30 s after
// that.
func (st faultsState) later(by time.Duration) faultsState {
	st.Rules = slices.Clone(st.Rules)
	for i := range st.Rules {
		st.Rules[i].Written = st.Rules[i].Written.Add(by)
	}
	return st
}

// restore puts saved rules in the place of those that there are. Rules that no longer fit, since the documents have
// changed, are left out; the error names them.
func (f *faults) restore(s *Server, st faultsState) error {
	var list []*faultRule
	var problems []error
	for _, saved := range st.Rules {
		r, err := s.compileFault(saved.Rule, saved.Seed, saved.Written)
		if err == nil && (r.ID == "" || find(list, r.ID) >= 0) {
			err = errors.New("the id is missing or there twice")
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("fault rule %q: %w", saved.Rule.ID, err))
			continue
		}
		r.matched, r.acted = saved.Matched, saved.Acted
		list = append(list, r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = st.Made
	f.store(list)
	return errors.Join(problems...)
}
