package mockserver

import (
	"errors"
	"os"
	"sync"
	"time"
)

// deadline is one of the two deadlines of a connection. net/http sets them up to eight times for a request, and hardly any of
// them matters: what is waited for is there. So the system is told of one only where it would learn of it too late otherwise.
// A later one it learns of when the one it knows is over.
type deadline struct {
	// tell is TCPConn.SetReadDeadline or SetWriteDeadline.
	tell func(time.Time) error

	mu sync.Mutex
	// wanted is what was set last, told what the system knows: never later than wanted while something waits. Zero is never.
	wanted, told time.Time
	waiting      bool
}

// set sets the deadline, as net.Conn wants it: for a wait that is on, too.
func (d *deadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.setLocked(t)
}

func (d *deadline) setLocked(t time.Time) error {
	d.wanted = t
	if d.waiting {
		return d.tellLocked()
	}
	return nil
}

func (d *deadline) tellLocked() error {
	err := d.tell(d.wanted)
	if err == nil {
		d.told = d.wanted
	}
	return err
}

// during runs a read or write of the system. It runs it again when that was ended by a deadline that is no longer wanted.
func (d *deadline) during(wait func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.duringLocked(wait)
}

func (d *deadline) duringLocked(wait func() error) error {
	for {
		if longOver(d.wanted) {
			return os.ErrDeadlineExceeded
		}
		if before(d.wanted, d.told) {
			if err := d.tellLocked(); err != nil {
				return err
			}
		}
		err := d.unlocked(wait)
		if err == nil || d.wanted.Equal(d.told) || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := d.tellLocked(); err != nil {
			return err
		}
	}
}

func (d *deadline) unlocked(wait func() error) error {
	d.waiting = true
	d.mu.Unlock()
	err := wait()
	d.mu.Lock()
	d.waiting = false
	return err
}

// before tells whether the deadline a comes before b.
func before(a, b time.Time) bool {
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}

// longOver tells of a deadline that says "give up": so net/http ends its wait for a client that goes away.
func longOver(t time.Time) bool { return before(t, longAgo) }

// longAgo comes after the deadlines that were over when they were set on purpose, and before all others.
var longAgo = time.Unix(1<<30, 0)
