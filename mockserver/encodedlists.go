package mockserver

import (
	"hash/maphash"
	"slices"
	"sync/atomic"
)

const (
	// keptLists is how many lists are kept, each in the one place that its first record has.
	keptLists = 64
	// shortestList is the number of records that are worth more than being put together one by one.
	shortestList = 4
	// longestList is the number of bytes of the longest text that is kept.
	longestList = 64 << 10
)

// listed is a list of records in a form, as AppendList wrote it.
type listed[T any, F Form[T]] struct {
	recs []*T
	form F
	text []byte
}

// listSlot is a place for a list. As with a record, a list is kept when it is asked for the second time.
type listSlot[T any, F Form[T]] struct {
	seen atomic.Uint64
	is   atomic.Pointer[listed[T, F]]
}

// sighting is what tells lists apart that are asked for in turn: those that take each other's place are not kept.
type sighting[T any, F Form[T]] struct {
	first, last *T
	n           int
	form        F
}

// AppendList appends the JSON of records in a form, with commas between them. A list that is asked for again and again is
// kept as a whole, beside its records and the budget for them: at most 64 lists of 64 KiB.
func (e *Encodings[T, F]) AppendList(b []byte, recs []*T, form F) []byte {
	if len(recs) < shortestList {
		return e.appendEach(b, recs, form)
	}
	slot := &e.lists[maphash.Comparable(e.seed, recs[0])%keptLists]
	if l := slot.is.Load(); l != nil && l.form == form && slices.Equal(l.recs, recs) {
		return append(b, l.text...)
	}
	from := len(b)
	b = e.appendEach(b, recs, form)
	mark := maphash.Comparable(e.seed, sighting[T, F]{recs[0], recs[len(recs)-1], len(recs), form})
	if slot.seen.Swap(mark) == mark && len(b)-from <= longestList {
		slot.is.Store(&listed[T, F]{slices.Clone(recs), form, slices.Clone(b[from:])})
	}
	return b
}

func (e *Encodings[T, F]) appendEach(b []byte, recs []*T, form F) []byte {
	for i, rec := range recs {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.Append(b, rec, form)
	}
	return b
}
