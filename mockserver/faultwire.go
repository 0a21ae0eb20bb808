package mockserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// wire is how a reply goes out that a fault has to do with.
type wire struct {
	reset bool
	// declared is the Content-Length of a body that is cut short, in bytes. 0: as long as the body is.
	declared int
	drip     *Drip
	// outcome says how it went.
	outcome string
}

// shape makes of a reply what the client is to get. Faults spoil replies that have been checked against the document.
func (f *fault) shape(out *reply) *reply {
	if f == nil {
		return out
	}
	shaped := &reply{status: out.status, header: out.header, body: out.body, refusal: out.refusal, wire: &wire{drip: f.effect.Drip}}
	switch e := &f.effect; {
	case e.Reset:
		return &reply{header: &ReplyHeader{}, wire: &wire{reset: true}}
	case e.Cut != nil:
		shaped.wire.declared = max(1, len(out.body))
		shaped.body = out.body[:e.Cut.of(len(out.body))]
	case e.Malformed == MalformedTruncated:
		shaped.body = out.body[:len(out.body)/2]
	case e.Malformed == MalformedGarbage:
		shaped.body = f.garbage(len(out.body))
	}
	if f.effect.ContentType != "" {
		shaped.header.Set("Content-Type", f.effect.ContentType)
	}
	return shaped
}

// of is how many of n bytes are sent.
func (c *Cut) of(n int) int {
	after := n / 2
	if c.After != nil {
		after = *c.After
	}
	return max(0, min(after, n-1))
}

// garbage is n characters that begin no JSON and no XML.
func (f *fault) garbage(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('!' + f.chance.IntN('~'-'!'))
	}
	if n > 0 {
		b[0] = '%'
	}
	return b
}

// send writes a reply, badly where a fault says so. What a fault does is no error; a client that is gone is.
func (s *Server) send(w http.ResponseWriter, r *http.Request, out *reply) (int64, error) {
	switch {
	case out.wire == nil:
		return s.write(w, r, out)
	case out.wire.reset:
		out.wire.outcome = "connection reset"
		return 0, r.Context().Err()
	}
	controller := http.NewResponseController(w)
	s.allowTime(controller)
	h := w.Header()
	out.header.writeTo(h)
	length := max(len(out.body), out.wire.declared)
	h.Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(out.status)
	sent, pieces, err := s.sendBody(r.Context(), w, controller, out)
	if out.wire.drip != nil {
		out.wire.outcome = fmt.Sprintf("%d bytes dripped in %d pieces", sent, pieces)
	}
	if err == nil && out.wire.declared > 0 { // the connection ends, since the body is not what was declared
		out.wire.outcome = strings.TrimPrefix(out.wire.outcome+fmt.Sprintf("; cut after %d of %d bytes", sent, length), "; ")
	}
	return sent, err
}

// sendBody sends the body whole or piece by piece. The last piece goes out when the call is over, and the journal knows.
func (s *Server) sendBody(ctx context.Context, w io.Writer, c *http.ResponseController, out *reply) (sent int64, pieces int, err error) {
	size, rest := len(out.body), out.body
	if out.wire.drip != nil {
		size = out.wire.drip.Bytes
	}
	for {
		n, err := w.Write(rest[:min(size, len(rest))])
		sent, pieces, rest = sent+int64(n), pieces+1, rest[n:]
		if err != nil || len(rest) == 0 {
			return sent, pieces, err
		}
		if err = c.Flush(); err == nil {
			err = s.sleep(ctx, time.Duration(out.wire.drip.Every))
		}
		if err != nil {
			return sent, pieces, err
		}
		s.allowTime(c)
	}
}

// allowTime gives the client the whole time for a reply anew: latency and drip may have taken longer. Where the server is
// embedded, and its connections know no deadlines, there is nothing to give.
func (s *Server) allowTime(c *http.ResponseController) {
	_ = c.SetWriteDeadline(wallClock().Add(s.opts.Timeouts.orDefaults().Write))
}

// hangUp resets the connection of a reply that a fault says so of. It comes last: nothing can be done after it.
func (on *wire) hangUp(w http.ResponseWriter) {
	if on == nil || !on.reset {
		return
	}
	conn := hijack(w)
	if conn == nil { // embedded, or HTTP/2: net/http aborts the call in its own way
		panic(http.ErrAbortHandler)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // the client gets RST, not FIN
	}
	_ = conn.Close()
}

// hijack takes the connection over, or returns nil where that cannot be.
func hijack(w http.ResponseWriter) net.Conn {
	under := w
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		under = u.Unwrap()
	}
	if _, ok := under.(http.Hijacker); !ok { // gin would panic
		return nil
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	return conn
}
