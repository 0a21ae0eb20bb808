package mockserver

import (
	"fmt"
	"sync"
	"time"
)

// Clock is the time of a world: it runs beside the wall clock, or stands still until it is moved.
type Clock struct {
	wall func() time.Time

	mu     sync.Mutex
	frozen bool
	// at is the time shown: from the moment since on, where the clock runs.
	at, since time.Time
	follows   bool
}

// ClockSetting says how a world's clock starts.
type ClockSetting struct {
	// At is the time it shows first. Zero: the wall clock's.
	At time.Time
	// Frozen makes it stand still. Without At it stands at the time of its making.
	Frozen bool
}

// ParseClock reads "wall" (or ""), "2026-01-15T08:00:00Z" (stands still there) or "2026-01-15T08:00:00Z+" (runs from there).
func ParseClock(s string) (ClockSetting, error) {
	if s == "" || s == "wall" {
		return ClockSetting{}, nil
	}
	text, runs := s, false
	if s[len(s)-1] == '+' {
		text, runs = s[:len(s)-1], true
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ClockSetting{}, fmt.Errorf("clock %q: want \"wall\", a time such as 2026-01-15T08:00:00Z (stands still), or one with a + behind it (runs from there)", s)
	}
	return ClockSetting{At: at.UTC(), Frozen: !runs}, nil
}

// String is the text that ParseClock reads.
func (c ClockSetting) String() string {
	switch {
	case c.At.IsZero() && !c.Frozen:
		return "wall"
	case c.Frozen:
		return c.At.Format(time.RFC3339)
	}
	return c.At.Format(time.RFC3339) + "+"
}

func newClock(wall func() time.Time, s ClockSetting) *Clock {
	c := &Clock{wall: wall}
	c.set(s)
	return c
}

func (c *Clock) set(s ClockSetting) {
	now := c.wall()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.since, c.at, c.follows = s.Frozen, now, s.At, s.At.IsZero() && !s.Frozen
	if c.at.IsZero() {
		c.at = now
	}
}

// Now is the time of the clock, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.follows:
		return c.wall().UTC()
	case c.frozen:
		return c.at.UTC()
	}
	if now := c.at.Add(c.wall().Sub(c.since)).UTC(); now.Before(lastTime) {
		return now
	}
	return lastTime
}

// lastTime is the last that a clock shows: neither JSON nor the vendors' formats have a later one.
var lastTime = time.Date(lastYear, 12, 31, 23, 59, 59, 0, time.UTC)
