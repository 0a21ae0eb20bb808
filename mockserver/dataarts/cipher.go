package dataarts

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// contact is a kind of address.
type contact byte

const (
	contactEmail contact = iota
	contactPhone
)

// cipher makes what the service's encryption looks like (DA-025). Nothing can be decrypted: the changing bytes are
// derived from the value and a key of the world, so that nothing needs to be stored.
type cipher struct {
	key    [sha256.Size]byte
	salted bool
	// tails are how many characters a mask shows at its end, by kind of address.
	tails [2]int
}

func newCipher(c *mockserver.Call) *cipher {
	var seed [16]byte
	binary.LittleEndian.PutUint64(seed[:], c.World.Seed())
	copy(seed[8:], "approver")
	x := &cipher{key: sha256.Sum256(seed[:]), salted: c.Switch("DA-025") == "salted", tails: [2]int{4, 1}}
	if c.Switch("DA-024") == "uniform" {
		x.tails[contactPhone] = 4
	}
	return x
}

// The bytes that both examples of the page share, before and between the changing ones: a length, versions, counts and
// the id of a key, as far as one can guess.
var (
	cipherHead   = decodeBase64("BBBBAAAAUAAAAAAAAAAHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAABytUyVSWMg67")
	cipherMiddle = decodeBase64("AQAAAQAAAAAAAAAQ")
)

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

// textLen is the length of the part that grows: 32 bytes for values of up to 15, as in both examples.
func textLen(plain string) int { return cipherTextLen + len(plain)/cipherBlock*cipherBlock }

func cipherLen(plain string) int {
	return len(cipherHead) + cipherKeyLen + len(cipherMiddle) + cipherIVLen + textLen(plain)
}

// encrypt returns the cipher of an address in Base64: 196 characters for values of up to 15 bytes.
func (x *cipher) encrypt(id string, kind contact, plain string) string {
	buf := make([]byte, 0, cipherLen(plain)+sha256.Size)
	buf = append(buf, cipherHead...)
	buf = x.appendNoise(buf, id, kind, plain, 0, cipherKeyLen)
	buf = append(buf, cipherMiddle...)
	buf = x.appendNoise(buf, id, kind, plain, 1, cipherIVLen)
	buf = x.appendNoise(buf, id, kind, plain, 2, textLen(plain))
	return base64.StdEncoding.EncodeToString(buf)
}

// mask returns the first character of the cipher, asterisks, and its last ones, as long as the cipher (DA-024).
func (x *cipher) mask(id string, kind contact, plain string) string {
	whole := x.encrypt(id, kind, plain)
	tail := x.tails[kind]
	return whole[:1] + strings.Repeat("*", len(whole)-1-tail) + whole[len(whole)-tail:]
}

// appendNoise appends n bytes derived from everything given.
func (x *cipher) appendNoise(buf []byte, id string, kind contact, plain string, part byte, n int) []byte {
	var stack [256]byte
	text := append(stack[:0], x.key[:]...)
	text = append(text, part, 0, byte(kind))
	if x.salted {
		text = append(text, id...)
		text = append(text, 0)
	}
	text = append(text, plain...)
	end := len(buf) + n
	for len(buf) < end {
		sum := sha256.Sum256(text)
		buf = append(buf, sum[:]...)
		text[len(x.key)+1]++
	}
	return buf[:end]
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// topicEnd is the random end of a topic's name: eight letters and digits, fixed for each record of a world.
func (x *cipher) topicEnd(id string) string {
	var stack [64]byte
	text := append(append(append(stack[:0], x.key[:]...), "topic"...), id...)
	sum := sha256.Sum256(text)
	var out [8]byte
	for i := range out {
		out[i] = alphanumeric[binary.LittleEndian.Uint16(sum[2*i:])%uint16(len(alphanumeric))]
	}
	return string(out[:])
}
