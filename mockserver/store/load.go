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
func (t *Table[R]) Load(tx *Tx, recs []R) error {
	if len(recs) == 0 {
		return nil
	}
	if err := tx.own(t.c); err != nil {
		return err
	}
	if err := t.allValid(recs); err != nil {
		return err
	}
	v := t.in(tx)
	v.adopt(t.settle(v))
	l := &load[R]{Table: t, before: v.roots, roots: slices.Clone(v.roots), problems: make([]error, len(v.roots))}
	l.all(recs)
	if err := l.problem(); err != nil {
		return err
	}
	v.roots = l.roots
	t.noteAll(tx, l.fresh, l.old)
	return nil
}

// allValid finds the first record that is not, many on every core.
func (t *Table[R]) allValid(recs []R) error {
	if t.check == nil {
		return nil
	}
	parts := 1
	if len(recs) >= manyChanges {
		parts = runtime.GOMAXPROCS(0)
	}
	problems := make([]error, parts)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() {
			for _, rec := range recs[len(recs)*i/parts : len(recs)*(i+1)/parts] {
				if problems[i] = t.valid(rec); problems[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return firstOf(problems)
}

func firstOf(problems []error) error {
	for _, err := range problems {
		if err != nil {
			return err
		}
	}
	return nil
}

// load makes new trees of a table.
type load[R any] struct {
	*Table[R]
	before, roots []node[R]
	problems      []error
	// fresh are the records in the order of their ids, of one id the last one; old are those that they replace.
	fresh, old []R
}

// problem is that of the first index that has one.
func (l *load[R]) problem() error { return firstOf(l.problems) }

// all makes all trees. Mostly no two records have one id, nor that of one that is there; then the indexes need not wait for
// the tree that tells.
func (l *load[R]) all(recs []R) {
	if len(recs) >= manyChanges && len(recs) >= 8*l.before[0].len() {
		if l.trees(0, recs, nil); len(l.fresh) == len(recs) && len(l.old) == 0 {
			return
		}
		l.trees(1, l.fresh, l.old)
		return
	}
	w := l.writers.Get().(*writer[R])
	l.ids(w, &loading[R]{}, recs)
	l.release(w)
	l.trees(1, l.fresh, l.old)
}

// trees makes the trees from one on, many on every core.
func (l *load[R]) trees(first int, fresh, old []R) {
	var next atomic.Int64
	next.Store(int64(first))
	work := func() {
		w := l.writers.Get().(*writer[R])
		defer l.release(w)
		m := &loading[R]{changes: make([]change[R], 0, len(fresh)+len(old))}
		for i := int(next.Add(1)) - 1; i < len(l.roots); i = int(next.Add(1)) - 1 {
			if i == 0 {
				l.ids(w, m, fresh)
			} else {
				l.roots[i], l.problems[i] = l.loadIndex(w, l.before[i], i-1, fresh, old, m)
			}
		}
	}
	var wg sync.WaitGroup
	if len(fresh) >= manyChanges {
		for range min(runtime.GOMAXPROCS(0), len(l.roots)-first) - 1 {
			wg.Go(work)
		}
	}
	work()
	wg.Wait()
}

// ids makes the tree of the ids, and finds fresh and old.
func (l *load[R]) ids(w *writer[R], m *loading[R], recs []R) {
	m.changes = m.changes[:0]
	for _, rec := range recs {
		m.changes = append(m.changes, change[R]{key: l.key(rec), rec: rec})
	}
	changes := l.orders[0].sort(m.changes, &m.sorting, false)
	l.roots[0] = w.write(l.before[0], &l.orders[0], changes)
	l.old = slices.Clone(w.old)
	l.fresh = make([]R, len(changes))
	for i := range changes {
		l.fresh[i] = changes[i].rec
	}
}

func (t *Table[R]) loadIndex(w *writer[R], root node[R], i int, fresh, old []R, m *loading[R]) (node[R], error) {
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
		if there := t.other(root, i+1, c.key, t.key(c.rec)); !none(there) {
			return root, &DuplicateError{Collection: t.c.name, Index: ix.Name, ID: t.key(there)}
		}
	}
	return root, nil
}

// loading is memory for indexes, one after the other.
type loading[R any] struct {
	changes []change[R]
	sorting sorting[R]
	key     []byte
	keys    strings.Builder
}

// add adds the changes that a record makes to an index.
func (m *loading[R]) add(ix *Index[R], rec R, gone bool) {
	if ix.Append != nil {
		m.key = ix.Append(m.key[:0], rec)
		m.changes = append(m.changes, change[R]{key: m.hold(m.key), rec: rec, gone: gone})
		return
	}
	var one [1]string
	for _, key := range ix.keysOf(rec, &one) {
		m.changes = append(m.changes, change[R]{key: key, rec: rec, gone: gone})
	}
}

// keysPiece is how many bytes of keys share a piece of memory. No tree refers to it.
const keysPiece = 1 << 16

// hold copies a key behind the one before.
func (m *loading[R]) hold(key []byte) string {
	if m.keys.Cap()-m.keys.Len() < len(key) {
		m.keys = strings.Builder{}
		m.keys.Grow(max(keysPiece, len(key)))
	}
	from := m.keys.Len()
	m.keys.Write(key)
	return m.keys.String()[from:]
}

// noteAll is note for many.
func (t *Table[R]) noteAll(tx *Tx, fresh, old []R) {
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
func (o *order[R]) sort(changes []change[R], s *sorting[R], distinct bool) []change[R] {
	if o.sorted(changes) {
		return changes
	}
	switch {
	case len(changes) < manyChanges:
		slices.SortStableFunc(changes, func(a, b change[R]) int { return o.compare(&a, &b) })
	case s == nil:
		changes = new(sorting[R]).sort(o, changes)
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
func (o *order[R]) sorted(changes []change[R]) bool {
	for i := 1; i < len(changes); i++ {
		if o.compare(&changes[i-1], &changes[i]) >= 0 {
			return false
		}
	}
	return true
}

func (o *order[R]) compare(a, b *change[R]) int {
	if c := strings.Compare(a.key, b.key); c != 0 || o.id == nil {
		return c
	}
	return strings.Compare(o.id(a.rec), o.id(b.rec))
}
