package mockserver

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestHexOf(t *testing.T) {
	t.Parallel()
	var sum [32]byte
	for i := range 256 {
		for k := range sum {
			sum[k] = byte(i*7 + k*37)
		}
		if got, want := HexOf(sum), hex.EncodeToString(sum[:]); string(got[:]) != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// What is drawn must stay what it was: ids of worlds with a seed are known.
func TestDrawHex(t *testing.T) {
	t.Parallel()
	for n := range 70 {
		fast, slow := rand.New(rand.NewPCG(1, uint64(n))), rand.New(rand.NewPCG(1, uint64(n)))
		want := make([]byte, n)
		var bits uint64
		for i := range want {
			if i%16 == 0 {
				bits = slow.Uint64()
			}
			want[i] = "0123456789abcdef"[bits&15]
			bits >>= 4
		}
		if got := Hex(fast, n); got != string(want) {
			t.Fatalf("%d digits: got %s, want %s", n, got, want)
		}
		got := make([]byte, n)
		drawHex(got, rand.New(rand.NewPCG(1, uint64(n))), 'A')
		if want := strings.ToUpper(string(want)); string(got) != want {
			t.Fatalf("%d digits: got %s, want %s", n, got, want)
		}
		if fast.Uint64() != slow.Uint64() {
			t.Fatalf("%d digits: not as many numbers drawn", n)
		}
	}
}

func BenchmarkHexOf(b *testing.B) {
	b.ReportAllocs()
	var sum [32]byte
	for b.Loop() {
		text := HexOf(sum)
		sum[0] ^= text[7]
	}
}

func BenchmarkUUID(b *testing.B) {
	b.ReportAllocs()
	r := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		UUID(r)
	}
}
