package quickbi

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // one of the schemes is HMAC-SHA1
	"crypto/subtle"
	"encoding/base64"
)

// HMAC-SHA1 is written out over arrays on the stack, as the core's HMACSHA256 is.

// macBlock is the block of SHA-1, in bytes. usualText is the room on the stack for a text; longer ones
// take the heap.
const (
	macBlock  = 64
	usualText = 1024
)

// appendPad appends a key, filled up to a block, combined with the pad of the inner or the outer hash.
func appendPad(dst, key []byte, with *[macBlock]byte) []byte {
	var block [macBlock]byte
	copy(block[:], key)
	subtle.XORBytes(block[:], block[:], with[:])
	return append(dst, block[:]...)
}

// What HMAC combines a key with.
var (
	innerPad = [macBlock]byte(bytes.Repeat([]byte{0x36}, macBlock))
	outerPad = [macBlock]byte(bytes.Repeat([]byte{0x5c}, macBlock))
)

func hmacSHA1(key, text []byte) [sha1.Size]byte {
	if len(key) > macBlock {
		short := sha1.Sum(key) //nolint:gosec // the scheme is HMAC-SHA1
		key = short[:]
	}
	var buf [macBlock + usualText]byte
	inner := sha1.Sum(append(appendPad(buf[:0], key, &innerPad), text...))   //nolint:gosec // the scheme is HMAC-SHA1
	return sha1.Sum(append(appendPad(buf[:0], key, &outerPad), inner[:]...)) //nolint:gosec // the scheme is HMAC-SHA1
}

// base64Of is an HMAC-SHA1 in Base64.
func base64Of(sum [sha1.Size]byte) (text [(sha1.Size + 2) / 3 * 4]byte) {
	base64.StdEncoding.Encode(text[:], sum[:])
	return text
}

// sameSignature compares in constant time.
func sameSignature(ours []byte, sent string) bool {
	return subtle.ConstantTimeCompare(ours, []byte(sent)) == 1
}
