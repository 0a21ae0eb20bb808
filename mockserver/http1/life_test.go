package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"

// write sends bytes; read reads one reply.
func write(t *testing.T, c io.Writer, p string) {
	t.Helper()
	if _, err := io.WriteString(c, p); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, c io.Reader) {
	t.Helper()
	in, is := c.(*bufio.Reader)
	if !is {
		in = bufio.NewReader(c)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
}

// closedAfter is how long the server takes to close a connection on which nothing more is sent.
func closedAfter(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	start := time.Now()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Fatalf("got %q, %v", rest, err)
	}
	return time.Since(start)
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	const limit, never = 100 * time.Millisecond, time.Hour
	for name, c := range map[string]struct {
		header, read, idle time.Duration
		sent               string
		replies            int
	}{
		"Silent":   {limit, never, never, "", 0},
		"Idle":     {never, never, limit, get, 1},
		"HalfHead": {limit, never, never, get + "GET /", 1},
		"HalfBody": {limit, 2 * limit, never, get + "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, true, &http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: c.header, ReadTimeout: c.read, IdleTimeout: c.idle})
			start := time.Now()
			conn := s.dial(t)
			write(t, conn, c.sent)
			for range c.replies {
				read(t, conn)
			}
			_, _ = io.ReadAll(conn) // half a body is answered before the connection is closed
			if took := time.Since(start); took < limit || took >= soon {
				t.Errorf("closed after %v, want %v", took, limit)
			}
		})
	}
}

// A request in drops does not outlast its limits, and nobody waits for the rest of one that ends the server.
func TestDrops(t *testing.T) {
	t.Parallel()
	s := serve(t, true, &http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 200 * time.Millisecond})
	slow, unfinished := s.dial(t), s.dial(t)
	write(t, unfinished, get)
	read(t, unfinished)
	start := time.Now()
	drops := time.NewTicker(20 * time.Millisecond)
	defer drops.Stop()
	for range drops.C {
		if _, err := io.WriteString(slow, "GET /aaaaaaaa"); err != nil {
			break
		}
		if time.Since(start) > soon {
			t.Fatal("drops are waited for without end")
		}
	}
	write(t, unfinished, "GET /")
	if err := s.stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A client that does not read its reply is given up.
func TestWriteLimit(t *testing.T) {
	t.Parallel()
	over := make(chan error, 1)
	s := serve(t, true, &http.Server{WriteTimeout: 100 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1073741824")
		piece := make([]byte, 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				over <- err
				return
			}
		}
	})})
	write(t, s.dial(t), get)
	if err := <-over; !isTimeout(err) {
		t.Errorf("got %v", err)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// waits answers a request when its context ends, or when told to.
type waits struct {
	begun, tell chan struct{}
	ended       chan error
}

func newWaits() *waits {
	return &waits{begun: make(chan struct{}), tell: make(chan struct{}), ended: make(chan error, 1)}
}

func (w *waits) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/wait" {
		answer(rw, r)
		return
	}
	done := r.Context().Done()
	w.begun <- struct{}{}
	select {
	case <-done:
		w.ended <- r.Context().Err()
	case <-w.tell:
		w.ended <- nil
	}
	_, _ = io.WriteString(rw, "waited")
}

const wait = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"

// waiting is a server with a request that waits, and its connection.
func waiting(t *testing.T) (*waits, *served, net.Conn) {
	t.Helper()
	w := newWaits()
	s := serve(t, true, plainOnly(t, w.ServeHTTP))
	c := s.dial(t)
	write(t, c, wait)
	<-w.begun
	return w, s, c
}

func TestContextEndsWhenTheClientGoes(t *testing.T) {
	t.Parallel()
	w, _, c := waiting(t)
	_ = c.Close()
	if err := <-w.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Requests that come while one waits are answered after it, in order, and what watched the client has lost nothing.
func TestNextRequestWhileOneWaits(t *testing.T) {
	t.Parallel()
	w := newWaits()
	s := serve(t, true, plainOnly(t, w.ServeHTTP))
	c := s.dial(t)
	for range 3 {
		write(t, c, get+wait)
		<-w.begun
		write(t, c, get)
		w.tell <- struct{}{}
		if err := <-w.ended; err != nil {
			t.Fatalf("ended by %v", err)
		}
		in := bufio.NewReader(c)
		for i, want := range []string{"GET /a", "waited", "GET /a"} {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("reply %d: %v", i, err)
			}
			if body, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(body), want) {
				t.Fatalf("reply %d: %q, %v", i, body, err)
			}
			_ = resp.Body.Close()
		}
	}
}

// Shutdown closes connections without a request and waits for the others.
func TestShutdownWaits(t *testing.T) {
	t.Parallel()
	w, s, busy := waiting(t)
	idle, fresh := s.dial(t), s.dial(t)
	write(t, idle, get)
	read(t, idle)
	over := make(chan error, 1)
	go func() { over <- s.stop(context.Background()) }()
	for _, c := range []net.Conn{idle, fresh} {
		closedAfter(t, c)
	}
	select {
	case err := <-over:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	w.tell <- struct{}{}
	if err := <-w.ended; err != nil {
		t.Errorf("the request ended with %v", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(busy), nil)
	if err != nil || !resp.Close {
		t.Fatalf("got %v, %v, want a reply that says the connection is over", resp, err)
	}
	_ = resp.Body.Close()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// Somebody who asks for the end of a context when its call is over disturbs nothing.
func TestLateQuestionsForTheContext(t *testing.T) {
	t.Parallel()
	var late sync.WaitGroup
	defer late.Wait()
	s := serve(t, true, plainOnly(t, func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		_ = ctx.Done()
		late.Go(func() { _ = ctx.Done() })
		answer(w, r)
	}))
	c := s.dial(t)
	in := bufio.NewReader(c)
	for range 200 {
		write(t, c, get)
		read(t, in)
	}
}

// What a reply was made of is let go of when it is out.
func TestIdleConnectionsHoldNothing(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	s := serve(t, true, plainOnly(t, func(w http.ResponseWriter, _ *http.Request) {
		large := &[1 << 16]string{}
		runtime.AddCleanup(large, func(struct{}) { close(gone) }, struct{}{})
		w.Header()["X-A"] = large[:1]
	}))
	c := s.dial(t)
	write(t, c, get)
	read(t, c)
	for start := time.Now(); ; runtime.GC() {
		select {
		case <-gone:
			return
		default:
			if time.Since(start) > soon {
				t.Fatal("the connection still has its last reply")
			}
		}
	}
}

// Shutdown waits no longer than it is allowed to, and for nothing if there is nothing.
func TestShutdownGivesUp(t *testing.T) {
	t.Parallel()
	w, s, _ := waiting(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	other := serve(t, true, plainOnly(t, answer))
	if err := other.stop(ctx); err != nil {
		t.Errorf("nothing to wait for: %v", err)
	}
	if err := s.stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := <-w.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended with %v", err)
	}
}

// The server hears of the end of its listener.
func TestClosedListener(t *testing.T) {
	t.Parallel()
	s := serve(t, true, plainOnly(t, answer))
	if err := s.stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.plain.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
