package mockserver

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// callMemory is what one call after the other uses. Nothing of it may outlive its call: what is known of a call later is
// in its journal entry.
type callMemory struct {
	call        Call
	chance      rand.PCG
	rand        *rand.Rand // draws from chance
	claims      []Claim
	query, form Pairs
	media       string // that of the request, once it was asked for
	mediaKnown  bool
	pathArgs    []string
	args        []arg
	body        specs.Tape
	found       specs.Violation // what validation found
	tx          store.Tx
	vendors     []VendorMemory // at most one of each vendor
	// text is where the reply is encoded.
	text  []byte
	reply reply
}

// These bound what a call may leave behind for the next: bytes of text, and pairs.
const (
	mostTextKept  = 1 << 20
	mostPairsKept = 256
)

var callMemories = sync.Pool{New: func() any { return newCallMemory() }}

func newCallMemory() *callMemory {
	m := &callMemory{}
	m.rand = rand.New(&m.chance) //nolint:gosec // must be repeatable
	return m
}

// VendorMemory is what a vendor keeps of a call while it lasts. Reset makes it as good as new.
type VendorMemory interface{ Reset() }

// MemoryOf returns the vendor's own part of the call's memory: a new T, or one that was Reset since another call had it.
// As with everything of a Call, nothing may hold on to it once the reply is made, no explanation either.
func MemoryOf[T any, P interface {
	*T
	VendorMemory
}](c *Call) P {
	return memoryIn[T, P](c.memory)
}

// MemoryFor is MemoryOf for Plug.Identify, which has the request alone. There is a new T each time if the request is in no
// call.
func MemoryFor[T any, P interface {
	*T
	VendorMemory
}](r *Request) P {
	if r.memory == nil {
		return P(new(T))
	}
	return memoryIn[T, P](r.memory)
}

func memoryIn[T any, P interface {
	*T
	VendorMemory
}](m *callMemory) P {
	for _, own := range m.vendors {
		if p, is := own.(P); is {
			return p
		}
	}
	p := P(new(T))
	m.vendors = append(m.vendors, p)
	return p
}

// begin returns a call whose entry is e.
func (m *callMemory) begin(e *Entry) *Call {
	m.call = Call{Request: &e.req, Rand: m.rand, header: &e.header, memory: m}
	e.req.memory = m
	return &m.call
}

// over gives the memory back, unless somebody may still look at the call: whoever has to do with a bug, or with a fault.
func (m *callMemory) over() {
	c := &m.call
	if c.problem != "" || c.fault != nil || c.World.server.keeps() {
		m.text = nil
		m.tx = store.Tx{}
		return
	}
	if cap(m.text) > mostTextKept {
		m.text = nil
	}
	m.query, m.form = emptied(m.query), emptied(m.form)
	clear(m.args[:cap(m.args)])
	clear(m.pathArgs[:cap(m.pathArgs)])
	m.body.Reset()
	m.found = specs.Violation{}
	m.media, m.mediaKnown = "", false
	clear(m.claims)
	m.tx.Reset()
	for _, own := range m.vendors {
		own.Reset()
	}
	m.call, m.reply = Call{}, reply{}
	callMemories.Put(m)
}

// arguments is room for the values of n parameters.
func (m *callMemory) arguments(n int) []arg {
	m.args = slices.Grow(m.args[:0], n)[:n]
	clear(m.args)
	return m.args
}

// emptied lets go of what the pairs hold on to: the request.
func emptied(p Pairs) Pairs {
	if cap(p) > mostPairsKept {
		return nil
	}
	clear(p)
	return p[:0]
}
