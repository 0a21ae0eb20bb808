package disk_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/countersign/countersign/mockserver/disk"
)

func open(t testing.TB, dir string) *disk.Keeper {
	t.Helper()
	k, err := disk.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content is a world as the model has it and as Load tells it: one text for each fact.
type content map[string]string

func load(t testing.TB, k *disk.Keeper, world string) content {
	t.Helper()
	got := content{}
	kept, err := k.Load(world)
	must(t, err)
	for _, layer := range kept.Layers {
		last := ""
		counters, err := k.Layer(layer, func(r disk.Record) error {
			key := "record " + r.Vendor + "." + r.Collection + "." + r.ID
			if key <= last {
				t.Errorf("%s comes after %s", key, last)
			}
			last = key
			got[key] = string(r.JSON)
			return nil
		})
		must(t, err)
		for _, s := range counters {
			got["sequence "+s.Vendor+"."+s.Name] = fmt.Sprint(s.Value)
		}
	}
	got["setting"], got["state"] = string(kept.Setting), string(kept.State)
	for _, n := range kept.Nonces {
		got["nonce "+n.Text] = fmt.Sprint(n.Until)
	}
	return got
}

func (c content) put(ch *disk.Change) {
	for _, r := range ch.Records {
		c["record "+r.Vendor+"."+r.Collection+"."+r.ID] = string(r.JSON)
	}
	for _, s := range ch.Sequences {
		c["sequence "+s.Vendor+"."+s.Name] = fmt.Sprint(s.Value)
	}
	for _, n := range ch.Nonces {
		c["nonce "+n.Text] = fmt.Sprint(n.Until)
	}
	if ch.State != nil {
		c["state"] = string(ch.State)
	}
	if ch.Setting != nil {
		c["setting"] = string(ch.Setting)
	}
}

// child is what a fork begins with.
func (c content) child() content {
	out := maps.Clone(c)
	maps.DeleteFunc(out, func(key, _ string) bool { return strings.HasPrefix(key, "nonce ") })
	out["setting"], out["state"] = "", ""
	return out
}

func randomChange(r *rand.Rand) *disk.Change {
	ch := &disk.Change{}
	for range r.IntN(4) {
		rec := disk.Record{Vendor: "v", Collection: []string{"a", "b"}[r.IntN(2)], ID: fmt.Sprint(r.IntN(12))}
		if r.IntN(3) > 0 {
			rec.JSON = fmt.Appendf(nil, `{"n":%d}`, r.IntN(1000))
		}
		ch.Records = append(ch.Records, rec)
	}
	if r.IntN(3) == 0 {
		ch.Sequences = append(ch.Sequences, disk.Sequence{Vendor: "v", Name: "s", Value: r.Int64N(100) + 1})
	}
	if r.IntN(3) == 0 {
		ch.Nonces = append(ch.Nonces, disk.Nonce{Text: fmt.Sprint("n", r.IntN(9)), Until: r.Int64N(100)})
	}
	if r.IntN(9) == 0 {
		ch.Setting = fmt.Appendf(nil, "how%d", r.IntN(100))
	}
	if r.IntN(4) == 0 {
		ch.State = fmt.Appendf(nil, "s%d", r.IntN(100))
	}
	return ch
}

// Whatever is done, reopened in between or not, the file holds what a plain map would.
func TestKeeperIsAMapOfWorlds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			dir := t.TempDir()
			k := open(t, dir)
			model := map[string]content{}
			names := []string{"w1", "w2", "w3", "w4"}
			for range 120 {
				world, other := names[r.IntN(4)], names[r.IntN(4)]
				ch := randomChange(r)
				switch r.IntN(12) {
				case 0, 3:
					if err := k.Create(world, ch); model[world] != nil {
						if !errors.Is(err, disk.ErrTaken) {
							t.Fatalf("got %v for a world that is there", err)
						}
						continue
					} else if err != nil {
						t.Fatal(err)
					}
					model[world] = content{"setting": "", "state": ""}
					model[world].put(ch)
				case 1, 2:
					err := k.Fork(world, other, ch)
					if world == other || model[world] == nil {
						if err == nil {
							t.Fatalf("%s was forked to %s", world, other)
						}
						continue
					}
					must(t, err)
					model[other] = model[world].child()
					model[other].put(ch)
				case 5:
					must(t, k.Drop(world))
					delete(model, world)
				case 4:
					must(t, k.Close())
					k = open(t, dir)
				default:
					if err := k.Append(world, ch); model[world] == nil {
						if err == nil && !ch.Empty() {
							t.Fatalf("a change of %s was taken, which is not there", world)
						}
						continue
					} else if err != nil {
						t.Fatal(err)
					}
					model[world].put(ch)
				}
			}
			kept, err := k.Worlds()
			must(t, err)
			if want := slices.Sorted(maps.Keys(model)); !slices.Equal(kept, want) {
				t.Fatalf("kept are %v, want %v", kept, want)
			}
			for _, world := range kept {
				if got := load(t, k, world); !maps.Equal(got, model[world]) {
					t.Errorf("%s: got %v, want %v", world, got, model[world])
				}
			}
		})
	}
}

// What is no world's any more leaves nothing behind: the file stops growing.
func TestDroppedWorldsLeaveNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := open(t, dir)
	big := &disk.Change{Records: []disk.Record{{Vendor: "v", Collection: "c", ID: "1", JSON: make([]byte, 100_000)}}}
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, disk.FileName))
		must(t, err)
		return info.Size()
	}
	var settled int64
	for i := range 60 {
		must(t, k.Create("a", big))
		must(t, k.Fork("a", "b", big))
		must(t, k.Fork("b", "c", big))
		for _, world := range []string{"b", "a", "c"} {
			must(t, k.Drop(world))
		}
		if i == 20 {
			settled = size()
		}
	}
	if now := size(); now > 2*settled { // it grows by doubling, and how full it was at that moment is a matter of luck
		t.Errorf("the file grew from %d to %d bytes", settled, now)
	}
}

func TestTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := open(t, dir)
	must(t, k.Create("w", &disk.Change{}))
	const writers, each = 16, 25
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range each {
				rec := disk.Record{Vendor: "v", Collection: "c", ID: fmt.Sprint(i, "-", n), JSON: []byte("{}")}
				if err := k.Append("w", &disk.Change{Records: []disk.Record{rec}}); err != nil {
					t.Error(err)
				}
				if err := k.Append("nobody", &disk.Change{State: []byte("x")}); !errors.Is(err, disk.ErrNoWorld) {
					t.Errorf("got %v for a world that is not there", err) // and it spoils nobody else's
				}
			}
		})
	}
	wg.Wait()
	must(t, k.Close())
	if got := load(t, open(t, dir), "w"); len(got) != writers*each+2 {
		t.Errorf("%d facts are kept, want %d", len(got), writers*each+2)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	t.Run("ErrBusy", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		open(t, dir)
		if _, err := disk.Open(dir); !errors.Is(err, disk.ErrBusy) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrFileInPlaceOfFolder", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "file")
		must(t, os.WriteFile(file, nil, 0o600))
		var want *disk.Error
		if _, err := disk.Open(file); !errors.As(err, &want) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrNoBolt", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, disk.FileName), []byte(strings.Repeat("no database ", 1000)), 0o600))
		if _, err := disk.Open(dir); err == nil {
			t.Error("a file of something else was opened")
		}
	})
	t.Run("ErrClosed", func(t *testing.T) {
		t.Parallel()
		k := open(t, t.TempDir())
		must(t, k.Create("w", &disk.Change{}))
		must(t, k.Close())
		must(t, k.Close())
		if err := k.Append("w", &disk.Change{State: []byte("x")}); !errors.Is(err, disk.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCreateAndForkRefuse(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir())
	must(t, k.Create("w", &disk.Change{}))
	for name, tt := range map[string]struct{ got, want error }{
		"Taken":   {k.Create("w", &disk.Change{}), disk.ErrTaken},
		"Itself":  {k.Fork("w", "w", &disk.Change{}), disk.ErrTaken},
		"Nobody":  {k.Fork("x", "y", &disk.Change{}), disk.ErrNoWorld},
		"Nowhere": {func() error { _, err := k.Load("x"); return err }(), disk.ErrNoWorld},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, tt.got, tt.want)
		}
	}
}

// Thousands of branches leave a base as it was: one layer.
func TestBranchLeavesTheParentAlone(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir())
	rec := disk.Record{Vendor: "v", Collection: "c", ID: "1", JSON: []byte("{}")}
	must(t, k.Create("base", &disk.Change{Records: []disk.Record{rec}}))
	for i := range 20 {
		must(t, k.Branch("base", fmt.Sprint("w", i), &disk.Change{Sequences: []disk.Sequence{{Vendor: "v", Name: "s", Value: int64(i)}}}))
	}
	kept, err := k.Load("base")
	must(t, err)
	child, err := k.Load("w7")
	must(t, err)
	if len(kept.Layers) != 1 || len(child.Layers) != 2 || child.Layers[0] != kept.Layers[0] {
		t.Errorf("the base has the layers %v, a branch %v", kept.Layers, child.Layers)
	}
	if got := load(t, k, "w7"); got["sequence v.s"] != "7" || got["record v.c.1"] != "{}" {
		t.Errorf("a branch has %v", got)
	}
}

// Changes that race for the same state leave the last one there was, whichever was asked for first.
func TestTheLastStateStays(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir())
	must(t, k.Create("w", &disk.Change{}))
	var state atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				state.Add(1)
				if err := k.Append("w", &disk.Change{StateNow: func() []byte { return fmt.Append(nil, state.Load()) }}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := load(t, k, "w")["state"]; got != "200" {
		t.Errorf("the state is %s, want 200", got)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	k := open(t, t.TempDir())
	must(t, k.Create("w", &disk.Change{Nonces: []disk.Nonce{{Text: "a", Until: 10}, {Text: "b", Until: 20}, {Text: "c", Until: 30}}}))
	gone, err := k.Forget("w", 20)
	must(t, err)
	got := load(t, k, "w")
	if gone != 1 || got["nonce a"] != "" || got["nonce b"] != "20" || got["nonce c"] != "30" {
		t.Errorf("%d went, left is %v", gone, got)
	}
}

func BenchmarkAppend(b *testing.B) {
	k := open(b, b.TempDir())
	must(b, k.Create("w", &disk.Change{}))
	ch := &disk.Change{Records: []disk.Record{{Vendor: "v", Collection: "c", ID: "1", JSON: []byte(`{"id":"1"}`)}}}
	b.Run("Alone", func(b *testing.B) {
		for b.Loop() {
			must(b, k.Append("w", ch))
		}
	})
	b.Run("Together", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				must(b, k.Append("w", ch))
			}
		})
	})
}
