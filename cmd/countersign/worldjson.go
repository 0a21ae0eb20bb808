package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/countersign/countersign/mockserver"
)

// jsonWorld reads a world file that is JSON as programs write it: a YAML parser takes a minute and gigabytes for a million
// records. What it does not take (mistakes, a name that comes twice, names with escapes) is for the parser of YAML, which
// knows the line. The records refer to the text.
func jsonWorld(text []byte) (setting mockserver.WorldSetting, ok bool) {
	s := jsonScan{text: text}
	known := append(worldFieldNames(), "$schema")
	rest := []byte{'{'}
	var records map[string]json.RawMessage
	ok = s.object(func(name []byte) bool {
		if !slices.Contains(known, string(name)) {
			return false
		}
		from := s.at
		if string(name) == "records" && s.next() == '{' {
			records = map[string]json.RawMessage{}
			return s.parts(records)
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(append(rest, '"'), name...), `":`...)
		ok := s.value(0)
		rest = append(rest, text[from:s.at]...)
		return ok
	})
	if !ok || s.next() != 0 || s.at < len(text) || json.Unmarshal(append(rest, '}'), &setting) != nil {
		return mockserver.WorldSetting{}, false
	}
	if records != nil {
		setting.Records = records
	}
	return setting, true
}

// jsonScan goes through a JSON text in which no object has a name twice, nor one with escapes. Its methods report whether
// the text is like that.
type jsonScan struct {
	text []byte
	at   int
	// names are those of the objects around, the innermost one's last.
	names [][]byte
}

const (
	// deepestJSON is how many lists and objects may lie within each other.
	deepestJSON = 1000
	// mostNames bounds the fields of an object, each of which is compared with those before it.
	mostNames = 256
)

// parts takes an object for its fields.
func (s *jsonScan) parts(into map[string]json.RawMessage) bool {
	return s.object(func(name []byte) bool {
		s.next()
		from := s.at
		ok := s.value(0)
		into[string(name)] = s.text[from:s.at:s.at]
		return ok
	})
}

// next skips white space and returns the byte behind it, 0 at the end.
func (s *jsonScan) next() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// take skips the byte that comes next, if it is the wanted one.
func (s *jsonScan) take(want byte) bool {
	if s.next() != want {
		return false
	}
	s.at++
	return true
}

func (s *jsonScan) value(depth int) bool {
	if depth > deepestJSON {
		return false
	}
	switch s.next() {
	case '"':
		_, _, ok := s.quoted()
		return ok
	case '{':
		return s.object(func([]byte) bool { return s.value(depth + 1) })
	case '[':
		return s.list(depth)
	}
	return s.bare()
}

// object calls field in front of the value of each field.
func (s *jsonScan) object(field func(name []byte) bool) bool {
	outer := len(s.names)
	defer func() { s.names = s.names[:outer] }()
	if !s.take('{') || s.take('}') {
		return s.at > 0 && s.text[s.at-1] == '}'
	}
	for {
		if s.next() != '"' {
			return false
		}
		name, plain, ok := s.quoted()
		if !ok || !plain || len(s.names) == outer+mostNames || s.twice(name, outer) || !s.take(':') {
			return false
		}
		s.names = append(s.names, name)
		if !field(name) {
			return false
		}
		if !s.take(',') {
			return s.take('}')
		}
	}
}

// twice reports whether the object whose names begin at outer has had the name.
func (s *jsonScan) twice(name []byte, outer int) bool {
	for _, other := range s.names[outer:] {
		if bytes.Equal(other, name) {
			return true
		}
	}
	return false
}

func (s *jsonScan) list(depth int) bool {
	s.at++
	if s.take(']') {
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		if !s.take(',') {
			return s.take(']')
		}
	}
}

// quoted skips a text, whose quote comes next, and returns what is between the quotes; plain says that nothing of it is an
// escape.
func (s *jsonScan) quoted() (inside []byte, plain, ok bool) {
	from, ascii := s.at+1, true
	plain = true
	for i := from; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			inside = s.text[from:i]
			return inside, plain, (ascii || utf8.Valid(inside)) && (plain || json.Valid(s.text[from-1:s.at]))
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			return nil, false, false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false, false
}

// bare skips a number or a word.
func (s *jsonScan) bare() bool {
	from := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == 'E':
			continue
		}
		break
	}
	return json.Valid(s.text[from:s.at])
}
