package dataarts

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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
	key    [sha256.Size]byte
	salted bool
	// tails are how many characters a mask shows at its end, by kind of address: 4 at most.
	tails [2]int
}

func newCipher(seed uint64, switches func(id string) string) cipher {
	var text [16]byte
	binary.LittleEndian.PutUint64(text[:], seed)
	copy(text[8:], "approver")
	x := cipher{key: sha256.Sum256(text[:]), salted: switches("DA-025") == "salted", tails: [2]int{4, 1}}
	if switches("DA-024") == "uniform" {
		x.tails[contactPhone] = 4
	}
	return x
}

// The bytes that both examples of the page share, before and between the changing ones: a length, versions, counts and
// the id of a key, as far as one can guess.
var (
	cipherHead   = decodeBase64(cipherStart)
	cipherMiddle = decodeBase64("AQAAAQAAAAAAAAAQ")
)

const cipherStart = "BBBBAAAAUAAAAAAAAAAHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAABytUyVSWMg67"

func decodeBase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err) // a constant
	}
	return b
}

// Lengths of the changing parts, in bytes. The last one grows with the value.
const (
	cipherKeyLen  = 24
	cipherIVLen   = 16
	cipherTextLen = 32
	cipherBlock   = 16
)

// The changing parts.
const (
	partKey = iota
	partIV
	partText
)

// textLen is the length of the part that grows: 32 bytes for values of up to 15, as in both examples.
func textLen(plain string) int { return cipherTextLen + len(plain)/cipherBlock*cipherBlock }

func cipherLen(plain string) int {
	return len(cipherHead) + cipherKeyLen + len(cipherMiddle) + cipherIVLen + textLen(plain)
}

// appendCipher appends the cipher of an address: 196 characters for values of up to 15 bytes.
func (x *cipher) appendCipher(b []byte, id string, kind contact, plain string) []byte {
	var stack [256]byte
	raw := append(stack[:0], cipherHead...)
	raw = x.appendNoise(raw, id, kind, plain, partKey, cipherKeyLen)
	raw = append(raw, cipherMiddle...)
	raw = x.appendNoise(raw, id, kind, plain, partIV, cipherIVLen)
	raw = x.appendNoise(raw, id, kind, plain, partText, textLen(plain))
	return base64.StdEncoding.AppendEncode(b, raw)
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
	blocks := (textLen(plain) - 1) / sha256.Size
	end := textLen(plain) - blocks*sha256.Size
	size := (cipherLen(plain)-1)%3 + 1
	noise := x.noise(id, kind, plain, partText, byte(blocks)) //nolint:gosec // counts on from 0 behind 255, as appendNoise does
	base64.StdEncoding.Encode(out[:], noise[end-size:end])
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
	end := len(buf) + n
	for block := byte(0); len(buf) < end; block++ {
		noise := x.noise(id, kind, plain, part, block)
		buf = append(buf, noise[:]...)
	}
	return buf[:end]
}

// noise is a block of a changing part, derived from everything given.
func (x *cipher) noise(id string, kind contact, plain string, part, block byte) [sha256.Size]byte {
	var stack [128]byte
	text := append(stack[:0], x.key[:]...)
	text = append(text, part, block, byte(kind))
	if x.salted {
		text = append(text, id...)
		text = append(text, 0)
	}
	text = append(text, plain...)
	return sha256.Sum256(text)
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// appendTopicEnd appends the random end of a topic's name: eight letters and digits, fixed for each record of a world.
func (x *cipher) appendTopicEnd(b []byte, id string) []byte {
	var stack [64]byte
	text := append(append(append(stack[:0], x.key[:]...), "topic"...), id...)
	sum := sha256.Sum256(text)
	for i := range 8 {
		b = append(b, alphanumeric[binary.LittleEndian.Uint16(sum[2*i:])%uint16(len(alphanumeric))])
	}
	return b
}
