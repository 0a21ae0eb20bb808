package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// node is a JSON value that knows where it stands in the file.
type node struct {
	// offset is the byte where it begins.
	offset int
	// scalar is nil, bool, string or json.Number; fields and items are set for objects and arrays.
	scalar any
	names  []string
	fields map[string]*node
	items  []*node
	kind   kind
}

type kind int

const (
	scalar kind = iota
	object
	array
)

// maxDepth bounds how deeply values are nested; no pact comes near it.
const maxDepth = 500

// syntaxError says where a text stops being JSON.
type syntaxError struct {
	offset int
	reason string
}

func (e *syntaxError) Error() string { return e.reason }

// parse reads a text that is one JSON value. Its error is a *syntaxError.
func parse(data []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	p := parser{data, dec}
	n, err := p.value(0)
	if err != nil {
		return nil, p.explain(err)
	}
	behind := p.next()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &syntaxError{behind, "there is something behind the JSON value"}
	}
	return n, nil
}

type parser struct {
	data []byte
	dec  *json.Decoder
}

// next is where the next token begins: the decoder stops right behind the one before.
func (p *parser) next() int {
	at := int(p.dec.InputOffset())
	for at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[at]) >= 0 {
		at++
	}
	return at
}

func (p *parser) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	n := &node{offset: p.next()}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		n.kind, n.fields = object, map[string]*node{}
		return n, p.members(n, depth)
	case json.Delim('['):
		n.kind = array
		return n, p.elements(n, depth)
	}
	n.scalar = token
	return n, nil
}

func (p *parser) members(n *node, depth int) error {
	for p.dec.More() {
		key, err := p.dec.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return fmt.Errorf("the name of a member is %v", key)
		}
		field, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if n.fields[name] == nil {
			n.names = append(n.names, name)
		}
		n.fields[name] = field // of equal names the last one counts, as everywhere in Go
	}
	_, err := p.dec.Token()
	return err
}

func (p *parser) elements(n *node, depth int) error {
	for p.dec.More() {
		item, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := p.dec.Token()
	return err
}

func (p *parser) explain(err error) *syntaxError {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &syntaxError{int(syntax.Offset), syntax.Error()}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &syntaxError{len(p.data), "it ends early"}
	}
	return &syntaxError{p.next(), err.Error()}
}

// plain is the value as encoding/json would decode it, with numbers as json.Number.
func (n *node) plain() any {
	if n == nil {
		return nil
	}
	switch n.kind {
	case object:
		m := make(map[string]any, len(n.fields))
		for name, field := range n.fields {
			m[name] = field.plain()
		}
		return m
	case array:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.plain()
		}
		return list
	}
	return n.scalar
}

// moveTo says that the whole value stands at one place: it was read out of a text there.
func (n *node) moveTo(offset int) {
	n.offset = offset
	for _, f := range n.fields {
		f.moveTo(offset)
	}
	for _, i := range n.items {
		i.moveTo(offset)
	}
}

func (n *node) isNull() bool { return n == nil || n.kind == scalar && n.scalar == nil }

// text is a string's text, or a number or boolean as it is written.
func (n *node) text() (string, bool) {
	if n == nil || n.kind != scalar {
		return "", false
	}
	switch v := n.scalar.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func (n *node) string() (string, bool) {
	if n == nil || n.kind != scalar {
		return "", false
	}
	s, ok := n.scalar.(string)
	return s, ok
}

// pointer returns the value at a JSON pointer, or nil.
func (n *node) pointer(pointer string) *node {
	for _, step := range pointerSteps(pointer) {
		if n = n.child(step); n == nil {
			return nil
		}
	}
	return n
}

func (n *node) child(step string) *node {
	switch {
	case n == nil:
	case n.kind == object:
		return n.fields[step]
	case n.kind == array:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.items) {
			return n.items[i]
		}
	}
	return nil
}

func pointerSteps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, s := range steps {
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	return steps
}

// place is a value in a pact file: where it stands and how one gets there.
type place struct {
	*node
	// path is a JSON path from the file's root ($.interactions[0].request.path).
	path string
}

func (p place) field(name string) place {
	step := "['" + strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), "'", `\'`) + "']"
	if isWord(name) {
		step = "." + name
	}
	below := place{p.child(name), p.path + step}
	if p.node != nil && p.kind != object {
		below.node = nil
	}
	return below
}

func (p place) item(i int) place {
	below := place{path: p.path + "[" + strconv.Itoa(i) + "]"}
	if p.node != nil && p.kind == array && i < len(p.items) {
		below.node = p.items[i]
	}
	return below
}

// follow goes down a JSON pointer as far as there are values; the path names all of it.
func (p place) follow(pointer string) place {
	for _, step := range pointerSteps(pointer) {
		below := p.field(step)
		if i, err := strconv.Atoi(step); err == nil && p.node != nil && p.kind == array {
			below = p.item(i)
		}
		if below.node == nil {
			below.node = p.node // what is missing stands nowhere: point at what misses it
			return place{below.node, below.path}
		}
		p = below
	}
	return p
}

func isWord(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
