package wps

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// position is a place in a user's list of definitions: that of the last one he was shown.
type position struct {
	ctime int64
	id    string
}

// cursors makes and reads the cursors of one user in one world. A cursor is a position under a seal that no other user
// and no other world of another seed can make, so a client cannot alter it or pass it on.
type cursors struct {
	key  [32]byte
	user string
}

const sealSize = 16

// newCursors derives the key from the world's seed alone: worlds of the same seed give the same cursors.
func newCursors(seed uint64, user string) cursors {
	return cursors{sha256.Sum256([]byte("wps cursor " + strconv.FormatUint(seed, 10))), user}
}

// encode returns the cursor behind which the definitions after p stand. It is made of letters, digits, - and _.
func (c cursors) encode(p position) string {
	b := make([]byte, sealSize, sealSize+8+len(p.id))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ctime)) //nolint:gosec // the bits come back as they went
	b = append(b, p.id...)
	copy(b, c.seal(b[sealSize:]))
	return base64.RawURLEncoding.EncodeToString(b)
}

// decode returns the position of a cursor that encode made for the same user.
func (c cursors) decode(text string) (position, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < sealSize+8 {
		return position{}, false
	}
	seal, rest := b[:sealSize], b[sealSize:]
	if !hmac.Equal(seal, c.seal(rest)) {
		return position{}, false
	}
	return position{int64(binary.BigEndian.Uint64(rest)), string(rest[8:])}, true //nolint:gosec // as it went
}

func (c cursors) seal(place []byte) []byte {
	m := hmac.New(sha256.New, c.key[:])
	m.Write([]byte(c.user))
	m.Write([]byte{0})
	m.Write(place)
	return m.Sum(nil)[:sealSize]
}
