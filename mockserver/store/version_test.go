package store_test

import (
	"context"
	"testing"

	"github.com/countersign/countersign/mockserver/store"
)

func TestVersionsAreEqualWhileNothingChanges(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := store.New(users.Collection(), groups.Collection())
	if err != nil {
		t.Fatal(err)
	}
	at := func() (store.Version, store.Version) {
		tx := s.Snapshot(ctx)
		return users.Version(tx), groups.Version(tx)
	}
	users0, groups0 := at()
	err = s.Update(ctx, func(tx *store.Tx) error {
		if groups.Version(tx) != groups0 {
			t.Error("a transaction that has written nothing sees another version")
		}
		if err := groups.Put(tx, &group{"g"}); err != nil {
			return err
		}
		if own := groups.Version(tx); own == groups0 || own == groups.Version(tx) {
			t.Error("what a transaction is writing to equals something")
		}
		if users.Version(tx) != users0 {
			t.Error("writing to one collection changes the version of another")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	users1, groups1 := at()
	if users1 != users0 || groups1 == groups0 {
		t.Error("want the version of the collection that was written to, and no other, changed")
	}
	if users2, groups2 := at(); users2 != users1 || groups2 != groups1 {
		t.Error("versions differ though nothing changed")
	}
}
