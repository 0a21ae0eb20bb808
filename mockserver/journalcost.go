package mockserver

import "net/http"

// What an entry takes of the heap, in bytes, beside what it holds: the entry, the request, the closures, its places in
// the journal's lists. A test fills the journal and holds these figures against the heap.
const (
	entryOverhead   = 1024
	refusalOverhead = 192
	reasonOverhead  = 64
	laterOverhead   = 64
	faultOverhead   = 512
	mapOverhead     = 96
	mapSlot         = 41 // key, value and control byte
	// explanationOverhead is for the keys that an explanation tries. explanationGrowth is how many times as long as the
	// request its texts are at worst: a canonical form, where every byte becomes three by percent-encoding, and a string
	// to sign, where those become five.
	explanationOverhead = 2048
	explanationGrowth   = 8
)

// cost is about what an entry takes of the heap, in bytes, rather more than less.
func (e *Entry) cost() int {
	n := entryOverhead + block(len(e.req.URI)+len(e.req.Method)+len("  HTTP/1.1")) + block(len(e.req.Host)) +
		block(cap(e.req.Body)) + headerCost(e.req.Header) + block(e.reply.size) + e.header.cost() + block(len(e.problem))
	for _, w := range e.warnings {
		n += 2*16 + block(len(w)) // the list may be twice as long as what is in it
	}
	if r := e.refusal; r != nil {
		n += r.cost()
	}
	if e.fault != nil {
		n += faultOverhead
	}
	if e.explain != nil {
		n += explanationOverhead + explanationGrowth*len(e.req.URI)
		if e.req.hasForm() {
			n += explanationGrowth * len(e.req.Body)
		}
	}
	return n
}

func (r *Refusal) cost() int {
	n := refusalOverhead + block(len(r.Code)) + block(len(r.Message)) + block(len(r.Parameter)) + block(len(r.text))
	if r.later != nil {
		n += laterOverhead
	}
	if r.found != nil {
		n += reasonOverhead + block(r.found.Size())
	}
	return n
}

// block is what the allocator takes for n bytes: it has classes of sizes, up to an eighth apart.
func block(n int) int {
	if n == 0 {
		return 0
	}
	return (n + n/16 + 15) &^ 15
}

func headerCost(h http.Header) int {
	slots := 8 // a map grows by doubling, when it is seven eighths full
	for slots > 8 && len(h)*8 > slots*7 || slots == 8 && len(h) > 8 {
		slots *= 2
	}
	n := mapOverhead + mapSlot*slots
	for name, values := range h {
		n += block(len(name))
		for _, v := range values {
			n += 16 + block(len(v))
		}
	}
	return n
}

// cost is what the fields take beside the entry.
func (h *ReplyHeader) cost() int {
	n := 0
	for i := range h.count {
		n += block(len(h.values[i]))
	}
	if h.more != nil {
		n += headerCost(h.more)
	}
	return n
}
