package store

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	m := &loading[T]{changes: make([]change[T], len(recs))}
	for i, rec := range recs {
		if err := t.valid(rec); err != nil {
			return err
		}
		m.changes[i] = change[T]{key: t.key(rec), rec: rec}
	}
	changes := t.orders[0].sort(m.changes, &m.sorting, false)
	roots := make([]node[T], 0, len(v.roots))
	roots = append(roots, w.write(v.roots[0], &t.orders[0], changes))
	fresh, old := make([]*T, len(changes)), slices.Clone(w.old)
	for i := range changes {
		fresh[i] = changes[i].rec
	}
	for len(roots) < len(v.roots) {
		roots = append(roots, node[T]{})
	}
	if err := t.loadIndexes(v.roots[1:], roots[1:], fresh, old, m); err != nil {
		return err
	}
	v.roots = roots
	t.noteAll(tx, fresh, old)
	return nil
}

// loadIndexes makes new trees of the indexes, many on every core, in the memory m and more. The error is that of the first
// index that has one.
func (t *Table[T]) loadIndexes(trees, loaded []node[T], fresh, old []*T, m *loading[T]) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	problems := make([]error, len(trees))
	work := func(m *loading[T]) {
		w := t.writers.Get().(*writer[T])
		defer t.release(w)
		for i := int(next.Add(1)) - 1; i < len(trees); i = int(next.Add(1)) - 1 {
			loaded[i], problems[i] = t.loadIndex(w, trees[i], i, fresh, old, m)
		}
	}
	if len(fresh) >= manyChanges {
		for range min(runtime.GOMAXPROCS(0), len(trees)) - 1 {
			wg.Go(func() { work(&loading[T]{changes: make([]change[T], 0, len(fresh)+len(old))}) })
		}
	}
	work(m)
	wg.Wait()
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Table[T]) loadIndex(w *writer[T], root node[T], i int, fresh, old []*T, m *loading[T]) (node[T], error) {
	ix, o := &t.indexes[i], &t.orders[i+1]
	m.changes = m.changes[:0]
	for _, rec := range fresh {
		m.add(ix, rec, false)
	}
	for _, rec := range old {
		m.add(ix, rec, true)
	}
	if len(m.changes) == 0 {
		return root, nil
	}
	distinct := ix.Keys == nil && len(old) == 0
	changes := o.sort(m.changes, &m.sorting, distinct)
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

// loading is memory for indexes, one after the other.
type loading[T any] struct {
	changes []change[T]
	sorting sorting[T]
	key     []byte
	keys    strings.Builder
}

// add adds the changes that a record makes to an index.
func (m *loading[T]) add(ix *Index[T], rec *T, gone bool) {
	if ix.Append != nil {
		m.key = ix.Append(m.key[:0], rec)
		m.changes = append(m.changes, change[T]{key: m.hold(m.key), rec: rec, gone: gone})
		return
	}
	var one [1]string
	for _, key := range ix.keysOf(rec, &one) {
		m.changes = append(m.changes, change[T]{key: key, rec: rec, gone: gone})
	}
}

// keysPiece is how many bytes of keys share a piece of memory. No tree refers to it.
const keysPiece = 1 << 16

// hold copies a key behind the one before.
func (m *loading[T]) hold(key []byte) string {
	if m.keys.Cap()-m.keys.Len() < len(key) {
		m.keys = strings.Builder{}
		m.keys.Grow(max(keysPiece, len(key)))
	}
	from := m.keys.Len()
	m.keys.Write(key)
	return m.keys.String()[from:]
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

// sort puts changes into the tree's order. Of several at one place it keeps what is not gone and, of those, the last;
// distinct says that there are none. What it returns may lie in the memory of the sort, which may be nil.
func (o *order[T]) sort(changes []change[T], s *sorting[T], distinct bool) []change[T] {
	if o.sorted(changes) {
		return changes
	}
	switch {
	case len(changes) < manyChanges:
		slices.SortStableFunc(changes, func(a, b change[T]) int { return o.compare(&a, &b) })
	case s == nil:
		changes = new(sorting[T]).sort(o, changes)
	default:
		changes = s.sort(o, changes)
	}
	if distinct {
		return changes
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
