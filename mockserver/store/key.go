package store

import (
	"encoding/binary"
	"strings"
)

// keyRoom is enough for most keys.
const keyRoom = 128

// Key joins parts into an index key that sorts part by part, so that Key("a") is a prefix of every Key("a", ...) and
// of no Key("ab", ...). Parts may hold any text.
func Key(parts ...string) string {
	var room [keyRoom]byte
	return string(AppendKey(room[:0], parts...))
}

// AppendKey appends what Key returns.
func AppendKey(b []byte, parts ...string) []byte {
	for _, p := range parts {
		if strings.IndexByte(p, 0) >= 0 || strings.IndexByte(p, 1) >= 0 {
			b = appendEscaped(b, p)
		} else {
			b = append(b, p...)
		}
		b = append(b, 0)
	}
	return b
}

// appendEscaped keeps the byte that ends a part out of the part, without changing how parts sort.
func appendEscaped(b []byte, part string) []byte {
	for i := range len(part) {
		if c := part[i]; c <= 1 {
			b = append(b, 1, c+1)
		} else {
			b = append(b, c)
		}
	}
	return b
}

// Int formats n so that its text sorts as the number does, for use as a part of a Key.
func Int(n int64) string {
	b := intText(n)
	return string(b[:])
}

// AppendInt appends Int(n) as a part of its own to a key, as AppendKey would.
func AppendInt(b []byte, n int64) []byte {
	text := intText(n)
	return append(append(b, text[:]...), 0)
}

func intText(n int64) (b [16]byte) {
	u := uint64(n) ^ 1<<63
	binary.BigEndian.PutUint64(b[:], eightDigits(u>>32))
	binary.BigEndian.PutUint64(b[8:], eightDigits(u&(1<<32-1)))
	return b
}

// eightDigits are the hexadecimal digits of a number below 1<<32, one in each byte, the first one highest.
func eightDigits(n uint64) uint64 {
	const each = 0x0101010101010101
	n = (n | n<<16) & 0x0000ffff0000ffff
	n = (n | n<<8) & 0x00ff00ff00ff00ff
	n = (n | n<<4) & (15 * each)
	letters := (n + 6*each) >> 4 & each // 1 for those above 9
	return n + '0'*each + letters*('a'-'0'-10)
}
