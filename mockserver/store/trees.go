package store

import "sync/atomic"

// trees is a version of a collection: tree 0 is ordered by id, tree i+1 by index i.
type trees[R any] struct {
	version Version
	roots   []node[R]
	// room saves the usual few roots an allocation.
	room [5]node[R]
	// late are changes that the roots lack; settled is the version without any, once somebody wanted it.
	late    *late[R]
	settled atomic.Pointer[trees[R]]
	// walks counts how often late was gone through, see worn.
	walks atomic.Int32
	// there is an id that a record has, see has.
	there atomic.Pointer[string]
}

func (t *Table[R]) empty() version {
	return &trees[R]{version: newVersion(), roots: make([]node[R], len(t.orders))}
}

func (v *trees[R]) at() Version { return v.version }

func (v *trees[R]) len() int {
	n := v.roots[0].len()
	for l := v.late; l != nil; l = l.before {
		switch {
		case none(l.rec):
			n--
		case none(l.old):
			n++
		}
	}
	return n
}

func (v *trees[R]) clone() version {
	if s := v.settled.Load(); s != nil {
		v = s
	}
	c := &trees[R]{version: newVersion()}
	c.roots, c.late = append(c.room[:0], v.roots...), v.late
	return c
}

// in returns the version of the collection that the transaction sees.
func (t *Table[R]) in(tx *Tx) *trees[R] { return tx.state.tables[tx.layout.placeOf(t.c)].(*trees[R]) }

// Put stores the record under its id, in place of one that has it. The record must not be changed afterwards.
// Errors: *InvalidError, *DuplicateError, ErrReadOnly, the context's.
func (t *Table[R]) Put(tx *Tx, rec R) error { return t.put(tx, rec, true) }

// Add is Put for a record whose id no other may have: then it fails with a *DuplicateError of PrimaryIndex.
func (t *Table[R]) Add(tx *Tx, rec R) error { return t.put(tx, rec, false) }

func (t *Table[R]) put(tx *Tx, rec R, replace bool) error {
	if err := tx.own(t.c); err != nil {
		return err
	}
	v := t.in(tx)
	if err := t.acceptable(v, rec); err != nil {
		return err
	}
	id := t.key(rec)
	old := lookup(t, v, id)
	if !replace && !none(old) {
		return &DuplicateError{Collection: t.c.name, Index: PrimaryIndex, ID: id}
	}
	t.postpone(v, id, rec, old)
	t.note(tx, old, rec)
	return nil
}

// Delete removes the record with the id, or returns ErrNotFound.
func (t *Table[R]) Delete(tx *Tx, id string) error {
	if err := tx.own(t.c); err != nil {
		return err
	}
	v := t.in(tx)
	old := lookup(t, v, id)
	if none(old) {
		return ErrNotFound
	}
	var gone R
	t.postpone(v, id, gone, old)
	t.note(tx, old, gone)
	if tx.keeps {
		tx.changed = append(tx.changed, Changed{t.c, id, nil})
	}
	return nil
}

func (t *Table[R]) release(w *writer[R]) {
	w.reset()
	t.writers.Put(w)
}

// acceptable reports why the record cannot be put.
func (t *Table[R]) acceptable(v *trees[R], rec R) error {
	if err := t.valid(rec); err != nil {
		return err
	}
	var one [1]string
	for i := range t.indexes {
		if !t.indexes[i].Unique {
			continue
		}
		for _, key := range t.indexes[i].keysOf(rec, &one) {
			if there := t.other(rootOf(t, v, i+1, key), i+1, key, t.key(rec)); !none(there) {
				return &DuplicateError{Collection: t.c.name, Index: t.indexes[i].Name, ID: t.key(there)}
			}
		}
	}
	return nil
}

func (t *Table[R]) valid(rec R) error {
	if t.check != nil {
		if err := t.check(rec); err != nil {
			return &InvalidError{Collection: t.c.name, ID: t.key(rec), Err: err}
		}
	}
	return nil
}

// other returns a record with the key that is not the one with the id, or nil.
func (t *Table[R]) other(root node[R], tree int, key, id string) (there R) {
	from, _ := rank(root, &t.orders[tree], key, "")
	var room [128]byte
	next := append(append(room[:0], key...), 0) // no key stands between the two
	to, _ := rank(root, &t.orders[tree], next, "")
	for ; from < to; from++ {
		var at [1]R
		if rec := root.appendRecords(at[:0], from, from+1)[0]; t.key(rec) != id {
			return rec
		}
	}
	return there
}

// appendedKeys returns what a record has for keys in the indexes with Append, one behind the other in one text; their
// lengths are in w.keyLens.
func (w *writer[R]) appendedKeys(indexes []Index[R], rec R) string {
	w.keys, w.keyLens = w.keys[:0], w.keyLens[:0]
	for i := range indexes {
		from := len(w.keys)
		if !none(rec) && indexes[i].Append != nil {
			w.keys = indexes[i].Append(w.keys, rec)
		}
		w.keyLens = append(w.keyLens, len(w.keys)-from)
	}
	return string(w.keys)
}

// note tells the transaction of a record that was put in place of another one, or deleted; either may be nil.
func (t *Table[R]) note(tx *Tx, old, rec R) {
	if t.claims != nil && !none(old) {
		tx.dropped = append(tx.dropped, t.claims(old)...)
	}
	if none(rec) {
		return
	}
	if t.claims != nil {
		tx.claimed = append(tx.claimed, t.claims(rec)...)
	}
	if tx.keeps {
		tx.changed = append(tx.changed, Changed{t.c, t.key(rec), rec})
	}
	if len(t.refs) > 0 {
		tx.written = append(tx.written, written{t.c, rec})
	}
}

func (t *Table[R]) claimsOf(v version) []string {
	if t.claims == nil {
		return nil
	}
	var out []string
	root := t.settle(v.(*trees[R])).roots[0]
	for _, rec := range root.appendRecords(nil, 0, root.len()) {
		out = append(out, t.claims(rec)...)
	}
	return out
}
