package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/countersign/countersign/mockserver/store"
)

// user is a record as the vendors have them: three indexes and a reference.
type user struct {
	ID, Group, Name, Login string
	number                 int64
}

type group struct{ ID string }

var (
	users = store.NewTable("users", func(u *user) string { return u.ID },
		store.Index[*user]{Name: "by_number", Append: func(b []byte, u *user) []byte { return store.AppendInt(store.AppendKey(b, u.Group), u.number) },
			Text: func(u *user) string { return u.Name }},
		store.Index[*user]{Name: "by_name", Append: func(b []byte, u *user) []byte { return store.AppendInt(store.AppendKey(b, u.Group, u.Name), u.number) }},
		store.Index[*user]{Name: "by_login", Append: func(b []byte, u *user) []byte { return store.AppendKey(b, u.Group, u.Login) }}).
		References(store.Reference[*user]{Field: "group", To: "groups", ID: func(u *user) string { return u.Group }})
	groups = store.NewTable("groups", func(g *group) string { return g.ID })
)

const benchGroup = "4f8c1d"

func userNo(i int) *user {
	r := rand.New(rand.NewPCG(uint64(i), 0))
	return &user{ID: strconv.Itoa(42820 + i), Group: benchGroup, Name: "somebody-" + strconv.Itoa(i),
		Login: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()), number: int64(i)}
}

func manyUsers(n int) []*user {
	recs := make([]*user, n)
	for i := range recs {
		recs[i] = userNo(i)
	}
	return recs
}

func load(b *testing.B, recs []*user) *store.Store {
	b.Helper()
	s, err := store.New(users.Collection(), groups.Collection())
	if err == nil {
		err = s.Update(b.Context(), func(tx *store.Tx) error { return groups.Put(tx, &group{benchGroup}) })
	}
	if err == nil {
		err = s.Update(b.Context(), func(tx *store.Tx) error { return users.Load(tx, recs) })
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		s := load(b, manyUsers(n))
		r := rand.New(rand.NewPCG(1, 2))
		var tx store.Tx
		s.SnapshotInto(b.Context(), &tx)
		page := make([]*user, 0, 50)
		run := func(name string, fn func() error) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := fn(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		pageAt := func(offset func() int) func() error {
			return func() error {
				recs, _, err := users.AppendPage(page[:0], &tx, "by_number", store.Range{Skip: offset(), Limit: 50}, benchGroup)
				if err == nil && len(recs) == 0 {
					err = store.ErrNotFound
				}
				return err
			}
		}
		ids := make([]string, 1024)
		for i := range ids {
			ids[i] = strconv.Itoa(42820 + r.IntN(n))
		}
		next := 0
		run("Snapshot", func() error { s.SnapshotInto(b.Context(), &tx); return nil })
		run("Get", func() error { next++; _, err := users.Get(&tx, ids[next%len(ids)]); return err })
		run("First", func() error { _, err := users.FirstOf(&tx, "by_name", benchGroup, "somebody-77"); return err })
		run("Count", func() error { _, err := users.CountOf(&tx, "by_number", benchGroup); return err })
		run("Page/first", pageAt(func() int { return 0 }))
		run("Page/middle", pageAt(func() int { return n / 2 }))
		run("Page/last", pageAt(func() int { return n - 50 }))
		run("Page/random", pageAt(func() int { return r.IntN(n) }))
		run("Page/allocated", func() error {
			_, err := users.Page(&tx, "by_number", store.Key(benchGroup), store.Range{Skip: n / 2, Limit: 50})
			return err
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		s := load(b, manyUsers(n))
		ctx := context.Background()
		var tx store.Tx
		page := make([]*user, 0, 50)
		search := func(b *testing.B, text string, r store.Range) {
			s.SnapshotInto(ctx, &tx)
			if _, _, err := users.Search(page[:0], &tx, "by_number", store.Text{Contains: text, NotEqual: true}, r, benchGroup); err != nil {
				b.Fatal(err)
			}
		}
		for name, text := range map[string]string{"some": "dy-77", "few": "9999", "all": "somebody", "none": "nobody"} {
			b.Run(fmt.Sprintf("first/%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					for i := range 4 { // what it found before is forgotten
						search(b, fmt.Sprint("else", i), store.Range{})
					}
					b.StartTimer()
					search(b, text, store.Range{Limit: 50})
				}
			})
			b.Run(fmt.Sprintf("again/%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					search(b, text, store.Range{Limit: 50})
				}
			})
		}
		b.Run(fmt.Sprintf("deep/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				search(b, "somebody", store.Range{Skip: n / 2, Limit: 50})
			}
		})
		b.Run(fmt.Sprintf("written/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				b.StopTimer()
				put(b, s, userNo(i%n))
				i += 7919
				b.StartTimer()
				search(b, "dy-77", store.Range{Limit: 50})
			}
		})
	}
}

func put(b *testing.B, s *store.Store, u *user) {
	b.Helper()
	if err := s.Update(b.Context(), func(tx *store.Tx) error { return users.Put(tx, u) }); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		recs := manyUsers(n)
		s := load(b, recs)
		r := rand.New(rand.NewPCG(1, 2))
		ctx := context.Background()
		var tx store.Tx
		update := func(b *testing.B, s *store.Store, fn func(*store.Tx) error) {
			if err := s.UpdateWith(ctx, &tx, fn); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("Replace/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				u := recs[r.IntN(n)]
				update(b, s, func(tx *store.Tx) error { return users.Put(tx, u) })
			}
		})
		b.Run(fmt.Sprintf("Insert/%d", n), func(b *testing.B) { // into a world of that size, always the same
			fresh := manyUsers(n + 64)[n:]
			i, fork := 0, s.Fork()
			b.ReportAllocs()
			for b.Loop() {
				if i%len(fresh) == 0 {
					fork = s.Fork()
				}
				u := fresh[i%len(fresh)]
				i++
				update(b, fork, func(tx *store.Tx) error { return users.Put(tx, u) })
			}
		})
		b.Run(fmt.Sprintf("Delete/%d", n), func(b *testing.B) {
			i, fork := 0, s.Fork()
			b.ReportAllocs()
			for b.Loop() {
				if i%64 == 0 {
					fork = s.Fork()
				}
				id := recs[i%64].ID
				i++
				update(b, fork, func(tx *store.Tx) error { return users.Delete(tx, id) })
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		recs := manyUsers(n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				load(b, recs)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
		few := load(b, []*user{userNo(n), userNo(n + 1), userNo(2 * n)})
		b.Run("Over/"+strconv.Itoa(n), func(b *testing.B) { // over a few others
			b.ReportAllocs()
			for b.Loop() {
				if err := few.Fork().Update(b.Context(), func(tx *store.Tx) error { return users.Load(tx, recs) }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}

// BenchmarkMemory reports what a record takes beyond itself, and how long a garbage collection takes.
func BenchmarkMemory(b *testing.B) {
	const n = 200_000
	recs := manyUsers(n)
	for b.Loop() {
		before := heap()
		s := load(b, recs)
		b.ReportMetric(float64(heap()-before)/n, "B/record")
		runtime.KeepAlive(s)
	}
	runtime.KeepAlive(recs)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkLate looks things up that were made one after the other, and of which none is in the trees yet.
func BenchmarkLate(b *testing.B) {
	s := load(b, manyUsers(100))
	fresh, next := manyUsers(100 + 60)[100:], userNo(160)
	for _, u := range fresh {
		if err := s.Update(context.Background(), func(tx *store.Tx) error { return users.Put(tx, u) }); err != nil {
			b.Fatal(err)
		}
	}
	tx := s.Snapshot(context.Background())
	for name, look := range map[string]func() error{
		"Get":     func() error { _, err := users.Get(tx, fresh[0].ID); return err },
		"Next":    func() error { _, err := users.Get(tx, next.ID); return err },
		"LastOf":  func() error { _, err := users.LastOf(tx, "by_number", benchGroup); return err },
		"FirstOf": func() error { _, err := users.FirstOf(tx, "by_login", benchGroup, next.Login); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := look(); err != nil && !errors.Is(err, store.ErrNotFound) {
					b.Fatal(err)
				}
			}
		})
	}
}
