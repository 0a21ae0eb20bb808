package check

import (
	"fmt"
	"strconv"
	"strings"
)

// step is one step of a JSON path as matching rules use them: a name, an index or a wildcard.
type step struct {
	name  string
	index int // -1 unless it is an index
	all   bool
}

// steps reads $.name['other name'][0][*].* and the like. Names behind a dot may hold anything but dots and brackets,
// since header names stand there too.
func steps(path string) ([]step, error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, fmt.Errorf("%q does not begin with $", path)
	}
	var list []step
	for rest != "" {
		var s step
		var err error
		switch rest[0] {
		case '.':
			s, rest = dotted(rest[1:])
			if s.name == "" && !s.all {
				err = fmt.Errorf("%q has a dot without a name", path)
			}
		case '[':
			s, rest, err = bracketed(rest[1:])
		default:
			err = fmt.Errorf("%q: want . or [ before %q", path, rest)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func dotted(rest string) (step, string) {
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	name := rest[:end]
	return step{name: name, index: -1, all: name == "*"}, rest[end:]
}

func bracketed(rest string) (step, string, error) {
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		return quoted(rest[0], rest[1:])
	}
	inside, rest, ok := strings.Cut(rest, "]")
	if !ok {
		return step{}, "", fmt.Errorf("a bracket is not closed")
	}
	if inside == "*" {
		return step{all: true, index: -1}, rest, nil
	}
	i, err := strconv.Atoi(inside)
	if err != nil || i < 0 {
		return step{}, "", fmt.Errorf("%q in brackets is neither a number, nor *, nor quoted", inside)
	}
	return step{index: i}, rest, nil
}

func quoted(quote byte, rest string) (step, string, error) {
	var name strings.Builder
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest):
			i++
			name.WriteByte(rest[i])
		case rest[i] == quote:
			rest, ok := strings.CutPrefix(rest[i+1:], "]")
			if !ok {
				return step{}, "", fmt.Errorf("a bracket is not closed")
			}
			return step{name: name.String(), index: -1}, rest, nil
		default:
			name.WriteByte(rest[i])
		}
	}
	return step{}, "", fmt.Errorf("a quote is not closed")
}

// find returns the values that the steps lead to. open says that a wildcard found nothing to go through, so that
// finding no value is no mistake.
func find(from place, path []step) (found []place, open bool) {
	found = []place{from}
	for _, s := range path {
		var next []place
		for _, p := range found {
			below := p.below(s)
			open = open || s.all && len(below) == 0
			next = append(next, below...)
		}
		found = next
	}
	return found, open
}

func (p place) below(s step) []place {
	if p.node == nil {
		return nil
	}
	var list []place
	switch {
	case s.all && p.kind == object:
		for _, name := range p.names {
			list = append(list, p.field(name))
		}
	case s.all && p.kind == array:
		for i := range p.items {
			list = append(list, p.item(i))
		}
	case s.index >= 0 && !s.all && p.kind == array && s.index < len(p.items):
		list = append(list, p.item(s.index))
	case s.index < 0 && !s.all && p.kind == object && p.fields[s.name] != nil:
		list = append(list, p.field(s.name))
	}
	return list
}
