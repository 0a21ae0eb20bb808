package store

import "strings"

// change is what a write does at one place of a tree.
type change[R any] struct {
	key string
	// rec stands there afterwards or, with gone, no longer.
	rec  R
	gone bool
}

// part is a node and where it begins: no entry of it stands before, all of the part in front do.
type part[R any] struct {
	node node[R]
	at   place
}

// entry is an entry on its way into a leaf; head and tail are its key.
type entry[R any] struct {
	head, tail, text string
	rec              R
}

// writer makes new versions of trees. It is memory to use again: what it holds between calls means nothing.
type writer[R any] struct {
	order *order[R]
	// parts is a stack: a call leaves the parts that it made on top.
	parts   []part[R]
	entries []entry[R]
	// old are the records that were replaced or deleted.
	old []R
	// shrinks says that something may have been deleted.
	shrinks bool
	column  columnMaker
	// looked is of no use, but that keys are looked at.
	looked byte
	// changes is for those who call write.
	changes []change[R]
	// late is for merge.
	late []*late[R]
	// keys and keyLens are those of a record that is put, see appendedKeys.
	keys    []byte
	keyLens []int
}

// reset lets go of all records.
func (w *writer[R]) reset() {
	clear(w.parts[:cap(w.parts)])
	clear(w.entries[:cap(w.entries)])
	clear(w.old[:cap(w.old)])
	clear(w.changes[:cap(w.changes)])
	clear(w.late[:cap(w.late)])
	w.parts, w.entries, w.old, w.changes = w.parts[:0], w.entries[:0], w.old[:0], w.changes[:0]
}

// write returns the tree with the changes, which are in the tree's order, none twice. It fills w.old.
func (w *writer[R]) write(root node[R], o *order[R], changes []change[R]) node[R] {
	w.order, w.parts, w.old, w.shrinks = o, w.parts[:0], w.old[:0], false
	for i := range changes {
		w.shrinks = w.shrinks || changes[i].gone
	}
	w.change(root, place{}, changes)
	return w.root()
}

// root makes one tree of all parts.
func (w *writer[R]) root() node[R] {
	for len(w.parts) > 1 {
		w.join(0, true)
	}
	if len(w.parts) == 0 {
		return node[R]{}
	}
	root := w.parts[0].node
	for root.in != nil && root.in.n == 1 {
		root = root.in.kids[0]
	}
	return root
}

// change pushes the parts that the node, which begins at the place, becomes.
func (w *writer[R]) change(n node[R], at place, changes []change[R]) {
	if n.in == nil {
		w.changeLeaf(n.leaf, at, changes)
		return
	}
	in := n.in
	base := len(w.parts)
	first := w.partOf(in, changes[0])
	if first == in.n-1 || w.before(changes[len(changes)-1], in.starts[first+1]) {
		w.change(in.kids[first], in.starts[first], changes)
		if len(w.parts) == base+1 && (!w.shrinks || !w.small(w.parts[base].node)) {
			w.parts[base] = part[R]{node[R]{in: in.with(first, w.parts[base].node)}, at}
			return
		}
		w.around(in, first, base)
	} else {
		w.changeParts(in, first, changes)
	}
	if w.shrinks {
		w.mend(base)
	}
	w.join(base, first == in.n-1)
}

// around puts the other parts of the node around those from base on, which part i has become.
func (w *writer[R]) around(in *inner[R], i, base int) {
	became := len(w.parts) - base
	w.pushParts(in, 0, i)
	copy(w.parts[base+i:], w.parts[base:base+became])
	for k := range i {
		w.parts[base+k] = part[R]{in.kids[k], in.starts[k]}
	}
	w.pushParts(in, i+1, in.n)
}

// changeParts pushes what becomes of all parts of a node; the changes begin in the part first.
func (w *writer[R]) changeParts(in *inner[R], first int, changes []change[R]) {
	for i := range in.n {
		mine := 0
		if i >= first {
			mine = len(changes)
			if i < in.n-1 {
				mine = w.until(changes, in.starts[i+1])
			}
		}
		if mine == 0 {
			w.pushParts(in, i, i+1)
			continue
		}
		w.change(in.kids[i], in.starts[i], changes[:mine])
		changes = changes[mine:]
	}
}

// partOf returns the part of the node to which the change belongs.
func (w *writer[R]) partOf(in *inner[R], c change[R]) int { return partWith(in, c.key, w.idOf(c.rec)) }

func (w *writer[R]) idOf(rec R) string {
	if w.order.id == nil {
		return ""
	}
	return w.order.id(rec)
}

// before reports whether the change stands before the place.
func (w *writer[R]) before(c change[R], at place) bool {
	if c.key != at.key {
		return c.key < at.key
	}
	return w.idOf(c.rec) < at.id
}

// until returns how many of the changes stand before the place.
func (w *writer[R]) until(changes []change[R], at place) int {
	lo, hi := 0, len(changes)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if w.before(changes[mid], at) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// with returns the node with another part i.
func (in *inner[R]) with(i int, kid node[R]) *inner[R] {
	out := &inner[R]{n: in.n, starts: in.starts, ends: in.ends, kids: in.kids}
	more := uint32(kid.len()) - uint32(in.kids[i].len()) // wraps around when there are less
	out.kids[i] = kid
	for ; i < in.n; i++ {
		out.ends[i] += more
	}
	return out
}

func (w *writer[R]) small(n node[R]) bool {
	if n.in != nil {
		return n.in.n < innerSize/4
	}
	return n.leaf.n < leafSize/4
}

// mend makes one of neighbours, from base on, where one of them is small and both fit into one node.
func (w *writer[R]) mend(base int) {
	out := base
	for i := base + 1; i < len(w.parts); i++ {
		a, b := w.parts[out], w.parts[i]
		if joined := w.one(a.node, b.node); joined != (node[R]{}) {
			w.parts[out].node = joined
			continue
		}
		out++
		w.parts[out] = b
	}
	if len(w.parts) > base {
		clear(w.parts[out+1:])
		w.parts = w.parts[:out+1]
	}
}

// one returns the two nodes as one, or nothing.
func (w *writer[R]) one(a, b node[R]) node[R] {
	switch {
	case !w.small(a) && !w.small(b):
	case a.in != nil && a.in.n+b.in.n <= innerSize:
		top := len(w.parts)
		w.pushParts(a.in, 0, a.in.n)
		w.pushParts(b.in, 0, b.in.n)
		made := w.inner(w.parts[top:])
		w.parts = w.parts[:top]
		return made
	case a.leaf != nil && a.leaf.n+b.leaf.n <= leafSize:
		w.entries = w.entries[:0]
		w.take(a.leaf, 0, a.leaf.n)
		w.take(b.leaf, 0, b.leaf.n)
		return w.leaf(w.entries)
	}
	return node[R]{}
}

// pushParts pushes the parts of the node from one to another.
func (w *writer[R]) pushParts(in *inner[R], from, to int) {
	for i := from; i < to; i++ {
		w.parts = append(w.parts, part[R]{in.kids[i], in.starts[i]})
	}
}

// join puts the parts from base on into inner nodes: well filled ones if more is to come at their end, else alike.
func (w *writer[R]) join(base int, filled bool) {
	parts := w.parts[base:]
	out := base
	for len(parts) > 0 {
		take := share(len(parts), innerSize, filled)
		w.parts[out] = part[R]{w.inner(parts[:take]), parts[0].at}
		parts = parts[take:]
		out++
	}
	clear(w.parts[out:])
	w.parts = w.parts[:out]
}

// share returns how many of n things the first of the nodes takes in, each of which holds size of them.
func share(n, size int, filled bool) int {
	switch {
	case n <= size:
		return n
	case filled || n >= 2*size:
		return size - size/8 // to spare the next writes a split
	}
	return (n + 1) / 2
}

func (w *writer[R]) inner(parts []part[R]) node[R] {
	in := &inner[R]{n: len(parts), starts: make([]place, len(parts))}
	end := 0
	for i, p := range parts {
		end += p.node.len()
		in.kids[i], in.starts[i], in.ends[i] = p.node, p.at, uint32(end)
	}
	return node[R]{in: in}
}

// changeLeaf pushes the leaves that a leaf, or nil, becomes.
func (w *writer[R]) changeLeaf(l *leaf[R], at place, changes []change[R]) {
	if l == nil {
		l = &leaf[R]{keys: emptyText}
	}
	if len(changes) == 1 {
		if made := w.changeOne(l, &changes[0]); made != nil {
			w.parts = append(w.parts, part[R]{node[R]{leaf: made}, at})
			return
		}
	}
	w.entries = w.entries[:0]
	base, done, between := len(w.parts), 0, 0
	atEnd := false
	for i := range changes {
		c := &changes[i]
		to, there := done, false
		if done < l.n && i >= between {
			to, there = find(l, w.order, c.key, w.idOf(c.rec))
			w.take(l, done, to)
			done = to
			between = i + w.ahead(l, to, changes[i:])
		}
		if there {
			w.old = append(w.old, l.recs[to])
			done++
		}
		atEnd = atEnd || i == 0 && to == l.n
		if c.gone {
			continue
		}
		w.entries = append(w.entries, entry[R]{tail: c.key, text: w.textOf(c.rec), rec: c.rec})
		if n := len(w.entries); n >= 2*leafSize {
			w.emit(base, at, share(n, leafSize, atEnd))
		}
	}
	w.take(l, done, l.n)
	for len(w.entries) > 0 {
		w.emit(base, at, share(len(w.entries), leafSize, atEnd))
	}
}

// ahead returns how many of many changes stand before entry i of the leaf, so that they need not be looked for one by one.
func (w *writer[R]) ahead(l *leaf[R], i int, changes []change[R]) int {
	if i == l.n || len(changes) < manyChanges {
		return 0
	}
	return w.until(changes, place{l.prefix() + l.rest(i), w.idOf(l.recs[i])})
}

// changeOne returns the leaf with the change if that is a matter of one leaf and of the part that its keys share, else
// nil. It is what most writes do and spares them taking the leaf to pieces.
func (w *writer[R]) changeOne(l *leaf[R], c *change[R]) *leaf[R] {
	i, there := find(l, w.order, c.key, w.idOf(c.rec))
	prefix := l.prefix()
	switch {
	case there && c.gone && l.n > 1:
		w.old = append(w.old, l.recs[i])
		return w.without(l, i)
	case there && !c.gone:
		w.old = append(w.old, l.recs[i])
		made := &leaf[R]{n: l.n, keys: l.keys, texts: l.texts, recs: l.recs}
		made.recs[i] = c.rec
		if text := w.textOf(c.rec); w.order.text != nil && text != l.textAt(i) {
			made.texts = w.column.insert(w.column.remove(l.texts, i, l.n), i, l.n-1, text)
		}
		return made
	case !there && !c.gone && l.n < leafSize && strings.HasPrefix(c.key, prefix):
		made := &leaf[R]{n: l.n + 1, keys: w.column.insert(l.keys, i+1, l.n+1, c.key[len(prefix):])}
		copy(made.recs[:], l.recs[:i])
		made.recs[i] = c.rec
		copy(made.recs[i+1:], l.recs[i:l.n])
		if w.order.text != nil {
			made.texts = w.column.insert(l.texts, i, l.n, w.textOf(c.rec))
		}
		return made
	}
	return nil
}

// without returns the leaf without entry i.
func (w *writer[R]) without(l *leaf[R], i int) *leaf[R] {
	made := &leaf[R]{n: l.n - 1, keys: w.column.remove(l.keys, i+1, l.n+1)}
	copy(made.recs[:], l.recs[:i])
	copy(made.recs[i:], l.recs[i+1:l.n])
	if w.order.text != nil {
		made.texts = w.column.remove(l.texts, i, l.n)
	}
	return made
}

func (w *writer[R]) textOf(rec R) string {
	if w.order.text == nil {
		return ""
	}
	return w.order.text(rec)
}

// take adds entries of a leaf to the entries.
func (w *writer[R]) take(l *leaf[R], from, to int) {
	for i := from; i < to; i++ {
		e := entry[R]{head: l.prefix(), tail: l.rest(i), rec: l.recs[i]}
		if w.order.text != nil {
			e.text = l.textAt(i)
		}
		w.entries = append(w.entries, e)
	}
}

// emit pushes a leaf of the first n entries. It begins at the place if it is the first one behind base.
func (w *writer[R]) emit(base int, at place, n int) {
	if len(w.parts) > base {
		at = w.parts[len(w.parts)-1].node.leaf.boundary(w.order, &w.entries[0])
	}
	made := part[R]{w.leaf(w.entries[:n]), at}
	w.parts = append(w.parts, made)
	w.entries = w.entries[:copy(w.entries, w.entries[n:])]
}

// boundary returns a short place behind the leaf and not behind the entry, which stands behind it.
func (l *leaf[R]) boundary(o *order[R], next *entry[R]) place {
	last, key := l.prefix()+l.rest(l.n-1), next.head+next.tail
	if last == key {
		return place{strings.Clone(key), strings.Clone(o.id(next.rec))}
	}
	return place{strings.Clone(key[:common(last, key)+1]), ""}
}

// common is the length of what two texts have in common in front.
func common[K keyText](a, b K) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return i
}

// leaf makes a leaf of the entries.
func (w *writer[R]) leaf(entries []entry[R]) node[R] {
	l := &leaf[R]{n: len(entries)}
	m := &w.column
	first, last := &entries[0], &entries[len(entries)-1]
	m.texts = append(append(m.texts, first.head...), first.tail...)
	shared := last.shared(string(m.texts))
	m.texts = m.texts[:shared]
	m.ended()
	for i := range entries {
		e := &entries[i]
		l.recs[i] = e.rec
		if shared < len(e.head) {
			m.texts = append(append(m.texts, e.head[shared:]...), e.tail...)
		} else {
			m.texts = append(m.texts, e.tail[shared-len(e.head):]...)
		}
		m.ended()
	}
	l.keys = m.make()
	if w.order.text == nil {
		return node[R]{leaf: l}
	}
	for i := range entries {
		m.texts = append(m.texts, entries[i].text...)
		m.ended()
	}
	l.texts = m.make()
	return node[R]{leaf: l}
}

// shared is the length of what the entry's key and the other one have in common in front.
func (e *entry[R]) shared(key string) int {
	n := common(e.head, key)
	if n == len(e.head) {
		n += common(e.tail, key[n:])
	}
	return n
}
