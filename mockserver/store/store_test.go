package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/mockserver/store"
)

type person struct{ ID, Name, Team, Mail string }

type team struct{ ID string }

func tables() (*store.Table[*person], *store.Table[*team]) {
	people := store.NewTable("people", func(p *person) string { return p.ID },
		store.Index[*person]{Name: "by_team", Key: func(p *person) (string, bool) { return store.Key(p.Team, p.Name), p.Team != "" },
			Text: func(p *person) string { return p.Name }},
		store.Index[*person]{Name: "by_mail", Unique: true, Key: func(p *person) (string, bool) { return store.Key(p.Mail), p.Mail != "" }}).
		References(store.Reference[*person]{Field: "team", To: "teams", IDs: func(p *person) []string { return []string{p.Team} }}).
		Claims(func(p *person) []string { return []string{"mail:" + p.Mail} })
	return people, store.NewTable("teams", func(t *team) string { return t.ID })
}

func open(t *testing.T) (*store.Store, *store.Table[*person], *store.Table[*team]) {
	t.Helper()
	people, teams := tables()
	s, err := store.New(people.Collection(), teams.Collection())
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *store.Tx) error { return teams.Put(tx, &team{"red"}) })
	return s, people, teams
}

func update(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	s, people, _ := open(t)
	ann := &person{ID: "1", Name: "Ann", Team: "red", Mail: "a"}
	update(t, s, func(tx *store.Tx) error { return people.Put(tx, ann) })
	before := s.Snapshot(t.Context())

	t.Run("ErrDuplicate", func(t *testing.T) {
		var dup *store.DuplicateError
		err := s.Update(t.Context(), func(tx *store.Tx) error { return people.Put(tx, &person{ID: "2", Mail: "a"}) })
		if !errors.As(err, &dup) || dup.ID != "1" || dup.Index != "by_mail" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrReference", func(t *testing.T) {
		var ref *store.ReferenceError
		err := s.Update(t.Context(), func(tx *store.Tx) error { return people.Put(tx, &person{ID: "2", Team: "blue"}) })
		if !errors.As(err, &ref) || ref.Missing != "blue" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrReadOnly", func(t *testing.T) {
		err := s.View(t.Context(), func(tx *store.Tx) error { return people.Put(tx, ann) })
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrCancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Update(ctx, func(tx *store.Tx) error { return people.Put(tx, ann) }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("OKRollback", func(t *testing.T) {
		no := errors.New("no")
		err := s.Update(t.Context(), func(tx *store.Tx) error {
			if err := people.Delete(tx, "1"); err != nil {
				return err
			}
			if _, err := people.Get(tx, "1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the transaction does not see its own delete: %v", err)
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatal(err)
		}
		if _, err := people.Get(s.Snapshot(t.Context()), "1"); err != nil {
			t.Errorf("a failed transaction left its delete behind: %v", err)
		}
	})
	t.Run("OKSnapshotStandsStill", func(t *testing.T) {
		update(t, s, func(tx *store.Tx) error { return people.Put(tx, &person{ID: "1", Name: "Bea", Team: "red", Mail: "b"}) })
		old, err := people.Get(before, "1")
		if err != nil || old.Name != "Ann" {
			t.Errorf("the old snapshot sees %v, %v", old, err)
		}
		if n, _ := people.Count(s.Snapshot(t.Context()), "by_team", store.Key("red")); n != 1 {
			t.Errorf("%d index entries after a change, want 1", n)
		}
	})
}

func TestSequence(t *testing.T) {
	t.Parallel()
	s, _, _ := open(t)
	for want := int64(1); want <= 3; want++ {
		update(t, s, func(tx *store.Tx) error {
			got, err := tx.Sequence("x")
			if got != want {
				t.Errorf("got %d, want %d", got, want)
			}
			return err
		})
		_ = s.Update(t.Context(), func(tx *store.Tx) error { _, _ = tx.Sequence("x"); return errors.New("undone") })
	}
}

func TestForkIsApart(t *testing.T) {
	t.Parallel()
	s, people, _ := open(t)
	update(t, s, func(tx *store.Tx) error { return people.Put(tx, &person{ID: "1", Name: "Ann", Mail: "a"}) })
	fork := s.Fork()
	var wg sync.WaitGroup
	for i, st := range []*store.Store{s, fork, s, fork} {
		wg.Go(func() {
			for n := range 200 {
				id := fmt.Sprintf("%d-%d", i%2, n)
				_ = st.Update(t.Context(), func(tx *store.Tx) error { return people.Put(tx, &person{ID: id, Mail: id}) })
				if _, err := people.Page(st.Snapshot(t.Context()), store.PrimaryIndex, "", store.Range{Limit: 5}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, st := range []*store.Store{s, fork} {
		own, _ := people.Count(st.Snapshot(t.Context()), "by_mail", fmt.Sprint(i))
		other, _ := people.Count(st.Snapshot(t.Context()), "by_mail", fmt.Sprint(1-i))
		if own != 200 || other != 0 {
			t.Errorf("store %d has %d of its own records and %d of the other's", i, own, other)
		}
	}
}

func TestCommitHook(t *testing.T) {
	t.Parallel()
	s, people, _ := open(t)
	no := errors.New("taken")
	var added, dropped []string
	s.OnCommit = func(a, d []string) error {
		added, dropped = a, d
		if slices.Contains(a, "mail:x") {
			return no
		}
		return nil
	}
	update(t, s, func(tx *store.Tx) error { return people.Put(tx, &person{ID: "1", Mail: "a"}) })
	update(t, s, func(tx *store.Tx) error { return people.Put(tx, &person{ID: "1", Mail: "b"}) })
	if !slices.Equal(added, []string{"mail:b"}) || !slices.Equal(dropped, []string{"mail:a"}) {
		t.Errorf("added %v, dropped %v", added, dropped)
	}
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return people.Put(tx, &person{ID: "2", Mail: "x"}) }); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := people.Get(s.Snapshot(t.Context()), "2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a refused commit was published: %v", err)
	}
}

// TestPageAgainstSlowVersion holds Page, Count and Search against sorting everything.
func TestPageAgainstSlowVersion(t *testing.T) {
	t.Parallel()
	s, people, teams := open(t)
	r := rand.New(rand.NewPCG(1, 2))
	all := map[string]person{}
	update(t, s, func(tx *store.Tx) error { return teams.Put(tx, &team{"re"}) })
	for step := range 600 {
		id := fmt.Sprint(r.IntN(200))
		update(t, s, func(tx *store.Tx) error {
			if r.IntN(4) == 0 {
				delete(all, id)
				if err := people.Delete(tx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
					return err
				}
				return nil
			}
			p := person{ID: id, Name: []string{"a", "ab", "b\x00c", "", "é"}[r.IntN(5)], Team: []string{"red", "re", ""}[r.IntN(3)]}
			all[id] = p
			return people.Put(tx, &p)
		})
		if step%20 == 0 {
			comparePages(t, s, people, all, r)
		}
	}
}

func comparePages(t *testing.T, s *store.Store, people *store.Table[*person], all map[string]person, r *rand.Rand) {
	t.Helper()
	var want []person
	for _, p := range all {
		if p.Team == "red" {
			want = append(want, p)
		}
	}
	less := func(a, b person) bool {
		if a.Name != b.Name {
			return store.Key(a.Name) < store.Key(b.Name)
		}
		return a.ID < b.ID
	}
	sort.Slice(want, func(i, j int) bool { return less(want[i], want[j]) })
	after := person{ID: fmt.Sprint(r.IntN(200)), Name: "ab", Team: "red"}
	rng := store.Range{Skip: r.IntN(4), Limit: r.IntN(6), Desc: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		rng.After = store.Position{Key: store.Key("red", after.Name), ID: after.ID}
	}
	total := len(want)
	if rng.Desc {
		slices.Reverse(want)
	}
	if rng.After != (store.Position{}) {
		want = slices.DeleteFunc(want, func(p person) bool {
			if rng.Desc {
				return !less(p, after)
			}
			return !less(after, p)
		})
	}
	search := slices.Clone(want)
	want = cut(want, rng)
	tx := s.Snapshot(t.Context())
	got, err := people.Page(tx, "by_team", store.Key("red"), rng)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, values(got)); diff != "" {
		t.Errorf("page %+v (-want +got):\n%s", rng, diff)
	}
	if n, err := people.Count(tx, "by_team", store.Key("red")); n != total || err != nil {
		t.Errorf("count %d, %v, want %d", n, err, total)
	}
	search = slices.DeleteFunc(search, func(p person) bool { return !strings.Contains(p.Name, "a") })
	found, n, err := people.Search(nil, tx, "by_team", store.Text{Contains: "a"}, rng, "red")
	if err != nil || n != len(search) {
		t.Errorf("search found %d, %v, want %d", n, err, len(search))
	}
	if diff := cmp.Diff(cut(search, rng), values(found)); diff != "" {
		t.Errorf("search %+v (-want +got):\n%s", rng, diff)
	}
}

func cut(list []person, r store.Range) []person {
	list = list[min(r.Skip, len(list)):]
	if r.Limit > 0 {
		list = list[:min(r.Limit, len(list))]
	}
	return append([]person{}, list...)
}

func values(list []*person) []person {
	out := []person{}
	for _, p := range list {
		out = append(out, *p)
	}
	return out
}

func FuzzKeyOrder(f *testing.F) {
	f.Add("a", "b", "a\x00", "")
	f.Add("", "\x00", "", "\x00\x00")
	f.Fuzz(func(t *testing.T, a1, a2, b1, b2 string) {
		want := strings.Compare(a1, b1)
		if want == 0 {
			want = strings.Compare(a2, b2)
		}
		if got := strings.Compare(store.Key(a1, a2), store.Key(b1, b2)); got != want {
			t.Errorf("Key(%q,%q) against Key(%q,%q): %d, want %d", a1, a2, b1, b2, got, want)
		}
		if strings.HasPrefix(store.Key(b1, b2), store.Key(a1)) != (a1 == b1) {
			t.Errorf("Key(%q) as a prefix of Key(%q,%q)", a1, b1, b2)
		}
	})
}

func TestIntOrder(t *testing.T) {
	t.Parallel()
	numbers := []int64{-1 << 63, -5, -1, 0, 1, 2, 10, 1<<63 - 1}
	for i := 1; i < len(numbers); i++ {
		if a, b := store.Int(numbers[i-1]), store.Int(numbers[i]); a >= b {
			t.Errorf("Int(%d) = %s, Int(%d) = %s", numbers[i-1], a, numbers[i], b)
		}
	}
}
