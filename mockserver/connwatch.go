package mockserver

import (
	"os"
	"time"
)

// watchAfter is how long a handler takes before somebody waits for its client to go away; a wait that begins while another one
// is timed may take twice as long to begin.
const watchAfter = 20 * time.Millisecond

// watch holds back a wait for a client that goes away. While a handler works, net/http reads one more byte in a goroutine of
// its own, and gives that up when the reply is written: for a reply of microseconds as much work as reading the request was.
// The mutex of the deadline for reading guards all of it.
type watch struct {
	// on says that a wait is held back until wake says whether it is to begin.
	on   bool
	wake chan bool
	// count is of waits so far, timed which of them the timer was set for, set whether it still is.
	count, timed uint64
	timer        *time.Timer
	set          bool
}

// Read reads what the client sends.
func (c *clientConn) Read(p []byte) (n int, err error) {
	c.toRead.mu.Lock()
	defer c.toRead.mu.Unlock()
	if len(p) == 1 && c.toRead.wanted.IsZero() && !c.holdBack() { // only that wait is of one byte and has no deadline
		return 0, os.ErrDeadlineExceeded
	}
	err = c.toRead.duringLocked(func() (err error) {
		n, err = c.TCPConn.Read(p)
		return err
	})
	return n, err
}

// SetReadDeadline sets until when reads wait.
func (c *clientConn) SetReadDeadline(t time.Time) error {
	c.toRead.mu.Lock()
	defer c.toRead.mu.Unlock()
	if c.watch.on && !t.IsZero() {
		c.watch.end(!longOver(t))
	}
	return c.toRead.setLocked(t)
}

// holdBack returns true when the client is to be watched, false when there is no need any more.
func (c *clientConn) holdBack() bool {
	w := &c.watch
	w.on = true
	w.count++
	if !w.set {
		c.setTimer()
	}
	c.toRead.mu.Unlock()
	defer c.toRead.mu.Lock()
	return <-w.wake
}

func (w *watch) end(begin bool) {
	w.on = false
	w.wake <- begin
}

// setTimer sets the timer for the wait that is on. It goes on over the end of that wait, so that a connection with many short
// ones does not set it for each.
func (c *clientConn) setTimer() {
	w := &c.watch
	w.set, w.timed = true, w.count
	if w.timer == nil {
		w.timer = time.AfterFunc(watchAfter, c.timeIsUp)
	} else {
		w.timer.Reset(watchAfter)
	}
}

func (c *clientConn) timeIsUp() {
	c.toRead.mu.Lock()
	defer c.toRead.mu.Unlock()
	w := &c.watch
	w.set = false
	switch {
	case !w.on:
	case w.count == w.timed:
		w.end(true)
	default:
		c.setTimer()
	}
}
