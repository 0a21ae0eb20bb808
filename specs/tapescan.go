package specs

import (
	"unicode/utf16"
	"unicode/utf8"
)

// tapeScanner reads a JSON text onto a tape. Its methods report whether the text is as it should be there; what exactly
// is wrong is found out elsewhere.
type tapeScanner struct {
	text []byte
	at   int
	tape *Tape
}

// deepest is how deep lists and objects may stand in each other, as in encoding/json.
const deepest = 10_000

// document reads the whole text: one value, and white space around it.
func (s *tapeScanner) document() bool {
	return s.value(0) && s.next() == 0 && s.at == len(s.text)
}

// next skips white space and returns the byte behind it, 0 at the end.
func (s *tapeScanner) next() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

func (s *tapeScanner) value(depth int) bool {
	switch c := s.next(); c {
	case '"':
		return s.string()
	case '{':
		return depth < deepest && s.object(depth+1)
	case '[':
		return depth < deepest && s.list(depth+1)
	case 'n':
		return s.word("null", isNull)
	case 't':
		return s.word("true", isTrue)
	case 'f':
		return s.word("false", isFalse)
	default:
		return s.number()
	}
}

func (s *tapeScanner) word(word string, k kind) bool {
	end := s.at + len(word)
	if end > len(s.text) || string(s.text[s.at:end]) != word {
		return false
	}
	s.at = end
	s.tape.add(node{kind: k})
	return true
}

func (s *tapeScanner) object(depth int) bool {
	at, count := s.tape.add(node{kind: isObject}), uint32(0)
	s.at++
	if s.next() == '}' {
		s.at++
		return true
	}
	for {
		if s.next() != '"' || !s.string() || s.next() != ':' {
			return false
		}
		s.at++
		if !s.value(depth) {
			return false
		}
		count++
		switch s.next() {
		case ',':
			s.at++
		case '}':
			s.at++
			s.tape.close(at, count)
			return true
		default:
			return false
		}
	}
}

func (s *tapeScanner) list(depth int) bool {
	at, count := s.tape.add(node{kind: isList}), uint32(0)
	s.at++
	if s.next() == ']' {
		s.at++
		return true
	}
	for {
		if !s.value(depth) {
			return false
		}
		count++
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			s.tape.close(at, count)
			return true
		default:
			return false
		}
	}
}

func (s *tapeScanner) number() bool {
	start := s.at
	if s.here() == '-' {
		s.at++
	}
	if s.here() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.here() == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if c := s.here(); c == 'e' || c == 'E' {
		s.at++
		if c := s.here(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return false
		}
	}
	s.tape.add(node{kind: isNumber, start: uint32(start), end: uint32(s.at)}) //nolint:gosec // see longestText
	return true
}

// here is the byte to come, 0 at the end.
func (s *tapeScanner) here() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// digits skips one digit or more.
func (s *tapeScanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && s.text[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > start
}

// plain are the bytes that stand in a string for themselves and are a character each.
var plain = func() (p [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		p[c] = c != '"' && c != '\\'
	}
	return p
}()

// string reads a string: a value or a name.
func (s *tapeScanner) string() bool {
	s.at++
	start, ascii := s.at, true
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case plain[c]:
			s.at++
		case c >= utf8.RuneSelf:
			ascii = false
			s.at++
		case c == '"':
			if !ascii && !utf8.Valid(s.text[start:s.at]) {
				return s.respell(start)
			}
			s.tape.add(node{kind: isString, ascii: ascii, start: uint32(start), end: uint32(s.at)}) //nolint:gosec // see longestText
			s.at++
			return true
		case c == '\\':
			return s.respell(start)
		default:
			return false // a control character
		}
	}
	return false
}

// respell reads a string once more from its start, and writes what it says: escapes undone, and U+FFFD for each byte that
// is not UTF-8.
func (s *tapeScanner) respell(start int) bool {
	t := s.tape
	from := len(t.spare)
	s.at = start
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case plain[c]:
			t.spare = append(t.spare, c)
			s.at++
		case c == '"':
			s.at++
			t.add(node{kind: isString, inSpare: true, start: uint32(from), end: uint32(len(t.spare))}) //nolint:gosec // see longestText
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(s.text[s.at:])
			t.mangled = t.mangled || r == utf8.RuneError && size == 1
			t.spare = utf8.AppendRune(t.spare, r)
			s.at += size
		default:
			return false
		}
	}
	return false
}

// escaped are the letters behind a backslash, and what they stand for.
var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (s *tapeScanner) escape() bool {
	s.at++
	c := s.here()
	if c == 'u' {
		return s.escapedRune()
	}
	if escaped[c] == 0 {
		return false
	}
	s.tape.spare = append(s.tape.spare, escaped[c])
	s.at++
	return true
}

// escapedRune reads \uXXXX, or two of them that are one character.
func (s *tapeScanner) escapedRune() bool {
	r, ok := s.hex(s.at + 1)
	if !ok {
		return false
	}
	s.at += 5
	if utf16.IsSurrogate(r) {
		r = s.pair(r)
	}
	s.tape.spare = utf8.AppendRune(s.tape.spare, r)
	return true
}

// pair joins a surrogate with the one behind it; one that is alone is U+FFFD.
func (s *tapeScanner) pair(first rune) rune {
	if s.at+1 >= len(s.text) || s.text[s.at] != '\\' || s.text[s.at+1] != 'u' {
		return utf8.RuneError
	}
	second, ok := s.hex(s.at + 2)
	if !ok {
		return utf8.RuneError // which the next escape stumbles over
	}
	r := utf16.DecodeRune(first, second)
	if r != utf8.RuneError {
		s.at += 6
	}
	return r
}

// hex reads four hexadecimal digits.
func (s *tapeScanner) hex(at int) (r rune, ok bool) {
	if at+4 > len(s.text) {
		return 0, false
	}
	for _, c := range s.text[at : at+4] {
		digit, letter := c-'0', (c|0x20)-'a'
		switch {
		case digit <= 9:
			r = r<<4 | rune(digit)
		case letter < 6:
			r = r<<4 | rune(letter+10)
		default:
			return 0, false
		}
	}
	return r, true
}
