package mockserver

import (
	"hash/maphash"
	"math/bits"
	"sync"
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
	making sync.Once // of the slots, when the first record is shown: a start has no use for them
	slots  []slotOf[T, F]
	used   atomic.Int64
	budget int64
	hand   atomic.Uint64
}

// slotOf is a place for an encoding. Its mark is a part of the record's hash, so that a record that is not here is told
// by it: what is here need not be looked at. A mark that another goroutine is about to change costs an encoding at worst.
// What was asked for last and was not here has left its mark as seen.
type slotOf[T any, F Form[T]] struct {
	mark, seen atomic.Uint32
	is         atomic.Pointer[encoding[T, F]]
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

// NewEncodings keeps up to budget bytes. Its table takes another 16 bytes for every 512 of them.
func NewEncodings[T any, F Form[T]](budget int) *Encodings[T, F] {
	return &Encodings[T, F]{seed: maphash.MakeSeed(), budget: int64(budget)}
}

func (e *Encodings[T, F]) table() {
	n := 1 << bits.Len(uint(max(e.budget/perSlot, 2)-1)) //nolint:gosec // not negative
	e.slots = make([]slotOf[T, F], n)
}

// Append appends the JSON of a record in a form.
func (e *Encodings[T, F]) Append(b []byte, rec *T, form F) []byte {
	e.making.Do(e.table)
	hash := maphash.Comparable(e.seed, rec) // the form would cost more to hash than its record
	for i := range uint64(2) {
		place := e.place(hash, i)
		if place.mark.Load() != mark(hash) {
			continue
		}
		if there := place.is.Load(); there != nil && there.rec == rec && there.form == form {
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

// place is the first (0) or the second (1) where a record can be: in two forms, or beside another.
func (e *Encodings[T, F]) place(hash, which uint64) *slotOf[T, F] {
	return &e.slots[(hash&uint64(len(e.slots)-1))^which]
}

// mark is the part of a hash that does not say where a record is, and is never 0.
func mark(hash uint64) uint32 { return uint32(hash>>32) | 1 }

// seenBefore lets in what is asked for twice before another wants its place. A walk through a million records that are
// asked for once then neither copies them nor pushes out what others ask for all the time.
func (e *Encodings[T, F]) seenBefore(hash uint64) bool {
	return e.place(hash, 0).seen.Swap(mark(hash)) == mark(hash)
}

// keep puts an encoding in the first of its places; what was there moves to the second.
func (e *Encodings[T, F]) keep(hash uint64, next *encoding[T, F]) {
	if next.cost() > e.budget {
		return
	}
	first, second := e.place(hash, 0), e.place(hash, 1)
	e.used.Add(next.cost())
	moved := first.mark.Swap(mark(hash))
	if old := first.is.Swap(next); old != nil {
		second.mark.Store(moved)
		e.used.Add(-second.is.Swap(old).cost())
	}
	for e.used.Load() > e.budget {
		e.used.Add(-e.slots[e.hand.Add(1)&uint64(len(e.slots)-1)].is.Swap(nil).cost())
	}
}

func (e *encoding[T, F]) cost() int64 {
	if e == nil {
		return 0
	}
	return int64(cap(e.text)) + encodingOverhead
}
