package store

import (
	"context"
	"slices"
	"sync"
)

// Tx is a transaction. It is used by one goroutine and is of no use after Update or View returned, other than to begin
// another one in it with SnapshotInto or UpdateWith. Its zero value waits for that.
type Tx struct {
	ctx      context.Context
	layout   *layout
	state    *state
	writable bool
	// owned marks the collections of which this transaction has a version of its own; writes says that there are some.
	owned            []bool
	writes           bool
	counted          bool // a counter moved
	claimed, dropped []string
	written          []written
	// keeps says that somebody wants to hear what was changed.
	keeps   bool
	changed []Changed
}

// written is what was put into a collection that refers to others: a record of its table or a slice of them.
type written struct {
	c    *Collection
	recs any
}

// begin makes the transaction a read transaction over the store's current version.
func (tx *Tx) begin(ctx context.Context, s *Store) {
	tx.Reset()
	tx.ctx, tx.layout, tx.state = ctx, s.layout, s.cur.Load()
}

// Reset makes the transaction hold nothing but memory to use again: neither a context nor a version of the store.
func (tx *Tx) Reset() {
	clear(tx.written)
	clear(tx.owned)
	*tx = Tx{written: tx.written[:0], owned: tx.owned[:0]}
}

// Context is the context the transaction was begun with.
func (tx *Tx) Context() context.Context { return tx.ctx }

// own makes the collection's version the transaction's own, to be written to.
func (tx *Tx) own(c *Collection) error {
	if !tx.writable {
		return ErrReadOnly
	}
	if err := tx.ctx.Err(); err != nil {
		return err
	}
	tx.ownState()
	if at := tx.layout.placeOf(c); !tx.owned[at] {
		tx.state.tables[at] = tx.state.tables[at].clone()
		tx.owned[at] = true
	}
	return nil
}

func (tx *Tx) ownState() {
	if tx.writes {
		return
	}
	tx.writes = true
	tx.owned = slices.Grow(tx.owned, len(tx.state.tables))[:len(tx.state.tables)]
	tx.state = tx.state.clone()
}

func (tx *Tx) checkReferences() error {
	for _, w := range tx.written {
		if err := w.c.table.checkReferences(tx, w.recs); err != nil {
			return err
		}
	}
	return nil
}

// checkReferences checks those of many records for each field by itself, all at once. The error is that of the first field
// that has one.
func (t *Table[R]) checkReferences(tx *Tx, recs any) error {
	many, ok := recs.([]R)
	if !ok {
		for i := range t.refs {
			if _, err := t.checkReference(tx, t.referredBy(tx, i), &t.refs[i], recs.(R), ""); err != nil {
				return err
			}
		}
		return nil
	}
	problems := make([]error, len(t.refs))
	var wg sync.WaitGroup
	for i := range t.refs {
		wg.Go(func() {
			known, to := "", t.referredBy(tx, i)
			for k := 0; k < len(many) && problems[i] == nil; k++ {
				known, problems[i] = t.checkReference(tx, to, &t.refs[i], many[k], known)
			}
		})
	}
	wg.Wait()
	return firstOf(problems)
}

// referredBy is the collection that reference i names.
func (t *Table[R]) referredBy(tx *Tx, i int) untyped {
	return tx.layout.named(t.refs[i].To).table
}

// checkReference looks for what the record refers to, unless the record has been replaced or deleted since. It returns
// an id that is there; records next to each other often name the same one.
func (t *Table[R]) checkReference(tx *Tx, to untyped, r *Reference[R], rec R, known string) (string, error) {
	var one [1]string
	for _, id := range r.idsOf(rec, &one) {
		if id == "" || id == known {
			continue
		}
		if to.has(tx, id) {
			known = id
			continue
		}
		if now, err := t.Get(tx, t.key(rec)); err == nil && same(now, rec) {
			return "", &ReferenceError{Collection: t.c.name, ID: t.key(rec), Field: r.Field, To: r.To, Missing: id}
		}
	}
	return known, nil
}
