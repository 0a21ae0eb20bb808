package http1

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener is what an http.Server serves on: it serves plain requests itself, with the server's handler and its time limits, and
// the server accepts the other connections from it.
type Listener struct {
	net.Listener
	server *http.Server
	mine   func(*http.Request) bool
	// others are connections for the server, and what went wrong with accepting some.
	others chan accepted
	closed chan struct{}
	once   sync.Once
	// done is of connections that are served here.
	done sync.WaitGroup

	mu    sync.Mutex
	conns map[*conn]struct{}
}

type accepted struct {
	conn net.Conn
	err  error
}

// Listen begins to serve connections from ln. Of plain requests, those that mine says true of go to the server's handler; nil
// says true of all. Of the server's fields, its handler, its time limits and its ErrorLog count for plain requests.
//
// A handler meets these differences to net/http. It may not keep the request or its body for longer than its call; the header
// it may. The context of a request ends with its connection, or when its client goes away while somebody waits for the context,
// not with the call. A reply without a Content-Length is sent when the handler has returned, and never in chunks; with one, its
// type is told from the first piece. Transfer-Encoding, trailers and statuses below 200 are not sent. Of http.ResponseController,
// there are Flush, Hijack and SetWriteDeadline.
func Listen(ln net.Listener, server *http.Server, mine func(*http.Request) bool) *Listener {
	l := &Listener{Listener: ln, server: server, mine: mine, others: make(chan accepted), closed: make(chan struct{}),
		conns: map[*conn]struct{}{}}
	go l.accept()
	return l
}

func (l *Listener) accept() {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if !l.pass(nil, err) || errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		tcp, is := c.(*net.TCPConn)
		if !is {
			l.pass(c, nil)
			continue
		}
		if own := l.add(tcp); own != nil {
			go own.serve()
		}
	}
}

// pass gives a connection or an error to the server, if it still accepts any.
func (l *Listener) pass(c net.Conn, err error) bool {
	select {
	case l.others <- accepted{c, err}:
		return true
	case <-l.closed:
		if c != nil {
			_ = c.Close()
		}
		return false
	}
}

// Accept waits for a connection that is not, or no longer, served here.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case a := <-l.others:
		return a.conn, a.err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close stops listening and closes the connections without a request. Those with one are closed when it is answered; see Wait.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	l.once.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.closed)
		for c := range l.conns {
			if c.closeIdle() {
				l.removeLocked(c)
			}
		}
	})
	return err
}

// Wait waits for the requests that are served here, after Close. When ctx ends it closes their connections.
func (l *Listener) Wait(ctx context.Context) error {
	if l.served() == 0 {
		return nil
	}
	over := make(chan struct{})
	go func() {
		l.done.Wait()
		close(over)
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		l.abort()
		return ctx.Err()
	}
}

func (l *Listener) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.cancel()
		_ = c.tcp.Close()
	}
}

// add is nil if the listener is closed; then the connection is, too.
func (l *Listener) add(tcp *net.TCPConn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		_ = tcp.Close()
		return nil
	}
	c := newConn(l, tcp)
	l.conns[c] = struct{}{}
	l.done.Add(1)
	return c
}

func (l *Listener) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removeLocked(c)
}

func (l *Listener) removeLocked(c *conn) {
	if _, here := l.conns[c]; here {
		delete(l.conns, c)
		l.done.Done()
	}
}

// served is how many connections are served here.
func (l *Listener) served() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

func (l *Listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// headerLimit bounds the wait for the first request of a connection, idleLimit that for the others; as with net/http, a limit
// of 0 stands for the one of reading, and there is none below that.
func (l *Listener) headerLimit() time.Duration {
	return cmp.Or(l.server.ReadHeaderTimeout, l.server.ReadTimeout)
}

func (l *Listener) idleLimit() time.Duration {
	return cmp.Or(l.server.IdleTimeout, l.server.ReadTimeout)
}
