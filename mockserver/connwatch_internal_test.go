package mockserver

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// watched starts what net/http does while a handler works, and returns where its end is told.
func watched(t *testing.T, conn *clientConn) <-chan error {
	t.Helper()
	if err := conn.SetReadDeadline(never); err != nil {
		t.Fatal(err)
	}
	end := make(chan error, 1)
	go func() {
		var b [1]byte
		n, err := conn.Read(b[:])
		if n == 1 {
			err = errors.New("read " + string(b[:]))
		}
		end <- err
	}()
	return end
}

// A wait for the client ends when it goes away, sends more, or is given up: before the wait has got to the system, while it is
// held back, and after.
func TestWatch(t *testing.T) {
	t.Parallel()
	leave := func(_ *clientConn, client net.Conn) { _ = client.Close() }
	send := func(_ *clientConn, client net.Conn) { _, _ = client.Write([]byte("x")) }
	giveUp := func(conn *clientConn, _ net.Conn) { _ = conn.SetReadDeadline(gone) }
	bound := func(conn *clientConn, _ net.Conn) { _ = conn.SetReadDeadline(time.Now().Add(time.Millisecond)) }
	tests := []struct {
		name  string
		do    func(*clientConn, net.Conn)
		want  string
		times int
	}{
		{"Leaves", leave, io.EOF.Error(), 1},
		{"SendsMore", send, "read x", 2},
		{"GivenUp", giveUp, "i/o timeout", 2},
		{"Bounded", bound, "i/o timeout", 2},
	}
	stages := []struct {
		name  string
		ready func(*clientConn)
	}{
		{"AtOnce", func(*clientConn) {}},
		{"HeldBack", func(c *clientConn) { until(c, func() bool { return c.watch.on }) }},
		{"Begun", func(c *clientConn) { until(c, func() bool { return c.toRead.waiting }) }},
	}
	for _, stage := range stages {
		for _, tt := range tests {
			t.Run(stage.name+tt.name, func(t *testing.T) {
				t.Parallel()
				conn, client := connected(t)
				for range tt.times { // the timer is used again
					end := watched(t, conn)
					stage.ready(conn)
					tt.do(conn, client)
					err := <-end
					if e := new(net.OpError); errors.As(err, &e) {
						err = e.Err
					}
					if err == nil || err.Error() != tt.want {
						t.Fatalf("%v, want %s", err, tt.want)
					}
				}
			})
		}
	}
}

func until(c *clientConn, is func() bool) {
	for there := false; !there; runtime.Gosched() {
		c.toRead.mu.Lock()
		there = is()
		c.toRead.mu.Unlock()
	}
}

// Waits that follow one another quickly share a timer, and the first that lasts begins nevertheless.
func TestWatchAfterMany(t *testing.T) {
	t.Parallel()
	conn, client := connected(t)
	for range 1000 {
		end := watched(t, conn)
		_ = conn.SetReadDeadline(gone)
		if err := <-end; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	end := watched(t, conn)
	_ = client.Close()
	if err := <-end; !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

// A read of more than a byte is never held back, whatever came before it.
func TestReadAfterWatch(t *testing.T) {
	t.Parallel()
	conn, client := connected(t)
	for range 100 {
		end := watched(t, conn)
		_ = conn.SetReadDeadline(gone)
		if err := <-end; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := client.Write([]byte("GET /")); err != nil {
			t.Fatal(err)
		}
		var b [16]byte
		if n, err := conn.Read(b[:]); err != nil || string(b[:n]) != "GET /" {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
}
