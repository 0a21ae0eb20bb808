package mockserver

import (
	"net/http"
	"sync"
	"time"
)

// Entry is one request in the journal. It is visible before the first byte of its reply is sent.
type Entry struct {
	id    uint64
	at    time.Time // wall clock
	world *World
	plug  *plugged
	op    string
	req   *Request

	mu       sync.Mutex
	done     bool
	status   int
	header   http.Header
	body     []byte
	refusal  *Refusal
	problem  string // what went wrong in the stand-in itself
	warnings []string
	took     time.Duration
	written  int64
	sent     bool
	worldNow time.Time
	explain  func() *Explanation
	size     int
}

// journal keeps the newest entries within a budget of bytes.
type journal struct {
	mu      sync.Mutex
	budget  int
	size    int
	next    uint64
	entries []*Entry // from head on, oldest first
	head    int
	evicted uint64
}

// DefaultJournalBytes is what the journal holds unless told otherwise.
const DefaultJournalBytes = 64 << 20

func newJournal(budget int) *journal {
	if budget == 0 {
		budget = DefaultJournalBytes
	}
	return &journal{budget: budget}
}

// entryOverhead is about what an entry takes beside its texts, in bytes. A refused signature also keeps what its
// explanation is made of: canonical forms, which percent-encoding makes up to three times as long as the request.
const (
	entryOverhead   = 512
	explanationCost = 4
)

func (j *journal) add(e *Entry) {
	request := len(e.req.URI) + len(e.req.Body)
	e.size = entryOverhead + request + len(e.body) + headerSize(e.req.Header) + headerSize(e.header)
	if e.explain != nil {
		e.size += explanationCost * request
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.next++
	e.id = j.next
	if e.size > j.budget {
		j.evicted++
		return
	}
	j.entries = append(j.entries, e)
	j.size += e.size
	for j.size > j.budget {
		j.dropOldest()
	}
}

func (j *journal) dropOldest() {
	j.size -= j.entries[j.head].size
	j.entries[j.head] = nil
	j.head++
	j.evicted++
	if j.head > len(j.entries)/2 {
		j.entries = append(j.entries[:0:0], j.entries[j.head:]...)
		j.head = 0
	}
}

func headerSize(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(v) + 32
		}
	}
	return n
}

// list returns the entries, newest first, and how many were evicted.
func (j *journal) list() ([]*Entry, uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	live := j.entries[j.head:]
	out := make([]*Entry, len(live))
	for i, e := range live {
		out[len(live)-1-i] = e
	}
	return out, j.evicted
}

// drop removes the entries of a world.
func (j *journal) drop(w *World) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var kept []*Entry
	size := 0
	for _, e := range j.entries[j.head:] {
		if e.world != w {
			kept = append(kept, e)
			size += e.size
		}
	}
	j.entries, j.head, j.size = kept, 0, size
}

// finish completes an entry once its reply has gone out.
func (e *Entry) finish(took time.Duration, written int64, sent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done, e.took, e.written, e.sent = true, took, written, sent
}
