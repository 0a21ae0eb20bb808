package wps

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"github.com/countersign/countersign/mockserver"
)

// position is a place in a user's list of definitions: that of the last one he was shown.
type position struct {
	ctime int64
	id    string
}

// cursors makes and reads the cursors of one user in one world. A cursor is a position under a seal that no other user
// and no other world of another seed can make, so a client cannot alter it or pass it on.
type cursors struct {
	key  *[32]byte
	user string
}

// cursorKey is under what a world keeps the key of its cursors.
type cursorKey struct{}

const sealSize = 16

// cursorsOf derives the key from the world's seed alone: worlds of the same seed give the same cursors.
func cursorsOf(w *mockserver.World, user string) cursors {
	key := w.Memo(cursorKey{}, func() any { return newCursors(w.Seed(), "").key })
	return cursors{key.(*[32]byte), user}
}

func newCursors(seed uint64, user string) cursors {
	key := sha256.Sum256([]byte("wps cursor " + strconv.FormatUint(seed, 10)))
	return cursors{&key, user}
}

// usualCursor is the room on the stack for a cursor; longer ids take the heap.
const usualCursor = 128

// encode returns the cursor behind which the definitions after p stand. It is made of letters, digits, - and _.
func (c cursors) encode(p position) string {
	var sealed, text [usualCursor]byte
	b := binary.BigEndian.AppendUint64(sealed[:sealSize], uint64(p.ctime)) //nolint:gosec // the bits come back as they went
	b = append(b, p.id...)
	seal := c.seal(b[sealSize:])
	copy(b, seal[:])
	return string(base64.RawURLEncoding.AppendEncode(text[:0], b))
}

// decode returns the position of a cursor that encode made for the same user.
func (c cursors) decode(text string) (position, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < sealSize+8 {
		return position{}, false
	}
	sent, rest := b[:sealSize], b[sealSize:]
	if seal := c.seal(rest); subtle.ConstantTimeCompare(sent, seal[:]) == 0 {
		return position{}, false
	}
	return position{int64(binary.BigEndian.Uint64(rest)), string(rest[8:])}, true //nolint:gosec // as it went
}

// seal is the beginning of the MAC of the user and a place.
func (c cursors) seal(place []byte) [sealSize]byte {
	var buf [usualCursor]byte
	b := append(append(buf[:0], c.user...), 0)
	sum := mockserver.HMACSHA256(c.key[:], append(b, place...))
	return [sealSize]byte(sum[:sealSize])
}
