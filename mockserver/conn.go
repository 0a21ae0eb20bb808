package mockserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// clientConn is a client's connection as net/http has it. It spares the system calls that net/http makes for every request and
// that hardly any request has a use for: a long reply is sent at once, deadlines reach the system only when they matter, and
// nobody waits for a client to go away while a reply of microseconds is made.
type clientConn struct {
	*net.TCPConn
	toRead, toWrite deadline
	watch           watch
	// due is how many more bytes of a reply have to come before anything is sent.
	due  int
	held []byte
	// both has held and what came behind it.
	both net.Buffers
}

func newClientConn(tcp *net.TCPConn) *clientConn {
	return &clientConn{TCPConn: tcp, toRead: deadline{tell: tcp.SetReadDeadline}, toWrite: deadline{tell: tcp.SetWriteDeadline},
		watch: watch{wake: make(chan bool, 1)}}
}

// expect says that a reply follows whose body has so many bytes. Since its header is sent as well, at least one more byte comes
// behind any that are held. net/http has a buffer of 4 KiB for each connection, and by itself sends what fits and then the
// rest: two calls of the system, and a client that is woken twice for one reply.
func (c *clientConn) expect(body int) {
	if c != nil {
		c.due = body
	}
}

func (c *clientConn) Write(p []byte) (int, error) {
	if c.due -= len(p); c.due > 0 {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	c.due = 0
	if len(c.held) == 0 {
		return c.send(p)
	}
	held := len(c.held)
	c.both = append(c.both[:0], c.held, p)
	c.held = c.held[:0]
	all := c.both
	n, err := c.sendAll(&all)
	clear(c.both)
	return max(n-held, 0), err
}

func (c *clientConn) send(p []byte) (n int, err error) {
	err = c.toWrite.during(func() error {
		more, err := c.TCPConn.Write(p[n:])
		n += more
		return err
	})
	return n, err
}

func (c *clientConn) sendAll(pieces *net.Buffers) (n int, err error) {
	err = c.toWrite.during(func() error {
		more, err := pieces.WriteTo(c.TCPConn) // takes out of pieces what it has sent
		n += int(more)
		return err
	})
	return n, err
}

// ReadFrom sends what it reads. It is here because that of TCPConn, which net/http would find, knows nothing of the deadline.
func (c *clientConn) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

// SetWriteDeadline sets until when writes wait.
func (c *clientConn) SetWriteDeadline(t time.Time) error { return c.toWrite.set(t) }

// SetDeadline sets until when reads and writes wait.
func (c *clientConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// netHTTPBuffer is how much of a reply, header and all, net/http holds back for each connection, in bytes: what fits is sent
// at once anyway. A body that is a little shorter, and does not fit with its header, still goes out in two pieces.
const netHTTPBuffer = 4 << 10

// clientListener makes every connection a clientConn.
type clientListener struct{ net.Listener }

func (l clientListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return newClientConn(tcp), nil
	}
	return conn, err
}

// connKey is where a request's context has its connection.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*clientConn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf is nil where there is none: over TLS, where a record is sent at a time anyway, and where the server is embedded.
func connOf(r *http.Request) *clientConn {
	c, _ := r.Context().Value(connKey{}).(*clientConn)
	return c
}

// writeBody writes a whole body, a long one in one go with the header.
func writeBody(w http.ResponseWriter, r *http.Request, body []byte) (int, error) {
	if len(body) < netHTTPBuffer {
		return w.Write(body)
	}
	conn := connOf(r)
	conn.expect(len(body))
	n, err := w.Write(body)
	if err != nil {
		conn.expect(0) // it will not come any more
	}
	return n, err
}
