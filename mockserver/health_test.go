package mockserver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/countersign/countersign/mockserver"
)

// childTimeouts tells this test program, run again, to serve with that timeout in every phase. A process of its own has
// goroutines, heap and file descriptors that no other test touches.
const childTimeouts = "COUNTERSIGN_TEST_TIMEOUTS"

// figures are what a server has left after a collection of garbage.
type figures struct {
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap"` // bytes in use
}

// serveFigures is the child: it serves until its input ends, and then says whether a goroutine stayed behind.
func serveFigures(timeout string) int {
	before := goleak.IgnoreCurrent()
	d, err := time.ParseDuration(timeout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	settled := func(w http.ResponseWriter, _ *http.Request) {
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		_ = json.NewEncoder(w).Encode(figures{runtime.NumGoroutine(), m.HeapAlloc})
	}
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Log: slog.New(slog.DiscardHandler),
		Timeouts: mockserver.Timeouts{Header: d, Read: d, Write: d, Idle: d}, Debug: http.HandlerFunc(settled)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	addr, err := srv.Listen("127.0.0.1:0", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(addr)
	_, _ = io.Copy(io.Discard, os.Stdin)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	fmt.Println(errorsOf(srv.Shutdown(ctx), goleak.Find(before)))
	return 0
}

// errorsOf is one line.
func errorsOf(errs ...error) string {
	var texts []string
	for _, err := range errs {
		if err != nil {
			texts = append(texts, strings.ReplaceAll(err.Error(), "\n", " | "))
		}
	}
	return "end: " + strings.Join(texts, "; ")
}

// patient is a server in a process of its own, and what it took before anything happened.
type patient struct {
	*testing.T
	addr, url string
	before    figures
	client    *http.Client
}

func admit(t *testing.T, timeout time.Duration) *patient {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childTimeouts+"="+timeout.String())
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	p := &patient{T: t, addr: strings.TrimSpace(line), client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	p.url = "http://" + p.addr
	t.Cleanup(func() { // it must end without a goroutine that stays behind
		_ = stdin.Close()
		if end, err := lines.ReadString('\n'); end != "end: \n" {
			t.Errorf("the server ended with %q (%v)", end, err)
		}
		_ = cmd.Wait()
	})
	p.visit() // what is made once is made
	p.before = p.figures()
	return p
}

func (p *patient) get(path string) (status int, body []byte) {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.url+path, http.NoBody)
	if err != nil {
		p.Fatal(err)
	}
	req.Header = demoKey()
	resp, err := p.client.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		p.Fatal(err)
	}
	return resp.StatusCode, body
}

// visit wants that the vendor and the admin API answer, and returns the time that the slower one took.
func (p *patient) visit() time.Duration {
	p.Helper()
	var slowest time.Duration
	for _, path := range []string{"/acme/notes/demo?mode=", "/__admin/health"} {
		begun := time.Now()
		if status, body := p.get(path); status != http.StatusOK {
			p.Fatalf("%s: %d %s", path, status, body)
		}
		slowest = max(slowest, time.Since(begun))
	}
	return slowest
}

// well wants that the server answers, and promptly, while it has something to bear.
func (p *patient) well(under string) {
	p.Helper()
	const visits = 50
	most := 3 * time.Second // a machine that does other things, too
	if raceDetector {
		most = 15 * time.Second
	}
	took := make([]time.Duration, visits)
	for i := range took {
		took[i] = p.visit()
	}
	slices.Sort(took)
	f := p.figures()
	p.Logf("under %s: median %v, slowest %v; %d goroutines, heap %.1f MB", under, took[visits/2], took[visits-1], f.Goroutines, mb(f.Heap))
	if took[visits-1] > most {
		p.Errorf("under %s a request took %v", under, took[visits-1])
	}
}

func (p *patient) figures() (f figures) {
	p.Helper()
	_, body := p.get("/__admin/debug/figures")
	if err := json.Unmarshal(body, &f); err != nil {
		p.Fatalf("%v: %s", err, body)
	}
	return f
}

func mb(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// twice does something to the server twice and wants that goroutines and heap go back to where they were. What the first
// time leaves of the heap is the runtime's: it never gives the descriptors of goroutines back, some 0.4 kB each, and uses
// them again. The second time leaves nothing.
func (p *patient) twice(what func()) {
	p.Helper()
	what()
	first := p.settled(p.before.Heap + 64<<20)
	what()
	second := p.settled(first.Heap + 1<<20)
	p.Logf("before: %d goroutines, heap %.1f MB; after: %d goroutines, heap %.1f MB; after a second time: %d goroutines, heap %.1f MB",
		p.before.Goroutines, mb(p.before.Heap), first.Goroutines, mb(first.Heap), second.Goroutines, mb(second.Heap))
	p.visit()
}

// settled waits until there are as few goroutines as before and no more heap than that.
func (p *patient) settled(heap uint64) figures {
	p.Helper()
	const alsoThere = 2 // connections of this test that the server has not noticed to be closed yet
	deadline := time.Now().Add(time.Minute)
	for n := 0; ; n++ {
		p.forget()
		f := p.figures()
		if n >= 6 && f.Goroutines <= p.before.Goroutines+alsoThere && f.Heap <= heap { // pools are empty after a few collections
			return f
		}
		if time.Now().After(deadline) {
			p.Fatalf("it has %d goroutines and %.1f MB of heap; want %d and %.1f MB", f.Goroutines, mb(f.Heap), p.before.Goroutines, mb(heap))
		}
	}
}

// forget empties the journal, which keeps requests on purpose.
func (p *patient) forget() {
	p.Helper()
	if got := send(p.T, "DELETE", p.url+"/__admin/requests", "", http.Header{"Connection": {"close"}}); got.status != http.StatusOK {
		p.Fatalf("%d %s", got.status, got.raw)
	}
}

// dial opens a connection and sends a text.
func (p *patient) dial(text string) *net.TCPConn {
	p.Helper()
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(p.Context(), "tcp", p.addr)
	if err != nil {
		p.Fatal(err)
	}
	tcp := conn.(*net.TCPConn)
	if _, err := io.WriteString(tcp, text); err != nil {
		p.Fatal(err)
	}
	return tcp
}

const (
	wireGet  = "GET /acme/notes/demo?mode= HTTP/1.1\r\nHost: a\r\nAuthorization: demo-key\r\n\r\n"
	wirePost = "POST /acme/notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
)

// Ten thousand connections that do nothing, half of them after a request, neither slow the server down nor leave
// anything behind.
func TestTenThousandIdleConnections(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("opens ten thousand connections")
	}
	n := mostConnections(t, 10_000)
	p := admit(t, time.Hour)
	p.twice(func() {
		conns := make([]*net.TCPConn, n)
		reply := make([]byte, 4096)
		for i := range conns {
			if i%2 == 0 {
				conns[i] = p.dial("")
				continue
			}
			conns[i] = p.dial(wireGet)
			if n, err := conns[i].Read(reply); err != nil || !bytes.HasPrefix(reply[:n], []byte("HTTP/1.1 ")) {
				t.Fatalf("%q %v", reply[:n], err)
			}
		}
		p.well(fmt.Sprintf("%d idle connections", n))
		for _, c := range conns {
			_ = c.Close()
		}
	})
}

// Clients that are killed while they send a request, or wait for its reply, leave nothing behind.
func TestClientsKilledMidRequest(t *testing.T) {
	t.Parallel()
	p := admit(t, time.Hour)
	slow := `{"vendor":"acme","operation":"GetNote","parameters":[{"name":"mode","equals":"a"}],"effect":{"latency":{"fixed":"1h"}}}`
	if got := send(t, "POST", p.url+"/__admin/worlds/default/faults", slow, http.Header{"Connection": {"close"}}); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	p.twice(func() {
		var conns []*net.TCPConn
		for i := range 250 {
			conns = append(conns, p.dial(wireGet[:30]), p.dial(wirePost+`{"id":`), p.dial(strings.Replace(wireGet, "mode=", "mode=a", 1)))
			if i%10 == 0 { // each of them is told of every request
				conns = append(conns, p.dial("GET /__admin/requests/stream HTTP/1.1\r\nHost: a\r\n\r\n"))
			}
		}
		p.well(fmt.Sprintf("%d clients in the middle of a request", len(conns)))
		for _, c := range conns {
			_ = c.SetLinger(0) // a reset, as of a process that is gone
			_ = c.Close()
		}
	})
}

// Clients that do not read what they asked for are cut off in time, and hold up nobody until then.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	p := admit(t, 10*time.Second) // long enough for who does read, on a busy machine under the race detector too
	large := `{"id":"x","text":"` + strings.Repeat("x", 1<<20) + `"}`
	var all []*net.TCPConn // they stay open until the end: the server has to cut them off
	p.twice(func() {
		for range 8 {
			send(t, "POST", p.url+"/acme/notes", large, withHeader(jsonKey(), "Connection", "close"))
		}
		if _, body := p.get("/__admin/requests"); len(body) < 8<<20 {
			t.Fatalf("the large reply has %d bytes", len(body))
		}
		var conns []*net.TCPConn
		for range 20 {
			c := p.dial("GET /__admin/requests HTTP/1.1\r\nHost: a\r\n\r\n")
			_ = c.SetReadBuffer(4096)
			conns = append(conns, c)
		}
		for range 2 {
			conns = append(conns, p.pipelined())
		}
		p.well(fmt.Sprintf("%d slow readers", len(conns)))
		all = append(all, conns...)
	})
	for _, c := range all {
		_ = c.Close()
	}
}

func withHeader(h http.Header, name, value string) http.Header {
	h.Set(name, value)
	return h
}

// pipelined sends requests until nobody takes them any more, and reads no reply.
func (p *patient) pipelined() *net.TCPConn {
	c := p.dial(wireGet)
	_ = c.SetReadBuffer(4096)
	many := []byte(strings.Repeat(wireGet, 1000))
	for {
		_ = c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := c.Write(many); err != nil {
			return c
		}
	}
}

// Clients that send a header or a body bit by bit, or not at all, are cut off in time, and hold up nobody until then.
func TestSlowWriters(t *testing.T) {
	t.Parallel()
	p := admit(t, 2*time.Second)
	var all []*net.TCPConn // they stay open until the end: the server has to cut them off
	p.twice(func() {
		var conns []*net.TCPConn
		for range 300 {
			conns = append(conns, p.dial(wirePost+`{"id":"`), p.dial("GET /acme"), p.dial(strings.Replace(wirePost, "/acme/notes", "/__admin/worlds", 1)+"{"))
		}
		p.well(fmt.Sprintf("%d slow writers", len(conns)))
		all = append(all, conns...)
	})
	for _, c := range all {
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("a slow writer was not cut off: %v", err)
		}
		_ = c.Close()
	}
}
