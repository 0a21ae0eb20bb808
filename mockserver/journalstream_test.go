package mockserver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// event is a server-sent event; a comment has only the text.
type event struct{ id, kind, data, comment string }

// events reads a stream.
type events struct {
	t    *testing.T
	resp *http.Response
	in   *bufio.Reader
	stop context.CancelFunc
}

func openStream(t *testing.T, url string, header http.Header) *events {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); resp.Body.Close() })
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || ct != "text/event-stream; charset=utf-8" {
		t.Fatalf("status %d, %s", resp.StatusCode, ct)
	}
	e := &events{t, resp, bufio.NewReader(resp.Body), cancel}
	if first := e.any(); first.comment != "countersign" {
		t.Fatalf("the stream begins with %+v", first)
	}
	return e
}

// any is the next event, ok or comment; its kind is "EOF" where there is none.
func (e *events) any() event {
	e.t.Helper()
	var ev event
	for {
		line, err := e.in.ReadString('\n')
		if err != nil {
			return event{kind: "EOF", data: err.Error()}
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return ev
		}
		name, value, _ := strings.Cut(line, ": ")
		*map[string]*string{"": &ev.comment, "id": &ev.id, "event": &ev.kind, "data": &ev.data, "retry": new(string)}[name] = value
	}
}

func (e *events) want(kind, id string) event {
	e.t.Helper()
	ev := e.any()
	if ev.kind != kind || ev.id != id {
		e.t.Fatalf("got %.300v, want %s %s", ev, kind, id)
	}
	return ev
}

func TestStream(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	call(t, srv, demoKey(), 0, 0) // 1
	all := openStream(t, srv.URL+"/__admin/requests/stream", nil)
	some := openStream(t, srv.URL+"/__admin/requests/stream?status=404&bodies=false", nil)
	for i := range 3 { // 2, 3, 4
		call(t, srv, demoKey(), i, 0)
		all.want("request", fmt.Sprint(i+2))
	}
	send(t, "GET", srv.URL+"/acme/notes/none?mode=", "", demoKey()) // 5
	var v mockserver.EntryView
	if err := json.Unmarshal([]byte(some.want("request", "5").data), &v); err != nil || v.Error.Name != "NoNote" || v.Reply.Body != "" {
		t.Errorf("got %+v, %v", v, err)
	}
	if err := json.Unmarshal([]byte(all.want("request", "5").data), &v); err != nil || v.Reply.Body == "" {
		t.Errorf("got %+v, %v", v, err)
	}
}

// TestStreamResumes takes a stream up where it was left, with Last-Event-ID and with after, and says how many entries
// are gone where some are.
func TestStreamResumes(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 32 << 10})
	a, b := world(t, srv, "a"), world(t, srv, "b")
	stream := srv.URL + "/__admin/requests/stream"
	after := func(id string) http.Header { return http.Header{"Last-Event-Id": {id}} }
	call(t, srv, a, 0, 0) // 1
	call(t, srv, b, 1, 0) // 2
	call(t, srv, a, 2, 0) // 3
	e := openStream(t, stream, after("1"))
	e.want("request", "2")
	e.want("request", "3")
	e = openStream(t, stream+"?after=2", nil)
	e.want("request", "3")
	e = openStream(t, stream+"?world=a", after("0"))
	e.want("request", "1")
	e.want("request", "3")
	e = openStream(t, stream+"?world=a", after("2")) // an entry of another world
	e.want("request", "3")
	for i := range 60 { // 4 to 63
		call(t, srv, a, i, 0)
	}
	list, evicted := srv.Requests(mockserver.JournalQuery{World: "a", Order: "oldest"})
	if evicted < 3 {
		t.Fatalf("%d were evicted, so this test proves nothing", evicted)
	}
	first := fmt.Sprint(list[0].ID)
	e = openStream(t, stream+"?world=a", after("0"))
	if lost := e.want("lost", ""); !strings.Contains(lost.data, fmt.Sprintf(`{"lost":%d,`, evicted)) {
		t.Errorf("lost %s, want %d", lost.data, evicted)
	}
	e.want("request", first)
	e = openStream(t, stream+"?world=a", after("3")) // evicted itself, and so are some that followed
	e.want("lost", "")
	e.want("request", first)
	e = openStream(t, stream+"?world=b", after("1")) // nothing of b is gone
	e.want("request", "2")
	e = openStream(t, stream, after(fmt.Sprint(list[0].ID-1))) // evicted, but nothing behind it is
	e.want("request", first)
	if got := send(t, "GET", stream, "", after("x")); got.status != 400 || !strings.Contains(got.raw, "Last-Event-ID") {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

// TestSlowStreamHoldsNobodyUp has a client that does not read while far more is journalled than buffers hold: the calls
// go through, and the client is told what it missed.
func TestSlowStreamHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 8 << 20})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET /__admin/requests/stream HTTP/1.1\r\nHost: a\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		conn.Close() // first: closing the body reads it to its end
		resp.Body.Close()
	}()
	body := `{"id":"big","text":"` + strings.Repeat("x", 1<<20) + `"}`
	const calls = 40
	for range calls {
		if got := send(t, "POST", srv.URL+"/acme/notes", body, jsonKey()); got.status != 400 {
			t.Fatalf("got %d %.100s", got.status, got.raw)
		}
	}
	e := &events{t: t, resp: resp, in: bufio.NewReader(resp.Body)}
	e.any()
	seen, lost := 0, 0
	for seen+lost < calls {
		switch ev := e.any(); ev.kind {
		case "request":
			seen++
		case "lost":
			var n struct{ Lost int }
			if err := json.Unmarshal([]byte(ev.data), &n); err != nil {
				t.Fatal(err)
			}
			lost += n.Lost
		default:
			t.Fatalf("got %.200v", ev)
		}
	}
	if seen == 0 || lost == 0 || seen+lost != calls {
		t.Errorf("%d seen and %d lost of %d", seen, lost, calls)
	}
}

// TestStreamOutlivesTheServersLimits has limits for requests that the stream exceeds by far; heartbeats come when the
// test says so.
func TestStreamOutlivesTheServersLimits(t *testing.T) {
	t.Parallel()
	const limit = 100 * time.Millisecond
	beats := make(chan struct{})
	srv := start(t, mockserver.Options{Timeouts: mockserver.Timeouts{Read: limit, Write: limit},
		Sleep: func(ctx context.Context, _ time.Duration) error {
			select {
			case <-beats:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
	e := openStream(t, srv.URL+"/__admin/requests/stream", nil)
	for begun := time.Now(); time.Since(begun) < 5*limit; { // other requests pass the time
		call(t, srv, demoKey(), 0, 0)
		if ev := e.any(); ev.kind != "request" {
			t.Fatalf("got %+v after %v", ev, time.Since(begun))
		}
	}
	beats <- struct{}{}
	ev := e.any()
	for ev.kind == "request" { // on a busy machine a reply misses its limit, and the client sends its request again
		ev = e.any()
	}
	if ev.comment != "still here" {
		t.Errorf("got %+v, want a heartbeat", ev)
	}
}

func TestStreamEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	if err != nil {
		t.Fatal(err)
	}
	addr, err := s.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	e := openStream(t, "http://"+addr.String()+"/__admin/requests/stream", nil)
	seq, err := s.Watch(t.Context(), mockserver.JournalQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	e.want("end", "")
	if ev := e.any(); ev.kind != "EOF" {
		t.Errorf("got %+v behind the end", ev)
	}
	for w := range seq {
		t.Errorf("watched %+v", w)
	}
}

// TestStreamsLeaveNothingBehind counts the server's goroutines, which bear a label, before streams and after their
// clients have gone: while nothing happens, and in the middle of a heartbeat.
func TestStreamsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	for name, sleep := range map[string]func(context.Context, time.Duration) error{
		"Silent":  nil,
		"Beating": func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var srv *mockserver.Running
			pprof.Do(t.Context(), pprof.Labels("streams", t.Name()), func(context.Context) { srv = start(t, mockserver.Options{Sleep: sleep}) })
			client := &http.Client{Transport: &http.Transport{}}
			before := labelled(t)
			for range 10 {
				streamAndGo(t, srv, client, before)
			}
			client.CloseIdleConnections()
			late := time.After(20 * time.Second)
			again := time.NewTicker(5 * time.Millisecond)
			defer again.Stop()
			for labelled(t) > before || srv.Watchers() > 0 {
				select {
				case <-again.C:
				case <-late:
					t.Fatalf("%d goroutines of the server were there before, %d are there now, and %d watchers", before, labelled(t), srv.Watchers())
				}
			}
		})
	}
}

// streamAndGo opens a stream, makes a request that shows in it, and leaves in the middle.
func streamAndGo(t *testing.T, srv *mockserver.Running, client *http.Client, before int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, path := range []string{"/__admin/requests/stream", "/acme/notes/demo"} {
		req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req) //nolint:bodyclose // left open: the client goes with cancel
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if labelled(t) <= before || srv.Watchers() == 0 {
		t.Fatal("a stream shows in no goroutine and no watcher, so this test proves nothing")
	}
}

// labelled counts the goroutines that bear the test's label.
func labelled(t *testing.T) int {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	n, count := 0, 0
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, " @ ") {
			_, _ = fmt.Sscanf(line, "%d @", &count)
		}
		if strings.HasPrefix(line, "# labels:") && strings.Contains(line, t.Name()) {
			n += count
		}
	}
	return n
}

// TestWatch is the stream without HTTP.
func TestWatch(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	call(t, srv, demoKey(), 0, 0)
	now, err := srv.Watch(t.Context(), mockserver.JournalQuery{Operation: "GetNote"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := srv.WatchAfter(t.Context(), mockserver.JournalQuery{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	call(t, srv, demoKey(), 1, 0)
	for name, tt := range map[string]struct {
		seq  func(func(mockserver.Watched) bool)
		want []uint64
	}{"FromNowOn": {now, []uint64{2}}, "FromTheBeginning": {all, []uint64{1, 2}}} {
		var got []uint64
		for w := range tt.seq {
			if got = append(got, w.Request.ID); len(got) == len(tt.want) {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	seq, err := srv.Watch(ctx, mockserver.JournalQuery{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for w := range seq {
		t.Errorf("watched %+v after the end", w)
	}
	if _, err := srv.Watch(t.Context(), mockserver.JournalQuery{Vendor: "none"}); err == nil {
		t.Error("an unknown vendor is watched")
	}
}
