package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestSorting holds the sort of many keys against that of the library: keys that begin alike, end in zeros, come twice.
func TestSorting(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same keys each time
	var k keyed[*string]
	for round := range 300 {
		o := &order[*string]{}
		if round%2 == 0 {
			o.id = func(rec *string) string { return *rec }
		}
		k.begin(o)
		var want []int
		for i := range manyChanges + r.IntN(2*manyHeads) {
			key := strings.Repeat("alike", r.IntN(4)) + strings.Repeat("\x00", r.IntN(10))
			for range r.IntN(20) {
				key += string(rune('a' + r.IntN(1+round%5)))
			}
			id := string(rune('a' + r.IntN(3)))
			k.texts = append(k.texts, key...)
			k.ended(&id)
			want = append(want, i)
		}
		slices.SortStableFunc(want, k.compare)
		k.sort()
		for i, h := range k.heads {
			if h.i != want[i] {
				t.Fatalf("round %d: of %d keys number %d is %d, want %d", round, len(want), i, h.i, want[i])
			}
		}
	}
}

// TestAppendedKeys: an index that appends its keys has the order and the records of one that returns them.
func TestAppendedKeys(t *testing.T) {
	t.Parallel()
	type item struct{ id, group string }
	table := NewTable("items", func(i *item) string { return i.id },
		Index[*item]{Name: "returned", Key: func(i *item) (string, bool) { return Key(i.group, i.id), true }},
		Index[*item]{Name: "appended", Append: func(b []byte, i *item) []byte { return AppendKey(b, i.group, i.id) }})
	st, err := New(table.Collection())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same records each time
	random := func(n int) (items []*item) {
		for range n {
			items = append(items, &item{Int(r.Int64N(3000)), strings.Repeat("g", 1+r.IntN(200))})
		}
		return items
	}
	err = st.Update(t.Context(), func(tx *Tx) error {
		for _, n := range []int{2000, 1, 500} {
			if err := table.Load(tx, random(n)); err != nil {
				return err
			}
			for _, one := range random(20) {
				if err := table.Put(tx, one); err != nil {
					return err
				}
			}
			want, err := table.Page(tx, "returned", "", Range{})
			if err != nil {
				return err
			}
			if got, err := table.Page(tx, "appended", "", Range{}); err != nil || len(got) != tx.CountAny(table.Collection()) || !slices.Equal(got, want) {
				t.Errorf("%d records, %d by the other index, error %v", len(got), len(want), err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// BenchmarkKeyed has the steps of a tree of many records whose keys are in no order.
func BenchmarkKeyed(b *testing.B) {
	type rec struct{ id, u string }
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same keys each time
	recs := make([]*rec, 300_000)
	for i := range recs {
		recs[i] = &rec{Int(int64(i)), fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())}
	}
	ix := &Index[*rec]{Append: func(b []byte, r *rec) []byte { return AppendKey(b, "workspace-cn-north-7", r.u) }}
	o := &order[*rec]{id: func(r *rec) string { return r.id }}
	var k keyed[*rec]
	b.Run("Add", func(b *testing.B) {
		for b.Loop() {
			k.begin(o)
			k.addAll(recs, ix, nil)
		}
	})
	b.Run("Sort", func(b *testing.B) {
		for b.Loop() {
			k.sort()
		}
	})
	w := new(writer[*rec])
	b.Run("Tree", func(b *testing.B) {
		for b.Loop() {
			k.tree(w)
			w.reset()
		}
	})
}
