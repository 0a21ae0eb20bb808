package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// postponement keeps the garbage collector from work while many records are made. Nearly all that is allocated then is there
// to stay, and would be gone through again each time that the heap has doubled.
type postponement struct {
	// percent is debug.SetGCPercent, next calls a function soon after the next collection.
	percent func(int) int
	next    func(func())

	mu sync.Mutex
	// loads are under way; begun counts postponements.
	loads, begun int
	// usual is the percentage otherwise, below 0 while it stands.
	usual int
}

// collections are those of this process.
var collections = &postponement{percent: debug.SetGCPercent, next: afterCollection, usual: -1}

const (
	// worthPostponing is how many records are: each takes about half a kilobyte while it is made.
	worthPostponing = 50_000
	// mostPostponed bounds, in bytes, how far the heap grows before the collector goes to work all the same.
	mostPostponed = 1 << 30
)

// postpone puts the next collection off until what it returns is called or the heap has grown by mostPostponed.
func (p *postponement) postpone(records int) (collect func()) {
	if records < worthPostponing {
		return func() {}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loads++; p.loads == 1 {
		p.begin()
	}
	return sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.loads--; p.loads == 0 {
			p.end()
		}
	})
}

// begin and end are called under mu.
func (p *postponement) begin() {
	usual := p.percent(-1)
	if usual < 0 { // somebody keeps it from work altogether
		return
	}
	p.usual = usual
	const least = 1 << 20                                             // in use; the collector takes it for more than that
	p.percent(usual + int(100*mostPostponed/max(least, heapInUse()))) //nolint:gosec // 102400 more at most
	p.begun++
	begun := p.begun
	p.next(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if begun == p.begun {
			p.end()
		}
	})
}

func (p *postponement) end() {
	if p.usual >= 0 {
		p.percent(p.usual)
		p.usual = -1
	}
}

// afterCollection calls a function soon after the next collection.
func afterCollection(fn func()) {
	runtime.AddCleanup(new([64]byte), func(fn func()) { fn() }, fn)
}

// heapInUse is what the last collection left, in bytes.
func heapInUse() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return live[0].Value.Uint64()
}
