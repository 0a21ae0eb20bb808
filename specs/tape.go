package specs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"unicode/utf8"
)

// Tape is a JSON text read once: its values stand as nodes in a row, in the order of the text, and point into it. What it
// takes as JSON, what strings with escapes or bad UTF-8 say, and that the last of two properties of one name counts is as
// encoding/json has it. It costs no allocation once it has grown. The zero value is ready for Read.
//
// A tape points into the text it has read: the text must not change while the tape is used.
type Tape struct {
	text  []byte
	spare []byte // strings that the text has in another spelling
	nodes []node
	// mangled says that the text is not UTF-8.
	mangled bool
	// here is where a check is.
	here trail
}

// node is one value or the name of a property. A property is two nodes: its name, then its value.
type node struct {
	kind kind
	// inSpare says that start and end are of Tape.spare.
	inSpare bool
	// ascii says that a string has a byte for each character.
	ascii bool
	// dropped is set on the name of a property that Prune took out.
	dropped bool
	// start and end are where a string (without its quotes) or number stands.
	start, end uint32
	// next is the node behind the value and all in it.
	next uint32
	// count is how many items or properties a list or object has.
	count uint32
}

type kind uint8

const (
	isNull kind = iota
	isFalse
	isTrue
	isNumber
	isString
	isList
	isObject
)

// String names a kind as messages do.
func (k kind) String() string {
	return [...]string{"null", "a boolean", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// tapes are those that nobody uses now.
var tapes = sync.Pool{New: func() any { return new(Tape) }}

// NewTape returns a tape that may have been used before. Give it back with Release when nothing needs it any more; one
// that is never given back is only garbage.
func NewTape() *Tape { return tapes.Get().(*Tape) }

// mostKept bounds what an unused tape keeps: nodes, and bytes of strings.
const mostKept = 1 << 16

// Release gives a tape back. What it has read must not be used any more.
func (t *Tape) Release() {
	t.Reset()
	tapes.Put(t)
}

// Reset forgets what was read. It keeps the room, unless that is very large.
func (t *Tape) Reset() {
	t.rewind()
	if cap(t.nodes) > mostKept || cap(t.spare) > mostKept {
		*t = Tape{}
	}
}

// rewind makes place for something else to be read.
func (t *Tape) rewind() {
	t.text, t.spare, t.nodes, t.mangled, t.here = nil, t.spare[:0], t.nodes[:0], false, t.here[:0]
}

// enter and leave note where a check is.
func (t *Tape) enter(s step) { t.here = append(t.here, s) }
func (t *Tape) leave()       { t.here = t.here[:len(t.here)-1] }

// Empty reports whether there is nothing on the tape.
func (t *Tape) Empty() bool { return len(t.nodes) == 0 }

// IsUTF8 reports whether the text was UTF-8 all through.
func (t *Tape) IsUTF8() bool { return !t.mangled }

// longestText bounds a text in bytes, so that 32 bits point to any place, even where each byte became U+FFFD.
const longestText = math.MaxInt32 / 3

// ErrBehind says that something stands behind the JSON value of a text.
var ErrBehind = errors.New("has something behind its JSON value")

// Read puts a JSON text on the tape, in the place of what was there. Its errors say in encoding/json's words what is not
// JSON; one that wraps ErrBehind says at which byte there is more than one value.
func (t *Tape) Read(text []byte) error {
	t.rewind()
	if len(text) > longestText {
		return fmt.Errorf("is not JSON: %d bytes are too many", len(text))
	}
	t.text = text
	s := tapeScanner{text: text, tape: t}
	if s.document() {
		return nil
	}
	t.rewind()
	return explainJSON(text)
}

// explainJSON says what is wrong with a text that is no JSON: it is read again, so that the right ones need not know.
func explainJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	var first json.RawMessage
	if err := dec.Decode(&first); err != nil {
		return fmt.Errorf("is not JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w, at byte %d", ErrBehind, dec.InputOffset())
	}
	return errors.New("is not JSON")
}

// bytes is what a string says, or the text of a number.
func (t *Tape) bytes(i uint32) []byte {
	n := &t.nodes[i]
	if n.inSpare {
		return t.spare[n.start:n.end]
	}
	return t.text[n.start:n.end]
}

// length is how many characters a string has.
func (t *Tape) length(i uint32) int {
	if n := &t.nodes[i]; n.ascii {
		return int(n.end - n.start)
	}
	return utf8.RuneCount(t.bytes(i))
}

// add puts a node behind the others and returns its place.
func (t *Tape) add(n node) uint32 {
	at := uint32(len(t.nodes)) //nolint:gosec // a node has a byte of text at least: see longestText
	n.next = at + 1
	t.nodes = append(t.nodes, n)
	return at
}

// close says that all nodes from at on belong to the list or object at.
func (t *Tape) close(at, count uint32) {
	t.nodes[at].next = uint32(len(t.nodes)) //nolint:gosec // see add
	t.nodes[at].count = count
}

// AppendJSON appends the value on the tape as JSON: without what Prune took out, the last of each name only, names in
// alphabetical order.
func (t *Tape) AppendJSON(b []byte) []byte { return t.appendValue(b, 0) }

func (t *Tape) appendValue(b []byte, i uint32) []byte {
	switch n := &t.nodes[i]; n.kind {
	case isNull:
		return append(b, "null"...)
	case isFalse:
		return append(b, "false"...)
	case isTrue:
		return append(b, "true"...)
	case isNumber:
		return append(b, t.bytes(i)...)
	case isString:
		return appendQuoted(b, string(t.bytes(i)))
	case isList:
		b = append(b, '[')
		for k := i + 1; k < n.next; k = t.nodes[k].next {
			if k > i+1 {
				b = append(b, ',')
			}
			b = t.appendValue(b, k)
		}
		return append(b, ']')
	default:
		return t.appendObject(b, i)
	}
}

func (t *Tape) appendObject(b []byte, i uint32) []byte {
	b = append(b, '{')
	for n, k := range t.sortedNames(i, func(k uint32) bool { return !t.nodes[k].dropped }) {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, string(t.bytes(k))), ':')
		b = t.appendValue(b, k+1)
	}
	return append(b, '}')
}

// appendQuoted appends a string as JSON.
func appendQuoted(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return append(b, quoted...)
}

// sortedNames are the nodes of those names of an object that keep says, in alphabetical order, of each name the last.
func (t *Tape) sortedNames(object uint32, keep func(k uint32) bool) []uint32 {
	var names []uint32
	for k := object + 1; k < t.nodes[object].next; k = t.nodes[k+1].next {
		if keep(k) {
			names = append(names, k)
		}
	}
	slices.SortStableFunc(names, func(a, b uint32) int { return bytes.Compare(t.bytes(a), t.bytes(b)) })
	last := names[:0]
	for i, k := range names {
		if i+1 == len(names) || !bytes.Equal(t.bytes(k), t.bytes(names[i+1])) {
			last = append(last, k)
		}
	}
	return last
}
