package http1

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// requests are what clients send, and what is near to it.
var requests = map[string]verdict{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                                                            plain,
	"GET /a/b%20c?d=%zz&e HTTP/1.1\r\nHost: [::1]:80\r\nX-a: b\r\nx-B:c\r\nEmpty:\r\n\r\n":         plain,
	"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}":                                   plain,
	"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n":                                     plain,
	"POST /p HTTP/1.1\r\nHost: a\r\n\r\n":                                                          plain,
	"PUT /p HTTP/1.1\r\nhost: a:8\r\ncontent-length: 0003\r\nConnection: Keep-Alive\r\n\r\nabcGET": plain,
	"DELETE /p HTTP/1.1\r\nHost: a\r\nAuthorization: \xc3\xa4\tb\r\n\r\n":                          plain,
	"PATCH //p HTTP/1.1\r\nHost: a\r\n\r\n":                                                        other,
	"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{":                                    unfinished,
	"GET / HTTP/1.1\r\nHost: a\r\n":                                                                unfinished,
	"GET":                                                                                          unfinished,
	"DEL":                                                                                          unfinished,
	"":                                                                                             unfinished,
	"get / HTTP/1.1\r\nHost: a\r\n\r\n":                                                            other,
	"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n":                                                           other,
	"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n":                                                        other,
	"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n":                                                   other,
	"GET / HTTP/1.0\r\nHost: a\r\n\r\n":                                                            other,
	"GET /  HTTP/1.1\r\nHost: a\r\n\r\n":                                                           other,
	"GET / HTTP/1.1 \r\nHost: a\r\n\r\n":                                                           other,
	"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n":                                                        other,
	"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n":                                                         other,
	"GET / HTTP/1.1\nHost: a\r\n\r\n":                                                              other,
	"GET / HTTP/1.1\r\nHost: a\n\n":                                                                other,
	"GET / HTTP/1.1\r\n\r\n":                                                                       other,
	"GET / HTTP/1.1\r\nHost: \r\n\r\n":                                                             other,
	"GET / HTTP/1.1\r\nHost: a b\r\n\r\n":                                                          other,
	"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n":                                                 other,
	"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: c\r\n\r\n":                                            other,
	"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n":                                                   other,
	"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n":                                              other,
	"GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n":                                                 other,
	"GET / HTTP/1.1\r\nHost: a\r\nA: \x00\r\n\r\n":                                                 other,
	"GET / HTTP/1.1\r\nHost: \ta \r\nA:  b \t\r\n\r\n":                                             plain,
	"GETS /p HTTP/1.1\r\nHost: a\r\n\r\n":                                                          other,
	"GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n":                                                 other,
	"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n":                                                     other,
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":                                       other,
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n":                     other,
	"GET / HTTP/1.1\r\nHost: a\r\nPragma: no-cache\r\n\r\n":                                        other,
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":                    other,
	"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n":              other,
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na":                                    other,
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na":                other,
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n":                                   other,
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                             other,
	"\x16\x03\x01":                                                                                 other,
	"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n":                                                        other,
}

func TestWhichRequestsArePlain(t *testing.T) {
	t.Parallel()
	for in, want := range requests {
		if got := newRequest().parse([]byte(in)); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
		comparePlain(t, []byte(in))
	}
}

// FuzzPlainRequests holds what is taken for plain against net/http's reading of the same bytes.
func FuzzPlainRequests(f *testing.F) {
	for in := range requests {
		f.Add([]byte(in))
	}
	f.Fuzz(comparePlain)
}

func comparePlain(t *testing.T, in []byte) {
	r := newRequest()
	if r.parse(in) != plain {
		return
	}
	got := seen(t, &r.Request)
	rest := bytes.NewReader(in)
	buffered := bufio.NewReaderSize(rest, 16)
	oracle, err := http.ReadRequest(buffered)
	if err != nil {
		t.Fatalf("%q: net/http refuses it: %v", in, err)
	}
	if want := seen(t, oracle); got != want {
		t.Errorf("%q:\ngot  %s\nwant %s", in, got, want)
	}
	if want := len(in) - rest.Len() - buffered.Buffered(); r.size != want {
		t.Errorf("%q: %d bytes, net/http reads %d", in, r.size, want)
	}
	if oracle.Close || len(oracle.TransferEncoding) > 0 || oracle.Trailer != nil {
		t.Errorf("%q: net/http sees more in it: %+v", in, oracle)
	}
	for i := range in[:r.size] {
		if v := newRequest().parse(in[:i]); v != unfinished {
			t.Fatalf("%q is plain, but its first %d bytes are %v", in, i, v)
		}
	}
}

func newRequest() *request {
	r := &request{}
	r.init(context.Background(), "")
	return r
}

// seen is what a handler sees of a request.
func seen(t *testing.T, r *http.Request) string {
	t.Helper()
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s %s %s %d %d %q %#v %d %t %v\n", r.Method, r.RequestURI, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Host, r.URL,
		r.ContentLength, r.Close, r.TransferEncoding)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(b, "%s: %q\n", name, r.Header[name])
	}
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(b, "%q %v %t", body, err, r.Body == http.NoBody)
	return b.String()
}
