package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// reply is what a handler writes to. It goes out in one call of the system when the handler has returned, but for long bodies
// and for what a handler flushes.
type reply struct {
	conn   *conn
	header http.Header
	status int
	// declared is the Content-Length that the handler has set, or -1; written, how much of the body there has been.
	declared, written int64
	// headed says that the head is in out, whole.
	headed bool
	// dated and typed say whether the handler has set those headers, last, whether this is the connection's last reply.
	dated, typed, last bool
	hijacked           bool
	err                error
	// out has the head and what is to be sent after it.
	out buffer
	// body is one without a Content-Length, whole.
	body []byte
	both net.Buffers
	now  date
}

// date is the header Date, made once a second.
type date struct {
	second int64
	field  []byte
}

func (d *date) of(t time.Time) []byte {
	if s := t.Unix(); d.field == nil || s != d.second {
		d.second, d.field = s, t.UTC().AppendFormat(d.field[:0], "Date: "+http.TimeFormat+"\r\n")
	}
	return d.field
}

// buffer takes what http.Header writes.
type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

func (b *buffer) WriteString(s string) (int, error) {
	*b = append(*b, s...)
	return len(s), nil
}

// reset lets go of a reply.
func (r *reply) reset() {
	clear(r.header)
	if cap(r.body) > sentAlone {
		r.body = nil
	}
	if cap(r.out) > 2*sentAlone {
		r.out = nil
	}
	*r = reply{conn: r.conn, header: r.header, out: r.out[:0], body: r.body[:0], both: r.both, now: r.now, declared: -1}
}

// Header is the reply's header, to be set before anything is written.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader sets the status. One below 200 is not sent.
func (r *reply) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("http1: status %d", status)) // net/http panics, too
	}
	if r.status != 0 || r.hijacked || status < http.StatusOK {
		return
	}
	r.status = status
	if n, err := strconv.ParseInt(r.header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		r.declared = n
	}
	_, r.dated = r.header["Date"]
	_, r.typed = r.header["Content-Type"]
	r.last = r.header.Get("Connection") == "close" || r.conn.l.isClosed()
	r.out = append(r.out, "HTTP/1.1 "...)
	r.out = strconv.AppendInt(r.out, int64(status), 10)
	r.out = append(append(append(r.out, ' '), reason(status)...), "\r\n"...)
	_ = r.header.WriteSubset(&r.out, r.without())
}

// reason is what stands behind a status.
func reason(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "status code " + strconv.Itoa(status)
}

// without are headers that are not sent: those of a body where there can be none, and what is not true of the connection or of
// how a reply is sent.
func (r *reply) without() map[string]bool {
	var no map[string]bool
	drop := func(name string, really bool) {
		if _, has := r.header[name]; has && really {
			if no == nil {
				no = map[string]bool{}
			}
			no[name] = true
		}
	}
	drop("Connection", r.last && r.header.Get("Connection") != "close")
	drop("Content-Length", r.declared < 0 || !r.hasBody())
	drop("Content-Type", r.status == http.StatusNotModified)
	drop("Transfer-Encoding", true)
	drop("Trailer", true)
	return no
}

func (r *reply) hasBody() bool {
	return r.status != http.StatusNoContent && r.status != http.StatusNotModified
}

// Write writes a piece of the body.
func (r *reply) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	switch {
	case r.hijacked:
		return 0, http.ErrHijacked
	case r.err != nil:
		return 0, r.err
	case len(p) == 0:
		return 0, nil
	case !r.hasBody():
		return 0, http.ErrBodyNotAllowed
	}
	r.written += int64(len(p))
	if r.declared < 0 {
		r.body = append(r.body, p...)
		return len(p), nil
	}
	if r.written > r.declared {
		return 0, http.ErrContentLength
	}
	r.endHead(p)
	return r.add(p)
}

// sentAlone is how much of a reply is held back, in bytes; net/http holds back about as much. What is longer is sent at once, with the
// head but not copied behind it.
const sentAlone = 4 << 10

func (r *reply) add(p []byte) (int, error) {
	if len(r.out)+len(p) < sentAlone {
		r.out = append(r.out, p...)
		return len(p), nil
	}
	r.both = append(r.both[:0], r.out, p)
	pieces := r.both
	n, err := pieces.WriteTo(r.conn.tcp)
	clear(r.both)
	n -= int64(len(r.out))
	r.out, r.err = r.out[:0], err
	return int(max(n, 0)), err
}

// endHead writes what net/http adds to a head. p is how the body begins.
func (r *reply) endHead(p []byte) {
	if r.headed {
		return
	}
	r.headed = true
	if !r.dated {
		r.out = append(r.out, r.now.of(time.Now())...)
	}
	if r.declared < 0 && r.hasBody() {
		r.out = append(r.out, "Content-Length: "...)
		r.out = strconv.AppendInt(r.out, int64(len(p)), 10)
		r.out = append(r.out, "\r\n"...)
	}
	if !r.typed && len(p) > 0 && r.header.Get("Content-Encoding") == "" {
		r.out = append(append(append(r.out, "Content-Type: "...), http.DetectContentType(p)...), "\r\n"...)
	}
	if r.last && r.header.Get("Connection") != "close" {
		r.out = append(r.out, "Connection: close\r\n"...)
	}
	r.out = append(r.out, "\r\n"...)
}

// finish sends the rest of the reply. It says whether the client can tell where it ends, and may send another request.
func (r *reply) finish() bool {
	if r.hijacked {
		return false
	}
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	r.endHead(r.body)
	r.out = append(r.out, r.body...)
	whole := r.declared < 0 || r.declared == r.written || !r.hasBody()
	return r.send() == nil && whole && !r.last
}

func (r *reply) send() error {
	if r.err == nil && len(r.out) > 0 {
		_, r.err = r.conn.tcp.Write(r.out)
		r.out = r.out[:0]
	}
	return r.err
}

// FlushError sends what there is of a reply whose length is known.
func (r *reply) FlushError() error {
	if r.hijacked {
		return http.ErrHijacked
	}
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	if r.declared < 0 {
		return nil
	}
	r.endHead(nil)
	return r.send()
}

// Flush is FlushError, for http.Flusher.
func (r *reply) Flush() { _ = r.FlushError() }

// SetWriteDeadline bounds the writing of the reply.
func (r *reply) SetWriteDeadline(t time.Time) error { return r.conn.tcp.SetWriteDeadline(t) }

// Hijack gives the connection away.
func (r *reply) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if r.hijacked {
		return nil, nil, http.ErrHijacked
	}
	c := r.conn
	c.unwatch()
	r.hijacked, c.given = true, true
	c.l.remove(c)
	_ = c.tcp.SetDeadline(time.Time{})
	rest := c.in[c.req.size:]
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(rest), c.tcp), most)
	_, err := in.Peek(len(rest)) // now they are buffered, as whoever changes the protocol expects
	return c.tcp, bufio.NewReadWriter(in, bufio.NewWriter(c.tcp)), err
}
