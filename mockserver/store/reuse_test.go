package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/countersign/countersign/mockserver/store"
)

func TestTransactionUsedAgain(t *testing.T) {
	t.Parallel()
	s, people, _ := open(t)
	var tx store.Tx
	undone := errors.New("undone")
	put := func(id string, err error) func(*store.Tx) error {
		return func(tx *store.Tx) error { return errors.Join(people.Put(tx, &person{ID: id, Team: "red"}), err) }
	}
	if err := s.UpdateWith(t.Context(), &tx, put("1", nil)); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateWith(t.Context(), &tx, put("2", undone)); !errors.Is(err, undone) {
		t.Fatalf("got %v, want %v", err, undone)
	}
	s.SnapshotInto(t.Context(), &tx)
	if err := people.Put(&tx, &person{ID: "3"}); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a write after the write transaction: %v", err)
	}
	if n := tx.CountAny(people.Collection()); n != 1 {
		t.Errorf("%d people, want 1", n)
	}
	other, _, _ := open(t)
	other.SnapshotInto(context.WithValue(t.Context(), person{}, 1), &tx)
	if n := tx.CountAny(other.Collections()[0]); n != 0 || tx.Context().Value(person{}) != 1 {
		t.Errorf("%d people of another store, context %v", n, tx.Context())
	}
}

func TestPageOfParts(t *testing.T) {
	t.Parallel()
	s, people, teams := open(t)
	update(t, s, func(tx *store.Tx) error {
		return errors.Join(teams.Put(tx, &team{"re"}), people.Load(tx, []*person{
			{ID: "1", Name: "a", Team: "red"}, {ID: "2", Name: "b", Team: "red"}, {ID: "3", Name: "c", Team: "red"}, {ID: "4", Name: "d", Team: "re"}}))
	})
	tx := s.Snapshot(t.Context())
	page, total, err := people.AppendPage(make([]*person, 1, 8), tx, "by_team", store.Range{Skip: 1, Limit: 1}, "red")
	if err != nil || total != 3 || len(page) != 2 || page[1].ID != "2" {
		t.Errorf("page %v of %d, %v", page, total, err)
	}
	if n, err := people.CountOf(tx, "by_team", "re"); n != 1 || err != nil {
		t.Errorf("count %d, %v", n, err)
	}
	if p, err := people.FirstOf(tx, "by_team", "red", "c"); err != nil || p.ID != "3" {
		t.Errorf("first %v, %v", p, err)
	}
	if p, err := people.GetOf(tx, []byte("3")); err != nil || p.Name != "c" {
		t.Errorf("got %v, %v", p, err)
	}
	if _, err := people.GetOf(tx, []byte("33")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got one that is not there: %v", err)
	}
	if _, err := people.FirstOf(tx, "by_team", "blue"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("first of none: %v", err)
	}
	if _, _, err := people.AppendPage(nil, tx, "by_nothing", store.Range{}); err == nil {
		t.Error("an index that is not there")
	}
}
