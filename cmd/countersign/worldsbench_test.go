package main

import (
	"context"
	"encoding/json"
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
