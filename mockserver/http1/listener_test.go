package http1_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver/http1"
)

const soon = 10 * time.Second // long enough for anything that should happen at once

// served is a server on plain requests' own connections, or on net/http's alone.
type served struct {
	*http.Server
	plain *http1.Listener
	addr  string
	log   *bytes.Buffer
	over  chan error
}

func serve(t testing.TB, own bool, srv *http.Server) *served {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{Server: srv, addr: ln.Addr().String(), log: &bytes.Buffer{}, over: make(chan error, 1)}
	srv.ErrorLog = log.New(s.log, "", 0)
	if own {
		s.plain = http1.Listen(ln, srv, nil)
		ln = s.plain
	}
	go func() { s.over <- srv.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := s.stop(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-s.over; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return s
}

func (s *served) stop(ctx context.Context) error {
	err := s.Shutdown(ctx)
	if s.plain != nil {
		err = errors.Join(err, s.plain.Wait(ctx))
	}
	return err
}

func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(soon))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// exchange sends pieces one by one and then nothing more, and returns all that came back until the server closed the connection,
// with every date made the same.
func (s *served) exchange(t *testing.T, pieces ...string) string {
	t.Helper()
	c := s.dial(t)
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(c) // what came before an error counts
		got <- all
	}()
	for _, p := range pieces {
		if _, err := io.WriteString(c, p); err != nil {
			break // the reply says why
		}
	}
	_ = c.(*net.TCPConn).CloseWrite()
	return dates.ReplaceAllString(string(<-got), "Date: now\r\n")
}

var dates = regexp.MustCompile(`Date: [A-Z][a-z]{2}, [^\r]* GMT\r\n`)

// replies are the ways to answer.
var replies = map[string]http.HandlerFunc{
	"length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "2")
		w.Header().Set("X-One", "a\r\nb")
		w.Header()["X-Two"] = []string{" c ", "d"}
		w.Header()["x y"] = []string{"no name"}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	},
	"none": func(http.ResponseWriter, *http.Request) {},
	"empty": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(404)
	},
	"sniffed": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>")
		_, _ = io.WriteString(w, "b")
	},
	"encoded": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, "<html>")
	},
	"204":    status(204),
	"304":    status(304),
	"599":    status(599),
	"twice":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.WriteHeader(202) },
	"dated":  func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Date", "never") },
	"closed": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") },
	"short": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "abc")
	},
	"long": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "3")
		_, err := io.WriteString(w, "ab")
		_, err2 := io.WriteString(w, "cd")
		if err != nil || !errors.Is(err2, http.ErrContentLength) {
			panic(fmt.Sprint(err, err2))
		}
		_, _ = io.WriteString(w, "c")
	},
	"pieces": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "30001")
		control := http.NewResponseController(w)
		for _, n := range []int{0, 1, 10_000, 20_000} {
			_, _ = w.Write(bytes.Repeat([]byte{'a'}, n))
			if err := errors.Join(control.SetWriteDeadline(time.Now().Add(time.Minute)), control.Flush()); err != nil {
				panic(err)
			}
		}
	},
	"parsed": func(w http.ResponseWriter, r *http.Request) {
		err := r.ParseForm()
		fmt.Fprintln(w, r.Form, err)
	},
	"left": func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, r.Form, r.Context().Done() != nil)
	},
	"goexit": func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
	"panic":  func(http.ResponseWriter, *http.Request) { panic("on purpose") },
	"abort": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "abc")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"hijacked": func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer func() { _ = c.Close() }()
		_, err = io.WriteString(w, "x")
		rest, _ := io.ReadAll(rw)
		fmt.Fprintf(c, "%v, and then came %q", err, rest)
	},
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		if _, err := io.WriteString(w, "body"); (err != nil) != (code < 400) {
			panic(err)
		}
	}
}

// answer echoes requests, or answers in the way that the path names.
func answer(w http.ResponseWriter, r *http.Request) {
	if reply := replies[strings.TrimPrefix(r.URL.Path, "/")]; reply != nil {
		reply(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	_, port, _ := net.SplitHostPort(r.RemoteAddr)
	echo := fmt.Sprintf("%s %s %s %v %q %v %v %t %t", r.Method, r.RequestURI, r.Host, r.Header, body, err, r.ContentLength, local != nil, port != "")
	w.Header().Set("Content-Length", fmt.Sprint(len(echo)))
	_, _ = io.WriteString(w, echo)
}

// TestSameAsNetHTTP sends the same bytes to a server with connections of its own for plain requests and to one without.
func TestSameAsNetHTTP(t *testing.T) {
	t.Parallel()
	const last = "GET /last HTTP/1.1\r\nHost: a\r\n\r\n"
	long := strings.Repeat("x", 7000)
	streams := map[string][]string{
		"Plain":            {"GET /a HTTP/1.1\r\nHost: a\r\nX-y: z\r\n\r\n"},
		"Body":             {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"},
		"BodyApart":        {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "abc"},
		"BodyEndsEarly":    {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"},
		"InDrops":          strings.Split("POST /a HTTP/1.1|\r|\nHo|st: a\r\nContent-Length: 3\r\n|\r\na|bc", "|"),
		"HeadEndsEarly":    {"GET /a HTTP/1.1\r\nHost"},
		"Nothing":          {},
		"Pipelined":        {strings.Repeat("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"+last, 3)},
		"PipelinedLong":    {strings.Repeat("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 7000\r\n\r\n"+long+last, 3)},
		"LongerThanPlain":  {"GET /a HTTP/1.1\r\nHost: a\r\nLong: " + long + long + "\r\n\r\n"},
		"Blank":            {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\r\n", last},
		"BlankAndEnd":      {"POST /a HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nG"},
		"TooFewForMore":    {last + "0"},
		"BlankBehindGet":   {last + "\r\n" + last},
		"BlankAlone":       {"POST /a HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n" + last},
		"Repeated":         {"GET /a HTTP/1.1\r\nHost: a\r\nA: b\r\na: c\r\n\r\n"},
		"Chunked":          {last + "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + last},
		"Continue":         {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "abc"},
		"Head":             {last + "HEAD /length HTTP/1.1\r\nHost: a\r\n\r\n" + last},
		"OldVersion":       {"GET /a HTTP/1.0\r\n\r\n"},
		"Close":            {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + last},
		"NoHost":           {"GET /a HTTP/1.1\r\n\r\n"},
		"Smuggled":         {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + last},
		"TwoLengths":       {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd" + last},
		"BadName":          {"GET /a HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n"},
		"Folded":           {"GET /a HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n"},
		"Garbage":          {last + "\x16\x03\x01\x02\x03\r\n\r\n"},
		"BareLineFeeds":    {"GET /a HTTP/1.1\nHost: a\n\n"},
		"NotPlainAnyMore":  {last + "OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n" + last},
		"FormThenNone":     {"GET /parsed?x=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /parsed?y=2 HTTP/1.1\r\nHost: a\r\n\r\nGET /left HTTP/1.1\r\nHost: a\r\n\r\n"},
		"WaitsThenMore":    {strings.Repeat("GET /left HTTP/1.1\r\nHost: a\r\n\r\n", 3)},
		"HijackedWithMore": {"GET /hijacked HTTP/1.1\r\nHost: a\r\n\r\nand more", ", and more"},
	}
	for name := range replies {
		streams["Reply/"+name] = []string{fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", name), last}
	}
	own, oracle := serve(t, true, &http.Server{Handler: http.HandlerFunc(answer)}), serve(t, false, &http.Server{Handler: http.HandlerFunc(answer)})
	for name, pieces := range streams {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, want := own.exchange(t, pieces...), oracle.exchange(t, pieces...)
			if got != want {
				t.Errorf("got  %.2000q\nwant %.2000q", got, want)
			}
		})
	}
}

// FuzzStreams is TestSameAsNetHTTP with any bytes.
func FuzzStreams(f *testing.F) {
	f.Add("GET /length HTTP/1.1\r\nHost: a\r\n\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 20)
	f.Add("GET /204 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /none HTTP/1.1\r\nHost: a\r\n\r\n", 3)
	f.Add("POST /hijacked HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET", 2)
	f.Fuzz(func(t *testing.T, stream string, cut int) {
		cut = min(max(cut, 0), len(stream))
		own, oracle := serve(t, true, &http.Server{Handler: http.HandlerFunc(answer)}), serve(t, false, &http.Server{Handler: http.HandlerFunc(answer)})
		got, want := own.exchange(t, stream[:cut], stream[cut:]), oracle.exchange(t, stream[:cut], stream[cut:])
		if got != want {
			t.Errorf("%q:\ngot  %.2000q\nwant %.2000q", stream, got, want)
		}
	})
}

// plainOnly makes sure that a request is served here and not by net/http.
func plainOnly(t *testing.T, h http.HandlerFunc) *http.Server {
	t.Helper()
	return &http.Server{Handler: h, ConnState: func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			t.Errorf("net/http has got a connection of %v", c.RemoteAddr())
		}
	}}
}

func TestPlainRequestsAreServedHere(t *testing.T) {
	t.Parallel()
	s := serve(t, true, plainOnly(t, answer))
	got := s.exchange(t, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "abc", "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
	if strings.Count(got, "HTTP/1.1 200 OK\r\n") != 2 {
		t.Errorf("got %q", got)
	}
}

func TestWhoseRequestsAreServedHere(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	srv := &http.Server{Handler: http.HandlerFunc(answer), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			elsewhere.Add(1)
		}
	}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := http1.Listen(ln, srv, func(r *http.Request) bool { return r.URL.Path != "/theirs" })
	go func() { _ = srv.Serve(l) }()
	s := &served{Server: srv, plain: l, addr: ln.Addr().String()}
	defer func() { _ = s.stop(t.Context()) }()
	for path, want := range map[string]int32{"/ours": 0, "/theirs": 1} {
		before := elsewhere.Load()
		if got := s.exchange(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%s: got %q", path, got)
		}
		if got := elsewhere.Load() - before; got != want {
			t.Errorf("%s: net/http got %d connections, want %d", path, got, want)
		}
	}
}
