package http1

import (
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// most is the longest plain request, in bytes.
	most = 8 << 10
	// patience bounds how long the rest of a plain request may take; then net/http waits for it.
	patience = time.Second
)

// conn is a connection whose requests have been plain so far.
type conn struct {
	l   *Listener
	tcp *net.TCPConn
	// state says whether a request is here.
	state  atomic.Int32
	ctx    context.Context //nolint:containedctx // that of the requests, as http.Request has it
	cancel context.CancelFunc
	watch  watch
	// room is where requests are read to, in what is there of them and not done with.
	room [most]byte
	in   []byte
	req  request
	out  reply
}

const (
	idle = iota
	busy
	closing // there will be none any more
)

func newConn(l *Listener, tcp *net.TCPConn) *conn {
	c := &conn{l: l, tcp: tcp}
	base := context.WithValue(context.Background(), http.LocalAddrContextKey, tcp.LocalAddr())
	ctx, cancel := context.WithCancel(context.WithValue(base, http.ServerContextKey, l.server))
	c.ctx, c.cancel = ctx, cancel
	c.in = c.room[:0]
	c.req.init(watchedContext{ctx, c}, tcp.RemoteAddr().String())
	c.out.conn, c.out.header = c, http.Header{}
	return c
}

// serve serves one request after the other until a connection is closed, or is not for this package.
func (c *conn) serve() {
	defer c.l.remove(c)
	defer c.cancel()
	wait, least := c.l.server.ReadHeaderTimeout, 1
	for c.begin(wait, least) {
		plain := c.read()
		if !plain {
			c.handOver()
			return
		}
		if !c.handle() || !c.end() {
			break
		}
		wait, least = c.l.server.IdleTimeout, 4
	}
	if !c.out.hijacked {
		_ = c.tcp.Close()
	}
}

// begin waits for the first bytes of a request: for at least so many, as net/http does.
func (c *conn) begin(wait time.Duration, least int) bool {
	for len(c.in) < least {
		if c.more(wait) != nil {
			return false
		}
	}
	c.in = c.req.withoutBlankLines(c.in)
	return c.state.CompareAndSwap(idle, busy)
}

// end makes room for the next request, or says that there is none to come.
func (c *conn) end() bool {
	c.in = c.room[:copy(c.room[:], c.in[c.req.size:])]
	c.state.Store(idle)
	return !c.l.isClosed()
}

// closeIdle closes a connection without a request.
func (c *conn) closeIdle() {
	if c.state.CompareAndSwap(idle, closing) {
		_ = c.tcp.Close()
	}
}

// read reads a request. It is false for one that is not plain.
func (c *conn) read() bool {
	for {
		switch c.req.parse(c.in) {
		case plain:
			return c.l.mine == nil || c.l.mine(&c.req.Request)
		case other:
			return false
		}
		// An error will show again when net/http reads.
		if len(c.in) == most || c.more(min(patience, c.l.server.ReadHeaderTimeout)) != nil {
			return false
		}
	}
}

// more reads more bytes. It waits no longer than that, or for ever if that is 0.
func (c *conn) more(wait time.Duration) error {
	var until time.Time
	if wait > 0 {
		until = time.Now().Add(wait)
	}
	if err := c.tcp.SetReadDeadline(until); err != nil {
		return err
	}
	n, err := c.tcp.Read(c.room[len(c.in):])
	c.in = c.room[:len(c.in)+n]
	return err
}

// handle has a request answered, and says whether the connection can take another one.
func (c *conn) handle() (again bool) {
	defer c.recovered()
	if wait := c.l.server.WriteTimeout; wait > 0 {
		_ = c.tcp.SetWriteDeadline(time.Now().Add(wait))
	}
	c.out.reset()
	c.mayWatch()
	c.l.server.Handler.ServeHTTP(&c.out, &c.req.Request)
	c.unwatch()
	return c.out.finish() && c.ctx.Err() == nil
}

// recovered does with a panic what net/http does: the connection ends, the others do not.
func (c *conn) recovered() {
	r := recover()
	if r == nil {
		return
	}
	c.unwatch()
	if r != http.ErrAbortHandler { //nolint:errorlint,err113 // net/http compares it so, too
		c.l.logf("http1: panic serving %v: %v\n%s", c.tcp.RemoteAddr(), r, debug.Stack())
	}
}

// handOver gives the connection, with what was read, to net/http.
func (c *conn) handOver() {
	_ = c.tcp.SetDeadline(time.Time{})
	c.l.pass(&begun{c.tcp, c.in}, nil)
}

// begun is a connection that the first bytes have been read from.
type begun struct {
	*net.TCPConn
	first []byte
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.TCPConn.Read(p)
	}
	n := copy(p, b.first)
	if b.first = b.first[n:]; len(b.first) == 0 {
		b.first = nil // it holds the memory of all that was read
	}
	return n, nil
}
