package store

import (
	"strings"
	"sync/atomic"
)

// A tree is a B-tree with its entries in the leaves: nodes never change, a write makes new ones from the root down to
// where it wrote. Every node knows how many entries lie under each of its parts, so that the place of a key and the
// record at a place are both found in one way down.
//
// The sizes of nodes weigh the cost of a write (small nodes copy less) against the number of nodes (see
// BenchmarkStore).
const (
	leafSize  = 32
	innerSize = 24
)

// node is an inner node, a leaf or, with neither, an empty tree.
type node[R any] struct {
	in   *inner[R]
	leaf *leaf[R]
}

// leaf holds entries in the order of their keys and, for equal keys, of the records' ids.
type leaf[R any] struct {
	n int
	// keys are what all keys have in common in front, then of each key the rest.
	keys column
	// texts are what Search looks at, in an index that has it.
	texts column
	recs  [leafSize]R
}

// inner holds parts of a tree one behind another.
type inner[R any] struct {
	n int
	// starts says where the parts begin; several nodes may share it.
	starts []place
	// ends are the numbers of entries up to the end of each part.
	ends [innerSize]uint32
	kids [innerSize]node[R]
	// found remembers what was searched for lately.
	found atomic.Pointer[findings]
	// answered remembers what was searched for lately in the tree of which the node is the root.
	answered atomic.Pointer[answers[R]]
}

// place is where an entry stands.
type place struct{ key, id string }

// order is what the nodes of a tree go by.
type order[R any] struct {
	// id returns a record's id, which orders entries of equal keys; nil where no two keys are equal.
	id func(R) string
	// text returns what Search looks at, nil if it is not asked to.
	text func(R) string
}

// keyText is a key to look for, which need not be a string of its own.
type keyText interface{ ~string | ~[]byte }

func (n node[R]) len() int {
	switch {
	case n.in != nil:
		return int(n.in.ends[n.in.n-1])
	case n.leaf != nil:
		return n.leaf.n
	}
	return 0
}

// before is the number of entries in front of part i.
func (in *inner[R]) before(i int) int {
	if i == 0 {
		return 0
	}
	return int(in.ends[i-1])
}

func (l *leaf[R]) prefix() string      { return l.keys.text(0, l.n+1) }
func (l *leaf[R]) rest(i int) string   { return l.keys.text(i+1, l.n+1) }
func (l *leaf[R]) textAt(i int) string { return l.texts.text(i, l.n) }

// partWith returns the part of the node to which the place belongs.
func partWith[R any, K keyText](in *inner[R], key K, id string) int {
	lo, hi := 1, in.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if at := &in.starts[mid]; at.key < string(key) || at.key == string(key) && at.id <= id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// find returns the first entry of the leaf that is not before the place, and whether it stands right there.
func find[R any, K keyText](l *leaf[R], o *order[R], key K, id string) (i int, there bool) {
	prefix := l.prefix()
	if len(key) < len(prefix) || string(key[:len(prefix)]) != prefix {
		if string(key) < prefix {
			return 0, false
		}
		return l.n, false
	}
	rest, texts := key[len(prefix):], l.keys.all(l.n+1)
	lo, hi := 0, l.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		text := texts[l.keys.end(mid):l.keys.end(mid+1)]
		if text < string(rest) || id != "" && text == string(rest) && o.id != nil && o.id(l.recs[mid]) < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < l.n && l.rest(lo) == string(rest) && (o.id == nil || o.id(l.recs[lo]) == id)
}

// get returns the record at the place, or nil.
func get[R any, K keyText](n node[R], o *order[R], key K, id string) (rec R) {
	for n.in != nil {
		n = n.in.kids[partWith(n.in, key, id)]
	}
	if n.leaf == nil {
		return rec
	}
	if i, there := find(n.leaf, o, key, id); there {
		return n.leaf.recs[i]
	}
	return rec
}

// firstAt returns the first entry that is not before the key, as its leaf and its place there; nil if the leaf where the
// key belongs ends before it.
func firstAt[R any, K keyText](n node[R], o *order[R], key K) (*leaf[R], int) {
	for n.in != nil {
		n = n.in.kids[partWith(n.in, key, "")]
	}
	if n.leaf == nil {
		return nil, 0
	}
	if i, _ := find(n.leaf, o, key, ""); i < n.leaf.n {
		return n.leaf, i
	}
	return nil, 0
}

// startsWith reports whether the key of entry i has the prefix.
func startsWith[R any, K keyText](l *leaf[R], i int, prefix K) bool {
	shared := l.prefix()
	n := min(len(shared), len(prefix))
	if shared[:n] != string(prefix[:n]) {
		return false
	}
	rest := l.rest(i)
	return len(rest) >= len(prefix)-n && rest[:len(prefix)-n] == string(prefix[n:])
}

// rank returns how many entries stand before the place, and whether one stands right there.
func rank[R any, K keyText](n node[R], o *order[R], key K, id string) (before int, there bool) {
	for n.in != nil {
		i := partWith(n.in, key, id)
		before += n.in.before(i)
		n = n.in.kids[i]
	}
	if n.leaf == nil {
		return 0, false
	}
	i, there := find(n.leaf, o, key, id)
	return before + i, there
}

// lastAt returns the last entry with the prefix, as its leaf and its place there; nil if there is none.
func lastAt[R any, K keyText](n node[R], o *order[R], prefix K) (*leaf[R], int) {
	last := spanEnd(n, o, prefix) - 1
	if last < 0 {
		return nil, 0
	}
	for n.in != nil {
		i := n.in.partAt(last)
		last -= n.in.before(i)
		n = n.in.kids[i]
	}
	if !startsWith(n.leaf, last, prefix) {
		return nil, 0
	}
	return n.leaf, last
}

// isBefore reports whether entry i of the leaf stands before the place.
func isBefore[R any](l *leaf[R], i int, o *order[R], at place) bool {
	shared, rest := l.prefix(), l.rest(i)
	n := min(len(shared), len(at.key))
	c := strings.Compare(shared, at.key[:n])
	if c == 0 {
		c = strings.Compare(rest, at.key[n:])
	}
	return c < 0 || c == 0 && o.id(l.recs[i]) < at.id
}

// span returns the ranks of the first entry with the prefix and of the first one behind them.
func span[R any, K keyText](n node[R], o *order[R], prefix K) (from, to int) {
	if len(prefix) == 0 {
		return 0, n.len()
	}
	from, _ = rank(n, o, prefix, "")
	return from, spanEnd(n, o, prefix)
}

// spanEnd returns the rank of the first entry behind those with the prefix.
func spanEnd[R any, K keyText](n node[R], o *order[R], prefix K) int {
	var room [128]byte
	behind := append(room[:0], prefix...)
	for i := len(behind) - 1; i >= 0; i-- {
		if behind[i] < 0xff {
			behind[i]++
			end, _ := rank(n, o, behind[:i+1], "")
			return end
		}
	}
	return n.len()
}

// appendRecords appends the records of the entries from one rank to another.
func (n node[R]) appendRecords(dst []R, from, to int) []R {
	if n.leaf != nil {
		return append(dst, n.leaf.recs[from:to]...)
	}
	if from >= to {
		return dst
	}
	for i := n.in.partAt(from); i < n.in.n && n.in.before(i) < to; i++ {
		start := n.in.before(i)
		dst = n.in.kids[i].appendRecords(dst, max(from-start, 0), min(to, int(n.in.ends[i]))-start)
	}
	return dst
}

// partAt returns the part that has the entry of the rank.
func (in *inner[R]) partAt(rank int) int {
	lo, hi := 0, in.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if int(in.ends[mid]) <= rank {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
