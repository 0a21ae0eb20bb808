package specs

import (
	"encoding/binary"
	"regexp"
	"regexp/syntax"
	"slices"
	"sync"
	"unicode/utf8"
)

// pattern is a regular expression made into a table at start: a state and a byte say the next state. Package regexp keeps
// track of where things matched, which takes twenty times as long. It still answers for texts beyond ASCII, and for
// expressions that need more than a small table.
type pattern struct {
	slow *regexp.Regexp
	// tabulated guards what follows: the table is made when it is needed first.
	tabulated sync.Once
	// next is nil if there is no table. State 0 is the start.
	next [][utf8.RuneSelf]uint8
	// accepts are the states in which a text may end.
	accepts []bool
}

// patterns has those that were compiled: many properties share one.
var patterns sync.Map // string -> *pattern

func compilePattern(expr string) (*pattern, error) {
	if known, ok := patterns.Load(expr); ok {
		return known.(*pattern), nil
	}
	slow, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	known, _ := patterns.LoadOrStore(expr, &pattern{slow: slow})
	return known.(*pattern), nil
}

func mustPattern(expr string) *pattern {
	p, err := compilePattern(expr)
	if err != nil {
		panic(err)
	}
	return p
}

func (p *pattern) String() string { return p.slow.String() }

// match reports whether the text has the pattern in it.
func (p *pattern) match(text []byte) bool {
	p.tabulated.Do(p.tabulate)
	if p.next == nil {
		return p.slow.MatchString(string(text))
	}
	state := uint8(0)
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return p.slow.MatchString(string(text))
		}
		state = p.next[state][c]
	}
	return p.accepts[state]
}

// mostStates bounds a table, which has 128 bytes for a state.
const mostStates = 64

// tabulate makes the table, if it is a small one: each state is a set of places in the expression where a match may be.
func (p *pattern) tabulate() {
	parsed, err := syntax.Parse(p.String(), syntax.Perl)
	if err != nil {
		return
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil || hasUnusual(prog) {
		return
	}
	t := tabulator{prog: prog, known: map[string]uint8{}, inside: make([]places, len(prog.Inst))}
	t.number(t.follow(prog.Start, syntax.EmptyBeginText))
	var next [][utf8.RuneSelf]uint8
	var accepts []bool
	for n := 0; n < len(t.sets); n++ {
		if n == mostStates {
			return
		}
		accepts = append(accepts, t.atEnd(t.sets[n]))
		next = append(next, [utf8.RuneSelf]uint8{})
		for c := range rune(utf8.RuneSelf) {
			next[n][c] = t.number(t.step(t.sets[n], c))
		}
	}
	p.next, p.accepts = next, accepts
}

// tabulator numbers the states that it meets.
type tabulator struct {
	prog  *syntax.Prog
	known map[string]uint8
	sets  []places
	// inside has what behind returned for each instruction.
	inside []places
}

func (t *tabulator) number(s places) uint8 {
	slices.Sort(s)
	s = slices.Compact(s)
	key := make([]byte, 0, 64)
	for _, at := range s {
		key = binary.AppendUvarint(key, uint64(at))
	}
	n, ok := t.known[string(key)]
	if !ok {
		n = uint8(min(len(t.sets), mostStates)) //nolint:gosec // beyond mostStates there is no table
		t.known[string(key)] = n
		t.sets = append(t.sets, s)
	}
	return n
}

// hasUnusual reports whether an expression asks for more than the ends of the text.
func hasUnusual(prog *syntax.Prog) bool {
	return slices.ContainsFunc(prog.Inst, func(in syntax.Inst) bool {
		return in.Op == syntax.InstEmptyWidth && syntax.EmptyOp(in.Arg)&^(syntax.EmptyBeginText|syntax.EmptyEndText) != 0
	})
}

// places are the instructions of a program that are to be looked at next: those that read a character, the end of a match,
// and those that want the end of the text.
type places []uint32

// follow is what can be reached from an instruction without reading anything. given says what is true there.
func (t *tabulator) follow(at int, given syntax.EmptyOp) places {
	return t.followFrom(nil, make([]bool, len(t.prog.Inst)), uint32(at), given) //nolint:gosec // programs are small
}

func (t *tabulator) followFrom(s places, seen []bool, at uint32, given syntax.EmptyOp) places {
	if seen[at] {
		return s
	}
	seen[at] = true
	switch in := &t.prog.Inst[at]; in.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		s = t.followFrom(s, seen, in.Out, given)
		return t.followFrom(s, seen, in.Arg, given)
	case syntax.InstCapture, syntax.InstNop:
		return t.followFrom(s, seen, in.Out, given)
	case syntax.InstEmptyWidth:
		if syntax.EmptyOp(in.Arg)&^given == 0 {
			return t.followFrom(s, seen, in.Out, given)
		}
	case syntax.InstFail:
		return s
	}
	return append(s, at)
}

// step is where one is after a character. A match, once found, stays; another may begin anywhere.
func (t *tabulator) step(s places, c rune) places {
	out := slices.Clone(t.behind(t.prog.Start))
	for _, at := range s {
		switch in := &t.prog.Inst[at]; in.Op {
		case syntax.InstMatch:
			return places{at}
		case syntax.InstEmptyWidth: // it wanted the end
		default:
			if in.MatchRune(c) {
				out = append(out, t.behind(int(in.Out))...)
			}
		}
	}
	return out
}

// behind is follow within a text, remembered.
func (t *tabulator) behind(at int) places {
	if t.inside[at] == nil {
		t.inside[at] = append(places{}, t.follow(at, 0)...)
	}
	return t.inside[at]
}

// atEnd reports whether a text that ends here has a match.
func (t *tabulator) atEnd(s places) bool {
	for _, at := range s {
		for _, end := range t.follow(int(at), syntax.EmptyEndText) {
			if t.prog.Inst[end].Op == syntax.InstMatch {
				return true
			}
		}
	}
	return false
}
