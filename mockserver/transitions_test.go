package mockserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

const frozenClock = `"clock":"2026-01-15T08:00:00Z"`

// transitionWorld makes a world named w on a frozen clock and returns its admin address and key.
func transitionWorld(t *testing.T, srv *mockserver.Running) (at, key string) {
	t.Helper()
	key = keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w",`+frozenClock+`}`, nil))
	put(t, srv, key, "n", "before")
	return srv.URL + "/__admin/worlds/w", key
}

func addTransition(t *testing.T, at, body string) {
	t.Helper()
	if got := send(t, "POST", at+"/transitions", body, nil); got.status != 201 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
}

func advance(t *testing.T, at, by string) {
	t.Helper()
	if got := send(t, "POST", at+"/clock", `{"advance":"`+by+`"}`, nil); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
}

// states lists "id state" of the world's transitions.
func states(t *testing.T, at string) string {
	t.Helper()
	var list []string
	for _, v := range send(t, "GET", at+"/transitions", "", nil).body["transitions"].([]any) {
		s := v.(map[string]any)
		list = append(list, s["transition"].(map[string]any)["id"].(string)+" "+s["state"].(string))
	}
	return strings.Join(list, ", ")
}

func TestTimedTransitions(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{})
	at, key := transitionWorld(t, srv)
	addTransition(t, at, `[{"id":"later","collection":"acme.notes","record":"n","patch":{"text":"later"},"after":"60s"},
		{"id":"b","collection":"notes","record":"n","patch":{"text":"b"},"after":"30s"},
		{"id":"a","collection":"notes","record":"n","patch":{"text":"a","count":1},"after":"30s"},
		{"id":"new","collection":"notes","put":{"id":"new","text":"here"},"after":"45s"},
		{"collection":"notes","record":"demo","delete":true,"after":"45s"}]`)
	for _, tt := range []struct{ by, n, new, demo string }{
		{"29s", "before", "NoNote", "hello"},
		{"1s", "b", "NoNote", "hello"}, // a, then b
		{"15s", "b", "here", "NoNote"},
		{"1h", "later", "here", "NoNote"},
	} {
		advance(t, at, tt.by)
		for id, want := range map[string]string{"n": tt.n, "new": tt.new, "demo": tt.demo} {
			if got := noteText(t, srv, key, id); got != want {
				t.Errorf("after %s: %s is %q, want %q", tt.by, id, got, want)
			}
		}
	}
	if got := send(t, "GET", at+"/notes/n", "", nil); got.body["count"] != 1.0 {
		t.Errorf("the patch of a is gone: %s", got.raw)
	}
	if got := states(t, at); got != "later applied, b applied, a applied, new applied, transition-1 applied" {
		t.Errorf("got %s", got)
	}
	one := send(t, "GET", at+"/transitions/later", "", nil)
	if one.status != 200 || one.body["due"] != "2026-01-15T08:01:00Z" || one.body["done"] != "2026-01-15T09:00:45Z" {
		t.Errorf("got %d %s", one.status, one.raw)
	}
}

// The clock runs by itself: what is due is done before the next call is answered, in order, though nobody moved it.
func TestTransitionsFollowARunningClock(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	srv := startLibrary(t, mockserver.Options{Wall: func() time.Time { return time.Unix(1_800_000_000+passed.Load(), 0) }})
	at := srv.URL + "/__admin/worlds/default"
	addTransition(t, at, `[{"id":"2","collection":"notes","record":"demo","patch":{"text":"two"},"after":"20s"},{"id":"1","collection":"notes","record":"demo","patch":{"text":"one"},"after":"10s"}]`)
	for _, want := range []string{"hello", "one", "two"} {
		if got := noteText(t, srv, "demo-key", "demo"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		passed.Add(10)
	}
	// A reset puts them back, counted from the reset: the wall clock cannot be put back.
	send(t, "POST", at+"/transitions", `{"id":"gone","collection":"notes","record":"demo","patch":{"text":"x"},"after":"1s"}`, nil)
	if got := send(t, "POST", at+"/reset", "", nil); got.status != 200 || states(t, at) != "" {
		t.Errorf("got %d, %q", got.status, states(t, at))
	}
	setting := `{"name":"w","transitions":[{"id":"s","collection":"notes","record":"demo","patch":{"text":"set"},"after":"10s"}]}`
	key := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", setting, nil))
	for _, wait := range []int64{10, 1000} {
		passed.Add(9)
		if got := noteText(t, srv, key, "demo"); got != "hello" {
			t.Errorf("got %q before its time", got)
		}
		passed.Add(1)
		if got := noteText(t, srv, key, "demo"); got != "set" {
			t.Errorf("got %q", got)
		}
		passed.Add(wait)
		send(t, "POST", srv.URL+"/__admin/worlds/w/reset", "", nil)
	}
}

func TestPolledTransitions(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{})
	at, key := transitionWorld(t, srv)
	addTransition(t, at, `[{"collection":"notes","record":"n","patch":{"text":"third"},"after_calls":{"operation":"GetNote","n":3}},
		{"collection":"notes","record":"n","patch":{"text":"first"},"after_calls":{"vendor":"acme","operation":"GetNote","n":1}}]`)
	// what fails authentication or validation does not count, nor do other operations
	send(t, "GET", srv.URL+"/acme/notes/n?mode=", "", withKey(http.Header{}, "no-key"))
	send(t, "GET", srv.URL+"/acme/notes/n?mode=x", "", withKey(http.Header{}, key))
	put(t, srv, key, "other", "x")
	for i, want := range []string{"first", "first", "third", "third"} {
		if got := noteText(t, srv, key, "n"); got != want {
			t.Errorf("call %d: got %q, want %q", i+1, got, want)
		}
	}
	if got := send(t, "GET", at+"/transitions/transition-1", "", nil); got.body["calls"] != 3.0 || got.body["due"] != nil {
		t.Errorf("got %s", got.raw)
	}
}

func TestTransitionsThatFail(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{World: withThread()})
	at := srv.URL + "/__admin/worlds/default"
	addTransition(t, at, `[{"id":"none","collection":"notes","record":"none","patch":{},"after":"1ns"},
		{"id":"schema","collection":"notes","record":"demo","patch":{"text":1},"after":"1ns"},
		{"id":"refs","collection":"notes","record":"n","delete":true,"after":"1ns"},
		{"id":"calls","collection":"comments","record":"n/1","patch":{"parent":"x"},"after_calls":{"operation":"GetNote","n":1}},
		{"id":"cascade","collection":"notes","record":"m","delete":true,"cascade":true,"after":"1ns"}]`)
	warnings := func() string {
		noteText(t, srv, "demo-key", "demo")
		list := send(t, "GET", srv.URL+"/__admin/requests?limit=1", "", nil)
		return fmt.Sprint(list.body["requests"].([]any)[0].(map[string]any)["warnings"])
	}
	first := warnings()
	for _, want := range []string{`"none" failed: acme.notes has no record "none"`, `"schema" failed: /text: is a number`, `"refs" failed: acme.notes/n is referred to`, `"calls" failed: `} {
		if !strings.Contains(first, want) {
			t.Errorf("the journal does not say %s: %s", want, first)
		}
	}
	if again := warnings(); strings.Contains(again, "failed") {
		t.Errorf("the journal says it twice: %s", again)
	}
	if got := states(t, at); got != "none failed, schema failed, refs failed, calls failed, cascade applied" {
		t.Errorf("got %s", got)
	}
	if got := send(t, "GET", at+"/transitions/schema", "", nil); !strings.Contains(got.body["error"].(string), "/text") {
		t.Errorf("got %s", got.raw)
	}
	if got := send(t, "GET", at+"/comments", "", nil); got.body["total"] != 2.0 {
		t.Errorf("got %s", got.raw)
	}
	// A failure that an admin read brings about is told by the next call.
	addTransition(t, at, `{"id":"seen","collection":"notes","record":"none","patch":{},"after":"1ns"}`)
	send(t, "GET", at+"/notes", "", nil)
	if got := warnings(); !strings.Contains(got, `"seen" failed`) {
		t.Errorf("got %s", got)
	}
}

func TestTransitionsRefuse(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{})
	at := srv.URL + "/__admin/worlds/default/transitions"
	addTransition(t, strings.TrimSuffix(at, "/transitions"), `{"id":"taken","collection":"notes","record":"demo","patch":{},"after":"1h"}`)
	for name, tt := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"Nothing":       {``, 400, "want a transition"},
		"EmptyList":     {`[]`, 400, "want a transition"},
		"UnknownField":  {`{"colection":"notes"}`, 400, `no "colection"; it has`},
		"Collection":    {`{"collection":"no","record":"a","patch":{},"after":"1s"}`, 404, "no collection"},
		"NoChange":      {`{"collection":"notes","record":"a","after":"1s"}`, 400, "one of patch, put and delete"},
		"TwoChanges":    {`{"collection":"notes","record":"a","patch":{},"delete":true,"after":"1s"}`, 400, "one of patch, put and delete"},
		"NoRecord":      {`{"collection":"notes","patch":{},"after":"1s"}`, 400, "record is missing"},
		"PatchList":     {`{"collection":"notes","record":"a","patch":[],"after":"1s"}`, 400, "JSON object"},
		"PutSchema":     {`{"collection":"notes","put":{"id":"A","text":""},"after":"1s"}`, 400, "/id"},
		"PutOtherID":    {`{"collection":"notes","record":"b","put":{"id":"a","text":""},"after":"1s"}`, 400, `"a", but record names "b"`},
		"Cascade":       {`{"collection":"notes","record":"b","patch":{},"cascade":true,"after":"1s"}`, 400, "delete only"},
		"NoWait":        {`{"collection":"notes","record":"a","patch":{}}`, 400, "one of after"},
		"TwoWaits":      {`{"collection":"notes","record":"a","patch":{},"after":"1s","after_calls":{"operation":"GetNote","n":1}}`, 400, "one of after"},
		"Past":          {`{"collection":"notes","record":"a","patch":{},"after":"-1s"}`, 400, "past"},
		"Duration":      {`{"collection":"notes","record":"a","patch":{},"after":"soon"}`, 400, "soon"},
		"CallsNone":     {`{"collection":"notes","record":"a","patch":{},"after_calls":{"operation":"GetNote"}}`, 400, "from 1"},
		"CallsField":    {`{"collection":"notes","record":"a","patch":{},"after_calls":{"operation":"GetNote","n":1,"m":1}}`, 400, `no "m"`},
		"Operation":     {`{"collection":"notes","record":"a","patch":{},"after_calls":{"operation":"No","n":1}}`, 400, "it has GetNote, PutNote"},
		"Vendor":        {`{"collection":"notes","record":"a","patch":{},"after_calls":{"vendor":"no","operation":"GetNote","n":1}}`, 400, `"no"`},
		"ID":            {`{"id":"../x","collection":"notes","record":"a","patch":{},"after":"1s"}`, 400, "letters"},
		"Taken":         {`{"id":"taken","collection":"notes","record":"a","patch":{},"after":"1s"}`, 409, "delete that one"},
		"SecondInList":  {`[{"collection":"notes","record":"a","patch":{},"after":"1s"},{"collection":"notes"}]`, 400, "transitions: [1]"},
		"TwiceInOneSet": {`[{"id":"x","collection":"notes","record":"a","patch":{},"after":"1s"},{"id":"x","collection":"notes","record":"a","patch":{},"after":"1s"}]`, 409, `"x"`},
	} {
		if got := send(t, "POST", at, tt.body, nil); got.status != tt.status || !strings.Contains(got.body["countersign"].(string), tt.says) {
			t.Errorf("%s: got %d %s, want %d and %q", name, got.status, got.raw, tt.status, tt.says)
		}
	}
	if got := states(t, strings.TrimSuffix(at, "/transitions")); got != "taken pending" {
		t.Errorf("what was refused is there: %s", got)
	}
	for _, tt := range []struct {
		method, id string
		status     int
	}{{"GET", "/no", 404}, {"DELETE", "/no", 404}, {"DELETE", "/taken", 204}, {"GET", "/taken", 404}, {"DELETE", "", 200}} {
		if got := send(t, tt.method, at+tt.id, "", nil); got.status != tt.status {
			t.Errorf("%s %s: got %d %s", tt.method, tt.id, got.status, got.raw)
		}
	}
	bad := `{"transitions":[{"collection":"notes","record":"a","patch":{}}]}`
	if got := send(t, "POST", srv.URL+"/__admin/worlds", bad, nil); got.status != 400 {
		t.Errorf("a world with a bad transition: %d %s", got.status, got.raw)
	}
}

// Forks, snapshots, exports and restarts take along what is to come and what was counted.
func TestTransitionsGoAlong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	begin := func() (*mockserver.Running, func()) {
		srv := startLibrary(t, mockserver.Options{Data: dir})
		return srv, func() {
			if err := srv.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	srv, stop := begin()
	at, key := transitionWorld(t, srv)
	addTransition(t, at, `[{"id":"time","collection":"notes","record":"n","patch":{"text":"time"},"after":"30s"},
		{"id":"calls","collection":"notes","record":"n","patch":{"text":"calls"},"after_calls":{"operation":"GetNote","n":3}}]`)
	noteText(t, srv, key, "n")
	keyOf(t, send(t, "POST", at+"/fork", `{"name":"fork"}`, nil))
	send(t, "POST", at+"/snapshots", `{"name":"s"}`, nil)
	out := send(t, "GET", at+"/export", "", nil)
	keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds/import?name=copy", out.raw, nil))
	advance(t, at, "30s")
	if got := noteText(t, srv, key, "n"); got != "time" {
		t.Errorf("got %q", got)
	}
	stop()

	srv, stop = begin()
	at = srv.URL + "/__admin/worlds/"
	if got := states(t, at+"w"); got != "time applied, calls pending" {
		t.Errorf("after a restart: %s", got)
	}
	if got := noteText(t, srv, key, "n"); got != "calls" {
		t.Errorf("after a restart the third call got %q", got)
	}
	send(t, "POST", at+"w/snapshots/s/load", "", nil)
	for _, name := range []string{"w", "fork", "copy"} {
		if got := states(t, at+name); got != "time pending, calls pending" {
			t.Errorf("%s: %s", name, got)
		}
		if got := send(t, "GET", at+name+"/transitions/calls", "", nil); got.body["calls"] != 1.0 {
			t.Errorf("%s: %s", name, got.raw)
		}
		advance(t, at+name, "30s")
		if got := send(t, "GET", at+name+"/notes/n", "", nil); got.body["text"] != "time" {
			t.Errorf("%s: %s", name, got.raw)
		}
	}
	send(t, "POST", at+"w/reset", "", nil)
	if got := states(t, at+"w"); got != "" {
		t.Errorf("after a reset: %s", got)
	}
	stop()
}

// Many calls at once: a polled transition is applied once, no call after the one that brought it about misses it.
func TestTransitionsTogether(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{})
	at, key := transitionWorld(t, srv)
	addTransition(t, at, `[{"collection":"notes","put":{"id":"made","text":"x"},"after_calls":{"operation":"GetNote","n":50}},
		{"collection":"notes","record":"n","patch":{"text":"timed"},"after":"1m"}]`)
	var found atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				if noteText(t, srv, key, "made") == "x" {
					found.Add(1)
				}
			}
		})
	}
	wg.Go(func() { advance(t, at, "1m") })
	wg.Wait()
	if n := found.Load(); n < 151 || n == 200 { // the 50th and all behind it; one that was counted before may be handled later
		t.Errorf("%d of 200 calls saw it, want 151 or a few more", n)
	}
	if got := noteText(t, srv, key, "n"); got != "timed" {
		t.Errorf("got %q", got)
	}
}

func TestTransitionsInWorldFiles(t *testing.T) {
	t.Parallel()
	var setting mockserver.WorldSetting
	err := json.Unmarshal([]byte(`{`+frozenClock+`,"transitions":[{"collection":"notes","record":"demo","patch":{"text":"x"},"after":"1m"}]}`), &setting)
	if err != nil {
		t.Fatal(err)
	}
	srv := startLibrary(t, mockserver.Options{World: setting})
	at := srv.URL + "/__admin/worlds/default"
	for range 2 {
		if got := noteText(t, srv, "demo-key", "demo"); got != "hello" {
			t.Errorf("got %q", got)
		}
		advance(t, at, "1m")
		if got := noteText(t, srv, "demo-key", "demo"); got != "x" {
			t.Errorf("got %q", got)
		}
		send(t, "POST", at+"/reset", "", nil)
	}
}
