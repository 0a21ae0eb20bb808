package mockserver

import (
	"container/heap"
	"sync"
	"time"
)

// maxNonces bounds what one world remembers; past it the nonce that would be forgotten first is forgotten early.
const maxNonces = 1_000_000

// nonceSet remembers used nonces until signing time has passed their window.
type nonceSet struct {
	mu   sync.Mutex
	used map[string]struct{}
	ages nonceHeap
}

type nonceAge struct {
	nonce string
	until time.Time
}

type nonceHeap []nonceAge

func (h nonceHeap) Len() int           { return len(h) }
func (h nonceHeap) Less(i, j int) bool { return h[i].until.Before(h[j].until) }
func (h nonceHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *nonceHeap) Push(x any)        { *h = append(*h, x.(nonceAge)) }
func (h *nonceHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func newNonceSet() *nonceSet { return &nonceSet{used: map[string]struct{}{}} }

// use reports whether the nonce was new and remembers it.
func (s *nonceSet) use(nonce string, now, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ages) > 0 && (s.ages[0].until.Before(now) || len(s.ages) >= maxNonces) {
		delete(s.used, heap.Pop(&s.ages).(nonceAge).nonce)
	}
	if _, seen := s.used[nonce]; seen {
		return false
	}
	s.used[nonce] = struct{}{}
	heap.Push(&s.ages, nonceAge{nonce, until})
	return true
}

func (s *nonceSet) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used, s.ages = map[string]struct{}{}, nil
}
