package http1

import (
	"context"
	"sync"
	"time"
)

// watchedContext ends when the client goes away. Somebody has to wait for that, and does so from when it is asked for: hardly
// any handler waits for anything.
type watchedContext struct {
	context.Context
	conn *conn
}

// Done is closed when the context ends.
func (ctx watchedContext) Done() <-chan struct{} {
	ctx.conn.startWatch()
	return ctx.Context.Done()
}

// watch is a wait for the client to go away, or to send its next request.
type watch struct {
	mu sync.Mutex
	// open says that a handler is at work, on, that somebody waits.
	open, on bool
	ended    chan struct{}
	// next has, if got is 1, the first byte of the next request.
	next [1]byte
	got  int
}

// mayWatch says that a handler is at work.
func (c *conn) mayWatch() {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	c.watch.open = true
}

func (c *conn) startWatch() {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on || !w.open || len(c.in) == most {
		return
	}
	w.on, w.ended = true, make(chan struct{})
	_ = c.tcp.SetReadDeadline(time.Time{})
	go c.waitForClient()
}

func (c *conn) waitForClient() {
	w := &c.watch
	defer close(w.ended)
	n, err := c.tcp.Read(w.next[:])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = n
	if err != nil && w.open {
		c.cancel()
	}
}

// unwatch ends the wait. What came meanwhile is put behind the request.
func (c *conn) unwatch() {
	w := &c.watch
	w.mu.Lock()
	on := w.on
	w.open = false
	w.mu.Unlock()
	if !on {
		return
	}
	_ = c.tcp.SetReadDeadline(time.Unix(1, 0))
	<-w.ended
	w.mu.Lock()
	defer w.mu.Unlock()
	c.in = append(c.in, w.next[:w.got]...)
	w.on, w.got = false, 0
}
