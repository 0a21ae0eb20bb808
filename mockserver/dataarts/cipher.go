package dataarts

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
)

// contact is a kind of address.
type contact byte

const (
	contactEmail contact = iota
	contactPhone
)

// cipher makes what the service's encryption looks like (DA-025). Nothing can be decrypted: the changing bytes are
// derived from the value and a key of the world, so that nothing needs to be stored. What it appends is in Base64 and
// needs no escapes in JSON.
type cipher struct {
	key    [2]uint64
	salted bool
	// tails are how many characters a mask shows at its end, by kind of address: 4 at most.
	tails [2]int
}

func newCipher(seed uint64, switches func(id string) string) cipher {
	var text [16]byte
	binary.LittleEndian.PutUint64(text[:], seed)
	copy(text[8:], "approver")
	sum := sha256.Sum256(text[:])
	x := cipher{key: [2]uint64{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])},
		salted: switches("DA-025") == "salted", tails: [2]int{4, 1}}
	if switches("DA-024") == "uniform" {
		x.tails[contactPhone] = 4
	}
	return x
}

// What both examples of the page share, before and between the changing bytes: a length, versions, counts and the id of a
// key, as far as one can guess. It stands here in Base64, which works on three bytes at a time: both are of 3n bytes and so
// is what stands between them, so that it is the same wherever it comes.
const (
	cipherStart  = "BBBBAAAAUAAAAAAAAAAHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAABytUyVSWMg67"
	cipherMiddle = "AQAAAQAAAAAAAAAQ"
	cipherFixed  = (len(cipherStart) + len(cipherMiddle)) / 4 * 3 // in bytes
)

// Lengths of the changing parts, in bytes. The last one grows with the value. All are multiples of noiseLen.
const (
	cipherKeyLen  = 24
	cipherIVLen   = 16
	cipherTextLen = 32
	cipherBlock   = 16
)

// What is derived.
const (
	partKey = iota
	partIV
	partText
	partTopic
)

// textLen is the length of the part that grows: 32 bytes for values of up to 15, as in both examples.
func textLen(plain string) int { return cipherTextLen + len(plain)/cipherBlock*cipherBlock }

func cipherLen(plain string) int {
	return cipherFixed + cipherKeyLen + cipherIVLen + textLen(plain)
}

// appendCipher appends the cipher of an address: 196 characters for values of up to 15 bytes.
func (x *cipher) appendCipher(b []byte, id string, kind contact, plain string) []byte {
	var stack [128]byte
	raw := x.appendNoise(stack[:0], id, kind, plain, partKey, cipherKeyLen)
	b = base64.StdEncoding.AppendEncode(append(b, cipherStart...), raw)
	raw = x.appendNoise(raw[:0], id, kind, plain, partIV, cipherIVLen)
	raw = x.appendNoise(raw, id, kind, plain, partText, textLen(plain))
	return base64.StdEncoding.AppendEncode(append(b, cipherMiddle...), raw)
}

// appendMask appends the first character of the cipher, asterisks, and its last ones, as long as the cipher (DA-024). Of
// the cipher it makes no more than these.
func (x *cipher) appendMask(b []byte, id string, kind contact, plain string) []byte {
	length, tail := base64.StdEncoding.EncodedLen(cipherLen(plain)), x.tails[kind]
	b = append(b, cipherStart[0])
	b = appendAsterisks(b, length-1-tail)
	last := x.lastFour(id, kind, plain)
	return append(b, last[len(last)-tail:]...)
}

// lastFour are the last four characters of the cipher: its last one to three bytes in Base64.
func (x *cipher) lastFour(id string, kind contact, plain string) (out [4]byte) {
	noise := x.noise(id, kind, plain, partText)
	var last [noiseLen]byte
	for range textLen(plain) / noiseLen {
		binary.LittleEndian.PutUint64(last[:], noise.Uint64())
	}
	size := (cipherLen(plain)-1)%3 + 1
	base64.StdEncoding.Encode(out[:], last[noiseLen-size:])
	return out
}

const asterisks = "****************************************************************"

func appendAsterisks(b []byte, n int) []byte {
	for ; n > len(asterisks); n -= len(asterisks) {
		b = append(b, asterisks...)
	}
	return append(b, asterisks[:n]...)
}

// appendNoise appends n bytes of a changing part.
func (x *cipher) appendNoise(buf []byte, id string, kind contact, plain string, part byte, n int) []byte {
	noise := x.noise(id, kind, plain, part)
	for range n / noiseLen {
		buf = binary.LittleEndian.AppendUint64(buf, noise.Uint64())
	}
	return buf
}

// noiseLen is how many bytes a generator gives at a time.
const noiseLen = 8

// noise gives the bytes of a changing part, derived from everything given. It is to look like a cipher, which nobody has to be
// kept from undoing: a generator for simulations does, and a page of records that were not asked for before is mostly this.
func (x *cipher) noise(id string, kind contact, plain string, part byte) (noise rand.PCG) {
	h := hashOn(x.key[0], part)
	h = hashOn(h, byte(kind))
	if x.salted {
		for i := range len(id) {
			h = hashOn(h, id[i])
		}
		h = hashOn(h, 0)
	}
	for i := range len(plain) {
		h = hashOn(h, plain[i])
	}
	noise.Seed(h, x.key[1])
	return noise
}

// hashOn goes on with a hash of the kind FNV-1a with 64 bits.
func hashOn(h uint64, b byte) uint64 { return (h ^ uint64(b)) * 1099511628211 }

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// appendTopicEnd appends the random end of a topic's name: eight letters and digits, fixed for each record of a world.
func (x *cipher) appendTopicEnd(b []byte, id string) []byte {
	noise := x.noise("", 0, id, partTopic)
	sum := noise.Uint64()
	for range 8 {
		b = append(b, alphanumeric[sum%uint64(len(alphanumeric))])
		sum /= uint64(len(alphanumeric))
	}
	return b
}
