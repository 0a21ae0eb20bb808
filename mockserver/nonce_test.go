package mockserver

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestNoncesAreForgottenInTheirOrder holds the heap against a sorted list.
func TestNoncesAreForgottenInTheirOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		var h nonceAges
		var want []int64
		for range n {
			until := r.Int64N(20)
			h.push(nonceAge{strconv.FormatInt(until, 10), until})
			want = append(want, until)
		}
		slices.Sort(want)
		for i, until := range want {
			if got := h.pop(); got != strconv.FormatInt(until, 10) {
				t.Fatalf("%d nonces: number %d is that of %s, want %d", n, i, got, until)
			}
		}
		if len(h) > 0 {
			t.Fatalf("%d nonces: %d are left", n, len(h))
		}
	}
}

func TestANonceIsUsedUntilItsWindowHasPassed(t *testing.T) {
	t.Parallel()
	s, now := newNonceSet(), time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	use := func(nonce string, at, until time.Duration) bool {
		_, fresh := s.use([]byte(nonce), now.Add(at), now.Add(until))
		return fresh
	}
	for i, step := range []struct {
		nonce     string
		at, until time.Duration
		want      bool
	}{
		{"a", 0, 10 * time.Second, true},
		{"b", 0, 5 * time.Second, true},
		{"a", 0, 20 * time.Second, false},
		{"b", 5 * time.Second, 15 * time.Second, false},
		{"b", 6 * time.Second, 16 * time.Second, true},
		{"a", 10 * time.Second, 20 * time.Second, false},
		{"a", 11 * time.Second, 21 * time.Second, true},
	} {
		if got := use(step.nonce, step.at, step.until); got != step.want {
			t.Errorf("step %d, %s after %s: fresh is %v", i, step.nonce, step.at, got)
		}
	}
}

// BenchmarkNonces uses one nonce after the other, each forgotten a thousand later.
func BenchmarkNonces(b *testing.B) {
	s, now := newNonceSet(), time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	var key []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := now.Add(time.Duration(i) * time.Millisecond)
		key = fmt.Appendf(key[:0], "quickbi\x00%032d", i)
		if _, fresh := s.use(key, at, at.Add(time.Second)); !fresh {
			b.Fatal("is used")
		}
	}
}
