package mockserver

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// Form is a way of showing records of type T: everything beside the record itself that its JSON depends on. Two equal
// forms give the same bytes for the same record.
type Form[T any] interface {
	comparable
	// AppendRecord appends the record's JSON.
	AppendRecord(b []byte, rec *T) []byte
}

// Encodings keeps records as they were encoded, so that a page that is asked for again is put together from bytes.
// Records never change once they are stored, so what is kept for a record and a form never goes stale; what nobody asks
// for any more makes room for others. It is used by many goroutines at once and holds no lock.
type Encodings[T any, F Form[T]] struct {
	seed   maphash.Seed
	slots  []atomic.Pointer[encoding[T, F]]
	sights []atomic.Uint32
	used   atomic.Int64
	budget int64
	hand   atomic.Uint64
}

// encoding is a record in a form.
type encoding[T any, F Form[T]] struct {
	rec  *T
	form F
	text []byte
}

const (
	// perSlot is how many bytes of the budget one place is for; longer texts leave places empty.
	perSlot = 512
	// encodingOverhead is about what an encoding takes beside its text, in bytes.
	encodingOverhead = 96
)

// NewEncodings keeps up to budget bytes. Its tables take another 12 bytes for every 512 of them.
func NewEncodings[T any, F Form[T]](budget int) *Encodings[T, F] {
	n := 1 << bits.Len(uint(max(budget/perSlot, 2)-1)) //nolint:gosec // not negative
	return &Encodings[T, F]{seed: maphash.MakeSeed(), budget: int64(budget),
		slots: make([]atomic.Pointer[encoding[T, F]], n), sights: make([]atomic.Uint32, n)}
}

// Append appends the JSON of a record in a form.
func (e *Encodings[T, F]) Append(b []byte, rec *T, form F) []byte {
	hash := maphash.Comparable(e.seed, rec) // the form would cost more to hash than its record
	first, second := e.places(hash)
	for _, place := range [...]*atomic.Pointer[encoding[T, F]]{first, second} {
		if there := place.Load(); there != nil && there.rec == rec && there.form == form {
			return append(b, there.text...)
		}
	}
	from := len(b)
	b = form.AppendRecord(b, rec)
	if e.seenBefore(hash) {
		e.keep(hash, &encoding[T, F]{rec, form, append([]byte(nil), b[from:]...)})
	}
	return b
}

// places are the two where a record can be: in two forms, or beside another.
func (e *Encodings[T, F]) places(hash uint64) (first, second *atomic.Pointer[encoding[T, F]]) {
	i := hash & uint64(len(e.slots)-1)
	return &e.slots[i], &e.slots[i^1]
}

// seenBefore lets in what is asked for twice before another wants its place. A walk through a million records that are
// asked for once then neither copies them nor pushes out what others ask for all the time.
func (e *Encodings[T, F]) seenBefore(hash uint64) bool {
	mark := uint32(hash>>32) | 1
	return e.sights[hash&uint64(len(e.sights)-1)].Swap(mark) == mark
}

// keep puts an encoding in the first of its places; what was there moves to the second.
func (e *Encodings[T, F]) keep(hash uint64, next *encoding[T, F]) {
	if next.cost() > e.budget {
		return
	}
	first, second := e.places(hash)
	e.used.Add(next.cost())
	if old := first.Swap(next); old != nil {
		e.used.Add(-second.Swap(old).cost())
	}
	for e.used.Load() > e.budget {
		e.used.Add(-e.slots[e.hand.Add(1)&uint64(len(e.slots)-1)].Swap(nil).cost())
	}
}

func (e *encoding[T, F]) cost() int64 {
	if e == nil {
		return 0
	}
	return int64(cap(e.text)) + encodingOverhead
}
