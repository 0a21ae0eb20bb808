package shape

import (
	"encoding/binary"
	"math/bits"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Reader reads values of a shape, one after the other. It is not for concurrent use; its zero value is ready.
type Reader struct {
	in    []byte
	at    int
	depth int

	memory memory
	common [commonTexts]string
	items  []string // those of a list of texts while it is read
}

const (
	// memoryPiece is how many bytes of texts share a piece of memory: as long as one of them is used, all of it is held.
	memoryPiece = 4096
	// commonTexts is how many texts are remembered for those that come again, commonLongest how long they are at most.
	commonTexts   = 256
	commonLongest = 64
	// deepest is how deep values are read that hold themselves.
	deepest = 200
)

// Read reads JSON into what into points at, which must be the zero value of the shape's type. It reports whether it did;
// if not, the value may be half read and encoding/json is to be asked, with a value that is fresh.
func (r *Reader) Read(s *Shape, in []byte, into any) bool {
	r.in, r.at, r.depth = in, 0, 0
	ok := r.value(s.root, reflect.ValueOf(into).Elem())
	r.space()
	ok = ok && r.at == len(r.in)
	r.in = nil
	return ok
}

// space skips white space.
func (r *Reader) space() {
	for r.at < len(r.in) {
		switch r.in[r.at] {
		case ' ', '\n', '\r', '\t':
			r.at++
		default:
			return
		}
	}
}

// take skips white space and one byte, if it is the wanted one.
func (r *Reader) take(want byte) bool {
	if r.at < len(r.in) && r.in[r.at] == want { // mostly there is no white space
		r.at++
		return true
	}
	r.space()
	if r.at < len(r.in) && r.in[r.at] == want {
		r.at++
		return true
	}
	return false
}

// word skips a word, if it stands there.
func (r *Reader) word(want string) bool {
	if end := r.at + len(want); end <= len(r.in) && string(r.in[r.at:end]) == want {
		r.at = end
		return true
	}
	return false
}

// quoted returns what stands between the quotes of a text without escapes, in UTF-8.
func (r *Reader) quoted() (inside []byte, ok bool) {
	if !r.take('"') {
		return nil, false
	}
	ascii := true
	for i := r.at; i < len(r.in); {
		if i+wordSize <= len(r.in) {
			word := binary.LittleEndian.Uint64(r.in[i:])
			plain := bits.TrailingZeros64(endsText(word)) / 8 // bytes
			ascii = ascii && word<<(64-8*plain)&highBits == 0
			if i += plain; plain == wordSize {
				continue
			}
		}
		switch c := r.in[i]; {
		case c == '"':
			inside = r.in[r.at:i]
			r.at = i + 1
			return inside, ascii || utf8.Valid(inside)
		case c < ' ' || c == '\\':
			return nil, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
		i++
	}
	return nil, false
}

// Eight bytes are looked at as one word.
const (
	wordSize = 8
	ones     = 0x0101010101010101
	highBits = 0x80 * ones
)

// endsText has a bit in the first byte of a word that ends a text, which are quotes, backslashes and control characters, and
// none before it; it is 0 where there is no such byte. What is taken from a byte makes its high bit 1 where the byte was less.
func endsText(word uint64) uint64 {
	quote, backslash := word^'"'*ones, word^'\\'*ones
	return ((word - ' '*ones) | (quote - ones) | (backslash - ones)) & ^word & highBits
}

// text returns a text in memory of its own, an earlier one where it is the same.
func (r *Reader) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	var common *string
	if len(b) <= commonLongest {
		common = &r.common[mixed(b)]
		if string(b) == *common {
			return *common
		}
	}
	s := r.memory.hold(b)
	if common != nil {
		*common = s
	}
	return s
}

// memory holds texts.
type memory struct{ piece strings.Builder }

// hold copies a text behind the one before.
func (m *memory) hold(b []byte) string {
	if len(b) > memoryPiece/4 {
		return string(b)
	}
	if m.piece.Cap()-m.piece.Len() < len(b) {
		m.piece = strings.Builder{}
		m.piece.Grow(memoryPiece)
	}
	from := m.piece.Len()
	m.piece.Write(b)
	return m.piece.String()[from:]
}

// mixed is a place among the common texts that differs for most texts. Only the ends of a text count, which is not empty.
// Packed records hold such places: who changes it changes Packing.
func mixed[T string | []byte](b T) uint {
	h := uint32(len(b)) //nolint:gosec // commonLongest at most
	for i := max(0, len(b)-6); i < len(b); i++ {
		h = h*31 + uint32(b[i])
	}
	h = h*31 + uint32(b[0])
	return uint(h*0x9e3779b1>>16) % commonTexts
}
