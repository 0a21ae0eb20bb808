package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// manyChanges are as many as are worth being sorted by heads, and on every core.
const manyChanges = 64

// manyHeads are as many as are sorted sooner byte by byte than by comparing them.
const manyHeads = 1024

// keyed are records with their keys in one tree, to be put in its order. The sort is stable and seldom looks at whole keys:
// it goes by eight bytes of them at a time. Its memory is used again.
type keyed[R any] struct {
	order *order[R]
	recs  []R
	// texts are the keys one behind the other, ends where each of them ends, behind a 0.
	texts        []byte
	ends         []int
	heads, spare []head
}

// begin forgets the records before.
func (k *keyed[R]) begin(o *order[R]) {
	k.order, k.recs, k.texts, k.ends = o, k.recs[:0], k.texts[:0], append(k.ends[:0], 0)
}

// sampled is how many of many records are looked at to tell how long their keys are.
const sampled = 64

// addAll adds records under their keys in an index; those under their ids where it is nil.
func (k *keyed[R]) addAll(recs []R, ix *Index[R], id func(R) string) {
	add := func(rec R) { k.addTo(ix, rec) }
	if ix == nil {
		add = func(rec R) {
			k.texts = append(k.texts, id(rec)...)
			k.ended(rec)
		}
	}
	k.recs, k.ends = roomFor(k.recs, len(recs)), roomFor(k.ends, len(recs))
	if texts, n := len(k.texts), len(k.recs); len(recs) > sampled*sampled {
		for i := range sampled {
			add(recs[i*(len(recs)/sampled)])
		}
		room := (len(k.texts) - texts) / sampled * len(recs) * 9 / 8
		k.texts, k.recs, k.ends = roomFor(k.texts[:texts], room), k.recs[:n], k.ends[:n+1]
	}
	for _, rec := range recs {
		add(rec)
	}
}

// roomFor is slices.Grow for memory that is about to be written: it need not be cleared first.
func roomFor[E any](s []E, n int) []E {
	if cap(s)-len(s) >= n {
		return s
	}
	return append(make([]E, 0, len(s)+n), s...)
}

// addTo adds a record under each of its keys in an index.
func (k *keyed[R]) addTo(ix *Index[R], rec R) {
	if ix.Append != nil {
		k.texts = ix.Append(k.texts, rec)
		k.ended(rec)
		return
	}
	var one [1]string
	for _, key := range ix.keysOf(rec, &one) {
		k.texts = append(k.texts, key...)
		k.ended(rec)
	}
}

// ended adds a record whose key was appended to texts.
func (k *keyed[R]) ended(rec R) {
	k.recs = append(k.recs, rec)
	k.ends = append(k.ends, len(k.texts))
}

func (k *keyed[R]) key(i int) []byte { return k.texts[k.ends[i]:k.ends[i+1]] }

// head stands for record i: bits are eight bytes of its key.
type head struct {
	bits uint64
	i    int
}

// sort makes of heads the order of the records.
func (k *keyed[R]) sort() {
	k.heads = roomFor(k.heads[:0], len(k.recs))[:len(k.recs)]
	for i := range k.heads {
		k.heads[i].i = i
	}
	if !k.merged() {
		k.sortHeads(k.heads, 0)
	}
}

// mostRuns are as many runs as are merged sooner than sorted.
const mostRuns = 8

// merged merges the runs in which the records are in order already, unless there are many: those that come by number are in
// one run for each number of digits.
func (k *keyed[R]) merged() bool {
	var room [mostRuns]int
	ends := room[:0]
	for i := 1; i < len(k.heads); i++ {
		switch {
		case k.compare(i-1, i) <= 0:
		case len(ends) == mostRuns-1:
			return false
		default:
			ends = append(ends, i)
		}
	}
	for i, mid := range ends {
		to := len(k.heads)
		if i+1 < len(ends) {
			to = ends[i+1]
		}
		k.merge(mid, to)
	}
	return true
}

// merge merges the heads up to mid, which are in order, with those from there on.
func (k *keyed[R]) merge(mid, to int) {
	k.spare = append(k.spare[:0], k.heads[:mid]...)
	left, right, out := k.spare, k.heads[mid:to], k.heads[:0]
	for len(left) > 0 && len(right) > 0 {
		if k.compare(right[0].i, left[0].i) < 0 {
			out, right = append(out, right[0]), right[1:]
		} else {
			out, left = append(out, left[0]), left[1:]
		}
	}
	copy(k.heads[len(out):], left) // of those on the right the rest is there
}

// sortHeads sorts heads of keys whose first bytes are alike.
func (k *keyed[R]) sortHeads(heads []head, alike int) {
	if len(heads) < manyChanges {
		slices.SortFunc(heads, k.compareHeads)
		return
	}
	alike = k.alike(heads, alike)
	for i := range heads {
		heads[i].bits = bitsOf(k.key(heads[i].i)[alike:])
	}
	k.byBits(heads)
	for from, to := 0, 0; from < len(heads); from = to {
		for to = from + 1; to < len(heads) && heads[to].bits == heads[from].bits; {
			to++
		}
		switch part := heads[from:to]; {
		case len(part) == 1:
		case k.whole(part, alike+headSize):
			k.sortHeads(part, alike+headSize)
		default: // the bits of a key that ends there do not say where
			slices.SortFunc(part, k.compareHeads)
		}
	}
}

// whole reports whether all keys have so many bytes.
func (k *keyed[R]) whole(heads []head, size int) bool {
	for i := range heads {
		if len(k.key(heads[i].i)) < size {
			return false
		}
	}
	return true
}

// byBits sorts heads by their bits: many of them byte by byte from the last one, without those bytes that all have in common.
func (k *keyed[R]) byBits(heads []head) {
	if len(heads) < manyHeads {
		slices.SortFunc(heads, func(a, b head) int { return cmp.Compare(a.bits, b.bits) })
		return
	}
	if slices.IsSortedFunc(heads, func(a, b head) int { return cmp.Compare(a.bits, b.bits) }) {
		return
	}
	k.spare = roomFor(k.spare[:0], len(heads))[:len(heads)]
	from, to := heads, k.spare
	for shift := 0; shift < 64; shift += 8 {
		if spread(to, from, shift) {
			from, to = to, from
		}
	}
	copy(heads, from) // where it is not there yet
}

// spread puts heads in the order of one byte of their bits, those with the same byte in the order that they have. It does
// nothing where all have the same.
func spread(to, from []head, shift int) bool {
	var ends [256]int
	for i := range from {
		ends[byte(from[i].bits>>shift)]++
	}
	if ends[byte(from[0].bits>>shift)] == len(from) {
		return false
	}
	at := 0
	for b, n := range &ends {
		ends[b] = at
		at += n
	}
	for i := range from {
		next := &ends[byte(from[i].bits>>shift)]
		to[*next] = from[i]
		*next++
	}
	return true
}

// alike returns how many first bytes all keys have in common, at least so many.
func (k *keyed[R]) alike(heads []head, sure int) int {
	first := k.key(heads[0].i)
	shared := len(first)
	for i := 1; i < len(heads) && shared > sure; i++ {
		key := k.key(heads[i].i)
		if len(key) < shared || !bytes.Equal(key[sure:shared], first[sure:shared]) {
			shared = sure + common(first[sure:shared], key[sure:])
		}
	}
	return shared
}

// compareHeads goes by the places and, where two are the same, by which record came first.
func (k *keyed[R]) compareHeads(a, b head) int { return cmp.Or(k.compare(a.i, b.i), a.i-b.i) }

// compare compares the places of two records.
func (k *keyed[R]) compare(a, b int) int {
	if c := bytes.Compare(k.key(a), k.key(b)); c != 0 || k.order.id == nil {
		return c
	}
	return strings.Compare(k.order.id(k.recs[a]), k.order.id(k.recs[b]))
}

const headSize = 8

// bitsOf is the first eight bytes of a text as a number that sorts as they do; behind a shorter text they are 0.
func bitsOf(text []byte) uint64 {
	if len(text) >= headSize {
		return binary.BigEndian.Uint64(text)
	}
	bits := uint64(0)
	for i := range text {
		bits |= uint64(text[i]) << (56 - 8*i)
	}
	return bits
}

// twice reports whether two records, which are in order, have the same key.
func (k *keyed[R]) twice() bool {
	for i := 1; i < len(k.heads); i++ {
		if bytes.Equal(k.key(k.heads[i-1].i), k.key(k.heads[i].i)) {
			return true
		}
	}
	return false
}

// behind are the records from number first on, in order.
func (k *keyed[R]) behind(first int) []R {
	out := make([]R, 0, len(k.recs)-first)
	for _, h := range k.heads {
		if h.i >= first {
			out = append(out, k.recs[h.i])
		}
	}
	return out
}

// changes are what putting the first records and deleting the others, from number gone on, does to the tree. Of several at
// one place what is put counts and, of those, the last.
func (k *keyed[R]) changes(gone int) []change[R] {
	texts := string(k.texts)
	all := make([]change[R], 0, len(k.heads))
	for _, h := range k.heads {
		all = append(all, change[R]{key: texts[k.ends[h.i]:k.ends[h.i+1]], rec: k.recs[h.i], gone: h.i >= gone})
	}
	return k.order.lasting(all)
}

// tree is the tree of the records, which are in order.
func (k *keyed[R]) tree(w *writer[R]) node[R] {
	w.order, w.parts = k.order, w.parts[:0]
	at := place{}
	for heads := k.heads; len(heads) > 0; {
		n := share(len(heads), leafSize, true)
		w.parts = append(w.parts, part[R]{node[R]{leaf: k.leaf(w, heads[:n])}, at})
		if n < len(heads) {
			at = k.between(heads[n-1].i, heads[n].i)
		}
		heads = heads[n:]
	}
	return w.root()
}

func (k *keyed[R]) leaf(w *writer[R], heads []head) *leaf[R] {
	l, m := &leaf[R]{n: len(heads)}, &w.column
	var keys [leafSize][]byte
	for i, h := range heads {
		l.recs[i], keys[i] = k.recs[h.i], k.key(h.i)
	}
	for _, key := range keys[:l.n] { // memory that is looked at all at once comes all at once
		if len(key) > 0 {
			w.looked ^= key[len(key)-1]
		}
	}
	shared := common(keys[0], keys[l.n-1])
	m.texts = append(m.texts, keys[0][:shared]...)
	m.ended()
	for _, key := range keys[:l.n] {
		m.texts = append(m.texts, key[shared:]...)
		m.ended()
	}
	l.keys = m.make()
	if k.order.text == nil {
		return l
	}
	for i := range heads {
		m.texts = append(m.texts, k.order.text(l.recs[i])...)
		m.ended()
	}
	l.texts = m.make()
	return l
}

// between is a short place behind one record and not behind the other, which stands behind it.
func (k *keyed[R]) between(last, next int) place {
	a, b := k.key(last), k.key(next)
	if bytes.Equal(a, b) {
		return place{string(b), strings.Clone(k.order.id(k.recs[next]))}
	}
	return place{string(b[:common(a, b)+1]), ""}
}
