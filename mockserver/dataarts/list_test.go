package dataarts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver/store"
)

// TestSearchAgainstSlowVersion holds pages of a search, in both orders, against looking at every approver.
func TestSearchAgainstSlowVersion(t *testing.T) {
	t.Parallel()
	st, err := store.New(domains.Collection(), users.Collection(), projects.Collection(), workspaces.Collection(), approvers.Collection())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	name := func() string { return []string{"a", "an", "ann", "anna", "banana", "b", "安娜", "安"}[r.IntN(8)] }
	var all []*Approver
	write := func(tx *store.Tx) error {
		a := &Approver{ID: strconv.Itoa(90 + len(all)), Workspace: []string{"w", "x"}[r.IntN(2)], Name: name(), UserID: "u", Creator: "u"}
		all = append(all, a)
		return approvers.Put(tx, a)
	}
	err = st.Update(context.Background(), func(tx *store.Tx) error {
		err := fillApprovers(tx, 0)
		if err == nil {
			err = workspaces.Put(tx, &Workspace{Key: "x", ID: "x", Project: "p"})
		}
		return err
	})
	for range 200 {
		if err == nil {
			err = st.Update(context.Background(), write)
		}
		rng := store.Range{Skip: r.IntN(6) * r.IntN(20), Limit: 1 + r.IntN(9), Desc: r.IntN(2) == 0}
		sought := name()
		got, total, searchErr := searchByName(st.Snapshot(context.Background()), "w", sought, rng)
		if err != nil || searchErr != nil {
			t.Fatal(err, searchErr)
		}
		want, wantTotal := slowSearch(all, "w", sought, rng)
		if total != wantTotal || !slices.Equal(got, want) {
			t.Fatalf("%q %+v: got %s of %d, want %s of %d", sought, rng, idsOf(got), total, idsOf(want), wantTotal)
		}
	}
}

func slowSearch(all []*Approver, workspace, name string, r store.Range) ([]*Approver, int) {
	var equal, others []*Approver
	for _, a := range all {
		switch {
		case a.Workspace != workspace || !strings.Contains(a.Name, name):
		case a.Name == name:
			equal = append(equal, a)
		default:
			others = append(others, a)
		}
	}
	if r.Desc {
		slices.Reverse(equal)
		slices.Reverse(others)
	}
	hits := slices.Concat(equal, others)
	page := hits[min(r.Skip, len(hits)):]
	return page[:min(r.Limit, len(page))], len(hits)
}

func idsOf(list []*Approver) string {
	var ids []string
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	return fmt.Sprint(ids)
}

// BenchmarkFind finds one approver of many by his name, and again and again by a part of it.
func BenchmarkFind(b *testing.B) {
	const n = 200_000
	st, err := store.New(domains.Collection(), users.Collection(), projects.Collection(), workspaces.Collection(), approvers.Collection())
	if err == nil {
		err = st.Update(b.Context(), func(tx *store.Tx) error {
			all := make([]*Approver, n)
			for i := range all {
				all[i] = &Approver{ID: strconv.Itoa(firstID + i), Workspace: "w", Name: "approver-" + strconv.Itoa(i), UserID: userIDOf(strconv.Itoa(i)), Creator: "u"}
			}
			return errors.Join(fillApprovers(tx, 0), approvers.Load(tx, all), workspaces.Put(tx, &Workspace{Key: "x", ID: "x", Project: "p"}),
				approvers.Put(tx, &Approver{ID: "1", Workspace: "x", Name: "elsewhere", UserID: "u", Creator: "u"}))
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	last := "approver-" + strconv.Itoa(n-1)
	for _, by := range []struct {
		name string
		find func(*store.Tx) ([]*Approver, int, error)
	}{
		{"Exact", func(tx *store.Tx) ([]*Approver, int, error) {
			return approvers.AppendPage(nil, tx, byName, store.Range{Limit: 50}, "w", last)
		}},
		{"Part", func(tx *store.Tx) ([]*Approver, int, error) {
			return searchByName(tx, "w", last[3:], store.Range{Limit: 50})
		}},
		{"Whole", func(tx *store.Tx) ([]*Approver, int, error) {
			return searchByName(tx, "w", last, store.Range{Limit: 50})
		}},
		{"Many", func(tx *store.Tx) ([]*Approver, int, error) {
			return searchByName(tx, "w", "77", store.Range{Skip: 500, Limit: 50})
		}},
	} {
		b.Run(by.name, func(b *testing.B) {
			var tx store.Tx
			b.ReportAllocs()
			for b.Loop() {
				st.SnapshotInto(b.Context(), &tx)
				if _, total, err := by.find(&tx); err != nil || total == 0 {
					b.Fatal(total, err)
				}
			}
		})
	}
}
