package mockserver

import (
	"crypto/sha256"
	"crypto/subtle"
)

// usualText is the room on the stack for what is signed, in bytes; longer texts take the heap.
const usualText = 512

// HMACSHA256 is crypto/hmac with SHA-256 (RFC 2104) for signatures that are checked with every request. It is written out
// over arrays on the stack, since the package makes seven objects for every text; what it saves by keeping those for a
// key is less than what looking them up costs.
func HMACSHA256[K ~string | ~[]byte](key K, text []byte) [sha256.Size]byte {
	var pad [sha256.BlockSize]byte
	if len(key) > len(pad) {
		short := sha256.Sum256([]byte(key))
		copy(pad[:], short[:])
	} else {
		copy(pad[:], key)
	}
	var room [sha256.BlockSize + usualText]byte
	subtle.XORBytes(room[:], pad[:], innerPad[:])
	inner := sha256.Sum256(append(room[:sha256.BlockSize], text...))
	subtle.XORBytes(room[:], pad[:], outerPad[:])
	return sha256.Sum256(append(room[:sha256.BlockSize], inner[:]...))
}

// What HMAC combines a key with.
var innerPad, outerPad = filled(0x36), filled(0x5c)

func filled(with byte) (pad [sha256.BlockSize]byte) {
	for i := range pad {
		pad[i] = with
	}
	return pad
}
