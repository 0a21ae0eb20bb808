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

// all makes all trees.
func (l *load[R]) all(recs []R) {
	if len(recs) >= manyChanges && len(recs) >= 8*l.before[0].len() && l.anew(recs) {
		return
	}
	l.trees(0, 1, len(recs), func(m *loading[R], _ int) { l.ids(m, recs) })
	l.trees(1, len(l.roots), len(recs), func(m *loading[R], i int) { l.roots[i], l.problems[i] = l.changed(m, i) })
}

// trees makes the trees from one to another, many records' on every core. The last ones come first: mostly their keys are the
// longest, and the memory for these does for the others.
func (l *load[R]) trees(from, to, records int, tree func(m *loading[R], i int)) {
	var next atomic.Int64
	next.Store(int64(to))
	work := func() {
		m := &loading[R]{writer: l.writers.Get().(*writer[R])}
		defer l.release(m.writer)
		for i := int(next.Add(-1)); i >= from; i = int(next.Add(-1)) {
			tree(m, i)
		}
	}
	var wg sync.WaitGroup
	if records >= manyChanges {
		for range min(runtime.GOMAXPROCS(0), to-from) - 1 {
			wg.Go(work)
		}
	}
	work()
	wg.Wait()
}

// loading is memory for trees, one after the other.
type loading[R any] struct {
	writer *writer[R]
	keyed  keyed[R]
}

// index is the index of a tree, nil for that of the ids.
func (t *Table[R]) index(tree int) *Index[R] {
	if tree == 0 {
		return nil
	}
	return &t.indexes[tree-1]
}

// anew makes the trees of few records and many further ones, which is cheaper than changing trees. It reports false if two of
// them have one id or one key that is unique; then nothing was done.
func (l *load[R]) anew(recs []R) bool {
	there := l.before[0].len()
	all := append(l.before[0].appendRecords(make([]R, 0, there+len(recs)), 0, there), recs...)
	var odd atomic.Bool
	l.trees(0, len(l.roots), len(recs), func(m *loading[R], i int) {
		ix, k := l.index(i), &m.keyed
		k.begin(&l.orders[i])
		k.addAll(all, ix, l.key)
		k.sort()
		if (ix == nil || ix.Unique) && k.twice() {
			odd.Store(true)
		}
		if odd.Load() {
			return
		}
		l.roots[i] = k.tree(m.writer)
		if i == 0 {
			l.fresh = k.behind(there)
		}
	})
	if odd.Load() {
		l.roots, l.fresh = slices.Clone(l.before), nil
	}
	return !odd.Load()
}

// ids makes the tree of the ids, and finds fresh and old.
func (l *load[R]) ids(m *loading[R], recs []R) {
	k, w := &m.keyed, m.writer
	k.begin(&l.orders[0])
	k.addAll(recs, nil, l.key)
	k.sort()
	changes := k.changes(len(recs))
	l.roots[0] = w.write(l.before[0], &l.orders[0], changes)
	l.old = slices.Clone(w.old)
	l.fresh = make([]R, len(changes))
	for i := range changes {
		l.fresh[i] = changes[i].rec
	}
}

// changed is a tree with fresh in it and without old.
func (l *load[R]) changed(m *loading[R], tree int) (node[R], error) {
	root, ix, k := l.before[tree], l.index(tree), &m.keyed
	k.begin(&l.orders[tree])
	k.addAll(l.fresh, ix, l.key)
	gone := len(k.recs)
	k.addAll(l.old, ix, l.key)
	if len(k.recs) == 0 {
		return root, nil
	}
	k.sort()
	changes := k.changes(gone)
	root = m.writer.write(root, &l.orders[tree], changes)
	if !ix.Unique {
		return root, nil
	}
	for _, c := range changes {
		if c.gone {
			continue
		}
		if there := l.other(root, tree, c.key, l.key(c.rec)); !none(there) {
			return root, &DuplicateError{Collection: l.c.name, Index: ix.Name, ID: l.key(there)}
		}
	}
	return root, nil
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

// sort puts changes into the tree's order. Of several at one place it keeps what is not gone and, of those, the last.
func (o *order[R]) sort(changes []change[R]) []change[R] {
	slices.SortStableFunc(changes, func(a, b change[R]) int { return o.compare(&a, &b) })
	return o.lasting(changes)
}

// lasting leaves of several changes at one place, which are in order, what is not gone and, of those, the last.
func (o *order[R]) lasting(changes []change[R]) []change[R] {
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
	return changes[:min(out+1, len(changes))]
}

func (o *order[R]) compare(a, b *change[R]) int {
	if c := strings.Compare(a.key, b.key); c != 0 || o.id == nil {
		return c
	}
	return strings.Compare(o.id(a.rec), o.id(b.rec))
}
