package mockserver

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// bounds are the upper bounds of a histogram's buckets, inclusive. What is above the last one has a bucket, too.
var bounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 10 * time.Second,
}

// histogram counts durations. Its zero value is ready.
type histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64
	sum     atomic.Int64 // ns
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// timings are the durations of one operation's calls, by the status of the reply. There are few, and they are read without
// a lock.
type timings struct {
	list atomic.Pointer[[]*statusTimings]
	mu   sync.Mutex // held to add to the list
}

type statusTimings struct {
	status int
	histogram
}

func (t *timings) observe(status int, d time.Duration) { t.of(status).observe(d) }

func (t *timings) of(status int) *statusTimings {
	if s := t.find(status); s != nil {
		return s
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.find(status); s != nil {
		return s
	}
	s := &statusTimings{status: status}
	list := append(slices.Clone(t.all()), s)
	slices.SortFunc(list, func(a, b *statusTimings) int { return a.status - b.status })
	t.list.Store(&list)
	return s
}

func (t *timings) all() []*statusTimings {
	if list := t.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (t *timings) find(status int) *statusTimings {
	for _, s := range t.all() {
		if s.status == status {
			return s
		}
	}
	return nil
}

// observe counts a call that is over. The status of a call without a reply is 0.
func (s *Server) observe(c *Call, status int, took time.Duration) {
	switch {
	case c.Op != nil:
		c.Op.timings.observe(status, took)
	case c.plugged != nil:
		c.plugged.unmatched.observe(status, took)
	default:
		s.unclaimed.observe(status, took)
	}
}

// The stages of a call, in their order.
const (
	stageReceive = iota
	stageAuthenticate
	stageValidate
	stageHandle
	stageEncode
	stageWrite
	stages
)

var stageNames = [stages]string{"receive", "authenticate", "validate", "handle", "encode", "write"}

// stageClock times the stages of one call in stageEvery; it is nil for the others.
type stageClock struct {
	server *Server
	stage  int // that the call is in
	begun  time.Time
	made   time.Time
}

const stageEvery = 64

func (s *Server) timeStages(sequence uint64) *stageClock {
	if sequence%stageEvery != stageEvery/2 { // not those whose replies are checked
		return nil
	}
	now := s.wall()
	return &stageClock{server: s, stage: stageAuthenticate, begun: now, made: now}
}

// enter ends the stage that the call is in.
func (t *stageClock) enter(stage int) {
	if t != nil {
		now := t.server.wall()
		t.server.stages[t.stage].observe(now.Sub(t.begun))
		t.stage, t.begun = stage, now
	}
}

// over ends the last stage, and counts the first, which was over when the call was made.
func (t *stageClock) over(start time.Time) {
	if t != nil {
		t.enter(stages)
		t.server.stages[stageReceive].observe(t.made.Sub(start))
	}
}

func (s *Server) adminMetrics(c *gin.Context) {
	c.Header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	c.Status(http.StatusOK)
	out := bufio.NewWriter(c.Writer)
	s.writeCalls(out)
	s.writeState(out)
	_ = out.Flush() // whoever asked has gone
}

// writeCalls writes what the vendors were asked.
func (s *Server) writeCalls(w io.Writer) {
	family(w, "countersign_http_requests_total", "counter", "Requests to the vendors. A status of 0: no reply, on purpose.")
	s.eachTimings(func(labels string, h *histogram) {
		var n uint64
		for i := range h.buckets {
			n += h.buckets[i].Load()
		}
		fmt.Fprintf(w, "countersign_http_requests_total{%s} %d\n", labels, n)
	})
	const duration = "countersign_http_request_duration_seconds"
	family(w, duration, "histogram", "From the end of a request's header to the last byte of its reply, waits on purpose included.")
	s.eachTimings(func(labels string, h *histogram) { h.write(w, duration, labels) })
	const stage = "countersign_http_stage_duration_seconds"
	family(w, stage, "histogram", "The same by stage, of one request in "+strconv.Itoa(stageEvery)+" in a world.")
	for i, name := range stageNames {
		s.stages[i].write(w, stage, label("stage", name))
	}
}

// eachTimings visits what was asked of all vendors, in the order of the vendors, their operations and statuses.
func (s *Server) eachTimings(visit func(labels string, h *histogram)) {
	each := func(vendor, operation string, t *timings) {
		for _, st := range t.all() {
			visit(label("vendor", vendor)+","+label("operation", operation)+","+label("status", strconv.Itoa(st.status)), &st.histogram)
		}
	}
	for _, p := range s.plugs {
		for _, op := range p.ops {
			each(p.Name, op.ID, &op.timings)
		}
		each(p.Name, "", &p.unmatched)
	}
	each("", "", &s.unclaimed)
}

// writeState writes how the server is.
func (s *Server) writeState(w io.Writer) {
	live, size, gone := s.journal.figures()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	for _, m := range []struct {
		name, kind, help string
		value            any
	}{
		{"countersign_worlds", "gauge", "Worlds.", len(s.Worlds())},
		{"countersign_journal_entries", "gauge", "Requests that the journal holds.", live},
		{"countersign_journal_bytes", "gauge", "What they take of the journal's budget.", size},
		{"countersign_journal_budget_bytes", "gauge", "The journal's budget.", s.journal.budget},
		{"countersign_journal_forgotten_total", "counter", "Requests that were evicted from the journal or cleared.", gone},
		{"countersign_bugs_total", "counter", "Bugs of countersign that requests have met.", s.Bugs()},
		{"countersign_panics_total", "counter", "Panics among them.", s.panics.Load()},
		{"go_goroutines", "gauge", "Goroutines.", runtime.NumGoroutine()},
		{"go_memstats_heap_alloc_bytes", "gauge", "Bytes of the heap that are in use or not collected yet.", heap[0].Value.Uint64()},
	} {
		family(w, m.name, m.kind, m.help)
		fmt.Fprintf(w, "%s %v\n", m.name, m.value)
	}
}

func (j *journal) figures() (live, size int, gone uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.live, j.size, j.next - uint64(j.live)
}

func family(w io.Writer, name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// write writes a histogram in the text form of Prometheus: buckets count all that is not longer.
func (h *histogram) write(w io.Writer, name, labels string) {
	var n uint64
	for i := range h.buckets {
		n += h.buckets[i].Load()
		le := "+Inf"
		if i < len(bounds) {
			le = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		fmt.Fprintf(w, "%s_bucket{%s,le=%q} %d\n", name, labels, le, n)
	}
	sum := strconv.FormatFloat(time.Duration(h.sum.Load()).Seconds(), 'g', -1, 64)
	fmt.Fprintf(w, "%s_sum{%s} %s\n%s_count{%s} %d\n", name, labels, sum, name, labels, n)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// label writes a label in the text form of Prometheus.
func label(name, value string) string { return name + `="` + labelEscapes.Replace(value) + `"` }
