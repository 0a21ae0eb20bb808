package mockserver

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/specs"
)

// faultRule is a rule made ready: everything that it names exists.
type faultRule struct {
	FaultRule
	plug *plugged
	// targets are the operations whose calls match, with the catalogue entry to answer, nil without one.
	targets map[*Operation]*specs.Error
	matcher *Matcher
	seed    uint64
	written time.Time // world time

	// Guarded by faults.mu.
	matched, acted uint64
}

// The longest wait and the largest sigma that a rule may ask for.
const (
	longestWait = time.Hour
	maxSigma    = 5
)

// compileFault checks a rule against itself and against what the server has.
func (s *Server) compileFault(rule FaultRule, seed uint64, now time.Time) (*faultRule, error) {
	r := &faultRule{FaultRule: rule, seed: seed, written: now}
	if rule.Seed != nil {
		r.seed = *rule.Seed
	}
	if r.plug = s.plug(rule.Vendor); r.plug == nil {
		return nil, fmt.Errorf("no vendor is named %q; there are %s", rule.Vendor, strings.Join(s.vendorNames(), ", "))
	}
	matcher, err := NewMatcher(rule.Parameters)
	if err == nil {
		err = r.checkWhen()
	}
	if err == nil {
		err = r.Effect.check()
	}
	if err == nil {
		err = r.settleMoment()
	}
	if err != nil {
		return nil, err
	}
	r.matcher = matcher
	r.targets, err = r.findTargets()
	return r, err
}

func (s *Server) vendorNames() []string {
	names := make([]string, len(s.plugs))
	for i, p := range s.plugs {
		names[i] = p.Name
	}
	return names
}

func (r *faultRule) checkWhen() error {
	switch {
	case r.ID != "" && !wellNamed(r.ID):
		return fmt.Errorf("id %q: want 1 to 64 letters, digits, dots, dashes or underscores", r.ID)
	case r.Nth < 0 || r.From < 0 || r.Times < 0:
		return errors.New("nth, from and times count from 1 on")
	case r.Nth > 0 && (r.From > 0 || r.Times > 0):
		return errors.New("nth means one call only: leave from and times out")
	case r.Probability != nil && !(*r.Probability > 0 && *r.Probability <= 1): //nolint:staticcheck // NaN fits neither
		return fmt.Errorf("probability %v: want a number above 0 and up to 1", *r.Probability)
	case r.TTL < 0:
		return fmt.Errorf("ttl %v: want a duration above 0", r.TTL)
	}
	return nil
}

// check looks for effects that are none, out of bounds or in each other's way.
func (e *FaultEffect) check() error {
	var problem error
	switch {
	case !e.any():
		problem = fmt.Errorf("is missing; there are %s", strings.Join(effectNames, ", "))
	case e.Error != "" && e.Throttle != nil:
		problem = errors.New("error and throttle both say what to answer: want one")
	case e.Parameter != "" && e.Error == "":
		problem = errors.New("parameter goes with error")
	case e.Reset && (e.replaces() || e.spoils()):
		problem = errors.New("after a reset nothing is answered: it goes with latency only")
	case e.Cut != nil && e.Malformed != "":
		problem = errors.New("cut and malformed both spoil the body: want one")
	case e.Malformed != "" && e.Malformed != MalformedTruncated && e.Malformed != MalformedGarbage:
		problem = fmt.Errorf("malformed %q: want %q or %q", e.Malformed, MalformedTruncated, MalformedGarbage)
	case e.Cut != nil && e.Cut.After != nil && *e.Cut.After < 0:
		problem = errors.New("cut: after counts bytes from 0 on")
	case e.Drip != nil && (e.Drip.Bytes < 1 || e.Drip.Every <= 0 || time.Duration(e.Drip.Every) > longestWait):
		problem = fmt.Errorf("drip: want bytes from 1 on, and every a duration above 0 and up to %v", longestWait)
	case strings.ContainsFunc(e.ContentType, func(r rune) bool { return r < ' ' || r > '~' }):
		problem = fmt.Errorf("content_type %q: want the text of a header", e.ContentType)
	case e.Throttle != nil && (e.Throttle.RetryAfter < 0 || time.Duration(e.Throttle.RetryAfter)%time.Second != 0):
		problem = fmt.Errorf("throttle: retry_after %v: want whole seconds", e.Throttle.RetryAfter)
	default:
		problem = e.Latency.check()
	}
	if problem != nil {
		return fmt.Errorf("effect: %w", problem)
	}
	return nil
}

// effectNames are the effects, as JSON has them.
var effectNames = slices.DeleteFunc(jsonFields(reflect.TypeFor[FaultEffect]()), func(name string) bool { return name == "parameter" })

func (e *FaultEffect) any() bool {
	return e.replaces() || e.spoils() || e.Reset || e.Latency != nil
}

// replaces reports whether another reply than the handler's is sent.
func (e *FaultEffect) replaces() bool { return e.Error != "" || e.Throttle != nil }

// spoils reports whether what is sent is sent badly.
func (e *FaultEffect) spoils() bool {
	return e.Cut != nil || e.Drip != nil || e.Malformed != "" || e.ContentType != ""
}

func (l *Latency) check() error {
	if l == nil {
		return nil
	}
	fixed, uniform, normal := l.Fixed != 0, l.Min != 0 || l.Max != 0, l.Median != 0 || l.Sigma != 0
	switch {
	case !fixed && !uniform && !normal, fixed && uniform, fixed && normal, uniform && normal:
		return errors.New("latency: want fixed, or min and max, or median and sigma")
	case normal && (l.Median <= 0 || !(l.Sigma > 0 && l.Sigma <= maxSigma)): //nolint:staticcheck // NaN fits neither
		return fmt.Errorf("latency: want a median above 0 and a sigma above 0 and up to %d", maxSigma)
	case l.Fixed < 0 || l.Min < 0 || l.Max < l.Min:
		return errors.New("latency: want no negative wait, and max no less than min")
	}
	for _, d := range []Duration{l.Fixed, l.Max, l.Median} {
		if time.Duration(d) > longestWait {
			return fmt.Errorf("latency %v: the longest is %v", d, longestWait)
		}
	}
	return nil
}

// draw is the wait of one call.
func (l *Latency) draw(chance *rand.Rand) time.Duration {
	switch {
	case l == nil:
		return 0
	case l.Fixed > 0:
		return time.Duration(l.Fixed)
	case l.Median > 0:
		d := float64(l.Median) * math.Exp(l.Sigma*chance.NormFloat64())
		return time.Duration(min(d, float64(longestWait)))
	}
	return time.Duration(l.Min) + time.Duration(chance.Int64N(int64(l.Max-l.Min)+1))
}

// settleMoment fills in the moment, and refuses one at which there is no reply to spoil.
func (r *faultRule) settleMoment() error {
	e := &r.Effect
	needsReply := e.spoils() && !e.replaces()
	switch {
	case r.Moment == "" && needsReply:
		r.Moment = After
	case r.Moment == "":
		r.Moment = Before
	case r.Moment != Before && r.Moment != After:
		return fmt.Errorf("moment %q: want %q or %q", r.Moment, Before, After)
	case r.Moment == Before && needsReply:
		return fmt.Errorf("moment %q: before the handler has run there is no reply to spoil: leave moment out, or add error or throttle", Before)
	}
	return nil
}

// findTargets finds the operations that the rule is for and what it answers on each.
func (r *faultRule) findTargets() (map[*Operation]*specs.Error, error) {
	ops := r.plug.ops
	if r.Operation != "" {
		i := slices.IndexFunc(ops, func(op *Operation) bool { return op.ID == r.Operation })
		if i < 0 {
			return nil, fmt.Errorf("%s has no operation %q; it has %s", r.Vendor, r.Operation, strings.Join(r.plug.operationIDs(), ", "))
		}
		ops = ops[i : i+1]
	}
	name := r.Effect.Error
	if r.Effect.Throttle != nil {
		if name = r.plug.Throttle; name == "" {
			return nil, fmt.Errorf("effect: %s is not known to throttle", r.Vendor)
		}
	}
	targets := map[*Operation]*specs.Error{}
	var names []string
	for _, op := range ops {
		if name == "" {
			targets[op] = nil
			continue
		}
		for _, e := range r.plug.answerable(op) {
			if e.Name == name {
				targets[op] = e
			} else if !slices.Contains(names, e.Name) {
				names = append(names, e.Name)
			}
		}
	}
	if len(targets) > 0 {
		return targets, nil
	}
	what := r.Vendor
	if r.Operation != "" {
		what = r.Operation
	}
	if r.Effect.Throttle != nil {
		return nil, fmt.Errorf("effect: %s is not known to be throttled (%s)", what, name)
	}
	return nil, fmt.Errorf("effect: %s has no error %q in its catalogue; it has %s", what, name, strings.Join(names, ", "))
}

func (p *plugged) operationIDs() []string {
	ids := make([]string, len(p.ops))
	for i, op := range p.ops {
		ids[i] = op.ID
	}
	return ids
}

// answerable are the catalogue entries that calls of an operation can meet, in the order of the documents: its own, its
// document's, those of documents without operations; and no status that the operation's document does not have.
func (p *plugged) answerable(op *Operation) []*specs.Error {
	var out []*specs.Error
	for _, e := range p.Spec.Errors {
		shared := e.Operation == "" && (e.File == op.Spec.File || !p.hasOperations(e.File))
		if (e.Operation == op.ID || shared && p.Spec.Error(op.ID, e.Name) == e) && (op.replies[e.Status] != nil || op.fallback != nil) {
			out = append(out, e)
		}
	}
	return out
}

// checkThrottle refuses a plug that throttles with what no operation can answer.
func (p *plugged) checkThrottle() error {
	throttles := func(e *specs.Error) bool { return e.Name == p.Throttle }
	answers := func(op *Operation) bool { return slices.ContainsFunc(p.answerable(op), throttles) }
	if p.Throttle != "" && !slices.ContainsFunc(p.ops, answers) {
		return fmt.Errorf("the plug's Throttle is %q, which no operation can answer", p.Throttle)
	}
	return nil
}

func (p *plugged) hasOperations(file string) bool {
	return slices.ContainsFunc(p.ops, func(op *Operation) bool { return op.Spec.File == file })
}

// matches reports whether the rule is for a call, leaving out how often it acts.
func (r *faultRule) matches(c *Call) bool {
	if r.plug != c.plugged || r.expired(c.now) {
		return false
	}
	_, ok := r.targets[c.Op]
	return ok && r.matcher.Match(c.Request, c.Op)
}

func (r *faultRule) expired(now time.Time) bool {
	return r.TTL > 0 && now.Sub(r.written) >= time.Duration(r.TTL)
}

// faultStream keeps rules and calls of one seed from drawing the same numbers.
const faultStream = 0xfa017

// chance is that of the rule's n-th matching call. Its first number decides whether the rule acts.
func (r *faultRule) chance(n uint64) *rand.Rand { return seeded(r.seed^faultStream, n) }

// acts reports whether the rule acts on its n-th matching call.
func (r *faultRule) acts(n uint64, chance *rand.Rand) bool {
	draw := chance.Float64()
	switch {
	case r.Nth > 0 && n != uint64(r.Nth), n < uint64(r.From), r.Times > 0 && r.acted >= uint64(r.Times):
		return false
	}
	return r.Probability == nil || draw < *r.Probability
}
