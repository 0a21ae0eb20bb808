package mockserver_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// keyOf is the key of a world as the reply that made it tells it.
func keyOf(t *testing.T, made answer) string {
	t.Helper()
	if made.status != http.StatusCreated {
		t.Fatalf("got %d %s", made.status, made.raw)
	}
	return made.body["env"].(map[string]any)["acme"].(map[string]any)["key"].(string)
}

// put writes a note as somebody with the key.
func put(t *testing.T, srv *mockserver.Running, key, id, text string) {
	t.Helper()
	if got := send(t, "POST", srv.URL+"/acme/notes", `{"id":"`+id+`","text":"`+text+`"}`, withKey(jsonKey(), key)); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
}

// noteText is a note's as somebody with the key reads it, or the error's code.
func noteText(t *testing.T, srv *mockserver.Running, key, id string) string {
	t.Helper()
	got := send(t, "GET", srv.URL+"/acme/notes/"+id+"?mode=", "", withKey(http.Header{}, key))
	if s, ok := got.body["text"].(string); ok {
		return s
	}
	return got.body["code"].(string)
}

func TestForkGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	parent := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"parent","clock":"2026-01-15T08:00:00Z"}`, nil))
	put(t, srv, parent, "shared", "before")
	child := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds/parent/fork", `{"name":"child"}`, nil))
	grandchild := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds/child/fork", "", nil))
	put(t, srv, parent, "shared", "parent")
	put(t, srv, child, "shared", "child")
	for key, want := range map[string]string{parent: "parent", child: "child", grandchild: "before"} {
		if got := noteText(t, srv, key, "shared"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if clock := send(t, "GET", srv.URL+"/__admin/worlds/child/clock", "", nil); clock.body["now"] != "2026-01-15T08:00:00Z" || clock.body["mode"] != "frozen" {
		t.Errorf("the child's clock is %s", clock.raw)
	}
	if got := send(t, "POST", srv.URL+"/__admin/worlds/child/reset", "", nil); got.status != 200 || noteText(t, srv, child, "shared") != "before" {
		t.Errorf("after a reset (%d) the child has %q, want what it was forked with", got.status, noteText(t, srv, child, "shared"))
	}
	if got := send(t, "POST", srv.URL+"/__admin/worlds/nobody/fork", "", nil); got.status != 404 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", srv.URL+"/__admin/worlds/parent/fork", `{"name":"child"}`, nil); got.status != 409 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	at := srv.URL + "/__admin/worlds/w"
	key := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w","clock":"2026-01-15T08:00:00Z"}`, nil))
	for _, text := range []string{"one", "two"} {
		put(t, srv, key, "n", text)
		if got := send(t, "POST", at+"/snapshots", `{"name":"after-`+text+`"}`, nil); got.status != 201 || got.body["at"] != "2026-01-15T08:00:00Z" {
			t.Fatalf("got %d %s", got.status, got.raw)
		}
		send(t, "POST", at+"/clock", `{"advance":"1h"}`, nil)
		send(t, "POST", at+"/clock", `{"set":"2026-01-15T08:00:00Z"}`, nil)
	}
	put(t, srv, key, "n", "three")
	send(t, "POST", at+"/clock", `{"advance":"1h"}`, nil)
	list := send(t, "GET", at+"/snapshots", "", nil)
	if n := len(list.body["snapshots"].([]any)); n != 2 {
		t.Errorf("got %s", list.raw)
	}
	for _, want := range []string{"one", "two", "one"} { // a snapshot stays as it was
		if got := send(t, "POST", at+"/snapshots/after-"+want+"/load", "", nil); got.status != 200 || got.body["now"] != "2026-01-15T08:00:00Z" {
			t.Errorf("got %d %s", got.status, got.raw)
		}
		if got := noteText(t, srv, key, "n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		put(t, srv, key, "n", "changed")
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{"DELETE", "/snapshots/after-one", "", 204},
		{"DELETE", "/snapshots/after-one", "", 404},
		{"POST", "/snapshots/after-one/load", "", 404},
		{"POST", "/snapshots", `{"name":"../x"}`, 400},
		{"POST", "/snapshots", `{"nome":"x"}`, 400},
	} {
		if got := send(t, tt.method, at+tt.path, tt.body, nil); got.status != tt.status {
			t.Errorf("%s %s: got %d %s, want %d", tt.method, tt.path, got.status, got.raw, tt.status)
		}
	}
}

func TestExportAndImport(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	key := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w","seed":3,"assumptions":{"AC-001":"wrapped"},"faults":[{"vendor":"acme","effect":{"error":"Broken"},"nth":1000}]}`, nil))
	put(t, srv, key, "n", `with <&> \"quotes\"`)
	out := send(t, "GET", srv.URL+"/__admin/worlds/w/export", "", nil)
	if out.status != 200 || !bytes.Contains([]byte(out.raw), []byte(key)) {
		t.Fatalf("got %d %s", out.status, out.raw)
	}

	copied := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds/import", out.raw, nil))
	other := start(t, mockserver.Options{})
	moved := keyOf(t, send(t, "POST", other.URL+"/__admin/worlds/import?name=m&keep_credentials=true", out.raw, nil))
	if copied == key || moved != key {
		t.Errorf("the keys are %s, copied %s, moved %s", key, copied, moved)
	}
	for _, tt := range []struct {
		srv *mockserver.Running
		key string
	}{{srv, copied}, {other, moved}} {
		got := send(t, "GET", tt.srv.URL+"/acme/notes/n?mode=", "", withKey(http.Header{}, tt.key))
		if n, _ := got.body["note"].(map[string]any); n["text"] != `with <&> "quotes"` {
			t.Errorf("got %s, want the note in the form that the exported world has chosen", got.raw)
		}
	}
	if got := send(t, "GET", other.URL+"/__admin/worlds/m/faults", "", nil); !strings.Contains(got.raw, `"nth":1000`) {
		t.Errorf("the fault rules did not come along: %s", got.raw)
	}
	again := send(t, "GET", other.URL+"/__admin/worlds/m/export", "", nil)
	_, want, _ := strings.Cut(out.raw, `"vendors"`)
	if _, got, _ := strings.Cut(again.raw, `"vendors"`); got != want {
		t.Errorf("exported again its records are\n%s\nwant\n%s", got, want)
	}

	for name, tt := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"NoJSON":     {"nothing", 400, "not an exported world"},
		"Version":    {strings.Replace(out.raw, `"countersign_world": 1`, `"countersign_world": 9`, 1), 400, "reads version 1"},
		"Vendor":     {strings.Replace(out.raw, `"vendor": "acme", "seq`, `"vendor": "bolt", "seq`, 1), 400, `vendor "bolt"`},
		"Collection": {strings.Replace(out.raw, `"collection": "notes"`, `"collection": "no"`, 1), 400, `no collection "no"`},
		"Record":     {strings.Replace(out.raw, `"id":"n"`, `"id":"N"`, 1), 400, "notes"},
	} {
		if got := send(t, "POST", srv.URL+"/__admin/worlds/import?name="+name, tt.body, nil); got.status != tt.status || !strings.Contains(got.body["countersign"].(string), tt.says) {
			t.Errorf("%s: got %d %s, want %d and %q", name, got.status, got.raw, tt.status, tt.says)
		}
		if got := send(t, "GET", srv.URL+"/__admin/worlds/"+name, "", nil); got.status != 404 {
			t.Errorf("%s: a refused world is there", name)
		}
	}
	if got := send(t, "POST", srv.URL+"/__admin/worlds/import?name=x&keep_credentials=true", out.raw, nil); got.status != 409 {
		t.Errorf("a second owner of the credentials: %d %s", got.status, got.raw)
	}
}

func TestClockOverHTTP(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	at := srv.URL + "/__admin/worlds/w/clock"
	keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"w","clock":"2026-01-15T08:00:00Z"}`, nil))
	for _, tt := range []struct {
		name, body string
		status     int
		now, mode  string
	}{
		{"Advance", `{"advance":"90s"}`, 200, "2026-01-15T08:01:30Z", "frozen"},
		{"Back", `{"advance":"-30s"}`, 200, "2026-01-15T08:01:00Z", "frozen"},
		{"Set", `{"set":"2027-02-01T00:00:00+08:00"}`, 200, "2027-01-31T16:00:00Z", "frozen"},
		{"Nothing", `{}`, 200, "2027-01-31T16:00:00Z", "frozen"},
		{"ErrBoth", `{"set":"2027-02-01T00:00:00Z","advance":"1s"}`, 400, "", ""},
		{"ErrMode", `{"mode":"stopped"}`, 400, "", ""},
		{"ErrSigning", `{"signing_clock":"mine"}`, 400, "", ""},
		{"ErrDuration", `{"advance":"soon"}`, 400, "", ""},
		{"Far", `{"advance":"2500000h"}`, 200, "2312-04-14T08:00:00Z", "frozen"},
		{"LastSecond", `{"set":"9999-12-31T23:59:59Z"}`, 200, "9999-12-31T23:59:59Z", "frozen"},
		{"ErrBeyond", `{"advance":"1s"}`, 400, "", ""},
		{"ErrWallAndSet", `{"mode":"wall","set":"2027-02-01T00:00:00Z"}`, 400, "", ""},
	} {
		got := send(t, "POST", at, tt.body, nil)
		if got.status != tt.status || tt.now != "" && (got.body["now"] != tt.now || got.body["mode"] != tt.mode) {
			t.Errorf("%s: got %d %s, want %d, %s %s", tt.name, got.status, got.raw, tt.status, tt.now, tt.mode)
		}
	}
	send(t, "POST", at, `{"mode":"running","set":"2030-01-01T00:00:00Z"}`, nil)
	if got := send(t, "GET", at, "", nil); got.body["mode"] != "running" || !strings.HasPrefix(got.body["now"].(string), "2030-01-01T00:0") {
		t.Errorf("got %s", got.raw)
	}
	if got := send(t, "POST", at, `{"signing_clock":"world"}`, nil); got.body["signing_now"].(string)[:7] != "2030-01" {
		t.Errorf("got %s", got.raw)
	}
	if got := send(t, "POST", at, `{"mode":"wall"}`, nil); got.body["mode"] != "wall" || strings.HasPrefix(got.body["now"].(string), "2030") {
		t.Errorf("got %s", got.raw)
	}
}

// A world that nobody uses any more goes; one in use stays.
func TestTimeToLive(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	wall := func() time.Time { return time.Unix(1_800_000_000+now.Load(), 0) }
	srv := start(t, mockserver.Options{Wall: wall})
	used := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"used","ttl":"1m"}`, nil))
	left := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"left","ttl":"1m"}`, nil))
	stays := keyOf(t, send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"stays"}`, nil))
	for range 3 {
		now.Add(40)
		noteText(t, srv, used, "demo")
	}
	for key, want := range map[string]string{used: "hello", stays: "hello", left: "NoKey"} {
		if got := noteText(t, srv, key, "demo"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := send(t, "GET", srv.URL+"/__admin/worlds/left", "", nil); got.status != 404 {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	if n := len(srv.Worlds()); n != 3 {
		t.Errorf("%d worlds are there, want 3", n)
	}
	if got := send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"left"}`, nil); got.status != 201 {
		t.Errorf("its name is not free: %d %s", got.status, got.raw)
	}
}
