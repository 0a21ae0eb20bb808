package mockserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

type answer struct {
	status int
	body   map[string]any
	header http.Header
	raw    string
}

func send(t *testing.T, method, url, body string, header http.Header) answer {
	t.Helper()
	return sendBy(t, http.DefaultClient, method, url, body, header)
}

func sendBy(t *testing.T, client *http.Client, method, url, body string, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(data)}
	if len(data) > 0 && json.Unmarshal(data, &a.body) != nil {
		t.Fatalf("not a JSON object: %s", data)
	}
	return a
}

func demoKey() http.Header { return withKey(http.Header{}, "demo-key") }

func jsonKey() http.Header {
	h := demoKey()
	h.Set("Content-Type", "application/json; charset=utf-8")
	return h
}

func start(t *testing.T, opts mockserver.Options) *mockserver.Running {
	t.Helper()
	opts.Vendors = []mockserver.Vendor{acme}
	return mockserver.Run(t, opts)
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{MaxBody: 1 << 10})
	tests := []struct {
		name, method, path, body string
		header                   http.Header
		status                   int
		code, message            string
	}{
		{"OK", "GET", "/acme/notes/demo?mode=a&size=3", "", demoKey(), 200, "", ""},
		{"OKEmptyAllowed", "GET", "/acme/notes/demo?mode=", "", demoKey(), 200, "", ""},
		{"OKUnknownParameter", "GET", "/acme/notes/demo?mode=&from=standard", "", demoKey(), 200, "", ""},
		{"OKByHost", "GET", "/acme/notes/demo?mode=", "", func() http.Header { h := demoKey(); h.Set("Host", "acme.us.test:80"); return h }(), 200, "", ""},
		{"ErrKey", "GET", "/acme/notes/demo", "", nil, 401, "NoKey", "No key."},
		{"ErrPath", "GET", "/acme/else", "", demoKey(), 404, "NoPath", "No such path."},
		{"ErrMethod", "DELETE", "/acme/notes/demo", "", demoKey(), 405, "NoMethod", "No such method."},
		{"ErrMissing", "GET", "/acme/notes/demo?size=x", "", demoKey(), 400, "Missing", "mode is missing."},
		{"ErrTypeBeforeRange", "GET", "/acme/notes/demolition?size=x&mode=", "", demoKey(), 400, "Malformed", "size is malformed."},
		{"ErrRange", "GET", "/acme/notes/demolition?size=11&mode=", "", demoKey(), 400, "Range", "id is out of range."},
		{"ErrHuge", "GET", "/acme/notes/demo?size=99999999999999999999&mode=", "", demoKey(), 400, "Range", "size is out of range."},
		{"ErrPlus", "GET", "/acme/notes/demo?size=%2B1&mode=", "", demoKey(), 400, "Malformed", "size is malformed."},
		{"ErrEnum", "GET", "/acme/notes/demo?mode=c", "", demoKey(), 400, "Range", "mode is out of range."},
		{"ErrQueryEncoding", "GET", "/acme/notes/demo?mode=a&x=%zz", "", demoKey(), 400, "BadRequest", "Bad request."},
		{"ErrQueryUTF8", "GET", "/acme/notes/demo?mode=a&x=%ff", "", demoKey(), 400, "BadRequest", "Bad request."},
		{"ErrNoNote", "GET", "/acme/notes/other?mode=", "", demoKey(), 404, "NoNote", "No note other."},
		{"ErrBodyMissing", "POST", "/acme/notes", "", jsonKey(), 400, "Missing", "body is missing."},
		{"ErrContentType", "POST", "/acme/notes", "{}", demoKey(), 400, "Malformed", "Content-Type is malformed."},
		{"ErrNotJSON", "POST", "/acme/notes", "{", jsonKey(), 400, "Malformed", "body is malformed."},
		{"ErrTrailing", "POST", "/acme/notes", `{"id":"a","text":"b"} {}`, jsonKey(), 400, "Malformed", "body is malformed."},
		{"ErrArray", "POST", "/acme/notes", "[]", jsonKey(), 400, "Malformed", "body is malformed."},
		{"ErrFieldMissing", "POST", "/acme/notes", `{"text":7}`, jsonKey(), 400, "Missing", "id is missing."},
		{"ErrFieldEmpty", "POST", "/acme/notes", `{"id":"","text":"x"}`, jsonKey(), 400, "Missing", "id is missing."},
		{"ErrFieldType", "POST", "/acme/notes", `{"id":"A","text":7}`, jsonKey(), 400, "Malformed", "text is malformed."},
		{"ErrFieldRange", "POST", "/acme/notes", `{"id":"A","text":"x"}`, jsonKey(), 400, "Range", "id is out of range."},
		{"ErrInt32", "POST", "/acme/notes", `{"id":"a","text":"x","count":2147483648}`, jsonKey(), 400, "Range", "count is out of range."},
		{"ErrTooBig", "POST", "/acme/notes", strings.Repeat("x", 1<<10+1), jsonKey(), 413, "TooBig", "Too big."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, tt.method, srv.URL+tt.path, tt.body, tt.header)
			code, _ := got.body["code"].(string)
			message, _ := got.body["message"].(string)
			if got.status != tt.status || code != tt.code || message != tt.message {
				t.Errorf("got %d %s, want %d %s %q", got.status, got.raw, tt.status, tt.code, tt.message)
			}
		})
	}
}

// TestVendorByHost: a vendor's host name decides before the path does, in any case, with a port and a final dot or not.
func TestVendorByHost(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for host, acmes := range map[string]bool{
		"acme.eu.test": true, "ACME.EU.TEST": true, "Acme.Us.Test.:80": true, "acme.localhost": true, "acme": false,
		"acmes.eu.test": false, "[::1]:80": false, "x.acme.eu.test": false,
	} {
		got := send(t, "GET", srv.URL+"/else", "", http.Header{"Host": {host}})
		if (got.body["code"] == "NoPath") != acmes {
			t.Errorf("%s: got %s, want the vendor's reply: %v", host, got.raw, acmes)
		}
	}
}

func TestUnclaimedPath(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	got := send(t, "GET", srv.URL+"/else", "", nil)
	if got.status != 404 || !strings.Contains(got.raw, `"/acme/"`) || got.body["countersign"] == nil {
		t.Errorf("got %d %s, want countersign's own 404 that names the claimed paths", got.status, got.raw)
	}
}

func TestHandlerTransaction(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	if got := send(t, "POST", srv.URL+"/acme/notes", `{"id":"gone","text":"undo"}`, jsonKey()); got.status != 404 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/gone?mode=", "", demoKey()); got.status != 404 {
		t.Errorf("a refused handler left its record behind: %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", srv.URL+"/acme/notes", `{"id":"kept","text":"kept"}`, jsonKey()); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/kept?mode=", "", demoKey()); got.status != 200 || got.body["text"] != "kept" {
		t.Errorf("got %d %s, want the record that was put", got.status, got.raw)
	}
}

func TestBugsAnswerInTheVendorsEnvelope(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		id     string
		status int
		panics float64
	}{"panic": {"panic", 500, 1}, "undocumented reply": {"leaves", 200, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bugs []string
			srv := start(t, mockserver.Options{OnBug: func(err error) { bugs = append(bugs, err.Error()) }})
			got := send(t, "GET", srv.URL+"/acme/notes/"+tt.id+"?mode=", "", demoKey())
			if got.status != tt.status {
				t.Errorf("status %d, want %d: %s", got.status, tt.status, got.raw)
			}
			if len(bugs) != 1 || srv.Bugs() != 1 {
				t.Errorf("bugs %q (counted %d), want one", bugs, srv.Bugs())
			}
			health := send(t, "GET", srv.URL+"/__admin/health", "", nil)
			if health.body["bugs"] != 1.0 || health.body["panics"] != tt.panics {
				t.Errorf("health says %s, want 1 bug and %v panics", health.raw, tt.panics)
			}
		})
	}
}

func TestNonce(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	h := demoKey()
	h.Set("X-Nonce", "once")
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", h.Clone())
			mu.Lock()
			statuses[got.status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if statuses[200] != 1 || statuses[400] != 7 {
		t.Errorf("statuses %v, want one 200 and seven 400", statuses)
	}
}

func TestSwitchAndOverlay(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{World: mockserver.WorldSetting{Assumptions: map[string]string{"AC-001": "wrapped", "AC-002": "lenient"}}})
	got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", demoKey())
	if got.status != 200 || got.body["note"] == nil {
		t.Errorf("got %d %s, want the note wrapped", got.status, got.raw)
	}
	if got := send(t, "POST", srv.URL+"/acme/notes", `{"id":"a","text":"b"}`, demoKey()); got.status != 200 {
		t.Errorf("got %d %s, want a lenient Content-Type", got.status, got.raw)
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{World: mockserver.WorldSetting{Strict: true}})
	got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=&from=standard", "", demoKey())
	if got.status != 400 || got.body["code"] != "Range" {
		t.Errorf("got %d %s, want an unknown parameter refused", got.status, got.raw)
	}
}

func TestSameSeedSameReplies(t *testing.T) {
	t.Parallel()
	run := func() []string {
		srv := start(t, mockserver.Options{World: mockserver.WorldSetting{Seed: 42, Clock: "2026-01-15T08:00:00Z"}})
		var out []string
		for i := range 3 {
			out = append(out, send(t, "POST", srv.URL+"/__admin/worlds/default/states", `{"name":"a note"}`, nil).raw,
				send(t, "GET", fmt.Sprintf("%s/acme/notes/demo?mode=&size=%d", srv.URL, i+1), "", demoKey()).raw)
		}
		return out
	}
	a, b := run(), run()
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("reply %d: %s, then %s", i, a[i], b[i])
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, setting := range map[string]mockserver.WorldSetting{
		"no assumption is numbered":  {Assumptions: map[string]string{"AC-999": "x"}},
		"has no alternative":         {Assumptions: map[string]string{"AC-001": "x"}},
		"clock":                      {Clock: "yesterday"},
		"signing_clock":              {SigningClock: "mine"},
		"base":                       {Base: "other"},
		"no vendor is named":         {Records: map[string]json.RawMessage{"x": nil}},
		"no collection":              {Records: map[string]json.RawMessage{"acme": json.RawMessage(`{"x": []}`)}},
		"acme: notes[1]: /x: is not": {Records: map[string]json.RawMessage{"acme": json.RawMessage(`{"notes": [{"id": "a", "text": "t"}, {"id": "b", "text": "t", "x": 1}]}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, World: setting})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("error %v, want one that says %q", err, name)
			}
		})
	}
}

func TestShutdownFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	begun := make(chan struct{})
	wall := func() time.Time { // the edge asks for the time as soon as a request has come in
		if armed.CompareAndSwap(true, false) {
			close(begun)
		}
		return time.Unix(0, 0)
	}
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Wall: wall})
	if err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	addr, err := s.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+addr.String()+"/acme/notes", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = jsonKey()
	status := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			status <- -1
			return
		}
		defer resp.Body.Close()
		status <- resp.StatusCode
	}()
	if _, err := io.WriteString(w, `{"id":"late",`); err != nil {
		t.Fatal(err)
	}
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	if _, err := io.WriteString(w, `"text":"x"}`); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got := <-status; got != 200 {
		t.Errorf("the request in flight ended with %d, want 200", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestHugeBodyHearsTheAnswer(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{MaxBody: 1 << 20})
	for name, length := range map[string]int64{"sized": 20 << 20, "chunked": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/acme/notes", io.LimitReader(zeros{}, 20<<20))
			if err != nil {
				t.Fatal(err)
			}
			req.Header, req.ContentLength = jsonKey(), length
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != 413 {
				t.Errorf("status %d, want 413", resp.StatusCode)
			}
		})
	}
}

// TestExpectedHugeBodyIsNotAskedFor: who asks first whether to send a body over the limit is told no at once.
func TestExpectedHugeBodyIsNotAskedFor(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{MaxBody: 1 << 10})
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /acme/notes HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1048576\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	reply, err := io.ReadAll(conn) // the server closes
	if err != nil || !strings.HasPrefix(string(reply), "HTTP/1.1 413 ") {
		t.Errorf("got %q, %v", reply, err)
	}
}

// TestLongRequestLine: parameters are refused by the document's rules, however long they are.
func TestLongRequestLine(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	got := send(t, "GET", srv.URL+"/acme/notes/demo?mode="+strings.Repeat("x", 500_000), "", demoKey())
	if got.status != 400 || got.body["code"] != "Range" {
		t.Errorf("got %d %.200s", got.status, got.raw)
	}
}

// TestWarningsAreBounded: a request cannot fill the journal with warnings, nor keep the server busy looking for them.
func TestWarningsAreBounded(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	query := "mode=&" + strings.Repeat("y", 5000) + "&" + strings.Repeat("x&", 5_000) + strings.Repeat("mode=&", 4_000)
	if got := send(t, "GET", srv.URL+"/acme/notes/demo?"+query, "", demoKey()); got.status != 200 {
		t.Fatalf("got %d %.200s", got.status, got.raw)
	}
	entries, _ := srv.Requests(mockserver.JournalQuery{})
	warnings := entries[0].Warnings
	if len(warnings) != 21 || warnings[1] != "parameter x is not documented" || warnings[20] != "there is more to warn of" || len(warnings[0]) > 210 {
		t.Errorf("%d warnings: %.300q", len(warnings), warnings)
	}
}

// TestTooManyParameters: ten thousand parameters are looked at, more are not, in query and form.
func TestTooManyParameters(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, c := range []struct {
		query, body int
		status      int
		code        string
	}{{9_998, 0, 200, ""}, {9_999, 0, 400, "BadRequest"}, {0, 10_000, 200, ""}, {0, 10_001, 400, "BadRequest"}} {
		h := withKey(form.Clone(), "demo-key")
		body := strings.TrimSuffix(strings.Repeat("x&", c.body), "&")
		got := send(t, "GET", srv.URL+"/acme/notes/demo?mode="+strings.Repeat("&x", c.query)+"&x", body, h)
		if code, _ := got.body["code"].(string); got.status != c.status || code != c.code {
			t.Errorf("%d in the query, %d in the form: got %d %.200s", c.query+2, c.body, got.status, got.raw)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestHeadHasTheHeadersOfTheReply(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for path, want := range map[string]int{"/acme/notes/demo": 405, "/acme/else": 404, "/else": 404} {
		got := send(t, "HEAD", srv.URL+path, "", demoKey())
		if got.status != want || got.header.Get("Content-Type") != "application/json; charset=utf-8" || got.raw != "" {
			t.Errorf("%s: %d %v %q, want %d and the type of the reply", path, got.status, got.header, got.raw, want)
		}
	}
}
