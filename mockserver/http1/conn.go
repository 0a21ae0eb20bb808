package http1

import (
	"context"
	"io"
	"log"
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
	// state says whether a request is here; given, that the connection is somebody else's.
	state atomic.Int32
	given bool
	// tolerant says that the last request may have blank lines behind it.
	tolerant bool
	ctx      context.Context //nolint:containedctx // that of the requests, as http.Request has it
	cancel   context.CancelFunc
	watch    watch
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
	remote := ""
	if addr := tcp.RemoteAddr(); addr != nil {
		remote = addr.String()
	}
	c.req.init(watchedContext{ctx, c}, remote)
	c.out.conn, c.out.header, c.out.declared = c, http.Header{}, -1
	return c
}

// serve serves one request after the other until the connection is closed, or is not for this package.
func (c *conn) serve() {
	defer c.over()
	wait, least := c.l.headerLimit(), 1
	for c.begin(wait, least) {
		plain := c.read()
		if !c.state.CompareAndSwap(idle, busy) {
			return
		}
		if !plain {
			c.handOver()
			return
		}
		again := c.handle()
		c.forget()
		if !again || c.l.isClosed() {
			return
		}
		wait, least = c.l.idleLimit(), 4
	}
}

// over ends a connection that is nobody else's.
func (c *conn) over() {
	if !c.given {
		_ = c.tcp.Close()
	}
	c.cancel()
	c.l.remove(c)
}

// begin waits for the first bytes of a request: for at least so many, as net/http does.
func (c *conn) begin(wait time.Duration, least int) bool {
	for until := after(wait); len(c.in) < least; {
		if c.more(until) != nil {
			return false
		}
	}
	if c.tolerant {
		c.in = withoutBlankLines(c.in)
	}
	return true
}

// forget makes room for the next request, and lets go of what the last one had.
func (c *conn) forget() {
	c.in = c.room[:copy(c.room[:], c.in[c.req.size:])]
	c.tolerant = c.req.Method == http.MethodPost
	c.req.forget()
	c.out.reset()
	c.state.Store(idle)
}

// closeIdle closes a connection without a request.
func (c *conn) closeIdle() bool {
	if !c.state.CompareAndSwap(idle, closing) {
		return false
	}
	_ = c.tcp.Close()
	return true
}

// read reads a request. It is false for one that is not plain.
func (c *conn) read() bool {
	wait := patience
	if limit := c.l.headerLimit(); limit > 0 {
		wait = min(wait, limit)
	}
	var until time.Time
	for {
		switch c.req.parse(c.in) {
		case plain:
			return c.l.mine == nil || c.l.mine(&c.req.Request)
		case other:
			return false
		}
		if until.IsZero() {
			until = after(wait)
		}
		// An error will show again when net/http reads.
		if len(c.in) == most || c.more(until) != nil {
			return false
		}
	}
}

// more reads more bytes. It waits no longer than until then.
func (c *conn) more(until time.Time) error {
	if err := c.tcp.SetReadDeadline(until); err != nil {
		return err
	}
	n, err := c.tcp.Read(c.room[len(c.in):])
	c.in = c.room[:len(c.in)+n]
	return err
}

// after is when so much time has passed, or never if that is not more than 0.
func after(wait time.Duration) (t time.Time) {
	if wait > 0 {
		t = time.Now().Add(wait)
	}
	return t
}

// handle has a request answered, and says whether the connection can take another one.
func (c *conn) handle() (again bool) {
	defer c.recovered()
	_ = c.tcp.SetWriteDeadline(after(c.l.server.WriteTimeout))
	c.mayWatch()
	c.l.server.Handler.ServeHTTP(&c.out, &c.req.Request)
	c.unwatch()
	return c.out.finish()
}

// recovered does with a panic what net/http does: the connection ends, the others do not.
func (c *conn) recovered() {
	// Once more if the handler did not return.
	c.unwatch()
	if r := recover(); r != nil && r != http.ErrAbortHandler { //nolint:errorlint,err113 // net/http compares it so, too
		c.l.logf("http1: panic serving %v: %v\n%s", c.req.RemoteAddr, r, debug.Stack())
	}
}

// handOver gives the connection, with what was read, to net/http.
func (c *conn) handOver() {
	c.given = true
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

// WriteTo is here because that of TCPConn knows nothing of the first bytes.
func (b *begun) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{b})
}

func (l *Listener) logf(format string, args ...any) {
	if l.server.ErrorLog != nil {
		l.server.ErrorLog.Printf(format, args...)
	} else {
		log.Printf(format, args...)
	}
}
