package store

import "slices"

// Range says which part of an index Page returns.
type Range struct {
	// Skip leaves out that many records.
	Skip int
	// Limit bounds the number of records; 0 means all, less none.
	Limit int
	// Desc walks from the end of the index to its beginning.
	Desc bool
	// After begins behind the place of this record, whether or not it is still there. Zero means at the beginning.
	After Position
}

// Position is a place in an index: the key there and the id of the record that has or had it.
type Position struct{ Key, ID string }

// Get returns the record with the id, or ErrNotFound. The record must not be changed.
func (t *Table[R]) Get(tx *Tx, id string) (R, error) { return found(lookup(t, t.in(tx), id)) }

// GetOf is Get for an id in the bytes of a text, which it does not allocate.
func (t *Table[R]) GetOf(tx *Tx, id []byte) (R, error) { return found(lookup(t, t.in(tx), id)) }

func found[R any](rec R) (R, error) {
	if none(rec) {
		return rec, ErrNotFound
	}
	return rec, nil
}

// First returns the first record of the index whose key has the prefix, or ErrNotFound.
func (t *Table[R]) First(tx *Tx, index, prefix string) (R, error) {
	return first(t, tx, index, prefix)
}

// FirstOf is First for the prefix Key(parts...), which it does not allocate.
func (t *Table[R]) FirstOf(tx *Tx, index string, parts ...string) (R, error) {
	var room [keyRoom]byte
	return first(t, tx, index, AppendKey(room[:0], parts...))
}

func first[R any, K keyText](t *Table[R], tx *Tx, index string, prefix K) (rec R, err error) {
	tree, err := t.treeOf(index)
	if err != nil {
		return rec, err
	}
	root := rootOf(t, t.in(tx), tree, prefix)
	if l, i := firstAt(root, &t.orders[tree], prefix); l != nil {
		if !startsWith(l, i, prefix) {
			return rec, ErrNotFound
		}
		return l.recs[i], nil
	}
	from, to := span(root, &t.orders[tree], prefix)
	if from >= to {
		return rec, ErrNotFound
	}
	var room [1]R
	return root.appendRecords(room[:0], from, from+1)[0], nil
}

// LastOf returns the last record of the index whose key has the prefix Key(parts...), or ErrNotFound.
func (t *Table[R]) LastOf(tx *Tx, index string, parts ...string) (rec R, err error) {
	tree, err := t.treeOf(index)
	if err != nil {
		return rec, err
	}
	var room [keyRoom]byte
	prefix := AppendKey(room[:0], parts...)
	v := t.in(tx)
	late, at, settled := lastLate(v.late, tree, prefix)
	if tree == 0 || !settled {
		v, late = t.settle(v), nil
	}
	o := &t.orders[tree]
	l, i := lastAt(v.roots[tree], o, prefix)
	switch {
	case late != nil && (l == nil || isBefore(l, i, o, at)):
		return late.rec, nil
	case l == nil:
		return rec, ErrNotFound
	}
	return l.recs[i], nil
}

// Count returns the number of records of the index whose key has the prefix.
func (t *Table[R]) Count(tx *Tx, index, prefix string) (int, error) {
	return count(t, tx, index, prefix)
}

// CountOf is Count for the prefix Key(parts...), which it does not allocate.
func (t *Table[R]) CountOf(tx *Tx, index string, parts ...string) (int, error) {
	var room [keyRoom]byte
	return count(t, tx, index, AppendKey(room[:0], parts...))
}

func count[R any, K keyText](t *Table[R], tx *Tx, index string, prefix K) (int, error) {
	tree, err := t.treeOf(index)
	if err != nil {
		return 0, err
	}
	from, to := span(rootOf(t, t.in(tx), tree, prefix), &t.orders[tree], prefix)
	return to - from, nil
}

// Page returns records in the order of the index, those whose key has the prefix.
func (t *Table[R]) Page(tx *Tx, index, prefix string, r Range) ([]R, error) {
	out, _, err := page(t, nil, tx, index, r, prefix)
	return out, err
}

// AppendPage is Page for the prefix Key(parts...), which it does not allocate. It appends to dst and also returns what
// Count does: how many records have the prefix, whatever r says.
func (t *Table[R]) AppendPage(dst []R, tx *Tx, index string, r Range, parts ...string) ([]R, int, error) {
	var room [keyRoom]byte
	return page(t, dst, tx, index, r, AppendKey(room[:0], parts...))
}

func page[R any, K keyText](t *Table[R], dst []R, tx *Tx, index string, r Range, prefix K) ([]R, int, error) {
	tree, err := t.treeOf(index)
	if err != nil {
		return dst, 0, err
	}
	if err := tx.ctx.Err(); err != nil {
		return dst, 0, err
	}
	root := rootOf(t, t.in(tx), tree, prefix)
	from, to := span(root, &t.orders[tree], prefix)
	total := to - from
	from, to = r.narrow(from, to, func(after Position) (int, bool) { return rank(root, &t.orders[tree], after.Key, after.ID) })
	if from >= to {
		return dst, total, nil
	}
	dst = slices.Grow(dst, to-from)
	had := len(dst)
	dst = root.appendRecords(dst, from, to)
	if r.Desc {
		slices.Reverse(dst[had:])
	}
	return dst, total, nil
}

// narrow leaves of the ranks from one to another those that the range asks for; rank is that of a tree.
func (r Range) narrow(from, to int, rank func(Position) (int, bool)) (int, int) {
	from, to = r.behind(from, to, rank)
	if r.Desc {
		to -= r.Skip
	} else {
		from += r.Skip
	}
	switch {
	case r.Limit == 0 || to-from <= r.Limit:
	case r.Desc:
		from = to - r.Limit
	default:
		to = from + r.Limit
	}
	return from, to
}

// behind leaves of the ranks from one to another those behind r.After.
func (r Range) behind(from, to int, rank func(Position) (int, bool)) (int, int) {
	if r.After == (Position{}) {
		return from, to
	}
	at, there := rank(r.After)
	if r.Desc {
		return from, min(to, at)
	}
	if there {
		at++
	}
	return max(from, at), to
}

// block is the number of records that a walk looks up at a time; it looks at its context as often.
const block = 256

func (t *Table[R]) scan(tx *Tx, index, prefix string, r Range, visit func(any) bool) error {
	tree, err := t.treeOf(index)
	if err != nil {
		return err
	}
	root := rootOf(t, t.in(tx), tree, prefix)
	from, to := span(root, &t.orders[tree], prefix)
	from, to = r.narrow(from, to, func(after Position) (int, bool) { return rank(root, &t.orders[tree], after.Key, after.ID) })
	var room [block]R
	for from < to && tx.ctx.Err() == nil {
		a, b := from, min(from+block, to)
		if r.Desc {
			a, b = max(from, to-block), to
		}
		recs := root.appendRecords(room[:0], a, b)
		if r.Desc {
			slices.Reverse(recs)
			to = a
		} else {
			from = b
		}
		for _, rec := range recs {
			if !visit(rec) {
				return tx.ctx.Err()
			}
		}
	}
	return tx.ctx.Err()
}
