package mockserver_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// TestFaultsGoWithTheWorld wants rules and their counts in forks and snapshots, each its own from then on.
func TestFaultsGoWithTheWorld(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{ID: "it", Times: 2, Effect: mockserver.FaultEffect{Error: "Slow"}})
	if got := tr.sequence(t, 1); got != "Slow" {
		t.Fatalf("heard %q", got)
	}
	if _, err := tr.world.SaveSnapshot("s"); err != nil {
		t.Fatal(err)
	}
	child, err := tr.ForkWorld(t.Context(), mockserver.DefaultWorld, "child")
	if err != nil {
		t.Fatal(err)
	}
	if got := tr.sequence(t, 2); got != "Slow," {
		t.Errorf("heard %q, want the rule used up", got)
	}
	if err := tr.world.RemoveFault("it"); err != nil {
		t.Fatal(err)
	}
	env, err := child.Env(t.Context(), tr.URL)
	if err != nil {
		t.Fatal(err)
	}
	key := env["acme"].(map[string]string)["key"]
	for _, want := range []string{"Slow", ""} {
		if h := tr.send(t, "GET", getDemo, "", withKey(demoKey(), key)); h.code() != want {
			t.Errorf("in the fork: heard %+v, want %q", h, want)
		}
	}
	if err := tr.world.LoadSnapshot("s"); err != nil {
		t.Fatal(err)
	}
	if got := tr.sequence(t, 2); got != "Slow," {
		t.Errorf("after the snapshot: heard %q, want the rule there with one act left", got)
	}
}

// TestFaultsOutliveTheProcess wants rules and counts as they were, also those that nothing was called after.
func TestFaultsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, stop := keeping(t, dir, mockserver.WorldSetting{})
	faults := func() string { return srv.URL + "/__admin/worlds/default/faults" }
	send(t, "POST", faults(), `{"id":"used","vendor":"acme","nth":2,"effect":{"error":"Slow"}}`, nil)
	if got := send(t, "GET", srv.URL+getDemo, "", demoKey()); got.status != 200 {
		t.Fatalf("got %s", got.raw)
	}
	send(t, "POST", faults(), `{"vendor":"acme","probability":0.5,"seed":18446744073709551615,"ttl":"1h","operation":"PutNote","effect":{"latency":{"min":"1s","max":"2s"}}}`, nil)
	before := send(t, "GET", faults(), "", nil).raw
	stop()
	srv, stop = keeping(t, dir, mockserver.WorldSetting{})
	if after := send(t, "GET", faults(), "", nil).raw; after != before {
		t.Errorf("the rules were %s\nand are   %s", before, after)
	}
	if got := send(t, "GET", srv.URL+getDemo, "", demoKey()); got.body["code"] != "Slow" {
		t.Errorf("got %s, want the second call refused", got.raw)
	}
	send(t, "DELETE", faults(), "", nil)
	stop()
	srv, _ = keeping(t, dir, mockserver.WorldSetting{})
	if list := send(t, "GET", faults(), "", nil); len(list.body["faults"].([]any)) != 0 {
		t.Errorf("deleted rules are there again: %s", list.raw)
	}
}

// A rule of the world's setting lives as long after a reset as it did at first, though the clock follows the wall clock.
func TestFaultsLiveAnewAfterAReset(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	srv := start(t, mockserver.Options{
		Wall: func() time.Time { return time.Unix(1_800_000_000+passed.Load(), 0) },
		World: mockserver.WorldSetting{Faults: []mockserver.FaultRule{{Vendor: "acme", TTL: mockserver.Duration(time.Minute),
			Effect: mockserver.FaultEffect{Error: "Broken"}}}},
	})
	for _, step := range []struct {
		name  string
		pass  int64
		reset bool
		want  string
	}{
		{"New", 0, false, "Broken"},
		{"Over", 90, false, "hello"},
		{"Reset", 10_000, true, "Broken"},
		{"OverAgain", 90, false, "hello"},
	} {
		passed.Add(step.pass)
		if step.reset {
			send(t, "POST", srv.URL+"/__admin/reset", "", nil)
		}
		if got := noteText(t, srv, "demo-key", "demo"); got != step.want {
			t.Errorf("%s: got %q, want %q", step.name, got, step.want)
		}
	}
}
