package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/countersign/countersign/mockserver/store"
)

// Who keeps a store's changes elsewhere hears of every one that is published, and of no other.
func TestKeepHearsWhatIsPublished(t *testing.T) {
	t.Parallel()
	s, people, teams := open(t)
	var heard []string
	s.Keep = func(_ context.Context, did *store.Changes) error {
		for _, c := range did.Records {
			heard = append(heard, fmt.Sprint(c.Collection.Name(), " ", c.ID, " ", c.Record != nil))
		}
		for name, n := range did.Sequences {
			heard = append(heard, fmt.Sprint(name, " ", n))
		}
		return nil
	}
	update(t, s, func(tx *store.Tx) error {
		if _, err := tx.Sequence("people"); err != nil {
			return err
		}
		return errors.Join(people.Put(tx, &person{ID: "1", Team: "red", Mail: "a"}), teams.Put(tx, &team{"blue"}), teams.Delete(tx, "blue"))
	})
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return people.Put(tx, &person{ID: "2", Team: "nobody"}) }); err == nil {
		t.Fatal("a dangling reference was published")
	}
	update(t, s, func(*store.Tx) error { return nil })
	if want := []string{"people 1 true", "teams blue true", "teams blue false", "people 1"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// What cannot be kept did not happen: neither the records nor what they claim.
func TestWhatIsNotKeptIsUndone(t *testing.T) {
	t.Parallel()
	s, people, _ := open(t)
	owned := map[string]bool{}
	s.OnCommit = func(added, dropped []string) error {
		for _, c := range dropped {
			delete(owned, c)
		}
		for _, c := range added {
			owned[c] = true
		}
		return nil
	}
	update(t, s, func(tx *store.Tx) error { return people.Put(tx, &person{ID: "1", Mail: "old"}) })
	full := errors.New("no space left")
	s.Keep = func(context.Context, *store.Changes) error { return full }
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Sequence("people"); err != nil {
			return err
		}
		return people.Put(tx, &person{ID: "1", Mail: "new"})
	})
	if !errors.Is(err, full) {
		t.Fatalf("got %v, want %v", err, full)
	}
	tx := s.Snapshot(t.Context())
	if p, err := people.Get(tx, "1"); err != nil || p.Mail != "old" || len(tx.Sequences()) != 0 {
		t.Errorf("the record is %+v, %v; the counters are %v", p, err, tx.Sequences())
	}
	if !owned["mail:old"] || owned["mail:new"] {
		t.Errorf("claimed are %v", owned)
	}
}

func TestForkAllIsOneMoment(t *testing.T) {
	t.Parallel()
	a, people, _ := open(t)
	b, _, _ := open(t)
	put := func(s *store.Store, id string) {
		update(t, s, func(tx *store.Tx) error { return people.Put(tx, &person{ID: id}) })
	}
	put(a, "1")
	began := make(chan struct{})
	wrote := make(chan struct{})
	forks, err := store.ForkAll([]*store.Store{a, b}, func() error {
		go func() {
			close(began)
			put(a, "2") // waits for the fork
			close(wrote)
		}()
		<-began
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-wrote
	if n := forks[0].Snapshot(t.Context()).CountAny(people.Collection()); n != 1 {
		t.Errorf("the fork has %d people, want 1", n)
	}
	if n := a.Snapshot(t.Context()).CountAny(people.Collection()); n != 2 {
		t.Errorf("the store has %d people, want 2", n)
	}
	refused := errors.New("no")
	if _, err := store.ForkAll([]*store.Store{a}, func() error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v, want %v", err, refused)
	}
	put(a, "3") // nothing is left locked
}

func TestSetSequence(t *testing.T) {
	t.Parallel()
	s, _, _ := open(t)
	update(t, s, func(tx *store.Tx) error { return tx.SetSequence("people", 41) })
	update(t, s, func(tx *store.Tx) error {
		if n, err := tx.Sequence("people"); n != 42 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		return nil
	})
	if err := s.Snapshot(t.Context()).SetSequence("people", 1); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("got %v", err)
	}
}

func TestRetire(t *testing.T) {
	t.Parallel()
	s, people, _ := open(t)
	put := func(tx *store.Tx) error { return people.Put(tx, &person{ID: "1"}) }
	no := errors.New("no")
	if err := store.Retire([]*store.Store{s}, func() error { return no }); !errors.Is(err, no) {
		t.Fatalf("got %v, want %v", err, no)
	}
	update(t, s, put)
	if err := store.Retire([]*store.Store{s}, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), put); !errors.Is(err, store.ErrRetired) {
		t.Errorf("got %v, want %v", err, store.ErrRetired)
	}
	if n := s.Snapshot(t.Context()).CountAny(people.Collection()); n != 1 {
		t.Errorf("who still reads it sees %d people, want 1", n)
	}
	update(t, s.Fork(), put) // what is forked off it lives
}
