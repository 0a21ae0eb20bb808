package store

import (
	"slices"
	"strings"
)

// mostLate bounds the changes that wait to be brought into the trees.
const mostLate = 64

// late is a change that the trees of a version lack, and those before it. Changes that are brought in together share the
// new nodes, so a creation that nobody looks at yet takes a fraction of what its way down each tree would. Lookups by key
// go through the changes that wait; whatever goes by ranks has them brought in first, if they concern it.
type late[R any] struct {
	id string
	// rec is there afterwards, nil if it was deleted; old was there before, nil if none was.
	rec, old R
	keys     []lateKey
	// room saves the usual few keys an allocation.
	room   [3]lateKey
	before *late[R]
	// n is the number of changes that wait, this one included; greatest is the greatest id among theirs.
	n        int
	greatest string
	// leaving says that one of them takes a record from a place. rising has a bit for each tree in which this change's key
	// is behind those of all before it: records that are made one after the other have such.
	leaving bool
	rising  uint32
}

// lateKey is a place in a tree that a record takes or, with gone, leaves.
type lateKey struct {
	key  string
	tree int32
	gone bool
}

// postpone adds a change to a version that is a transaction's own; rec or old may be nil.
func (t *Table[R]) postpone(v *trees[R], id string, rec, old R) {
	if v.settled.Load() != nil || v.late != nil && v.late.n >= mostLate {
		v.adopt(t.settle(v))
	}
	l := &late[R]{id: id, rec: rec, old: old, before: v.late, n: 1, greatest: id, leaving: !none(old)}
	w := t.writers.Get().(*writer[R])
	defer t.writers.Put(w) // the keys are texts of their own: there is nothing to let go of
	l.keys = t.appendKeys(l.room[:0], w, rec, false)
	l.rising = l.risingOver(v.late)
	l.keys = t.appendKeys(l.keys, w, old, true)
	if b := v.late; b != nil {
		l.n, l.greatest, l.leaving = b.n+1, max(b.greatest, id), l.leaving || b.leaving
	}
	v.late = l
}

// risingOver is rising for a change whose keys are all places that its record takes.
func (l *late[R]) risingOver(before *late[R]) (trees uint32) {
	for i := range l.keys {
		k := &l.keys[i]
		bit := uint32(1) << k.tree
		switch {
		case i > 0 && l.keys[i-1].tree == k.tree:
			trees &^= bit // several keys in one tree
		case before == nil || before.rising&bit != 0 && k.key > before.taking(k.tree):
			trees |= bit
		}
	}
	return trees
}

// furthest is the greatest key that a change, this one or one before it, has in a tree, if that is easily told.
func (l *late[R]) furthest(tree int) (key string, known bool) {
	if l == nil || l.leaving || l.rising&(1<<tree) == 0 {
		return "", false
	}
	return l.taking(int32(tree)), true //nolint:gosec // few
}

// taking is the key of the place that the change takes in a tree in which it is rising.
func (l *late[R]) taking(tree int32) string {
	for i := range l.keys {
		if k := &l.keys[i]; k.tree == tree {
			return k.key
		}
	}
	return ""
}

// appendKeys appends the places of a record, which may be nil, in all indexes.
func (t *Table[R]) appendKeys(keys []lateKey, w *writer[R], rec R, gone bool) []lateKey {
	if none(rec) {
		return keys
	}
	var one [1]string
	appended := w.appendedKeys(t.indexes, rec)
	for i := range t.indexes {
		if t.indexes[i].Append != nil {
			keys = append(keys, lateKey{appended[:w.keyLens[i]], int32(i + 1), gone}) //nolint:gosec // few
			appended = appended[w.keyLens[i]:]
			continue
		}
		for _, key := range t.indexes[i].keysOf(rec, &one) {
			keys = append(keys, lateKey{key, int32(i + 1), gone}) //nolint:gosec // few
		}
	}
	return keys
}

// settle returns the version with what waits brought in. Whoever wants it first does it for all.
func (t *Table[R]) settle(v *trees[R]) *trees[R] {
	if v.late == nil {
		return v
	}
	if s := v.settled.Load(); s != nil {
		return s
	}
	s := t.merge(v)
	if !v.settled.CompareAndSwap(nil, s) {
		return v.settled.Load()
	}
	return s
}

// adopt makes a version that is a transaction's own what another one is.
func (v *trees[R]) adopt(settled *trees[R]) {
	if settled != v {
		v.roots, v.late = append(v.roots[:0], settled.roots...), nil
		v.settled.Store(nil)
	}
}

func (t *Table[R]) merge(v *trees[R]) *trees[R] {
	w := t.writers.Get().(*writer[R])
	defer t.release(w)
	w.gather(v.late)
	out := new(trees[R])
	out.roots = append(out.room[:0], v.roots...)
	for tree := range out.roots {
		w.changes = w.changes[:0]
		w.eachLate(func(first, last *late[R]) { w.changes = first.appendChanges(w.changes, last, tree) })
		if o := &t.orders[tree]; len(w.changes) > 0 {
			w.changes = o.sort(w.changes)
			out.roots[tree] = w.write(out.roots[tree], o, w.changes)
		}
	}
	return out
}

// gather sorts changes by id; of one id the first comes first.
func (w *writer[R]) gather(l *late[R]) {
	w.late = w.late[:0]
	for ; l != nil; l = l.before {
		w.late = append(w.late, l)
	}
	slices.Reverse(w.late)
	byID := func(a, b *late[R]) int { return strings.Compare(a.id, b.id) }
	if !slices.IsSortedFunc(w.late, byID) {
		slices.SortStableFunc(w.late, byID)
	}
}

// eachLate visits the ids that were gathered, with the first change of each and the last.
func (w *writer[R]) eachLate(visit func(first, last *late[R])) {
	for i := 0; i < len(w.late); {
		end := i + 1
		for end < len(w.late) && w.late[end].id == w.late[i].id {
			end++
		}
		visit(w.late[i], w.late[end-1])
		i = end
	}
}

// appendChanges appends what all changes of an id, from the first to the last, come to in a tree.
func (l *late[R]) appendChanges(changes []change[R], last *late[R], tree int) []change[R] {
	if tree == 0 {
		switch {
		case !none(last.rec):
			return append(changes, change[R]{key: l.id, rec: last.rec})
		case !none(l.old):
			return append(changes, change[R]{key: l.id, rec: l.old, gone: true})
		}
		return changes
	}
	for _, k := range last.keys {
		if int(k.tree) == tree && !k.gone {
			changes = append(changes, change[R]{key: k.key, rec: last.rec})
		}
	}
	for _, k := range l.keys {
		if int(k.tree) == tree && k.gone {
			changes = append(changes, change[R]{key: k.key, rec: l.old, gone: true})
		}
	}
	return changes
}

// lookup returns the record with the id, or nil.
func lookup[R any, K keyText](t *Table[R], v *trees[R], id K) R {
	if s := v.settled.Load(); s != nil {
		v = s
	}
	if l := v.late; l != nil && string(id) <= l.greatest {
		if v.worn() {
			v = t.settle(v)
		}
		for l := v.late; l != nil; l = l.before {
			if l.id == string(id) {
				return l.rec
			}
		}
	}
	return get(v.roots[0], &t.orders[0], id, "")
}

// fewLate changes are sooner gone through than brought in. More are gone through mostWalks times in one version.
const (
	fewLate   = 4
	mostWalks = 8
)

// worn notes a walk through the changes that wait, and reports whether there were enough of them to have the changes brought
// in: the version is read more than written. One that a write soon replaces never gets as far.
func (v *trees[R]) worn() bool { return v.late.n > fewLate && v.walks.Add(1) > mostWalks }

// rootOf returns a tree in which the entries whose keys have the prefix are as they should be.
func rootOf[R any, K keyText](t *Table[R], v *trees[R], tree int, prefix K) node[R] {
	if v.late == nil {
		return v.roots[tree]
	}
	s := v.settled.Load()
	if s == nil && touches(v, tree, prefix) {
		s = t.settle(v)
	}
	if s != nil {
		v = s
	}
	return v.roots[tree]
}

// touches reports whether changes concern the entries of a tree whose keys have the prefix, or were gone through often enough.
func touches[R any, K keyText](v *trees[R], tree int, prefix K) bool {
	if key, known := v.late.furthest(tree); known && key < string(prefix) {
		return false
	}
	for l := v.late; l != nil; l = l.before {
		if tree == 0 && hasPrefix(l.id, prefix) {
			return true
		}
		for i := range l.keys {
			if k := &l.keys[i]; int(k.tree) == tree && hasPrefix(k.key, prefix) {
				return true
			}
		}
	}
	return v.worn()
}

// hasPrefix looks at the end of the prefix first: the keys of a tree begin alike.
func hasPrefix[K keyText](key string, prefix K) bool {
	n := len(prefix)
	if len(key) < n {
		return false
	}
	for i := max(n-4, 0); i < n; i++ {
		if key[i] != prefix[i] {
			return false
		}
	}
	return key[:n] == string(prefix)
}

// lastLate returns the change with the greatest key among those that have the prefix, nil if there is none. settled
// false says that records left such places, so that the trees alone do not tell what is there.
func lastLate[R any, K keyText](l *late[R], tree int, prefix K) (last *late[R], at place, settled bool) {
	if key, known := l.furthest(tree); known && hasPrefix(key, prefix) {
		return l, place{key, l.id}, true
	}
	for ; l != nil; l = l.before {
		for i := range l.keys {
			k := &l.keys[i]
			if int(k.tree) != tree || !hasPrefix(k.key, prefix) {
				continue
			}
			if k.gone {
				return nil, place{}, false
			}
			if last == nil || k.key > at.key || k.key == at.key && l.id > at.id {
				last, at = l, place{k.key, l.id}
			}
		}
	}
	return last, at, true
}
