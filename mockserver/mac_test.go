package mockserver_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// FuzzHMACSHA256 holds the HMAC that is written out against the standard library's.
func FuzzHMACSHA256(f *testing.F) {
	f.Add([]byte("key"), []byte("text"))
	for _, size := range []int{0, 1, 63, 64, 65, 200, 511, 512, 513, 1000} {
		f.Add(bytes.Repeat([]byte("k"), size), bytes.Repeat([]byte("t"), size))
	}
	f.Add(bytes.Repeat([]byte("k"), 64), []byte{})
	f.Add(bytes.Repeat([]byte("k"), 65), bytes.Repeat([]byte("t"), 1024))
	f.Fuzz(func(t *testing.T, key, text []byte) {
		want := hmac.New(sha256.New, key)
		want.Write(text)
		if got := mockserver.HMACSHA256(key, text); !bytes.Equal(got[:], want.Sum(nil)) {
			t.Errorf("%x, want %x", got, want.Sum(nil))
		}
		if got := mockserver.HMACSHA256(string(key), text); !bytes.Equal(got[:], want.Sum(nil)) {
			t.Errorf("%x under a text, want %x", got, want.Sum(nil))
		}
	})
}
