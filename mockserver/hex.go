package mockserver

import (
	"crypto/sha256"
	"encoding/binary"
)

// Every signature is compared in hexadecimal digits, and every reply has an id of them: they are made eight at a time.

// HexOf is a SHA-256, or an HMAC of it, in lower-case hexadecimal digits.
func HexOf(sum [sha256.Size]byte) (text [2 * sha256.Size]byte) {
	const low = 0x0f0f0f0f
	for i := 0; i < len(sum); i += 4 {
		x := binary.LittleEndian.Uint32(sum[i:])
		x = x>>4&low | x&low<<4 // the higher digit comes first
		binary.LittleEndian.PutUint64(text[2*i:], eightDigits(x, 'a'))
	}
	return text
}

// eightDigits are the digits of a number, the lowest first; those above 9 begin with the letter ten.
func eightDigits(n uint32, ten byte) uint64 {
	const each = 0x0101010101010101
	x := uint64(n)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	letters := (x + 6*each) >> 4 & each // 1 for each digit above 9
	return x + '0'*each + letters*uint64(ten-'9'-1)
}
