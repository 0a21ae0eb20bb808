package mockserver

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// clockState is a clock as it is kept and exported.
type clockState struct {
	// At is what it showed at Since, on the wall clock; a clock that stands still shows it for good. Both are zero for a
	// clock that follows the wall clock.
	At     time.Time `json:"at,omitzero"`
	Since  time.Time `json:"since,omitzero"`
	Frozen bool      `json:"frozen,omitempty"`
}

func (c *Clock) state() clockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.follows {
		return clockState{}
	}
	return clockState{At: c.at, Since: c.since, Frozen: c.frozen}
}

func (c *Clock) restore(s clockState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.since, c.frozen, c.follows = s.At, s.Since, s.Frozen, s.At.IsZero()
}

// moment is the clock's state with the time that it shows now.
func (c *Clock) moment() clockState {
	now := c.Now()
	s := c.state()
	if !s.At.IsZero() {
		s.At, s.Since = now, c.wall()
	}
	return s
}

// resume makes a clock that runs go on from the time it was last set to, however long ago that was.
func (c *Clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = c.wall()
}

// Mode is "wall" for a clock that follows the wall clock, "frozen" for one that stands still, "running" for one that runs
// from where it was set.
func (c *Clock) Mode() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.follows:
		return "wall"
	case c.frozen:
		return "frozen"
	}
	return "running"
}

// ClockChange moves a world's clock. Set and Advance leave it standing still or running as it was; a clock that followed
// the wall clock runs on from there. The zero value changes nothing.
type ClockChange struct {
	// Mode, if given, is what the clock does from now on: "frozen", "running" or "wall". The first two begin at the time
	// that it shows, or at Set.
	Mode string `json:"mode,omitempty"`
	// Set is the time to show. Zero: the present one.
	Set time.Time `json:"set,omitzero"`
	// Advance is added to the time it shows ("90s", "-1h"); not together with Set.
	Advance Duration `json:"advance,omitempty"`
	// SigningClock, if given, is what signatures are judged by: "wall" or "world".
	SigningClock string `json:"signing_clock,omitempty"`
}

// ClockView is a world's clock as it is shown.
type ClockView struct {
	Now          time.Time `json:"now"`
	Mode         string    `json:"mode"`
	SigningClock string    `json:"signing_clock"`
	SigningNow   time.Time `json:"signing_now"`
}

// Years that a clock may show: what the vendors' date formats can hold.
const firstYear, lastYear = 1970, 9999

func (ch *ClockChange) check() error {
	switch {
	case ch.Mode != "" && ch.Mode != "wall" && ch.Mode != "frozen" && ch.Mode != "running":
		return fmt.Errorf("mode %q: want \"frozen\", \"running\" or \"wall\"", ch.Mode)
	case ch.SigningClock != "" && ch.SigningClock != signingWall && ch.SigningClock != signingWorld:
		return fmt.Errorf("signing_clock %q: want \"wall\" or \"world\"", ch.SigningClock)
	case !ch.Set.IsZero() && ch.Advance != 0:
		return errors.New("set and advance: want one of them")
	case ch.Mode == "wall" && (!ch.Set.IsZero() || ch.Advance != 0):
		return errors.New(`mode "wall" follows the wall clock: it takes neither set nor advance`)
	}
	return nil
}

// change moves the clock, or says why it cannot.
func (c *Clock) change(ch *ClockChange) error {
	now := c.Now()
	to := now
	if !ch.Set.IsZero() {
		to = ch.Set.UTC()
	}
	to = to.Add(time.Duration(ch.Advance))
	if y := to.Year(); y < firstYear || y > lastYear {
		return fmt.Errorf("the clock would show the year %d; it can show %d to %d", y, firstYear, lastYear)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case ch.Mode == "wall":
		c.follows, c.frozen = true, false
		return nil
	case ch.Mode == "" && to.Equal(now):
		return nil // nothing moves
	case ch.Mode != "":
		c.frozen = ch.Mode == "frozen"
	}
	c.follows, c.at, c.since = false, to, c.wall()
	return nil
}

// The two clocks that signatures can be judged by.
const (
	signingWall  = "wall"
	signingWorld = "world"
)

// Clock tells the world's clock.
func (w *World) Clock() ClockView {
	v := ClockView{Now: w.Now(), Mode: w.clock.Mode(), SigningClock: signingWall, SigningNow: w.SigningNow()}
	if w.signsByWorld.Load() {
		v.SigningClock = signingWorld
	}
	return v
}

// ChangeClock moves the world's clock; requests that come later see it, and the transitions that are due then are applied.
// Errors: what is wrong with the change, *disk.Error.
func (w *World) ChangeClock(ctx context.Context, ch ClockChange) (ClockView, error) {
	if err := ch.check(); err != nil {
		return ClockView{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before, signs := w.clock.state(), w.signsByWorld.Load()
	if err := w.clock.change(&ch); err != nil {
		return ClockView{}, err
	}
	if ch.SigningClock != "" {
		w.signsByWorld.Store(ch.SigningClock == signingWorld)
	}
	if err := w.keepState(); err != nil {
		w.clock.restore(before)
		w.signsByWorld.Store(signs)
		return ClockView{}, err
	}
	w.passTime()
	return w.Clock(), ctx.Err()
}
