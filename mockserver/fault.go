package mockserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/specs"
)

// fault is what goes wrong with one call.
type fault struct {
	id     string // of the rule; empty: the request asked for it
	moment Moment
	effect FaultEffect
	entry  *specs.Error // what is answered, nil: the handler's own reply
	delay  time.Duration
	chance *rand.Rand
	// hidden is the code of the handler's own refusal that the caller does not hear.
	hidden string
}

// fault draws what the rule does to a call. The chance may be of use to this one call only.
func (r *faultRule) fault(c *Call, chance *rand.Rand) *fault {
	return &fault{id: r.ID, moment: r.Moment, effect: r.Effect, entry: r.targets[c.Op], delay: r.Effect.Latency.draw(chance), chance: chance}
}

// errNoReply ends a call that is not answered; the fault that ends it says how.
var errNoReply = errors.New("the call is not answered")

// ownAnswer is an answer of countersign itself where a vendor's is expected.
type ownAnswer struct {
	status int
	text   string
}

func (e *ownAnswer) Error() string { return e.text }

// plainly answers what is not for a vendor to answer, nil for any other error.
func plainly(err error) *reply {
	var own *ownAnswer
	switch {
	case errors.Is(err, errNoReply):
		return &reply{}
	case errors.As(err, &own):
		return jsonReply(own.status, map[string]any{"countersign": own.text})
	}
	return nil
}

// act runs the handler, unless something is to go wrong before it, and lets go wrong what is to go wrong.
func (s *Server) act(ctx context.Context, c *Call) (any, error) {
	f, err := c.preferred()
	if err != nil {
		return nil, err
	}
	if f == nil {
		var counted bool
		f, counted = c.World.faults.choose(c)
		c.extra.state = c.extra.state || counted
	}
	if f == nil {
		return c.handle(ctx)
	}
	c.fault = f
	if f.moment == Before {
		return s.actBefore(ctx, c, f)
	}
	return s.actAfter(ctx, c, f)
}

// actBefore does not run the handler, except behind a wait that is all that goes wrong.
func (s *Server) actBefore(ctx context.Context, c *Call, f *fault) (any, error) {
	if err := s.wait(ctx, c, f); err != nil {
		return nil, err
	}
	switch {
	case f.effect.Reset:
		return nil, errNoReply
	case f.entry != nil:
		return nil, f.refusal(c)
	}
	return c.handle(ctx)
}

// actAfter runs the handler and keeps from the caller what it said, unless that was a bug of the stand-in.
func (s *Server) actAfter(ctx context.Context, c *Call, f *fault) (any, error) {
	before := c.header.clone() // what goes with the handler's reply does not go with another
	value, err := c.handle(ctx)
	var refused *Refusal
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	if err := s.wait(ctx, c, f); err != nil {
		return nil, err
	}
	if f.entry == nil {
		return value, err
	}
	if *c.header = before; refused != nil {
		f.hidden = refused.Code
	}
	return nil, f.refusal(c)
}

// wait waits for the fault's latency. A client that does not wait as long gets nothing.
func (s *Server) wait(ctx context.Context, c *Call, f *fault) error {
	if f.delay == 0 {
		return nil
	}
	if err := s.sleep(ctx, f.delay); err != nil {
		c.Warn("the client was gone before the latency was over: %v", err)
		f.effect = FaultEffect{Latency: f.effect.Latency, Reset: true}
		return errNoReply
	}
	return nil
}

// sleep waits for a duration, or until the context ends.
func (s *Server) sleep(ctx context.Context, d time.Duration) error {
	if s.opts.Sleep != nil {
		return s.opts.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refusal is the entry as the vendor answers it. It goes the way of every refusal, so that the world's switches decide
// over codes, texts and statuses.
func (f *fault) refusal(c *Call) *Refusal {
	name := f.effect.Parameter
	if name == "" {
		name = c.Op.telling()
	}
	args := make([]string, strings.Count(f.entry.Code, "%s")+strings.Count(f.entry.Message, "%s"))
	for i := range args {
		args[i] = name
	}
	r := newRefusal(c.entry(f.entry.Name), args).At(f.effect.Parameter)
	var retryAfter time.Duration
	if t := f.effect.Throttle; t != nil {
		retryAfter = time.Duration(t.RetryAfter)
	}
	if retryAfter > 0 {
		c.header.Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	if c.plug.Furnish != nil {
		c.plug.Furnish(c, r, retryAfter)
	}
	return r
}

// telling is a parameter that an error about a parameter is most likely about.
func (op *Operation) telling() string {
	for i := range op.params {
		if p := &op.params[i]; p.required && p.in != "path" {
			return p.name
		}
	}
	if op.body != nil {
		return "body"
	}
	return "request"
}

// FaultNote is what the journal says about a fault.
type FaultNote struct {
	// ID is that of the rule; Preferred says that there was none, but a Prefer header.
	ID        string `json:"id,omitempty"`
	Preferred bool   `json:"preferred,omitempty"`
	Moment    Moment `json:"moment"`
	// Effects says in words what was done ("error APIGW.0308", "latency 1.5s").
	Effects []string `json:"effects"`
	// Hidden is the code with which the handler refused what the caller hears something else about.
	Hidden string `json:"hidden,omitempty"`
	// Wire says how the reply went out, where it did not go out as replies do; set when that is over.
	Wire string `json:"wire,omitempty"`
}

func (f *fault) note() *FaultNote {
	if f == nil {
		return nil
	}
	return &FaultNote{ID: f.id, Preferred: f.id == "", Moment: f.moment, Effects: f.words(), Hidden: f.hidden}
}

func (f *fault) words() []string {
	e := &f.effect
	words := []string{}
	say := func(there bool, format string, args ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	say(e.Latency != nil, "latency %v", f.delay)
	if f.entry != nil {
		say(e.Throttle == nil, "error %s", f.entry.Name)
		say(e.Throttle != nil, "throttle %s", f.entry.Name)
	}
	say(e.Reset, "reset")
	say(e.Cut != nil, "cut")
	if e.Drip != nil {
		say(true, "drip %d bytes every %v", e.Drip.Bytes, e.Drip.Every)
	}
	say(e.Malformed != "", "malformed %s", e.Malformed)
	say(e.ContentType != "", "content_type %s", e.ContentType)
	return words
}
