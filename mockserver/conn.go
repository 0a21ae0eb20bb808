package mockserver

import (
	"context"
	"net"
	"net/http"
)

// replyConn is a connection that sends a long reply at once. net/http has a buffer of 4 KiB for each connection, and by itself
// sends what fits and then the rest: two calls of the kernel, and a client that is woken twice for one reply.
type replyConn struct {
	*net.TCPConn
	// due is how many more bytes of a reply have to come before anything is sent.
	due  int
	held []byte
	// both has held and what came behind it.
	both net.Buffers
}

// expect says that a reply follows whose body has so many bytes. Since its header is sent as well, at least one more byte comes
// behind any that are held.
func (c *replyConn) expect(body int) {
	if c != nil {
		c.due = body
	}
}

func (c *replyConn) Write(p []byte) (int, error) {
	if c.due -= len(p); c.due > 0 {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	c.due = 0
	if len(c.held) == 0 {
		return c.TCPConn.Write(p)
	}
	held := len(c.held)
	c.both = append(c.both[:0], c.held, p)
	c.held = c.held[:0]
	all := c.both
	n, err := all.WriteTo(c.TCPConn)
	clear(c.both)
	return max(int(n)-held, 0), err
}

// netHTTPBuffer is how much of a reply, header and all, net/http holds back for each connection, in bytes: what fits is sent
// at once anyway. A body that is a little shorter, and does not fit with its header, still goes out in two pieces.
const netHTTPBuffer = 4 << 10

// replyListener makes every connection a replyConn.
type replyListener struct{ net.Listener }

func (l replyListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &replyConn{TCPConn: tcp}, nil
	}
	return conn, err
}

// connKey is where a request's context has its connection.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*replyConn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf is nil where there is none: over TLS, where a record is sent at a time anyway, and where the server is embedded.
func connOf(r *http.Request) *replyConn {
	c, _ := r.Context().Value(connKey{}).(*replyConn)
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
