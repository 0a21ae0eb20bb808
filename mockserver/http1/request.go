package http1

import (
	"bytes"
	"context"
	"net/http"
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
	// fresh is a Request that no request has been read into.
	fresh  http.Request
	names  names
	fields []field
	// text is what is kept of the head: target, Host and the values of the fields.
	text []byte
}

// field is a name and how long its value is, which lies in text behind those of the fields before.
type field struct {
	name string
	size int
}

type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

func (r *request) init(ctx context.Context, remote string) {
	r.fresh = *(&http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: remote}).WithContext(ctx)
	r.names = names{}
}

// forget lets go of a request.
func (r *request) forget() {
	if r.MultipartForm != nil {
		_ = r.MultipartForm.RemoveAll()
	}
	r.Request = r.fresh
	r.body.Reset(nil)
}

// parse makes the request of in, which has to begin with one.
func (r *request) parse(in []byte) verdict {
	method, v := methodOf(in)
	if v != plain {
		return v
	}
	size, lines, v := headOf(in)
	if v != plain {
		return v
	}
	r.Request = r.fresh
	r.Method = method
	line, fields, _ := bytes.Cut(in[len(method)+1:size], endOfLine)
	target, is := targetOf(line)
	if !is || !r.parseFields(target, fields, lines-2) {
		return other
	}
	r.size = size + int(r.ContentLength)
	switch {
	case r.size > most:
		return other
	case r.size > len(in):
		return unfinished
	}
	r.Body = http.NoBody
	if r.ContentLength > 0 {
		r.body.Reset(in[size:r.size])
		r.Body = &r.body
	}
	return r.keepHead(len(target))
}

var endOfLine = []byte("\r\n")

// methods are those of plain requests.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch}

// methodOf tells at once what will never be plain, TLS on the wrong port for one.
func methodOf(in []byte) (string, verdict) {
	for _, m := range methods {
		n := min(len(m), len(in))
		switch {
		case string(in[:n]) != m[:n]:
		case len(in) <= len(m):
			return "", unfinished
		case in[len(m)] == ' ':
			return m, plain
		}
	}
	return "", other
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

// targetOf returns what stands between method and version, if it is a path and query of visible characters. What begins with
// two slashes may be meant to name a host.
func targetOf(line []byte) ([]byte, bool) {
	target, version, _ := bytes.Cut(line, []byte(" "))
	if string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' || len(target) > 1 && target[1] == '/' {
		return nil, false
	}
	return target, all(target, targetChar)
}

// parseFields reads n fields of a head into r.fields, and what is kept of them into r.text, the target and the Host first. It is
// false if net/http has to look at them.
func (r *request) parseFields(target, in []byte, n int) bool {
	r.fields, r.text = r.fields[:0], append(r.text[:0], target...)
	host, haveLength := []byte(nil), false
	for range n {
		var line []byte
		line, in, _ = bytes.Cut(in, endOfLine)
		raw, value, is := bytes.Cut(line, []byte(":"))
		name, isName := r.names.of(raw)
		value = bytes.Trim(value, " \t")
		if !is || !isName || !all(value, textChar) {
			return false
		}
		switch name {
		case "Host":
			if host != nil || len(value) == 0 || !all(value, hostChar) {
				return false
			}
			host = value
			continue
		case "Content-Length":
			length, is := lengthOf(value)
			if haveLength || !is {
				return false
			}
			r.ContentLength, haveLength = length, true
		case "Connection":
			if !bytes.EqualFold(value, []byte("keep-alive")) {
				return false
			}
		case "Expect", "Http2-Settings", "Pragma", "Trailer", "Transfer-Encoding", "Upgrade":
			return false
		}
		r.fields, r.text = append(r.fields, field{name, len(value)}), append(r.text, value...)
	}
	r.text = append(r.text, host...)
	return host != nil
}

// keepHead makes the strings of a request, all in one piece of memory. What came twice is net/http's.
func (r *request) keepHead(target int) verdict {
	text := string(r.text)
	r.RequestURI, text = text[:target], text[target:]
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return other
	}
	r.URL = u
	r.Header = make(http.Header, len(r.fields))
	values := make([]string, len(r.fields))
	for i, f := range r.fields {
		values[i], text = text[:f.size], text[f.size:]
		if _, again := r.Header[f.name]; again {
			return other
		}
		r.Header[f.name] = values[i : i+1 : i+1]
	}
	r.Host = text
	return plain
}

// lengthOf reads a Content-Length. One of over four digits is not plain.
func lengthOf(value []byte) (n int64, is bool) {
	if len(value) == 0 || len(value) > 4 {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// withoutBlankLines drops what some old clients send behind the body of a POST, as net/http does.
func withoutBlankLines(in []byte) []byte {
	n := 0
	for n < min(4, len(in)) && strings.IndexByte("\r\n", in[n]) >= 0 {
		n++
	}
	return in[:copy(in, in[n:])]
}
