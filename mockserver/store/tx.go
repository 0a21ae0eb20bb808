package store

import (
	"context"
	"slices"
	"strings"

	"github.com/tidwall/btree"
)

// Tx is a transaction. It is used by one goroutine and is of no use after Update or View returned, other than to begin
// another one in it with SnapshotInto or UpdateWith. Its zero value waits for that.
type Tx struct {
	ctx      context.Context
	layout   *layout
	state    *state
	writable bool
	// owned marks the tables this transaction has copied and may change; nil until the first write.
	owned            []bool
	ownSequences     bool
	claimed, dropped []string
	written          []written
	// keeps says that somebody wants to hear what was changed.
	keeps   bool
	changed []Changed
}

type written struct {
	place int
	rec   any
}

// begin makes the transaction a read transaction over the store's current version.
func (tx *Tx) begin(ctx context.Context, s *Store) {
	tx.Reset()
	tx.ctx, tx.layout, tx.state = ctx, s.layout, s.cur.Load()
}

// Reset makes the transaction hold nothing but memory to use again: neither a context nor a version of the store.
func (tx *Tx) Reset() {
	clear(tx.written)
	*tx = Tx{written: tx.written[:0]}
}

// Context is the context the transaction was begun with.
func (tx *Tx) Context() context.Context { return tx.ctx }

func (tx *Tx) table(c *Collection) *table { return &tx.state.tables[tx.layout.place[c]] }

// own makes the collection's trees the transaction's own and returns its place.
func (tx *Tx) own(c *Collection) (int, error) {
	if !tx.writable {
		return 0, ErrReadOnly
	}
	if err := tx.ctx.Err(); err != nil {
		return 0, err
	}
	place := tx.layout.place[c]
	tx.ownState()
	if tx.owned[place] {
		return place, nil
	}
	old := tx.state.tables[place].trees
	trees := make([]*btree.BTreeG[entry], len(old))
	for i, t := range old {
		trees[i] = t.IsoCopy()
	}
	tx.state.tables[place] = table{trees: trees}
	tx.owned[place] = true
	return place, nil
}

func (tx *Tx) ownState() {
	if tx.owned != nil {
		return
	}
	tx.owned = make([]bool, len(tx.state.tables))
	tx.state = &state{tables: slices.Clone(tx.state.tables), sequences: tx.state.sequences}
}

func (tx *Tx) get(c *Collection, id string) (any, error) {
	e, ok := tx.table(c).trees[0].Get(entry{key: id, rec: &record{id: id}})
	if !ok {
		return nil, ErrNotFound
	}
	return e.rec.value, nil
}

func (tx *Tx) put(c *Collection, value any) error {
	place, err := tx.own(c)
	if err != nil {
		return err
	}
	rec := &record{id: c.key(value), value: value}
	if c.check != nil {
		if err := c.check(value); err != nil {
			return &InvalidError{Collection: c.name, ID: rec.id, Err: err}
		}
	}
	trees := tx.state.tables[place].trees
	if err := tx.checkUnique(c, trees, rec); err != nil {
		return err
	}
	if old, ok := trees[0].Set(entry{key: rec.id, rec: rec}); ok {
		tx.unindex(c, trees, old.rec)
	}
	var one [1]string
	for i := range c.indexes {
		for _, key := range c.indexes[i].all(value, &one) {
			trees[i+1].Set(entry{key: key, rec: rec})
		}
	}
	if c.claims != nil {
		tx.claimed = append(tx.claimed, c.claims(value)...)
	}
	if tx.keeps {
		tx.changed = append(tx.changed, Changed{c, rec.id, value})
	}
	if len(c.refs) > 0 {
		tx.written = append(tx.written, written{place: place, rec: value})
	}
	return nil
}

func (tx *Tx) checkUnique(c *Collection, trees []*btree.BTreeG[entry], rec *record) error {
	var one [1]string
	for i := range c.indexes {
		if !c.indexes[i].unique {
			continue
		}
		for _, key := range c.indexes[i].all(rec.value, &one) {
			if there := holder(trees[i+1], key, rec.id); there != "" {
				return &DuplicateError{Collection: c.name, Index: c.indexes[i].name, ID: there}
			}
		}
	}
	return nil
}

// holder returns the id of a record other than id that has the key, or "".
func holder(tree *btree.BTreeG[entry], key, id string) (there string) {
	tree.Ascend(entry{key: key}, func(e entry) bool {
		if e.key == key && e.rec.id != id {
			there = e.rec.id
		}
		return e.key == key && there == ""
	})
	return there
}

func (tx *Tx) unindex(c *Collection, trees []*btree.BTreeG[entry], old *record) {
	var one [1]string
	for i := range c.indexes {
		for _, key := range c.indexes[i].all(old.value, &one) {
			trees[i+1].Delete(entry{key: key, rec: old})
		}
	}
	if c.claims != nil {
		tx.dropped = append(tx.dropped, c.claims(old.value)...)
	}
}

func (tx *Tx) delete(c *Collection, id string) error {
	place, err := tx.own(c)
	if err != nil {
		return err
	}
	trees := tx.state.tables[place].trees
	old, ok := trees[0].Delete(entry{key: id, rec: &record{id: id}})
	if !ok {
		return ErrNotFound
	}
	tx.unindex(c, trees, old.rec)
	if tx.keeps {
		tx.changed = append(tx.changed, Changed{c, id, nil})
	}
	return nil
}

func (tx *Tx) checkReferences() error {
	for _, w := range tx.written {
		c := tx.layout.collections[w.place]
		if now, err := tx.get(c, c.key(w.rec)); err != nil || now != w.rec {
			continue
		}
		for _, r := range c.refs {
			to := tx.layout.collections[tx.layout.byName[r.to]]
			for _, id := range r.ids(w.rec) {
				if id == "" {
					continue
				}
				if _, err := tx.get(to, id); err != nil {
					return &ReferenceError{Collection: c.name, ID: c.key(w.rec), Field: r.field, To: r.to, Missing: id}
				}
			}
		}
	}
	return nil
}

// rank returns how many entries of the tree come before the first one that reached says yes to; reached must be false
// for a head of the tree and true for the rest.
func rank(tree *btree.BTreeG[entry], reached func(entry) bool) int {
	lo, hi := 0, tree.Len()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if e, _ := tree.GetAt(mid); reached(e) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// span returns the ranks of the first entry with the prefix and of the first one behind them.
func span(tree *btree.BTreeG[entry], prefix string) (from, to int) {
	if prefix == "" {
		return 0, tree.Len()
	}
	from = rank(tree, func(e entry) bool { return e.key >= prefix })
	to = rank(tree, func(e entry) bool { return e.key >= prefix && !strings.HasPrefix(e.key, prefix) })
	return from, to
}
