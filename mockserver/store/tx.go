package store

import (
	"context"
	"slices"
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

// written is what was put into a collection that refers to others: a *T or a []*T of its table.
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

func (t *Table[T]) checkReferences(tx *Tx, recs any) error {
	for i := range t.refs {
		r := &t.refs[i]
		to := tx.layout.collections[tx.layout.byName[r.To]].table
		if rec, ok := recs.(*T); ok {
			if _, err := t.checkReference(tx, to, r, rec, ""); err != nil {
				return err
			}
			continue
		}
		known := ""
		for _, rec := range recs.([]*T) {
			var err error
			if known, err = t.checkReference(tx, to, r, rec, known); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkReference looks for what the record refers to, unless the record has been replaced or deleted since. It returns
// an id that is there; records next to each other often name the same one.
func (t *Table[T]) checkReference(tx *Tx, to untyped, r *Reference[T], rec *T, known string) (string, error) {
	var one [1]string
	for _, id := range r.idsOf(rec, &one) {
		if id == "" || id == known {
			continue
		}
		if to.has(tx, id) {
			known = id
			continue
		}
		if now, err := t.Get(tx, t.key(rec)); err == nil && now == rec {
			return "", &ReferenceError{Collection: t.c.name, ID: t.key(rec), Field: r.Field, To: r.To, Missing: id}
		}
	}
	return known, nil
}
