package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// side is one of two that are loaded in turn.
type side struct {
	*process
	requests *batch
	status   int
	// before, if set, runs before each round of this side.
	before func(context.Context) error
	// more, if set, signs twice as many requests.
	more func(context.Context) error
}

// duel is what rounds of two sides in turn gave.
type duel struct {
	Row string `json:"row"`
	// Rate and ByCPU are ours over theirs, round by round: of requests a second, and of what a request costs.
	Rate   []float64 `json:"rate"`
	ByCPU  []float64 `json:"by_cpu"`
	Ours   []*round  `json:"ours"`
	Theirs []*round  `json:"theirs"`
}

// warmUp is how many seconds of each side do not count: the server's journal fills, and the system hands out that memory
// page by page, once.
const warmUp = 3

// fight loads theirs, ours, theirs, ..., theirs once both are warm.
func (b *bench) fight(ctx context.Context, row string, theirs, ours *side, seconds int) (*duel, error) {
	d := &duel{Row: row}
	for _, s := range []*side{theirs, ours} {
		if _, err := b.loadSide(ctx, s, min(warmUp, seconds)); err != nil {
			return nil, err
		}
	}
	for i := range 2*b.rounds + 1 {
		s, list := theirs, &d.Theirs
		if i%2 == 1 {
			s, list = ours, &d.Ours
		}
		r, err := b.loadSide(ctx, s, seconds)
		if err != nil {
			return nil, err
		}
		*list = append(*list, r)
	}
	for _, s := range []*side{theirs, ours} { // other rows use the servers, too
		if s.before != nil {
			if err := s.before(ctx); err != nil {
				return nil, err
			}
		}
	}
	d.compare()
	b.say("%s: %.2f of the rate, %.2f by CPU", row, median(d.Rate), median(d.ByCPU))
	return d, nil
}

// compare holds each of our rounds against the mean of theirs before and after it.
func (d *duel) compare() {
	for i, r := range d.Ours {
		before, after := d.Theirs[i], d.Theirs[i+1]
		d.Rate = append(d.Rate, 2*r.rate()/(before.rate()+after.rate()))
		d.ByCPU = append(d.ByCPU, (before.perRequest()+after.perRequest())/2/r.perRequest())
	}
}

func (b *bench) loadSide(ctx context.Context, s *side, seconds int) (*round, error) {
	for {
		if s.before != nil {
			if err := s.before(ctx); err != nil {
				return nil, err
			}
		}
		r, err := b.load(ctx, s.process, s.requests, s.status, seconds)
		if !errors.Is(err, errRanOut) || s.more == nil {
			return r, err
		}
		if err := s.more(ctx); err != nil {
			return nil, err
		}
	}
}

// bottleneck says so where the generator had hardly any time left, so that faster programs could not have shown it.
func (d *duel) bottleneck() string {
	busiest := 0.0
	for _, r := range slices.Concat(d.Ours, d.Theirs) {
		busiest = max(busiest, r.busy())
	}
	if busiest < 0.95 {
		return ""
	}
	return fmt.Sprintf("wrk was busy for %.0f %% of a round: it was the bottleneck", 100*busiest)
}

// p99 is how many times as long the slowest hundredth takes as with the other side, from the medians of the rounds.
func (d *duel) p99() float64 {
	at := func(rounds []*round) float64 {
		var all []float64
		for _, r := range rounds {
			all = append(all, float64(r.P99))
		}
		return median(all)
	}
	return at(d.Ours) / at(d.Theirs)
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// work is a kind of request.
type work struct {
	server string // one of those that bench.server knows
	sign   func(*server) (signer, error)
	status int
	// pool is how many different requests are sent in turn; 0: no request may be sent twice.
	pool int
}

func (w work) once() bool { return w.pool == 0 }

// signedFor is how long a request may be used. The vendors take signatures for 15 minutes.
const signedFor = 8 * time.Minute

// side makes the server's side of a work, and the reply to its first request.
func (b *bench) side(ctx context.Context, row string, w work, most int) (*side, *reply, error) {
	s, err := b.server(ctx, w.server)
	if err != nil {
		return nil, nil, err
	}
	sign, err := w.sign(s)
	if err != nil {
		return nil, nil, err
	}
	count := cmp.Or(w.pool, most)
	requests, err := b.sign(ctx, row, sign, count, w.once())
	if err != nil {
		return nil, nil, err
	}
	out := &side{process: &s.process, requests: requests, status: w.status}
	again := func(ctx context.Context, count int) error {
		fresh, err := b.sign(ctx, row, sign, count, w.once())
		if err == nil {
			*requests = *fresh
		}
		return err
	}
	out.before = func(ctx context.Context) error {
		var err error
		if time.Since(requests.signed) > signedFor {
			err = again(ctx, requests.count)
		}
		if w.once() {
			err = errors.Join(err, s.restore(ctx))
		}
		return err
	}
	if w.once() && w.server != membersServer { // there are only so many members
		out.more = func(ctx context.Context) error { return again(ctx, 2*requests.count) }
	}
	answer, err := w.try(ctx, s, requests.first)
	return out, answer, err
}

// try sends one request of a work. What that changes is undone.
func (w work) try(ctx context.Context, s *server, r *recorded) (*reply, error) {
	if w.once() {
		if err := s.remember(ctx); err != nil {
			return nil, err
		}
	}
	answer, err := r.ask(ctx, s.addr)
	if err == nil && answer.status != w.status {
		err = fmt.Errorf("status %d, not %d: %s", answer.status, w.status, last(answer.body, 300))
	}
	if w.once() && err == nil {
		err = s.restore(ctx)
	}
	return answer, err
}

// remember takes a snapshot of the default world; restore goes back to it, and forgets nonces.
func (s *server) remember(ctx context.Context) error {
	return s.admin(ctx, http.MethodPost, "/worlds/default/snapshots", map[string]string{"name": "bench"}, nil)
}

func (s *server) restore(ctx context.Context) error {
	return s.admin(ctx, http.MethodPost, "/worlds/default/snapshots/bench/load", nil, nil)
}

// againstGin measures a work against a bare gin handler with the same reply.
func (b *bench) againstGin(ctx context.Context, row string, w work) (*duel, error) {
	ours, answer, err := b.side(ctx, row, w, 1)
	if err != nil {
		return nil, err
	}
	gin, err := b.yardstick(ctx, ours.requests.first, answer)
	if err != nil {
		return nil, err
	}
	defer gin.stop()
	seconds := b.seconds
	if w.once() {
		if ours, seconds, err = b.enough(ctx, row, w, gin, ours); err != nil {
			return nil, err
		}
	}
	theirs := &side{process: gin, requests: ours.requests.again(), status: w.status}
	return b.fight(ctx, row, theirs, ours, seconds)
}

// leastRate is how many requests a second are signed for at least: a machine with other things to do may find time for
// them.
const leastRate = 15_000

// enough signs as many requests as a round can send, going by how many bare gin answers; where there are not that many,
// the round is shorter.
func (b *bench) enough(ctx context.Context, row string, w work, gin *process, first *side) (*side, int, error) {
	r, err := b.load(ctx, gin, first.requests.again(), w.status, 1)
	if err != nil {
		return nil, 0, err
	}
	rate, seconds := max(1.5*r.rate(), leastRate), b.seconds
	count := int(rate * float64(seconds))
	if w.server == membersServer && count > b.members() {
		count = b.members()
		seconds = max(1, int(float64(count)/rate))
	}
	s, _, err := b.side(ctx, row, w, count)
	return s, seconds, err
}

// againstAccepted measures a work that is refused against the same that is not, on the same server.
func (b *bench) againstAccepted(ctx context.Context, row string, refused, accepted work) (*duel, error) {
	theirs, answer, err := b.side(ctx, row+"-accepted", accepted, 1)
	if err != nil {
		return nil, err
	}
	seconds := b.seconds
	if accepted.once() {
		gin, err := b.yardstick(ctx, theirs.requests.first, answer)
		if err != nil {
			return nil, err
		}
		defer gin.stop()
		if theirs, seconds, err = b.enough(ctx, row+"-accepted", accepted, gin, theirs); err != nil {
			return nil, err
		}
	}
	ours, _, err := b.side(ctx, row, refused, theirs.requests.count)
	if err != nil {
		return nil, err
	}
	return b.fight(ctx, row, theirs, ours, seconds)
}
