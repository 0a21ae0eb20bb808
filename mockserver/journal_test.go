package mockserver_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// world makes a world and returns the header that selects it with its key.
func world(t *testing.T, srv *mockserver.Running, name string) http.Header {
	t.Helper()
	made := send(t, "POST", srv.URL+"/__admin/worlds", fmt.Sprintf(`{"name":%q}`, name), nil)
	if made.status != 201 {
		t.Fatalf("%s: %d %s", name, made.status, made.raw)
	}
	return withKey(http.Header{}, made.body["env"].(map[string]any)["acme"].(map[string]any)["key"].(string))
}

// call sends a request of which i and pad can be told apart and weighed in the journal.
func call(t *testing.T, srv *mockserver.Running, h http.Header, i, pad int) {
	t.Helper()
	target := fmt.Sprintf("%s/acme/notes/demo?mode=&i=%d&pad=%s", srv.URL, i, strings.Repeat("x", pad))
	if got := send(t, "GET", target, "", h.Clone()); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
}

func uris(entries []mockserver.EntryView) string {
	var out []string
	for i := range entries {
		_, query, _ := strings.Cut(entries[i].Request.URI, "i=")
		n, _, _ := strings.Cut(query, "&")
		out = append(out, n)
	}
	return strings.Join(out, " ")
}

// TestJournalIsFair lets one world be noisy and wants that the quiet ones keep everything.
func TestJournalIsFair(t *testing.T) {
	t.Parallel()
	const budget = 256 << 10
	for _, tt := range []struct {
		name string
		// quiet is how many requests of which size each of the quiet worlds makes, before and after the noise.
		quiet, pad, noise, noisePad int
	}{
		{"NoiseOfManySmall", 5, 0, 400, 0},
		{"NoiseOfLarge", 5, 0, 30, 20_000},
		{"QuietButLarge", 2, 10_000, 300, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, mockserver.Options{JournalBytes: budget})
			quiet := map[string]http.Header{"q1": world(t, srv, "q1"), "q2": world(t, srv, "q2")}
			noisy := world(t, srv, "noisy")
			for _, h := range quiet {
				for i := range tt.quiet {
					call(t, srv, h, i, tt.pad)
				}
			}
			for i := range tt.noise {
				call(t, srv, noisy, i, tt.noisePad)
			}
			for name, h := range quiet {
				call(t, srv, h, tt.quiet, tt.pad)
				list, evicted := srv.Requests(mockserver.JournalQuery{World: name})
				if len(list) != tt.quiet+1 || evicted != 0 {
					t.Errorf("%s has %d entries and lost %d, want all %d", name, len(list), evicted, tt.quiet+1)
				}
			}
			list, evicted := srv.Requests(mockserver.JournalQuery{World: "noisy"})
			if len(list) == 0 || evicted == 0 || len(list)+int(evicted) != tt.noise {
				t.Fatalf("the noisy world has %d entries and lost %d of %d", len(list), evicted, tt.noise)
			}
			if last := strconv.Itoa(tt.noise - 1); !strings.HasPrefix(uris(list), last) {
				t.Errorf("the newest entry of the noisy world is %.10s, want %s", uris(list), last)
			}
		})
	}
}

func TestJournalIdsGrowAcrossWorlds(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	a, b := world(t, srv, "a"), world(t, srv, "b")
	for i := range 3 {
		call(t, srv, a, 2*i, 0)
		call(t, srv, b, 2*i+1, 0)
	}
	list, _ := srv.Requests(mockserver.JournalQuery{Order: "oldest"})
	if got := uris(list); got != "0 1 2 3 4 5" {
		t.Errorf("in order %s", got)
	}
	for i := range list {
		if list[i].ID != uint64(i+1) {
			t.Errorf("entry %d has id %d", i, list[i].ID)
		}
	}
	one := send(t, "GET", srv.URL+"/__admin/requests/4", "", nil)
	if one.status != 200 || one.body["world"] != "b" {
		t.Errorf("entry 4: %d %s", one.status, one.raw)
	}
}

func TestJournalFilters(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	srv := start(t, mockserver.Options{Wall: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return at
	}})
	other := world(t, srv, "other")
	for i, c := range []struct {
		method, path, body string
		header             http.Header
	}{
		{"GET", "/acme/notes/demo?mode=a&size=3", "", demoKey()},              // 1
		{"GET", "/acme/notes/none?mode=", "", demoKey()},                      // 2: NoNote
		{"GET", "/acme/notes/demo?mode=", "", withKey(http.Header{}, "no")},   // 3: refused signature
		{"POST", "/acme/notes", `{"id":"a","text":"b","count":2}`, jsonKey()}, // 4
		{"GET", "/acme/nots/demo?mode=", "", demoKey()},                       // 5: unmatched
		{"GET", "/elsewhere", "", nil},                                        // 6: no vendor
		{"GET", "/acme/notes/demo?mode=&x=1", "", other},                      // 7: warned
	} {
		mu.Lock()
		at = at.Add(time.Minute)
		mu.Unlock()
		if got := send(t, c.method, srv.URL+c.path, c.body, c.header); got.status == 0 {
			t.Fatalf("%d: %s", i, got.raw)
		}
	}
	for query, want := range map[string]string{
		"":                                  "7 6 5 4 3 2 1",
		"order=oldest":                      "1 2 3 4 5 6 7",
		"limit=2":                           "7 6",
		"limit=2&offset=1":                  "6 5",
		"offset=5":                          "2 1",
		"world=other":                       "7",
		"vendor=acme&world=default":         "5 4 3 2 1",
		"operation=PutNote":                 "4",
		"method=POST":                       "4",
		"path=/elsewhere":                   "6",
		"status=404":                        "6 5 2",
		"code=NoNote":                       "2",
		"error=NoKey":                       "3",
		"since=2026-01-15T08:06:00Z":        "7 6",
		"until=2026-01-15T08:02:00Z":        "2 1",
		"after=5":                           "7 6",
		"after=2&before=4":                  "3",
		"unmatched=true":                    "6 5",
		"refused_signature=true":            "3",
		"warned=true":                       "7",
		"parameter=size=3":                  "1",
		"parameter=id=demo&parameter=mode=": "7 3",
		"parameter=text=b":                  "4",
		"world=other&status=404":            "",
	} {
		got := send(t, "GET", srv.URL+"/__admin/requests?"+query, "", nil)
		if ids := idsOf(got.body["requests"]); got.status != 200 || ids != want {
			t.Errorf("%s: got %d, entries %q, want %q", query, got.status, ids, want)
		}
	}
	found := send(t, "POST", srv.URL+"/__admin/requests/find", `{"parameters":[{"name":"/count","matches":"^2$"}],"without_bodies":true}`, nil)
	if ids := idsOf(found.body["requests"]); ids != "4" || strings.Contains(found.raw, `"body":`) || !strings.Contains(found.raw, `"body_bytes":31`) {
		t.Errorf("found %q: %s", ids, found.raw)
	}
}

func idsOf(list any) string {
	var ids []string
	for _, e := range list.([]any) {
		ids = append(ids, fmt.Sprint(e.(map[string]any)["id"]))
	}
	return strings.Join(ids, " ")
}

// TestJournalQueriesAreChecked: a name that nothing has would select nothing for ever, and a test that expects nothing
// would pass.
func TestJournalQueriesAreChecked(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "?world=none", "", 404, `"none"`},
		{"GET", "?vendor=none", "", 400, "there are acme"},
		{"GET", "?operation=GetNot", "", 400, "there are PutNote, GetNote"},
		{"GET", "?code=None", "", 400, "countersign errors"},
		{"GET", "?error=None", "", 400, "countersign errors"},
		{"GET", "?status=9", "", 400, "100 to 599"},
		{"GET", "?since=yesterday", "", 400, "2026-01-15T08:00:00Z"},
		{"GET", "?after=-1", "", 400, "whole number"},
		{"GET", "?warned=perhaps", "", 400, "true or false"},
		{"GET", "?parameter=x", "", 400, "NAME=VALUE"},
		{"GET", "?order=best", "", 400, "oldest"},
		{"GET", "?wrold=x", "", 400, "there are world"},
		{"GET", "?format=xml", "", 400, "har or curl"},
		{"GET", "?unmatched=true&operation=GetNote", "", 400, "no operation"},
		{"GET", "/x", "", 400, "number of an entry"},
		{"GET", "/7", "", 404, "never made"},
		{"DELETE", "?world=none", "", 404, `"none"`},
		{"DELETE", "?status=400", "", 400, "by world"},
		{"POST", "/count", `{"statu":1}`, 400, "statu"},
		{"POST", "/find", `{"parameters":[{"name":"a","matches":"("}]}`, 400, "matches"},
		{"POST", "/verify", `{"exactly":1,"at_most":2}`, 400, "exactly"},
		{"POST", "/verify", `{"at_least":3,"at_most":2}`, 400, "at_least"},
		{"POST", "/verify", `{"exactly":-1}`, 400, "whole numbers"},
		{"POST", "/verify", `{"limit":1}`, 400, "limit"},
		{"POST", "/verify", `{"operation":"None","exactly":0}`, 400, "None"},
		{"POST", "/verify-sequence", `{}`, 400, "steps"},
		{"POST", "/verify-sequence", `{"steps":[{},{"operation":"None"}]}`, 400, "steps[1]"},
		{"POST", "/verify-sequence", `{"world":"default","steps":[{"world":"w"}]}`, 400, "steps[0]"},
		{"GET", "/stream?statu=1", "", 400, "statu"},
	} {
		t.Run(tt.method+tt.path+tt.body, func(t *testing.T) {
			t.Parallel()
			got := send(t, tt.method, srv.URL+"/__admin/requests"+tt.path, tt.body, nil)
			text, _ := got.body["countersign"].(string)
			if got.status != tt.status || !strings.Contains(text, tt.says) {
				t.Errorf("got %d %s, want %d and %q", got.status, got.raw, tt.status, tt.says)
			}
		})
	}
}

func TestJournalIsCleared(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 16 << 10})
	a, b := world(t, srv, "a"), world(t, srv, "b")
	call(t, srv, b, 0, 0)
	for i := range 20 {
		call(t, srv, a, i, 0)
	}
	if _, evicted := srv.Requests(mockserver.JournalQuery{World: "a"}); evicted == 0 {
		t.Fatal("nothing was evicted, so this test proves nothing")
	}
	if got := send(t, "DELETE", srv.URL+"/__admin/requests?world=a", "", nil); got.status != 200 || got.body["cleared"].(float64) < 3 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if list, evicted := srv.Requests(mockserver.JournalQuery{World: "a"}); len(list) != 0 || evicted != 0 {
		t.Errorf("a has %d entries and lost %d after it was cleared", len(list), evicted)
	}
	if list, _ := srv.Requests(mockserver.JournalQuery{World: "b"}); len(list) != 1 {
		t.Errorf("b has %d entries, want its own", len(list))
	}
	call(t, srv, a, 99, 0)
	list, _ := srv.Requests(mockserver.JournalQuery{})
	if uris(list) != "99 0" || list[0].ID != 22 {
		t.Errorf("entries %s, the newest is %d", uris(list), list[0].ID)
	}
	if got := send(t, "DELETE", srv.URL+"/__admin/requests", "", nil); got.status != 200 || got.body["cleared"] != 2.0 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

// TestEntryIsVisibleBeforeItsReply reads the journal as soon as the first byte of a reply is there. The reply quotes a
// path that is longer than what the server and the connection hold back, and most of it is never read.
func TestEntryIsVisibleBeforeItsReply(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	pad := strings.Repeat("x", 900_000)
	for i := range 20 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(srv.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET /acme/%s?i=%d HTTP/1.1\r\nHost: a\r\nX-Key: demo-key\r\n\r\n", pad, i)
		if _, err := bufio.NewReaderSize(conn, 16).ReadByte(); err != nil {
			t.Fatal(err)
		}
		list, _ := srv.Requests(mockserver.JournalQuery{Limit: 1})
		if len(list) != 1 || uris(list) != strconv.Itoa(i) {
			t.Errorf("the reply to request %d has begun, the newest entry is %s", i, uris(list))
		}
		conn.Close()
	}
}

// TestJournalUnderLoad writes, reads, verifies, exports and clears at once. It is for the race detector, and wants every
// answer to be whole.
func TestJournalUnderLoad(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 64 << 10})
	worlds := make([]http.Header, 4)
	for i := range worlds {
		worlds[i] = world(t, srv, fmt.Sprintf("w%d", i))
	}
	var load, readers sync.WaitGroup
	stop := make(chan struct{})
	for g := range 8 {
		load.Go(func() {
			h := worlds[g%4]
			if g == 7 {
				h = withKey(http.Header{}, "wrong") // something to explain
			}
			for i := range 60 {
				send(t, "GET", fmt.Sprintf("%s/acme/notes/demo?mode=&i=%d", srv.URL, i), "", h.Clone())
			}
		})
	}
	for _, read := range []struct{ method, path, body string }{
		{"GET", "?limit=20", ""}, {"GET", "?format=har", ""}, {"GET", "/unmatched", ""}, {"POST", "/count", `{"world":"w1"}`},
		{"POST", "/verify", `{"parameters":[{"name":"i","equals":"3"}],"at_most":2}`},
		{"POST", "/verify-sequence", `{"steps":[{"error":"NoKey"},{"operation":"GetNote"}]}`}, {"DELETE", "?world=w2", ""},
	} {
		readers.Go(func() {
			for {
				got := send(t, read.method, srv.URL+"/__admin/requests"+read.path, read.body, nil)
				if got.status >= 500 || got.body == nil {
					t.Errorf("%s: %d %s", read.path, got.status, got.raw)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	load.Wait()
	close(stop)
	readers.Wait()
}

// TestBigJournalIsReadLazily lists a journal of large bodies without them, and with them byte by byte, and wants that
// what is shown is whole.
func TestBigJournalIsReadLazily(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	body := `{"id":"big","text":"` + strings.Repeat("x", 4<<20) + `"}`
	for range 4 {
		send(t, "POST", srv.URL+"/acme/notes", body, jsonKey())
	}
	short := send(t, "GET", srv.URL+"/__admin/requests?bodies=false", "", nil)
	if len(short.raw) > 10_000 || len(short.body["requests"].([]any)) != 4 {
		t.Errorf("%d bytes: %.300s", len(short.raw), short.raw)
	}
	resp, err := http.Get(srv.URL + "/__admin/requests")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ContentLength >= 0 {
		t.Errorf("the list was put together before it was sent: its length is known, %d", resp.ContentLength)
	}
	var all struct {
		Requests []mockserver.EntryView
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil || json.Unmarshal(data, &all) != nil || len(all.Requests) != 4 || all.Requests[0].Request.Body != body {
		t.Errorf("%d bytes, %d entries: %v", len(data), len(all.Requests), err)
	}
}

func TestJournalFiltersFaults(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	call(t, srv, demoKey(), 0, 0)
	rule := `{"vendor":"acme","operation":"GetNote","effect":{"error":"Broken"}}`
	if got := send(t, "POST", srv.URL+"/__admin/worlds/default/faults", rule, nil); got.status != 201 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", demoKey()); got.status != 500 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	list, _ := srv.Requests(mockserver.JournalQuery{Faulted: true})
	if len(list) != 1 || list[0].ID != 2 || list[0].Fault == nil {
		t.Errorf("entries %+v, want the second", list)
	}
	if got := send(t, "GET", srv.URL+"/__admin/requests?faulted=true", "", nil); idsOf(got.body["requests"]) != "2" {
		t.Errorf("got %s", got.raw)
	}
}
