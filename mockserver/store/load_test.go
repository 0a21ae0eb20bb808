package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestLoadOverFew loads many records, no two of one id, over few others: trees that are made anew hold what trees do that
// were changed.
func TestLoadOverFew(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := chance{rand.New(rand.NewPCG(seed, 5)), 5000}
			many := []int{manyChanges, 300, 3000, sampled*sampled + 1}[seed%4]
			recs := c.apart(many + many/10)
			there, loaded := recs[:int(seed)%4*many/30], recs[many/10:]
			table, m := items(), model{}
			s, err := New(table.Collection())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Update(t.Context(), func(tx *Tx) error { return m.putAll(tx, table, there) }); err != nil {
				t.Fatal(err)
			}
			s.Keep = func(_ context.Context, did *Changes) error { return inOrder(did, loaded) }
			if err := s.Update(t.Context(), func(tx *Tx) error { return table.Load(tx, loaded) }); err != nil {
				t.Fatal(err)
			}
			for _, rec := range loaded {
				m[rec.ID] = rec
			}
			tx := s.Snapshot(t.Context())
			for i, root := range table.in(tx).roots {
				checkNode(t, root, &table.orders[i])
			}
			for range 30 {
				c.compare(t, tx, table, m)
			}
		})
	}
}

// apart are items of which no two have one id or one serial.
func (c chance) apart(n int) []*item {
	recs := make([]*item, n)
	for i, k := range c.Perm(c.ids)[:n] {
		recs[i] = c.item()
		recs[i].ID = fmt.Sprint(k)
		if recs[i].Serial != "" {
			recs[i].Serial = "s" + recs[i].ID
		}
	}
	return recs
}

// putAll puts records one by one, here and there.
func (m model) putAll(tx *Tx, table *Table[*item], recs []*item) error {
	for _, rec := range recs {
		m[rec.ID] = rec
		if err := table.Put(tx, rec); err != nil {
			return err
		}
	}
	return nil
}

// inOrder fails unless the records were put in the order of their ids, each once.
func inOrder(did *Changes, recs []*item) error {
	if len(did.Records) != len(recs) {
		return fmt.Errorf("%d records were put, want %d", len(did.Records), len(recs))
	}
	for i := 1; i < len(did.Records); i++ {
		if strings.Compare(did.Records[i-1].ID, did.Records[i].ID) >= 0 {
			return errors.New("the records were not put in order")
		}
	}
	return nil
}
