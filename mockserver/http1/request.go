package http1

import (
	"bytes"
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// verdict is what the bytes at hand are.
type verdict int

const (
	plain verdict = iota
	// unfinished may become plain.
	unfinished
	other
)

// request is a request as a handler gets it.
type request struct {
	http.Request
	// size is how many bytes it has, with its body.
	size int
	body body
}

type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

func (r *request) init(ctx context.Context, remote string) {
	r.Request = *(&http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: remote}).WithContext(ctx)
}

// parse makes the request of in, which has to begin with one.
func (r *request) parse(in []byte) verdict {
	if v := beginsWithMethod(in); v != plain {
		return v
	}
	size, lines, v := headOf(in)
	if v != plain {
		return v
	}
	head := string(in[:size])
	line, fields, _ := strings.Cut(head, "\r\n")
	if !r.parseLine(line) || !r.parseFields(fields, lines-2) {
		return other
	}
	r.size = size + int(r.ContentLength)
	switch {
	case r.size > most:
		return other
	case r.size > len(in):
		return unfinished
	case r.ContentLength == 0:
		r.Body = http.NoBody
	default:
		r.body.Reset(in[size:r.size])
		r.Body = &r.body
	}
	return plain
}

// methods are those of plain requests.
var methods = []string{"GET ", "POST ", "PUT ", "DELETE ", "PATCH "}

// beginsWithMethod tells at once what will never be plain, TLS on the wrong port for one.
func beginsWithMethod(in []byte) verdict {
	for _, m := range methods {
		n := min(len(m), len(in))
		if string(in[:n]) == m[:n] {
			if n < len(m) {
				return unfinished
			}
			return plain
		}
	}
	return other
}

// headOf finds the end of the head: how many bytes it has and how many lines, the empty one included.
func headOf(in []byte) (size, lines int, v verdict) {
	for {
		n := bytes.IndexByte(in[size:], '\n')
		if n < 0 {
			return 0, 0, unfinished
		}
		if n == 0 || in[size+n-1] != '\r' {
			return 0, 0, other
		}
		size += n + 1
		lines++
		if n == 1 {
			return size, lines, plain
		}
	}
}

// parseLine reads the request line, without its end.
func (r *request) parseLine(line string) bool {
	method, rest, _ := strings.Cut(line, " ")
	target, proto, _ := strings.Cut(rest, " ")
	if proto != "HTTP/1.1" || !isPath(target) {
		return false
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return false
	}
	r.Method, r.RequestURI, r.URL = method, target, u
	return true
}

// isPath is true of a path and query of visible characters. What begins with two slashes may be meant to name a host.
func isPath(target string) bool {
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		return false
	}
	for i := range len(target) {
		if target[i] <= ' ' || target[i] >= 0x7f {
			return false
		}
	}
	return true
}

// parseFields reads n fields of a head and the empty line behind them. It is false if net/http has to look at them: for what
// they mean, or because much of the head is in no value, and would be kept by whoever keeps the header.
func (r *request) parseFields(fields string, n int) bool {
	r.Host, r.ContentLength = "", 0
	r.Header = make(http.Header, max(n-1, 0)) // the Host is not among them
	values := make([]string, n) // one piece of memory for all, as net/http has it
	haveLength := false
	for i := range n {
		var line string
		line, fields, _ = strings.Cut(fields, "\r\n")
		name, value, is := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if !is || !isToken(name) || !isText(value) || textproto.TrimString(value) != value {
			return false
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if _, again := r.Header[name]; again {
			return false
		}
		switch name {
		case "Host":
			if r.Host != "" || !isHost(value) {
				return false
			}
			r.Host = value
			continue
		case "Content-Length":
			length, is := lengthOf(value)
			if haveLength || !is {
				return false
			}
			r.ContentLength, haveLength = length, true
		case "Connection":
			if !strings.EqualFold(value, "keep-alive") {
				return false
			}
		case "Expect", "Http2-Settings", "Pragma", "Trailer", "Transfer-Encoding", "Upgrade":
			return false
		}
		values[i] = value
		r.Header[name] = values[i : i+1 : i+1]
	}
	return r.Host != ""
}

// lengthOf reads a Content-Length. One of over four digits is not plain.
func lengthOf(value string) (n int64, is bool) {
	if value == "" || len(value) > 4 {
		return 0, false
	}
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// withoutBlankLines drops what some old clients send behind the body of a POST, as net/http does.
func (r *request) withoutBlankLines(in []byte) []byte {
	if r.Method != http.MethodPost {
		return in
	}
	n := 0
	for n < min(4, len(in)) && (in[n] == '\r' || in[n] == '\n') {
		n++
	}
	return in[:copy(in, in[n:])]
}
