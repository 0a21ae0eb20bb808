package store

import (
	"context"
	"fmt"
	"testing"
)

// Changes that wait are brought in once a version has been read often; writes that nobody reads behind do not bring them in.
func TestLateIsBroughtInForReaders(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	look := map[string]func(tx *Tx, table *Table[*item]) error{
		"Get":     func(tx *Tx, table *Table[*item]) error { _, err := table.Get(tx, "3"); return err },
		"CountOf": func(tx *Tx, table *Table[*item]) error { _, err := table.CountOf(tx, "name", "nobody"); return err },
	}
	for name, look := range look {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := items()
			s, err := New(table.Collection())
			if err != nil {
				t.Fatal(err)
			}
			for i := 2 * fewLate; i > 0; i-- { // not rising, so that they are gone through
				rec := &item{ID: fmt.Sprint(i), Name: fmt.Sprint(i)}
				if err := s.Update(ctx, func(tx *Tx) error { return table.Put(tx, rec) }); err != nil {
					t.Fatal(err)
				}
			}
			tx := s.Snapshot(ctx)
			if v := table.in(tx); v.late == nil || v.settled.Load() != nil {
				t.Fatal("no change waits")
			}
			for range mostWalks + 1 {
				if err := look(tx, table); err != nil {
					t.Fatal(err)
				}
			}
			if table.in(tx).settled.Load() == nil {
				t.Errorf("the changes still wait after %d walks", mostWalks+1)
			}
			if rec, err := table.Get(tx, "3"); err != nil || rec.Name != "3" {
				t.Errorf("got %v, %v", rec, err)
			}
		})
	}
}
