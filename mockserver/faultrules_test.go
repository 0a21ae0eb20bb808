package mockserver_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// sequence is what n calls in a row hear: the code, or "" for the note.
func (tr *troubled) sequence(t *testing.T, n int) string {
	t.Helper()
	var codes []string
	for range n {
		codes = append(codes, tr.get(t).code())
	}
	return strings.Join(codes, ",")
}

func TestFaultCounts(t *testing.T) {
	t.Parallel()
	type rules = []mockserver.FaultRule
	slow, broken := mockserver.FaultEffect{Error: "Slow"}, mockserver.FaultEffect{Error: "Broken"}
	for _, tt := range []struct {
		name  string
		rules rules
		want  string
		acted []uint64
	}{
		{"Always", rules{{Effect: slow}}, "Slow,Slow,Slow,Slow,Slow", []uint64{5}},
		{"Nth", rules{{Nth: 3, Effect: slow}}, ",,Slow,,", []uint64{1}},
		{"Times", rules{{Times: 2, Effect: slow}}, "Slow,Slow,,,", []uint64{2}},
		{"FromTimes", rules{{From: 2, Times: 2, Effect: slow}}, ",Slow,Slow,,", []uint64{2}},
		{"From", rules{{From: 4, Effect: slow}}, ",,,Slow,Slow", []uint64{2}},
		{"FirstDecides", rules{{Effect: slow}, {Effect: broken}}, "Slow,Slow,Slow,Slow,Slow", []uint64{5, 0}},
		{"NextTakesOver", rules{{Times: 2, Effect: slow}, {Effect: broken}}, "Slow,Slow,Broken,Broken,Broken", []uint64{2, 3}},
		{"EachCountsEveryCall", rules{{Nth: 1, Effect: slow}, {Nth: 2, Effect: broken}, {Nth: 4, Effect: slow}}, "Slow,Broken,,Slow,", []uint64{1, 1, 1}},
		{"OtherOperation", rules{{Operation: "PutNote", Effect: slow}}, ",,,,", []uint64{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := trouble(t, mockserver.WorldSetting{}, tt.rules...)
			if got := tr.sequence(t, 5); got != tt.want {
				t.Errorf("heard %q, want %q", got, tt.want)
			}
			for i, st := range tr.world.Faults() {
				matched := uint64(5)
				if st.Rule.Operation == "PutNote" {
					matched = 0
				}
				if st.Matched != matched || st.Acted != tt.acted[i] {
					t.Errorf("rule %d: %d matched, %d acted, want %d, %d", i, st.Matched, st.Acted, matched, tt.acted[i])
				}
			}
		})
	}
}

// TestFaultProbability wants the same draws for the same seed, others for another, and about as many as asked for.
func TestFaultProbability(t *testing.T) {
	t.Parallel()
	const calls = 200
	run := func(seed *uint64, world uint64, p float64) (string, uint64) {
		tr := trouble(t, mockserver.WorldSetting{Seed: world},
			mockserver.FaultRule{ID: "it", Probability: &p, Seed: seed, Effect: mockserver.FaultEffect{Error: "Slow"}})
		heard := tr.sequence(t, calls)
		st, err := tr.world.Fault("it")
		if err != nil || st.Matched != calls {
			t.Fatalf("%+v, %v", st, err)
		}
		return heard, st.Acted
	}
	first, acted := run(number(uint64(7)), 1, 0.3)
	if again, _ := run(number(uint64(7)), 2, 0.3); again != first {
		t.Error("the same seed draws differently in another world")
	}
	if other, _ := run(number(uint64(8)), 1, 0.3); other == first {
		t.Error("another seed draws the same")
	}
	if ofWorld, _ := run(nil, 7, 0.3); ofWorld != first {
		t.Error("without a seed the world's does not count")
	}
	if acted < 40 || acted > 80 {
		t.Errorf("acted on %d of %d calls, want about 60", acted, calls)
	}
	if _, all := run(nil, 0, 1); all != calls {
		t.Errorf("probability 1 acted on %d of %d", all, calls)
	}
}

func TestFaultLatencies(t *testing.T) {
	t.Parallel()
	const calls = 100
	run := func(l mockserver.Latency) []time.Duration {
		tr := trouble(t, mockserver.WorldSetting{Seed: 3}, mockserver.FaultRule{Effect: mockserver.FaultEffect{Latency: &l}})
		tr.sequence(t, calls)
		return tr.waits()
	}
	uniform := run(mockserver.Latency{Min: seconds(1), Max: seconds(3)})
	var sum time.Duration
	for _, d := range uniform {
		if d < time.Second || d > 3*time.Second {
			t.Errorf("%v is not between 1s and 3s", d)
		}
		sum += d
	}
	if mean := sum / calls; mean < 1800*time.Millisecond || mean > 2200*time.Millisecond {
		t.Errorf("the mean is %v, want about 2s", mean)
	}
	normal := run(mockserver.Latency{Median: seconds(1), Sigma: 0.5})
	below, long := 0, 0
	for _, d := range normal {
		if d < time.Second {
			below++
		}
		if d > 1649*time.Millisecond { // e^0.5: one standard deviation, about 16 of 100
			long++
		}
	}
	if below < 35 || below > 65 || long < 6 || long > 28 {
		t.Errorf("%d below the median and %d a deviation above it, of %d", below, long, calls)
	}
	if again := run(mockserver.Latency{Median: seconds(1), Sigma: 0.5}); !equal(again, normal) {
		t.Error("the same seed draws other waits")
	}
}

// TestFaultTTL moves world time, which follows the wall clock here.
func TestFaultTTL(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	wall := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	srv := start(t, mockserver.Options{Wall: wall})
	w, err := srv.World(mockserver.DefaultWorld)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddFaults(mockserver.FaultRule{ID: "it", Vendor: "acme", TTL: seconds(60), Effect: mockserver.FaultEffect{Error: "Slow"}}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		later  time.Duration
		status int
	}{{0, 429}, {59 * time.Second, 429}, {time.Second, 200}, {time.Hour, 200}} {
		mu.Lock()
		now = now.Add(step.later)
		mu.Unlock()
		if got := send(t, "GET", srv.URL+getDemo, "", demoKey()); got.status != step.status {
			t.Errorf("after %v: %d, want %d", step.later, got.status, step.status)
		}
	}
	st, err := w.Fault("it")
	if err != nil || !st.Expired || st.Acted != 2 || st.Matched != 2 || st.Expires == nil || !st.Expires.Equal(st.Written.Add(time.Minute)) {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestFaultParameters(t *testing.T) {
	t.Parallel()
	is := func(name, value string) []mockserver.ParameterMatch {
		return []mockserver.ParameterMatch{{Name: name, Equals: &value}}
	}
	for _, tt := range []struct {
		name string
		rule mockserver.FaultRule
		send func(*testing.T, *troubled) heard
		acts bool
	}{
		{"Path", mockserver.FaultRule{Parameters: is("id", "demo")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.get(t) }, true},
		{"ErrPath", mockserver.FaultRule{Parameters: is("id", "other")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.get(t) }, false},
		{"Query", mockserver.FaultRule{Parameters: is("mode", "a")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.get(t) }, true},
		{"Header", mockserver.FaultRule{Parameters: is("X-Key", "demo-key")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.get(t) }, true},
		{"Body", mockserver.FaultRule{Parameters: is("text", "t")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.put(t, "x") }, true},
		{"Pointer", mockserver.FaultRule{Parameters: is("/id", "x")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.put(t, "x") }, true},
		{"ErrBody", mockserver.FaultRule{Parameters: is("/id", "y")}, func(t *testing.T, tr *troubled) heard { t.Helper(); return tr.put(t, "x") }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.rule.Effect.Error = "Slow"
			tr := trouble(t, mockserver.WorldSetting{}, tt.rule)
			if h := tt.send(t, tr); (h.code() == "Slow") != tt.acts || h.err != nil {
				t.Errorf("heard %+v, want the fault: %v", h, tt.acts)
			}
		})
	}
}
