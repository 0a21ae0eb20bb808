package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// jsonStream reads the brackets, names and values of a JSON document that need not fit into memory. A value is handed out
// as text: that its brackets and quotes belong together is seen to, all else is for whoever reads the value.
type jsonStream struct {
	from io.Reader // nil: buf is all there is
	buf  []byte
	at   int // what lies before it is read
}

// streamPiece is how much is read at once, in bytes.
const streamPiece = 1 << 18

// badDocument says that a document is not what it should be, or cannot be read.
type badDocument struct{ err error }

func (e *badDocument) Error() string { return e.err.Error() }
func (e *badDocument) Unwrap() error { return e.err }

func badDocumentf(format string, args ...any) error {
	return &badDocument{fmt.Errorf(format, args...)}
}

// errCutShort says that a document ends before it is complete.
var errCutShort = badDocumentf("it is cut short: %w", io.ErrUnexpectedEOF)

// more reads on. What was read before at is forgotten, so that slices of it are of no use any more. io.EOF: there is
// nothing more.
func (s *jsonStream) more() error {
	if s.from == nil {
		return &badDocument{io.EOF}
	}
	left := copy(s.buf, s.buf[s.at:])
	s.buf, s.at = s.buf[:left], 0
	if cap(s.buf)-left < streamPiece {
		s.buf = append(make([]byte, 0, 2*cap(s.buf)+streamPiece), s.buf...)
	}
	for {
		n, err := s.from.Read(s.buf[left:cap(s.buf)])
		s.buf = s.buf[:left+n]
		switch {
		case n > 0:
			return nil
		case err != nil:
			return &badDocument{err}
		}
	}
}

// peek returns the next byte that is no white space.
func (s *jsonStream) peek() (byte, error) {
	for {
		for ; s.at < len(s.buf); s.at++ {
			switch c := s.buf[s.at]; c {
			case ' ', '\n', '\r', '\t':
			default:
				return c, nil
			}
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

// is skips the next byte if it is the wanted one.
func (s *jsonStream) is(want byte) (bool, error) {
	c, err := s.peek()
	if err == nil && c == want {
		s.at++
		return true, nil
	}
	return false, unexpected(err)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return errCutShort
	}
	return err
}

// want skips the next byte, which has to be the wanted one.
func (s *jsonStream) want(want byte) error {
	ok, err := s.is(want)
	if err == nil && !ok {
		err = badDocumentf("there is %q where %q is wanted", s.buf[s.at], want)
	}
	return err
}

// end fails unless the document is over.
func (s *jsonStream) end() error {
	_, err := s.peek()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		err = badDocumentf("there is something behind the document")
	}
	return err
}

// each calls fn in front of every item of a list, or of nothing where null stands in its place.
func (s *jsonStream) each(fn func() error) error {
	if c, err := s.peek(); err == nil && c == 'n' {
		return s.null()
	}
	if err := s.want('['); err != nil {
		return err
	}
	return s.between(']', fn)
}

// fields calls fn in front of the value of every field of an object.
func (s *jsonStream) fields(fn func(name string) error) error {
	if err := s.want('{'); err != nil {
		return err
	}
	return s.between('}', func() error {
		name, err := s.name()
		if err != nil {
			return err
		}
		return fn(name)
	})
}

// name reads the name of a field.
func (s *jsonStream) name() (name string, err error) {
	if err = s.decode(&name); err == nil {
		err = s.want(':')
	}
	return name, err
}

// decode reads a value as encoding/json does. Unknown fields are errors.
func (s *jsonStream) decode(into any) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return &badDocument{err}
	}
	return nil
}

func (s *jsonStream) null() error {
	raw, err := s.value()
	if err == nil && string(raw) != "null" {
		err = badDocumentf("there is %q where a list is wanted", raw)
	}
	return err
}

// between calls fn in front of what stands between commas up to the closing bracket.
func (s *jsonStream) between(closing byte, fn func() error) error {
	for first := true; ; first = false {
		more, err := s.item(closing, first)
		if err != nil || !more {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
	}
}

// item goes in front of the next item of a list or an object, or behind the closing bracket if there is none.
func (s *jsonStream) item(closing byte, first bool) (more bool, err error) {
	if first {
		done, err := s.is(closing)
		return !done, err
	}
	if more, err = s.is(','); err == nil && !more {
		err = s.want(closing)
	}
	return more, err
}

// value returns the text of the next value, until something else is read.
func (s *jsonStream) value() ([]byte, error) {
	if _, err := s.peek(); err != nil {
		return nil, unexpected(err)
	}
	var ext extent
	for n := 0; ; {
		n += ext.scan(s.buf[s.at+n:])
		if ext.done {
			s.at += n
			return s.buf[s.at-n : s.at], nil
		}
		switch err := s.more(); {
		case errors.Is(err, io.EOF) && ext.bare: // a number may end with the document
			s.at += n
			return s.buf[s.at-n : s.at], nil
		case err != nil:
			return nil, unexpected(err)
		}
	}
}

// extent finds where a value ends, in pieces of text.
type extent struct {
	depth           int
	within, escaped bool // a text
	// bare is a number or a word outside of brackets.
	bare, done bool
}

// scan returns how many bytes of the text belong to the value.
func (e *extent) scan(text []byte) int {
	for i := 0; i < len(text); i++ {
		if e.within {
			i += e.scanText(text[i:])
			if e.within {
				return len(text)
			}
			if e.done = e.depth == 0; e.done {
				return i
			}
			i--
			continue
		}
		switch c := text[i]; c {
		case '"':
			e.within = true
		case '{', '[':
			e.depth++
		case '}', ']', ',', ':', ' ', '\n', '\r', '\t':
			if e.bare {
				e.done = true
				return i
			}
			if c == '}' || c == ']' {
				e.depth--
			}
			if e.done = e.depth <= 0; e.done {
				return i + 1
			}
		default:
			e.bare = e.depth == 0
		}
	}
	return len(text)
}

// scanText returns how many bytes belong to the text that has begun.
func (e *extent) scanText(text []byte) int {
	from := 0
	if e.escaped && len(text) > 0 {
		e.escaped, from = false, 1
	}
	for {
		i := bytes.IndexByte(text[from:], '"')
		end := from + i
		if i < 0 {
			end = len(text)
		}
		slashes := 0
		for at := end - 1; at >= from && text[at] == '\\'; at-- {
			slashes++
		}
		odd := slashes%2 == 1
		switch {
		case i < 0:
			e.escaped = odd
			return len(text)
		case !odd:
			e.within = false
			return end + 1
		}
		from = end + 1
	}
}
