package mockserver

import (
	"sync"
	"time"
)

// maxNonces bounds what one world remembers; past it the nonce that would be forgotten first is forgotten early.
const maxNonces = 1_000_000

// nonceSet remembers used nonces until signing time has passed their window.
type nonceSet struct {
	mu   sync.Mutex
	used map[string]struct{}
	ages nonceAges
}

// nonceAge is a nonce and the last millisecond in which it counts as used.
type nonceAge struct {
	nonce string
	until int64
}

func newNonceSet() *nonceSet { return &nonceSet{used: map[string]struct{}{}} }

// use reports whether the nonce was new, and returns it as it is remembered then.
func (s *nonceSet) use(nonce []byte, now, until time.Time) (text string, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ages) > 0 && (s.ages[0].until < now.UnixMilli() || len(s.ages) >= maxNonces) {
		delete(s.used, s.ages.pop())
	}
	if _, seen := s.used[string(nonce)]; seen {
		return "", false
	}
	text = string(nonce)
	s.used[text] = struct{}{}
	s.ages.push(nonceAge{text, until.UnixMilli()})
	return text, true
}

func (s *nonceSet) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used, s.ages = map[string]struct{}{}, nil
}

// nonceAges is a heap with what is forgotten next on top. container/heap would allocate for every nonce.
type nonceAges []nonceAge

func (h *nonceAges) push(a nonceAge) {
	*h = append(*h, a)
	list := *h
	i := len(list) - 1
	for i > 0 && a.until < list[(i-1)/2].until {
		list[i] = list[(i-1)/2]
		i = (i - 1) / 2
	}
	list[i] = a
}

func (h *nonceAges) pop() (nonce string) {
	list := *h
	nonce = list[0].nonce
	last := list[len(list)-1]
	list[len(list)-1] = nonceAge{}
	list = list[:len(list)-1]
	*h = list
	if len(list) == 0 {
		return nonce
	}
	i := 0
	for child := 1; child < len(list); child = 2*i + 1 {
		if child+1 < len(list) && list[child+1].until < list[child].until {
			child++
		}
		if last.until <= list[child].until {
			break
		}
		list[i] = list[child]
		i = child
	}
	list[i] = last
	return nonce
}
