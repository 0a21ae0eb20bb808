package mockserver_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// noteMaker makes notes whose text tells the seed, and counts how often it was asked.
func noteMaker(asked *atomic.Int64) func(mockserver.Generate) ([]mockserver.Generated, error) {
	return func(what mockserver.Generate) ([]mockserver.Generated, error) {
		asked.Add(1)
		if what.Seed == 666 {
			return nil, errors.New("no such seed")
		}
		n, counts := what.Of("acme")
		if notes, other := counts["notes"]; other {
			n = notes
		}
		return []mockserver.Generated{{Vendor: "acme", Collection: "notes", Count: n, Series: func() (mockserver.Series, error) {
			return noteSeries{what.Seed, n%2 == 0}, nil
		}}}, nil
	}
}

// noteSeries makes notes, of their fields if asked so.
type noteSeries struct {
	seed     uint64
	byFields bool
}

func (s noteSeries) Append(buf []byte, i uint64) []byte {
	return fmt.Appendf(buf, `{"id":"g%d","text":"seed %d"}`, i, s.seed)
}

func (s noteSeries) Fields() []string {
	if s.byFields {
		return []string{"id", "count", "text"}
	}
	return nil
}

func (s noteSeries) AppendValues(buf []byte, ends []int, i uint64) (values []byte, valueEnds []int) {
	buf = fmt.Appendf(buf, `"g%d"`, i)
	ends = append(ends, len(buf), len(buf)) // no count
	buf = fmt.Appendf(buf, `"seed %d"`, s.seed)
	return buf, append(ends, len(buf))
}

func TestFixtures(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	admin := srv.URL + "/__admin"
	made := send(t, "PUT", admin+"/fixtures/f", `{`+frozenClock+`,"seed":5,"strict":true,"ttl":"1h","assumptions":{"AC-001":"wrapped"},
		"faults":[{"vendor":"acme","effect":{"error":"Broken"},"nth":1000}],
		"records":{"acme":{"notes":[{"id":"n","text":"of f"}],"keys":[{"key":"own"}]}}}`, nil)
	if made.status != 201 || made.body["collections"].(map[string]any)["acme.notes"] != 2.0 || strings.Contains(made.raw, "of f") {
		t.Fatalf("got %d %s", made.status, made.raw)
	}
	a := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"a","base":"f"}`, nil))
	b := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"b","base":"f","seed":6,"clock":"2027-01-01T00:00:00Z","assumptions":{"AC-001":"plain"},"records":{"acme":{"notes":[{"id":"n","text":"of b"}]}}}`, nil))
	if a == b || a == "own" || b == "own" {
		t.Errorf("the worlds have the keys %s and %s", a, b)
	}
	if got := noteText(t, srv, b, "n"); got != "of b" {
		t.Errorf("got %q", got)
	}
	got := send(t, "GET", admin+"/worlds/a", "", nil)
	if got.body["now"] != "2026-01-15T08:00:00Z" || got.body["seed"] != 5.0 || got.body["strict"] != true || fmt.Sprint(got.body["assumptions"]) != "map[AC-001:wrapped]" {
		t.Errorf("a is %s", got.raw)
	}
	if got := send(t, "GET", admin+"/worlds/a/faults", "", nil); len(got.body["faults"].([]any)) != 1 {
		t.Errorf("a has the faults %s", got.raw)
	}
	if got := send(t, "GET", admin+"/worlds/b", "", nil); got.body["now"] != "2027-01-01T00:00:00Z" || got.body["seed"] != 6.0 {
		t.Errorf("b is %s", got.raw)
	}

	// A fixture over a fixture, and one in the place of another: worlds that are there stay.
	if got := send(t, "PUT", admin+"/fixtures/g", `{"base":"f","records":{"acme":{"notes":[{"id":"m","text":"of g"}]}}}`, nil); got.status != 201 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "PUT", admin+"/fixtures/f", `{"base":"empty","records":{"acme":{"keys":[{"key":"other"}]}}}`, nil); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	c := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"c","base":"g","assumptions":{"AC-001":"plain"}}`, nil))
	d := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"d","base":"f"}`, nil))
	for _, tt := range []struct{ key, id, want string }{{b, "n", "of b"}, {c, "n", "of f"}, {c, "m", "of g"}, {d, "n", "NoNote"}, {d, "demo", "NoNote"}} {
		if got := noteText(t, srv, tt.key, tt.id); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.id, got, tt.want)
		}
	}
	list := send(t, "GET", admin+"/fixtures", "", nil)
	if n := len(list.body["fixtures"].([]any)); n != 2 {
		t.Errorf("got %s", list.raw)
	}
	for _, status := range []int{204, 404} {
		if got := send(t, "DELETE", admin+"/fixtures/g", "", nil); got.status != status {
			t.Errorf("got %d %s", got.status, got.raw)
		}
	}
	// What a fixture was forgotten of goes on, and can be forked and reset.
	keyOf(t, send(t, "POST", admin+"/worlds/c/fork", `{}`, nil))
	put(t, srv, c, "m", "changed")
	if got := send(t, "POST", admin+"/worlds/c/reset", "", nil); got.status != 200 || noteText(t, srv, c, "m") != "of g" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

func TestFixturesRefuse(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for _, tt := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"demo", `{}`, 400, "taken for good"},
		{"empty", `{}`, 400, "taken for good"},
		{"-x", `{}`, 400, "letters"},
		{"f", `{"name":"x"}`, 400, "no world"},
		{"f", `{"keep_credentials":true}`, 400, "no credentials"},
		{"f", `{"clock":"noon"}`, 400, "noon"},
		{"f", `{"base":"g"}`, 400, `base "g": want one of demo, empty, or make a fixture`},
		{"f", `{"records":{"acme":{"notes":[{"id":"A","text":""}]}}}`, 400, "notes[0]"},
		{"f", `{"records":{"no":{}}}`, 400, `"no"`},
		{"f", `{"transitions":[{}]}`, 404, "no collection"},
		{"f", `{"generate":{"seed":1,"count":1}}`, 400, "no generator"},
		{"f", `{"bas":"x"}`, 400, "bas"},
	} {
		got := send(t, "PUT", srv.URL+"/__admin/fixtures/"+tt.name, tt.body, nil)
		if got.status != tt.status || !strings.Contains(got.body["countersign"].(string), tt.says) {
			t.Errorf("%s %s: got %d %s, want %d and %q", tt.name, tt.body, got.status, got.raw, tt.status, tt.says)
		}
	}
	if got := send(t, "GET", srv.URL+"/__admin/fixtures/f", "", nil); got.status != 404 {
		t.Errorf("what was refused is there: %d %s", got.status, got.raw)
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	srv := start(t, mockserver.Options{Generate: noteMaker(&asked)})
	admin := srv.URL + "/__admin"
	world := func(body string) string { return keyOf(t, send(t, "POST", admin+"/worlds", body, nil)) }
	a, b := world(`{"generate":{"seed":7,"count":3}}`), world(`{"generate":{"seed":7,"count":3}}`)
	if n := asked.Load(); n != 1 || a == b {
		t.Errorf("two worlds of a seed: made %d times, the keys are %s and %s", n, a, b)
	}
	put(t, srv, a, "g0", "mine")
	for _, tt := range []struct{ key, id, want string }{{a, "g0", "mine"}, {b, "g0", "seed 7"}, {b, "g2", "seed 7"}, {b, "g3", "NoNote"}, {b, "demo", "hello"}} {
		if got := noteText(t, srv, tt.key, tt.id); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.id, got, tt.want)
		}
	}
	send(t, "PUT", admin+"/fixtures/f", `{"generate":{"seed":9,"count":2}}`, nil)
	if c := world(`{"base":"f"}`); noteText(t, srv, c, "g1") != "seed 9" {
		t.Errorf("a fixture of a seed has %q", noteText(t, srv, c, "g1"))
	}
	if c := world(`{"base":"f","generate":{"seed":8,"count":1}}`); noteText(t, srv, c, "g0") != "seed 8" || noteText(t, srv, c, "g1") != "seed 9" {
		t.Error("generated records do not lie over the fixture's")
	}

	if c := world(`{"generate":{"seed":7,"count":9,"counts":{"acme":5,"acme.notes":2}}}`); noteText(t, srv, c, "g1") != "seed 7" || noteText(t, srv, c, "g2") != "NoNote" {
		t.Error("a collection's own count does not count")
	}
	if c := world(`{"generate":{"seed":7,"counts":{"acme":5}}}`); noteText(t, srv, c, "g4") != "seed 7" || noteText(t, srv, c, "g5") != "NoNote" {
		t.Error("a vendor's own size does not count")
	}

	// Eight are held ready; the one that was used longest ago goes.
	before := asked.Load()
	for seed := range 9 {
		world(fmt.Sprintf(`{"generate":{"seed":%d,"count":1}}`, 100+seed))
	}
	world(`{"generate":{"seed":108,"count":1}}`)
	if n := asked.Load() - before; n != 9 {
		t.Errorf("made %d times, want 9", n)
	}
	world(`{"generate":{"seed":100,"count":1}}`)
	if n := asked.Load() - before; n != 10 {
		t.Errorf("made %d times, want 10", n)
	}
	for body, says := range map[string]string{
		`{"generate":{"seed":1}}`:                      "want 1 to",
		`{"generate":{"seed":1,"count":1000001}}`:      "want 1 to",
		`{"generate":{"seed":666,"count":1}}`:          "no such seed",
		`{"generate":{"sede":1}}`:                      `no "sede"`,
		`{"generate":{"counts":{"acme":1000001}}}`:     "acme is 1000001; want 0 to 1000000",
		`{"generate":{"counts":{"acme.nots":1}}}`:      `no vendor or collection "acme.nots"`,
		`{"generate":{"counts":{"nobody":1}}}`:         `no vendor or collection "nobody"`,
		`{"base":"empty","generate":{"seed":"1"}}`:     "generate",
		`{"base":"nobody","generate":{"seed":1}}`:      "nobody",
		`{"name":"/","generate":{"seed":1,"count":1}}`: "letters",
	} {
		if got := send(t, "POST", admin+"/worlds", body, nil); got.status != 400 || !strings.Contains(got.body["countersign"].(string), says) {
			t.Errorf("%s: got %d %s", body, got.status, got.raw)
		}
	}
}

// Worlds of one seed made at once wait for one making.
func TestGenerateTogether(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	srv := start(t, mockserver.Options{Generate: noteMaker(&asked), Data: t.TempDir()})
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			setting := mockserver.WorldSetting{Base: "f", Generate: &mockserver.Generate{Seed: uint64(i % 3), Count: 2}}
			if i%6 < 3 {
				setting.Base = ""
			}
			if _, _, err := srv.PutFixture(t.Context(), "f", mockserver.WorldSetting{}); err != nil {
				t.Error(err)
			}
			if _, err := srv.CreateWorld(t.Context(), setting); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(srv.Worlds()); n != 25 {
		t.Errorf("%d worlds are there, want 25", n)
	}
}

// Fixtures are kept, and what was made of them.
func TestFixturesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	dir := t.TempDir()
	begin := func() (*mockserver.Running, string) {
		srv := start(t, mockserver.Options{Data: dir, Generate: noteMaker(&asked)})
		return srv, srv.URL + "/__admin"
	}
	srv, admin := begin()
	for _, text := range []string{"old", "new"} {
		send(t, "PUT", admin+"/fixtures/f", `{"seed":5,"records":{"acme":{"notes":[{"id":"n","text":"`+text+`"}]}}}`, nil)
	}
	send(t, "PUT", admin+"/fixtures/gone", `{"base":"f"}`, nil)
	a := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"a","base":"f"}`, nil))
	g := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"g","base":"gone","generate":{"seed":7,"count":3}}`, nil))
	send(t, "DELETE", admin+"/fixtures/gone", "", nil)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	srv, admin = begin()
	b := keyOf(t, send(t, "POST", admin+"/worlds", `{"name":"b","base":"f"}`, nil))
	for _, tt := range []struct{ key, id, want string }{{a, "n", "new"}, {b, "n", "new"}, {g, "g2", "seed 7"}, {g, "n", "new"}} {
		if got := noteText(t, srv, tt.key, tt.id); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.id, got, tt.want)
		}
	}
	if got := send(t, "GET", admin+"/worlds/b", "", nil); got.body["seed"] != 5.0 {
		t.Errorf("b is %s", got.raw)
	}
	if list := srv.Fixtures(); len(list) != 1 || list[0].Collections["acme.notes"] != 2 {
		t.Errorf("kept are %v", list)
	}
	send(t, "POST", admin+"/worlds/g/reset", "", nil)
	if got := noteText(t, srv, g, "g2"); got != "seed 7" {
		t.Errorf("got %q", got)
	}
}
