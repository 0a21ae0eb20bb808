package store

import (
	"strings"

	"github.com/tidwall/btree"
)

// Range says which part of an index Page returns.
type Range struct {
	// Skip leaves out that many records.
	Skip int
	// Limit bounds the number of records; 0 means all.
	Limit int
	// Desc walks from the end of the index to its beginning.
	Desc bool
	// After begins behind the place of this record, whether or not it is still there. Zero means at the beginning.
	After Position
}

// Position is a place in an index: the key there and the id of the record that has or had it.
type Position struct{ Key, ID string }

// Get returns the record with the id, or ErrNotFound. The record must not be changed.
func (t *Table[T]) Get(tx *Tx, id string) (*T, error) {
	v, err := tx.get(t.c, id)
	if err != nil {
		return nil, err
	}
	return v.(*T), nil
}

// Put stores the record under its id, in place of one that has it. The record must not be changed afterwards.
// Errors: *DuplicateError, ErrReadOnly, the context's.
func (t *Table[T]) Put(tx *Tx, rec *T) error { return tx.put(t.c, rec) }

// Load is Put for many records at once, cheapest when the table is empty or they lie close together; of records with
// one id the last one stays. After an error the transaction is to be given up.
func (t *Table[T]) Load(tx *Tx, recs []*T) error {
	for _, rec := range recs {
		if err := tx.put(t.c, rec); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes the record with the id, or returns ErrNotFound.
func (t *Table[T]) Delete(tx *Tx, id string) error { return tx.delete(t.c, id) }

// First returns the first record of the index whose key has the prefix, or ErrNotFound.
func (t *Table[T]) First(tx *Tx, index, prefix string) (*T, error) {
	recs, err := t.Page(tx, index, prefix, Range{Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(recs) == 0 {
		return nil, ErrNotFound
	}
	return recs[0], nil
}

// FirstOf is First for the prefix Key(parts...).
func (t *Table[T]) FirstOf(tx *Tx, index string, parts ...string) (*T, error) {
	return t.First(tx, index, Key(parts...))
}

// Page returns records in the order of the index, those whose key has the prefix.
func (t *Table[T]) Page(tx *Tx, index, prefix string, r Range) ([]*T, error) {
	out, _, err := t.appendPage(nil, tx, index, prefix, r)
	return out, err
}

// AppendPage is Page for the prefix Key(parts...). It appends to dst and also returns what Count does: how many records
// have the prefix, whatever r says.
func (t *Table[T]) AppendPage(dst []*T, tx *Tx, index string, r Range, parts ...string) ([]*T, int, error) {
	return t.appendPage(dst, tx, index, Key(parts...), r)
}

func (t *Table[T]) appendPage(dst []*T, tx *Tx, index, prefix string, r Range) ([]*T, int, error) {
	total, err := t.Count(tx, index, prefix)
	if err != nil {
		return dst, 0, err
	}
	err = tx.Scan(t.c, index, prefix, r, func(v any) bool {
		dst = append(dst, v.(*T))
		return true
	})
	return dst, total, err
}

// Count returns the number of records of the index whose key has the prefix.
func (t *Table[T]) Count(tx *Tx, index, prefix string) (int, error) {
	i, err := t.c.index(index)
	if err != nil {
		return 0, err
	}
	from, to := span(tx.table(t.c).trees[i], prefix)
	return to - from, nil
}

// CountOf is Count for the prefix Key(parts...).
func (t *Table[T]) CountOf(tx *Tx, index string, parts ...string) (int, error) {
	return t.Count(tx, index, Key(parts...))
}

// Search returns, in the order of the index, the records with the prefix whose text contains substring, and how many
// there are in all. It looks at every record with the prefix.
func (t *Table[T]) Search(tx *Tx, index, prefix, substring string, text func(*T) string, r Range) ([]*T, int, error) {
	var out []*T
	total := 0
	err := tx.Scan(t.c, index, prefix, Range{Desc: r.Desc, After: r.After}, func(v any) bool {
		rec := v.(*T)
		if !strings.Contains(text(rec), substring) {
			return true
		}
		total++
		if total > r.Skip && (r.Limit == 0 || len(out) < r.Limit) {
			out = append(out, rec)
		}
		return true
	})
	return out, total, err
}

// Scan walks the records of the index whose key has the prefix until visit returns false. It is Page for callers that
// do not know the type.
func (tx *Tx) Scan(c *Collection, index, prefix string, r Range, visit func(any) bool) error {
	i, err := c.index(index)
	if err != nil {
		return err
	}
	tree := tx.table(c).trees[i]
	from, to := window(tree, prefix, r)
	if r.Limit > 0 && to-from > r.Limit {
		if r.Desc {
			from = to - r.Limit
		} else {
			to = from + r.Limit
		}
	}
	if from >= to {
		return nil
	}
	return tx.walk(tree, from, to, r.Desc, visit)
}

// window narrows the prefix's span by After and Skip.
func window(tree *btree.BTreeG[entry], prefix string, r Range) (from, to int) {
	from, to = span(tree, prefix)
	if r.After != (Position{}) {
		at := entry{key: r.After.Key, rec: &record{id: r.After.ID}}
		if r.Desc {
			to = min(to, rank(tree, func(e entry) bool { return !lessEntry(e, at) }))
		} else {
			from = max(from, rank(tree, func(e entry) bool { return lessEntry(at, e) }))
		}
	}
	if r.Desc {
		return from, to - r.Skip
	}
	return from + r.Skip, to
}

const contextCheckEvery = 4096

func (tx *Tx) walk(tree *btree.BTreeG[entry], from, to int, desc bool, visit func(any) bool) error {
	left := to - from
	step := func(e entry) bool {
		if !visit(e.rec.value) {
			return false
		}
		left--
		return left > 0 && (left%contextCheckEvery != 0 || tx.ctx.Err() == nil)
	}
	if desc {
		start, _ := tree.GetAt(to - 1)
		tree.Descend(start, step)
	} else {
		start, _ := tree.GetAt(from)
		tree.Ascend(start, step)
	}
	return tx.ctx.Err()
}

// GetAny is Table.Get for callers that do not know the type.
func (tx *Tx) GetAny(c *Collection, id string) (any, error) { return tx.get(c, id) }

// PutAny stores a record made by Collection.Decode.
func (tx *Tx) PutAny(c *Collection, rec any) error { return tx.put(c, rec) }

// LoadAny is Table.Load for callers that do not know the type: records made by Collection.Decode.
func (tx *Tx) LoadAny(c *Collection, recs []any) error {
	for _, rec := range recs {
		if err := tx.put(c, rec); err != nil {
			return err
		}
	}
	return nil
}

// DeleteAny removes a record by id.
func (tx *Tx) DeleteAny(c *Collection, id string) error { return tx.delete(c, id) }

// CountAny returns the number of records of the collection.
func (tx *Tx) CountAny(c *Collection) int { return tx.table(c).trees[0].Len() }
