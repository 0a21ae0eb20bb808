package store

import (
	"cmp"
	"slices"
)

// manyChanges are as many as are worth being sorted by heads, and on every core.
const manyChanges = 64

// manyHeads are as many as are sorted sooner byte by byte than by comparing them.
const manyHeads = 1024

// sorting is a stable sort that seldom looks at whole keys: it goes by eight bytes of them at a time. Its memory is used
// again.
type sorting[R any] struct {
	order           *order[R]
	changes, sorted []change[R]
	heads, spare    []head
}

// sort returns the changes in order, valid until the next call.
func (s *sorting[R]) sort(o *order[R], changes []change[R]) []change[R] {
	s.order, s.changes = o, changes
	s.heads = slices.Grow(s.heads[:0], len(changes))[:len(changes)]
	for i := range s.heads {
		s.heads[i].i = i
	}
	s.sortHeads(s.heads, 0)
	s.sorted = slices.Grow(s.sorted[:0], len(changes))
	for _, h := range s.heads {
		s.sorted = append(s.sorted, changes[h.i])
	}
	return s.sorted
}

// head stands for change i: bits are eight bytes of its key.
type head struct {
	bits uint64
	i    int
}

// sortHeads sorts heads of keys whose first bytes are alike.
func (s *sorting[R]) sortHeads(heads []head, alike int) {
	if len(heads) < manyChanges {
		slices.SortFunc(heads, s.compare)
		return
	}
	alike = s.alike(heads, alike)
	for i := range heads {
		heads[i].bits = bitsOf(s.changes[heads[i].i].key[alike:])
	}
	s.byBits(heads)
	for from, to := 0, 0; from < len(heads); from = to {
		for to = from + 1; to < len(heads) && heads[to].bits == heads[from].bits; {
			to++
		}
		switch part := heads[from:to]; {
		case len(part) == 1:
		case s.whole(part, alike+headSize):
			s.sortHeads(part, alike+headSize)
		default: // the bits of a key that ends there do not say where
			slices.SortFunc(part, s.compare)
		}
	}
}

// whole reports whether all keys have so many bytes.
func (s *sorting[R]) whole(heads []head, size int) bool {
	for i := range heads {
		if len(s.changes[heads[i].i].key) < size {
			return false
		}
	}
	return true
}

// byBits sorts heads by their bits: many of them byte by byte from the last one, without those bytes that all have in common.
func (s *sorting[R]) byBits(heads []head) {
	if len(heads) < manyHeads {
		slices.SortFunc(heads, func(a, b head) int { return cmp.Compare(a.bits, b.bits) })
		return
	}
	if slices.IsSortedFunc(heads, func(a, b head) int { return cmp.Compare(a.bits, b.bits) }) {
		return
	}
	s.spare = slices.Grow(s.spare[:0], len(heads))[:len(heads)]
	from, to := heads, s.spare
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
func (s *sorting[R]) alike(heads []head, sure int) int {
	first := s.changes[heads[0].i].key
	shared := len(first)
	for i := 1; i < len(heads) && shared > sure; i++ {
		key := s.changes[heads[i].i].key
		if len(key) < shared || key[sure:shared] != first[sure:shared] {
			shared = sure + common(first[sure:shared], key[sure:])
		}
	}
	return shared
}

// compare goes by the whole keys and, for changes at one place, by which came first.
func (s *sorting[R]) compare(a, b head) int {
	return cmp.Or(s.order.compare(&s.changes[a.i], &s.changes[b.i]), a.i-b.i)
}

const headSize = 8

// bitsOf is the first eight bytes of a text as a number that sorts as they do; behind a shorter text they are 0.
func bitsOf(s string) uint64 {
	if len(s) >= headSize { // which the compiler makes one load of
		return uint64(s[0])<<56 | uint64(s[1])<<48 | uint64(s[2])<<40 | uint64(s[3])<<32 |
			uint64(s[4])<<24 | uint64(s[5])<<16 | uint64(s[6])<<8 | uint64(s[7])
	}
	bits := uint64(0)
	for i := range len(s) {
		bits |= uint64(s[i]) << (56 - 8*i)
	}
	return bits
}
