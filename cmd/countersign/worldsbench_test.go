package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// many are n users of Quick BI over the demo records.
func many(n int) map[string]json.RawMessage {
	var b strings.Builder
	b.WriteString(`{"users":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"user-%d","organization_id":"org-main"}`, i)
	}
	b.WriteString(`]}`)
	return map[string]json.RawMessage{"quickbi": json.RawMessage(b.String())}
}

func benchServer(b *testing.B) *mockserver.Server {
	b.Helper()
	a := &app{vendors: vendors}
	srv, err := mockserver.New(mockserver.Options{Vendors: a.plugs(), Generate: a.generate})
	if err != nil {
		b.Fatal(err)
	}
	return srv
}

// heap is what is in use, in bytes, once the garbage is gone.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// measure times making a world, with all three vendors, and how much of the heap each keeps.
func measure(b *testing.B, srv *mockserver.Server, world func() (*mockserver.World, error)) {
	b.Helper()
	b.ReportAllocs()
	before, n := heap(), 0
	for b.Loop() {
		if _, err := world(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.StopTimer()
	b.ReportMetric((float64(heap())-float64(before))/float64(n), "kept-B/op")
	for _, w := range srv.Worlds() {
		if w.Name() != mockserver.DefaultWorld && strings.HasPrefix(w.Name(), "world-") {
			if err := srv.DeleteWorld(w.Name()); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkCreateWorld(b *testing.B) {
	srv := benchServer(b)
	ctx := context.Background()
	if _, _, err := srv.PutFixture(ctx, "f", mockserver.WorldSetting{Records: many(1000)}); err != nil {
		b.Fatal(err)
	}
	seed := mockserver.WorldSetting{Generate: &mockserver.Generate{Seed: 7, Count: 100}}
	if _, err := srv.CreateWorld(ctx, seed); err != nil {
		b.Fatal(err)
	}
	for name, setting := range map[string]mockserver.WorldSetting{"Demo": {}, "Fixture": {Base: "f"}, "SeedAgain": seed, "Empty": {Base: "empty"}} {
		b.Run(name, func(b *testing.B) {
			measure(b, srv, func() (*mockserver.World, error) { return srv.CreateWorld(ctx, setting) })
		})
	}
}

// BenchmarkForkWorld forks a world of so many records.
func BenchmarkForkWorld(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			srv := benchServer(b)
			ctx := context.Background()
			if _, err := srv.CreateWorld(ctx, mockserver.WorldSetting{Name: "parent", Records: many(n)}); err != nil {
				b.Fatal(err)
			}
			measure(b, srv, func() (*mockserver.World, error) { return srv.ForkWorld(ctx, "parent", "") })
		})
	}
}

var large = flag.Bool("large", false, "benchmarks of worlds: also of 1,000,000 approvers")

// sizes are those of worlds that benchmarks load.
func sizes() []uint64 {
	if *large {
		return []uint64{1_000_000}
	}
	return []uint64{1000, 10_000}
}

// approvers asks for a world of so many approvers in the demo workspace.
func approvers(n uint64) mockserver.Generate {
	return mockserver.Generate{Seed: 7, Counts: map[string]uint64{"dataarts.approvers": n}}
}

// approverTexts is that world as JSON in a world file.
func approverTexts(b *testing.B, n uint64) map[string]json.RawMessage {
	b.Helper()
	parts, err := (&app{vendors: vendors}).generate(approvers(n))
	if err != nil {
		b.Fatal(err)
	}
	for _, part := range parts {
		if part.Count == 0 {
			continue
		}
		series, err := part.Series()
		if err != nil {
			b.Fatal(err)
		}
		text := []byte(`{"` + part.Collection + `":[`)
		for i := range part.Count {
			text = append(series.Append(text, i), ',')
		}
		return map[string]json.RawMessage{part.Vendor: append(text[:len(text)-1], "]}"...)}
	}
	b.Fatal("nothing is generated")
	return nil
}

// exportedApprovers is that world as JSON and packed.
func exportedApprovers(b *testing.B, n uint64) (text, packed []byte) {
	b.Helper()
	srv := benchServer(b)
	what := approvers(n)
	w, err := srv.CreateWorld(b.Context(), mockserver.WorldSetting{Name: "w", Generate: &what})
	if err != nil {
		b.Fatal(err)
	}
	var t, p bytes.Buffer
	if err := errors.Join(w.Export(b.Context(), &t), w.ExportPacked(b.Context(), &p)); err != nil {
		b.Fatal(err)
	}
	return t.Bytes(), p.Bytes()
}

// BenchmarkLoadWorld makes a world of so many approvers, from when it is asked for to when it can be called.
func BenchmarkLoadWorld(b *testing.B) {
	for _, n := range sizes() {
		texts := approverTexts(b, n)
		exported, packed := exportedApprovers(b, n)
		imported := func(text []byte) func(*mockserver.Server) (*mockserver.World, error) {
			return func(srv *mockserver.Server) (*mockserver.World, error) {
				return srv.ImportWorld(b.Context(), bytes.NewReader(text), mockserver.ImportOptions{Name: "w"})
			}
		}
		seed := uint64(0) // another each time: what was generated is held ready
		for _, from := range []struct {
			name string
			make func(*mockserver.Server) (*mockserver.World, error)
		}{
			{"Seed", func(srv *mockserver.Server) (*mockserver.World, error) {
				what := approvers(n)
				seed++
				what.Seed = seed
				return srv.CreateWorld(b.Context(), mockserver.WorldSetting{Name: "w", Generate: &what})
			}},
			{"Packed", imported(packed)},
			{"ExportedJSON", imported(exported)},
			{"JSON", func(srv *mockserver.Server) (*mockserver.World, error) {
				return srv.CreateWorld(b.Context(), mockserver.WorldSetting{Name: "w", Records: texts})
			}},
		} {
			b.Run(fmt.Sprintf("%s/%d", from.name, n), func(b *testing.B) {
				srv := benchServer(b)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := from.make(srv); err != nil {
						b.Fatal(err)
					}
					if err := srv.DeleteWorld("w"); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
