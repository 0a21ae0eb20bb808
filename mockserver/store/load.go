package store

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// Load is Put for many records at once, cheapest when the table is empty or they lie close together; of records with
// one id the last one stays, and what it replaces is not looked at. After an error nothing of it was done. Errors: as
// Put.
func (t *Table[T]) Load(tx *Tx, recs []*T) error {
	if len(recs) == 0 {
		return nil
	}
	if err := tx.own(t.c); err != nil {
		return err
	}
	v := t.in(tx)
	v.adopt(t.settle(v))
	w := t.writers.Get().(*writer[T])
	defer t.release(w)
	changes := make([]change[T], len(recs))
	for i, rec := range recs {
		if err := t.valid(rec); err != nil {
			return err
		}
		changes[i] = change[T]{key: t.key(rec), rec: rec}
	}
	changes = t.orders[0].sort(changes)
	roots := make([]node[T], 0, len(v.roots))
	roots = append(roots, w.write(v.roots[0], &t.orders[0], changes))
	fresh, old := make([]*T, len(changes)), slices.Clone(w.old)
	for i := range changes {
		fresh[i] = changes[i].rec
	}
	for i := range t.indexes {
		root, err := t.loadIndex(w, v.roots[i+1], i, fresh, old, changes[:0])
		if err != nil {
			return err
		}
		roots = append(roots, root)
	}
	v.roots = roots
	t.noteAll(tx, fresh, old)
	return nil
}

func (t *Table[T]) loadIndex(w *writer[T], root node[T], i int, fresh, old []*T, changes []change[T]) (node[T], error) {
	ix, o := &t.indexes[i], &t.orders[i+1]
	var one [1]string
	for _, rec := range fresh {
		for _, key := range ix.keysOf(rec, &one) {
			changes = append(changes, change[T]{key: key, rec: rec})
		}
	}
	for _, rec := range old {
		for _, key := range ix.keysOf(rec, &one) {
			changes = append(changes, change[T]{key: key, rec: rec, gone: true})
		}
	}
	if len(changes) == 0 {
		return root, nil
	}
	changes = o.sort(changes)
	root = w.write(root, o, changes)
	if !ix.Unique {
		return root, nil
	}
	for _, c := range changes {
		if c.gone {
			continue
		}
		if there := t.other(root, i+1, c.key, t.key(c.rec)); there != nil {
			return root, &DuplicateError{Collection: t.c.name, Index: ix.Name, ID: t.key(there)}
		}
	}
	return root, nil
}

// noteAll is note for many.
func (t *Table[T]) noteAll(tx *Tx, fresh, old []*T) {
	if t.claims != nil {
		for _, rec := range old {
			tx.dropped = append(tx.dropped, t.claims(rec)...)
		}
		for _, rec := range fresh {
			tx.claimed = append(tx.claimed, t.claims(rec)...)
		}
	}
	if tx.keeps {
		for _, rec := range fresh {
			tx.changed = append(tx.changed, Changed{t.c, t.key(rec), rec})
		}
	}
	if len(t.refs) > 0 {
		tx.written = append(tx.written, written{t.c, fresh})
	}
}

// sort puts changes into the tree's order. Of several at one place it keeps what is not gone and, of those, the last.
func (o *order[T]) sort(changes []change[T]) []change[T] {
	if o.sorted(changes) {
		return changes
	}
	if len(changes) < manyChanges {
		slices.SortStableFunc(changes, func(a, b change[T]) int { return o.compare(&a, &b) })
	} else {
		changes = o.sortMany(changes)
	}
	out := 0
	for i := 1; i < len(changes); i++ {
		switch {
		case o.compare(&changes[out], &changes[i]) != 0:
			out++
			changes[out] = changes[i]
		case !changes[i].gone:
			changes[out] = changes[i]
		}
	}
	return changes[:out+1]
}

// sorted reports whether nothing is to be done: the places ascend and none occurs twice.
func (o *order[T]) sorted(changes []change[T]) bool {
	for i := 1; i < len(changes); i++ {
		if o.compare(&changes[i-1], &changes[i]) >= 0 {
			return false
		}
	}
	return true
}

func (o *order[T]) compare(a, b *change[T]) int {
	if c := strings.Compare(a.key, b.key); c != 0 || o.id == nil {
		return c
	}
	return strings.Compare(o.id(a.rec), o.id(b.rec))
}

const manyChanges = 64

// sortMany is a stable sort that seldom looks at keys: it goes by the first eight bytes in which they differ.
func (o *order[T]) sortMany(changes []change[T]) []change[T] {
	type head struct {
		bits uint64
		i    int
	}
	shared := len(changes[0].key)
	for i := range changes {
		shared = common(changes[0].key[:shared], changes[i].key)
	}
	heads := make([]head, len(changes))
	for i := range changes {
		var b [8]byte
		copy(b[:], changes[i].key[shared:])
		heads[i] = head{binary.BigEndian.Uint64(b[:]), i}
	}
	slices.SortFunc(heads, func(a, b head) int {
		if a.bits != b.bits {
			return cmp.Compare(a.bits, b.bits)
		}
		return cmp.Or(o.compare(&changes[a.i], &changes[b.i]), a.i-b.i)
	})
	out := make([]change[T], len(changes))
	for i, h := range heads {
		out[i] = changes[h.i]
	}
	return out
}
