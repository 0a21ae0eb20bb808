package store

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Text says what Search looks for.
type Text struct {
	// Contains is in the text of a record, byte for byte.
	Contains string
	// NotEqual leaves out records whose text is nothing else.
	NotEqual bool
}

// Search returns, in the order of the index, the records with the prefix Key(parts...) whose text (see Index.Text) is
// as wanted: it appends those that r selects to dst and returns how many there are behind r.After. It looks at the texts
// of all records with the prefix, once: the next search for the same looks only where records have changed since.
func (t *Table[R]) Search(dst []R, tx *Tx, index string, want Text, r Range, parts ...string) ([]R, int, error) {
	tree, err := t.treeOf(index)
	if err == nil {
		err = tx.ctx.Err()
	}
	if err != nil {
		return dst, 0, err
	}
	o := &t.orders[tree]
	if o.text == nil {
		return dst, 0, errNoText(t.c.name, index)
	}
	var room [keyRoom]byte
	prefix := AppendKey(room[:0], parts...)
	root := rootOf(t, t.in(tx), tree, prefix)
	from, to := span(root, o, prefix)
	from, to = r.behind(from, to, func(after Position) (int, bool) { return rank(root, o, after.Key, after.ID) })
	if from >= to {
		return dst, 0, nil
	}
	a := answerOf(root, want, from, to)
	limit := r.Limit
	if limit == 0 {
		limit = a.total
	}
	if limit = min(limit, a.total-r.Skip); limit <= 0 {
		return dst, a.total, nil
	}
	dst = slices.Grow(dst, limit)
	if a.hits != nil {
		return appendHits(dst, a.hits, r.Skip, limit, r.Desc), a.total, nil
	}
	s := &search[R]{want: want, skip: r.Skip, limit: limit, desc: r.Desc, dst: dst}
	s.collect(root, from, to)
	return s.dst, a.total, nil
}

// answer is how many of a tree's entries from one rank to another are hits and, if there are few, which.
type answer[R any] struct {
	want     Text
	from, to int
	total    int
	hits     []R // nil: more than fewHits, or none
}

// answers are the latest ones of a tree.
type answers[R any] [4]*answer[R]

// fewHits is how many hits are remembered.
const fewHits = 32

// answerOf searches a tree, or remembers that it did.
func answerOf[R any](root node[R], want Text, from, to int) *answer[R] {
	var known *answers[R]
	if root.in != nil {
		known = root.in.answered.Load()
	}
	if known != nil {
		for _, a := range known {
			if a != nil && a.from == from && a.to == to && a.want == want {
				return a
			}
		}
	}
	s := &search[R]{want: want}
	a := &answer[R]{want: want, from: from, to: to, total: s.count(root, from, to)}
	if 0 < a.total && a.total <= fewHits {
		s.limit = a.total
		s.collect(root, from, to)
		a.hits = s.dst
	}
	if root.in != nil && len(want.Contains) <= longestRemembered {
		next := &answers[R]{a}
		if known != nil {
			copy(next[1:], known[:])
		}
		root.in.answered.Store(next) // as with findings
	}
	return a
}

// appendHits appends so many of the hits, from either end and behind those that are left out.
func appendHits[R any](dst, hits []R, skip, limit int, desc bool) []R {
	if !desc {
		return append(dst, hits[skip:skip+limit]...)
	}
	for i := range limit {
		dst = append(dst, hits[len(hits)-1-skip-i])
	}
	return dst
}

// search is a search under way.
type search[R any] struct {
	want Text
	desc bool
	// skip and limit are how many of the hits that come next are left out and then taken.
	skip, limit int
	dst         []R
}

// finding is how many hits a node has up to the end of each of its parts.
type finding struct {
	want Text
	ends [innerSize]uint32
}

// findings are the latest ones of a node.
type findings [4]*finding

// longestRemembered bounds the memory that findings take.
const longestRemembered = 256

// count returns the number of hits among the entries of the node from one rank to another.
func (s *search[R]) count(n node[R], from, to int) int {
	switch {
	case n.in == nil:
		hits := 0
		n.leaf.eachHit(s.want, from, to, func(int) { hits++ })
		return hits
	case from == 0 && to == n.len():
		return int(s.find(n.in).ends[n.in.n-1])
	}
	hits := 0
	for i := n.in.partAt(from); i < n.in.n && n.in.before(i) < to; i++ {
		a, b := n.in.within(i, from, to)
		hits += s.count(n.in.kids[i], a, b)
	}
	return hits
}

// within is the part of the ranks from one to another that lies in part i, as ranks of it.
func (in *inner[R]) within(i, from, to int) (int, int) {
	start := in.before(i)
	return max(from-start, 0), min(to, int(in.ends[i])) - start
}

// find returns what the node has, from memory if it can.
func (s *search[R]) find(in *inner[R]) *finding {
	known := in.found.Load()
	if known != nil {
		for _, f := range known {
			if f != nil && f.want == s.want {
				return f
			}
		}
	}
	f := &finding{want: s.want}
	remembered := len(s.want.Contains) <= longestRemembered
	if remembered && int(in.ends[in.n-1]) >= manySearched {
		findKids(in, s.want)
	}
	hits := 0
	for i := range in.n {
		hits += s.count(in.kids[i], 0, in.kids[i].len())
		f.ends[i] = uint32(hits)
	}
	if !remembered {
		return f
	}
	next := &findings{f}
	if known != nil {
		copy(next[1:], known[:])
	}
	in.found.Store(next) // whoever did the same meanwhile may do it again later
	return f
}

// manySearched are as many texts as are worth being searched on every core.
const manySearched = 20_000

// findKids has the parts of a node remember what they have, on every core.
func findKids[R any](in *inner[R], want Text) {
	var next atomic.Int64
	s := &search[R]{want: want}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), in.n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < in.n; i = int(next.Add(1)) - 1 {
				if kid := in.kids[i].in; kid != nil {
					s.find(kid)
				}
			}
		})
	}
	wg.Wait()
}

// collect takes hits among the entries of the node from one rank to another.
func (s *search[R]) collect(n node[R], from, to int) {
	if n.in == nil {
		s.collectLeaf(n.leaf, from, to)
		return
	}
	in := n.in
	var f *finding
	if from == 0 && to == n.len() {
		f = s.find(in)
	}
	first := in.partAt(from)
	last := in.partAt(to - 1)
	for i := first; i <= last && s.limit > 0; i++ {
		part := i
		if s.desc {
			part = last - (i - first)
		}
		a, b := in.within(part, from, to)
		hits := 0
		if f != nil {
			hits = f.hits(part)
		} else {
			hits = s.count(in.kids[part], a, b)
		}
		if hits <= s.skip {
			s.skip -= hits
			continue
		}
		s.collect(in.kids[part], a, b)
	}
}

// hits is the number of hits in part i.
func (f *finding) hits(i int) int {
	if i == 0 {
		return int(f.ends[0])
	}
	return int(f.ends[i] - f.ends[i-1])
}

func (s *search[R]) collectLeaf(l *leaf[R], from, to int) {
	var hits [leafSize]int
	n := 0
	l.eachHit(s.want, from, to, func(i int) {
		hits[n] = i
		n++
	})
	for k := range n {
		i := hits[k]
		if s.desc {
			i = hits[n-1-k]
		}
		switch {
		case s.skip > 0:
			s.skip--
		case s.limit > 0:
			s.dst = append(s.dst, l.recs[i])
			s.limit--
		}
	}
}

// eachHit visits the entries from one to another whose text is as wanted. It searches all texts as one.
func (l *leaf[R]) eachHit(want Text, from, to int, visit func(i int)) {
	if want.Contains == "" {
		for i := from; i < to; i++ {
			if !want.NotEqual || l.textAt(i) != "" {
				visit(i)
			}
		}
		return
	}
	texts := l.texts.all(l.n)
	pos, stop := l.texts.end(from-1), l.texts.end(to-1)
	for i := from; ; {
		next := strings.Index(texts[pos:stop], want.Contains)
		if next < 0 {
			return
		}
		pos += next
		for l.texts.end(i) <= pos {
			i++
		}
		end := l.texts.end(i)
		switch {
		case pos+len(want.Contains) > end: // the text and the next one contain it together
			pos++
			continue
		case !want.NotEqual || end-l.texts.end(i-1) != len(want.Contains):
			visit(i)
		}
		pos = end
		i++
	}
}
