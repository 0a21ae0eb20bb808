package mockserver

import (
	"container/heap"
	"sort"
	"sync"
	"time"
)

// Entry is one request in the journal. It is visible before the first byte of its reply is sent.
type Entry struct {
	// What is known when the entry is added; it does not change any more. An entry keeps its world's name, not the
	// world: a world that is deleted shall be gone.
	id    uint64
	seq   uint64    // the number of the entry among those of its world
	at    time.Time // wall clock
	world string
	plug  *plugged
	op    *Operation // nil: none was found
	req   Request
	// secrets are not shown.
	secrets *secretNames

	status   int
	header   ReplyHeader
	reply    replyBody
	refusal  *Refusal
	problem  string // what went wrong in the stand-in itself
	warnings []string
	worldNow time.Time
	size     int

	explaining sync.Mutex // the explanation decodes the request once more, and the request remembers it
	explain    func() *Explanation

	mu      sync.Mutex // guards what comes after the reply
	done    bool
	took    time.Duration
	written int64
	sent    bool
	fault   *FaultNote // nil: none
}

// replyBody is the body of a reply: its bytes, or the envelope that makes them again.
type replyBody struct {
	bytes []byte
	again Appender
	size  int
}

// text is the whole body.
func (b *replyBody) text() []byte {
	if b.again != nil {
		return b.again.AppendJSON(make([]byte, 0, b.size))
	}
	return b.bytes
}

// noteWire adds to an entry how a fault sent its reply.
func (e *Entry) noteWire(w *wire) {
	if w == nil || e.fault == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	noted := *e.fault // what has been shown does not change
	noted.Wire = w.outcome
	e.fault = &noted
}

// finish completes an entry once its reply has gone out.
func (e *Entry) finish(took time.Duration, written int64, sent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done, e.took, e.written, e.sent = true, took, written, sent
}

// journal keeps entries within one budget of bytes. When they are over it, the world that takes most of it gives up its
// oldest entries, so that a noisy world does not push out a quiet one's.
type journal struct {
	mu     sync.Mutex
	budget int
	size   int
	next   uint64 // the id given last
	order  []slot // every entry, oldest first, with holes where entries were evicted
	live   int    // how many slots of order are no holes
	books  map[string]*book
	biggest
	watchers map[*watcher]struct{}
	closed   bool

	strangers sync.Once
	anybodys  secretNames // hidden in requests of no vendor
}

// slot is an entry in the order of ids, or the hole that it left.
type slot struct {
	id uint64
	e  *Entry
}

// book is what the journal has of one world.
type book struct {
	world   string
	size    int
	seq     uint64
	entries []*Entry // from head on, oldest first
	head    int
	lost    losses
	at      int // in biggest
}

// losses say what was evicted.
type losses struct {
	count uint64
	// last is the id of the newest entry evicted, at its time.
	last uint64
	at   time.Time
}

func (l *losses) add(e *Entry) {
	l.count++
	l.last = max(l.last, e.id)
	if e.at.After(l.at) {
		l.at = e.at
	}
}

// DefaultJournalBytes is what the journal holds unless told otherwise.
const DefaultJournalBytes = 64 << 20

func newJournal(budget int) *journal {
	if budget == 0 {
		budget = DefaultJournalBytes
	}
	return &journal{budget: budget, books: map[string]*book{}, watchers: map[*watcher]struct{}{}}
}

// add gives the entry its id and keeps it. What is bigger than the whole budget counts as evicted at once; so does the
// only entry of a world that takes more than any other.
func (j *journal) add(e *Entry) {
	e.size = e.cost()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	e.id = j.next
	b := j.book(e.world)
	b.seq++
	e.seq = b.seq
	if e.size > j.budget {
		b.lost.add(e)
	} else {
		j.keep(b, e)
	}
	for w := range j.watchers {
		w.wake()
	}
}

func (j *journal) book(world string) *book {
	b := j.books[world]
	if b == nil {
		b = &book{world: world}
		j.books[world] = b
		heap.Push(&j.biggest, b)
	}
	return b
}

func (j *journal) keep(b *book, e *Entry) {
	b.entries = append(b.entries, e)
	j.order = append(j.order, slot{e.id, e})
	j.live++
	j.resize(b, e.size)
	for j.size > j.budget {
		j.evict()
	}
}

func (j *journal) resize(b *book, by int) {
	j.size += by
	b.size += by
	heap.Fix(&j.biggest, b.at)
}

// evict drops the oldest entry of the world that takes most.
func (j *journal) evict() {
	b := j.biggest[0]
	e := b.entries[b.head]
	b.entries[b.head] = nil
	b.head++
	b.lost.add(e)
	if b.head > len(b.entries)/2 {
		b.entries = append(b.entries[:0:0], b.entries[b.head:]...)
		b.head = 0
	}
	j.order[j.find(e.id)].e = nil
	j.live--
	j.resize(b, -e.size)
	j.closeHoles()
}

// find returns the place in order of the first entry with that id or a later one.
func (j *journal) find(id uint64) int {
	return sort.Search(len(j.order), func(i int) bool { return j.order[i].id >= id })
}

// closeHoles moves the entries together once there are more holes than entries.
func (j *journal) closeHoles() {
	if len(j.order) < 2*j.live+16 {
		return
	}
	whole := make([]slot, 0, j.live+j.live/4)
	for _, s := range j.order {
		if s.e != nil {
			whole = append(whole, s)
		}
	}
	j.order = whole
}

// after returns up to most entries with ids above id, oldest first, of one world or of all (""), and what of them was
// evicted. most 0: all of them.
func (j *journal) after(world string, id uint64, most int) ([]*Entry, losses) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if world != "" {
		b := j.books[world]
		if b == nil {
			return nil, losses{}
		}
		live := b.entries[b.head:]
		live = live[sort.Search(len(live), func(i int) bool { return live[i].id > id }):]
		if most > 0 {
			live = live[:min(most, len(live))]
		}
		return append([]*Entry(nil), live...), b.lost
	}
	var out []*Entry
	if most == 0 {
		out = make([]*Entry, 0, j.live)
	}
	for _, s := range j.order[j.find(id+1):] {
		if s.e != nil {
			out = append(out, s.e)
		}
		if most > 0 && len(out) == most {
			break
		}
	}
	return out, j.allLosses()
}

func (j *journal) allLosses() losses {
	var all losses
	for _, b := range j.books {
		all.count += b.lost.count
		all.last = max(all.last, b.lost.last)
		if b.lost.at.After(all.at) {
			all.at = b.lost.at
		}
	}
	return all
}

// entry returns an entry by id, nil if there is none.
func (j *journal) entry(id uint64) *Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := j.find(id); i < len(j.order) && j.order[i].id == id {
		return j.order[i].e
	}
	return nil
}

// drop forgets a world: its entries and what was evicted of them.
func (j *journal) drop(w *World) { j.clear(w.name) }

// clear forgets the entries of a world, or of all (""), and returns how many there were.
func (j *journal) clear(world string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	cleared := 0
	for name, b := range j.books {
		if world != "" && name != world {
			continue
		}
		for _, e := range b.entries[b.head:] {
			j.order[j.find(e.id)].e = nil
			j.live--
			cleared++
		}
		j.size -= b.size
		heap.Remove(&j.biggest, b.at)
		delete(j.books, name)
	}
	j.closeHoles()
	return cleared
}

// biggest is a heap of the books, the one that takes most on top; of equals the one whose oldest entry is older.
type biggest []*book

func (h biggest) Len() int { return len(h) }

func (h biggest) Less(i, k int) bool {
	if h[i].size != h[k].size {
		return h[i].size > h[k].size
	}
	return h[i].oldest() < h[k].oldest()
}

func (h biggest) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].at, h[k].at = i, k
}

// Push and Pop are for container/heap.
func (h *biggest) Push(x any) {
	b := x.(*book)
	b.at = len(*h)
	*h = append(*h, b)
}

func (h *biggest) Pop() any {
	last := len(*h) - 1
	b := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return b
}

func (b *book) oldest() uint64 {
	if b.head == len(b.entries) {
		return 0
	}
	return b.entries[b.head].id
}
