package mockserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// TestFaultResetIsRST reads from the socket itself: the connection is reset, not closed.
func TestFaultResetIsRST(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{Effect: mockserver.FaultEffect{Reset: true}})
	conn, err := net.Dial("tcp", strings.TrimPrefix(tr.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET "+getDemo+" HTTP/1.1\r\nHost: acme.test\r\nX-Key: demo-key\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(conn)
	if len(data) != 0 || err == nil || !strings.Contains(err.Error(), "reset") {
		t.Errorf("read %q, %v; want a reset", data, err)
	}
	if e := tr.newest(t); e.Reply.Status != 0 || e.Reply.Body != "" || e.Bytes != 0 || !e.Complete || e.ClientGone {
		t.Errorf("the journal says %+v", e)
	}
}

func TestFaultsOverTLS(t *testing.T) {
	t.Parallel()
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, World: mockserver.WorldSetting{Faults: []mockserver.FaultRule{
		{Vendor: "acme", Nth: 1, Effect: mockserver.FaultEffect{Reset: true}},
		{Vendor: "acme", Nth: 2, Effect: mockserver.FaultEffect{Cut: &mockserver.Cut{}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	lender := httptest.NewTLSServer(http.NotFoundHandler()) // of its certificate
	defer lender.Close()
	addr, err := srv.Listen("127.0.0.1:0", &tls.Config{Certificates: lender.TLS.Certificates, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := srv.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	transport := lender.Client().Transport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	tr := &troubled{Running: &mockserver.Running{Server: srv, URL: "https://" + addr.String()}, client: &http.Client{Transport: transport}}
	if h := tr.get(t); !isReset(h.err) {
		t.Errorf("heard %+v, want a reset", h)
	}
	if h := tr.get(t); !errors.Is(h.err, io.ErrUnexpectedEOF) || h.body != demoNote[:14] {
		t.Errorf("heard %+v, want half of the note", h)
	}
	if h := tr.get(t); h.body != demoNote {
		t.Errorf("heard %+v", h)
	}
}

// TestFaultClientGone wants a call undone whose client leaves during a latency before the handler, and the wait ended.
func TestFaultClientGone(t *testing.T) {
	t.Parallel()
	asleep := make(chan struct{})
	woke := make(chan error, 1)
	sleep := func(ctx context.Context, _ time.Duration) error {
		close(asleep)
		<-ctx.Done()
		woke <- ctx.Err()
		return ctx.Err()
	}
	srv := start(t, mockserver.Options{Sleep: sleep, World: mockserver.WorldSetting{Faults: []mockserver.FaultRule{
		{Vendor: "acme", Operation: "PutNote", Effect: mockserver.FaultEffect{Latency: &mockserver.Latency{Fixed: seconds(60)}}}}}})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/acme/notes", strings.NewReader(`{"id":"mine","text":"t"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = jsonKey()
	go func() {
		<-asleep
		cancel()
	}()
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) { //nolint:bodyclose // there is none
		t.Errorf("got %v", err)
	}
	if err := <-woke; !errors.Is(err, context.Canceled) {
		t.Errorf("the wait ended with %v", err)
	}
	if e := completed(t, srv, 1); !e.ClientGone {
		t.Errorf("the journal does not say that the client was gone: %+v", e)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/mine?mode=", "", demoKey()); got.status != 404 {
		t.Errorf("the note is there: %s", got.raw)
	}
}

// completed is the journal's entry of that id, once it is complete.
func completed(t *testing.T, srv *mockserver.Running, id uint64) mockserver.EntryView {
	t.Helper()
	var found mockserver.EntryView
	eventually(t, func() (done bool) {
		found, done = srv.Request(id)
		return done && found.Complete
	})
	return found
}

// requests are the entries that a query selects, once none of them is of a reply that is on its way: the client may have it
// before the journal says so.
func requests(t *testing.T, srv *mockserver.Running, q mockserver.JournalQuery) (entries []mockserver.EntryView) {
	t.Helper()
	eventually(t, func() bool {
		entries, _ = srv.Requests(q)
		return !slices.ContainsFunc(entries, func(e mockserver.EntryView) bool { return !e.Complete })
	})
	return entries
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it is not so after a minute")
		}
	}
}

// TestFaultSleepsForReal uses the timer that tests otherwise replace.
func TestFaultSleepsForReal(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{World: mockserver.WorldSetting{Faults: []mockserver.FaultRule{
		{Vendor: "acme", Effect: mockserver.FaultEffect{Latency: &mockserver.Latency{Fixed: mockserver.Duration(30 * time.Millisecond)}}}}}})
	begun := time.Now()
	if got := send(t, "GET", srv.URL+getDemo, "", demoKey()); got.status != 200 || time.Since(begun) < 30*time.Millisecond {
		t.Errorf("got %d after %v", got.status, time.Since(begun))
	}
}

// TestFaultOutlivesWriteTimeout wants a reply after a latency that is longer than the time for writing a reply.
func TestFaultOutlivesWriteTimeout(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{Timeouts: mockserver.Timeouts{Write: 50 * time.Millisecond}, World: mockserver.WorldSetting{
		Faults: []mockserver.FaultRule{{Vendor: "acme", Effect: mockserver.FaultEffect{
			Latency: &mockserver.Latency{Fixed: mockserver.Duration(120 * time.Millisecond)},
			Drip:    &mockserver.Drip{Bytes: 14, Every: mockserver.Duration(60 * time.Millisecond)}}}}}})
	if got := send(t, "GET", srv.URL+getDemo, "", demoKey()); got.raw != demoNote {
		t.Errorf("got %s", got.raw)
	}
}

// TestFaultEmbedded wants a call aborted, and no panic reported, where the connection cannot be taken over.
func TestFaultEmbedded(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{Effect: mockserver.FaultEffect{Reset: true}})
	aborted := func() (got any) {
		defer func() { got = recover() }()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, getDemo, http.NoBody)
		r.Header = demoKey()
		tr.Handler().ServeHTTP(httptest.NewRecorder(), r)
		return nil
	}()
	if aborted != http.ErrAbortHandler { //nolint:errorlint,err113 // net/http compares it so, too
		t.Errorf("got %v, want the call aborted", aborted)
	}
	if e := tr.newest(t); !e.Complete || e.Fault == nil {
		t.Errorf("the journal says %+v", e)
	}
}

// TestFaultsConcurrently wants exactly as many acts as asked for, however many calls there are at once, while rules come
// and go. It is for the race detector, too.
func TestFaultsConcurrently(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{},
		mockserver.FaultRule{ID: "it", Times: 37, Probability: number(0.5), Parameters: []mockserver.ParameterMatch{{Name: "mode", Equals: number("a")}},
			Effect: mockserver.FaultEffect{Error: "Slow"}})
	var slow, fine atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				switch h := tr.get(t); {
				case h.code() == "Slow":
					slow.Add(1)
				case h.body == demoNote:
					fine.Add(1)
				}
			}
		})
	}
	wg.Go(func() {
		for range 50 {
			added, err := tr.world.AddFaults(mockserver.FaultRule{Vendor: "acme", Operation: "PutNote", Effect: mockserver.FaultEffect{Reset: true}})
			if err == nil {
				err = tr.world.RemoveFault(added[0].Rule.ID)
			}
			if err != nil {
				t.Error(err)
			}
			tr.world.Faults()
		}
	})
	wg.Wait()
	st, err := tr.world.Fault("it")
	if err != nil || st.Matched != 400 || st.Acted != 37 || slow.Load() != 37 || fine.Load() != 363 {
		t.Errorf("%d refused and %d served; %+v, %v", slow.Load(), fine.Load(), st, err)
	}
}
