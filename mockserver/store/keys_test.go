package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

type note struct {
	ID      string
	Readers []string
}

var errNoReaders = errors.New("has no readers")

func notes(unique bool) *Table[*note] {
	return NewTable("notes", func(n *note) string { return n.ID }, Index[*note]{Name: "reader", Unique: unique,
		Keys: func(n *note) []string {
			var keys []string
			for _, r := range n.Readers {
				keys = append(keys, Key(r, n.ID))
			}
			return keys
		}}).Check(func(n *note) error {
		if len(n.Readers) == 0 {
			return errNoReaders
		}
		return nil
	})
}

func put(t *testing.T, s *Store, table *Table[*note], list ...*note) error {
	t.Helper()
	return s.Update(context.Background(), func(tx *Tx) error {
		for _, n := range list {
			if err := table.Put(tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func idsOf(t *testing.T, s *Store, table *Table[*note], reader string, r Range) []string {
	t.Helper()
	list, err := table.Page(s.Snapshot(context.Background()), "reader", Key(reader), r)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, n := range list {
		ids = append(ids, n.ID)
	}
	return ids
}

func TestKeysPutARecordInSeveralPlaces(t *testing.T) {
	t.Parallel()
	table := notes(false)
	s, err := New(table.Collection())
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t, s, table, &note{"1", []string{"a", "b"}}, &note{"2", []string{"b"}}, &note{"3", []string{"a", "b"}}); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(t, s, table, "a", Range{}); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("a reads %v", got)
	}
	after := Range{Desc: true, After: Position{Key: Key("b", "3"), ID: "3"}}
	if got := idsOf(t, s, table, "b", after); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("b reads %v before 3", got)
	}
	if err := put(t, s, table, &note{"1", []string{"b"}}); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(t, s, table, "a", Range{}); !slices.Equal(got, []string{"3"}) {
		t.Errorf("a reads %v after 1 was taken from him", got)
	}
	if err := s.Update(context.Background(), func(tx *Tx) error { return table.Delete(tx, "3") }); err != nil {
		t.Fatal(err)
	}
	if got := idsOf(t, s, table, "b", Range{}); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("b reads %v after 3 was deleted", got)
	}
}

func TestKeysUnique(t *testing.T) {
	t.Parallel()
	table := NewTable("notes", func(n *note) string { return n.ID }, Index[*note]{Name: "reader", Unique: true,
		Keys: func(n *note) []string { return n.Readers }})
	s, err := New(table.Collection())
	if err != nil {
		t.Fatal(err)
	}
	err = put(t, s, table, &note{"1", []string{"a", "b"}}, &note{"2", []string{"c", "b"}})
	var dup *DuplicateError
	if !errors.As(err, &dup) || dup.ID != "1" {
		t.Errorf("got %v, want a duplicate of record 1", err)
	}
}

func TestCheckRefusesARecord(t *testing.T) {
	t.Parallel()
	table := notes(false)
	s, err := New(table.Collection())
	if err != nil {
		t.Fatal(err)
	}
	err = put(t, s, table, &note{"1", nil})
	var invalid *InvalidError
	if !errors.As(err, &invalid) || invalid.ID != "1" || !errors.Is(err, errNoReaders) {
		t.Errorf("got %v, want an invalid record 1", err)
	}
	if _, err := table.Get(s.Snapshot(context.Background()), "1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the refused record is there: %v", err)
	}
}

// TestIntIsHexadecimal holds the text of numbers, each digit at each place among them, against fmt.
func TestIntIsHexadecimal(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		n := int64(r.Uint64() >> r.IntN(64))
		if i < 256 {
			n = int64(uint64(i&15) << (4 * (i >> 4)))
		}
		if got, want := Int(n), fmt.Sprintf("%016x", uint64(n)^1<<63); got != want {
			t.Fatalf("Int(%d) = %s, want %s", n, got, want)
		}
	}
}
