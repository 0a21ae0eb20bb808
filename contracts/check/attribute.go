package check

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/countersign/countersign/specs"
)

// attribute works out which entry of the catalogue each interaction expects.
func (c *covering) attribute() {
	c.errors = map[*specs.Error][]string{}
	for _, r := range c.results {
		entries := r.attribute()
		switch {
		case len(entries) == 1:
			if label := r.label(); !slices.Contains(c.errors[entries[0]], label) {
				c.errors[entries[0]] = append(c.errors[entries[0]], label)
			}
		case slices.ContainsFunc(entries, func(e *specs.Error) bool { return counts(e) && (c.gateway || !r.vendor.gateway[e.File]) }):
			c.Ambiguous = append(c.Ambiguous, r.ambiguous(entries))
		}
	}
}

func (r *result) ambiguous(entries []*specs.Error) *Ambiguous {
	a := &Ambiguous{File: r.in.pact.File, Interaction: r.in.description}
	a.Line, _ = r.in.pact.position(r.in.offset)
	if r.op != nil {
		a.Operation = r.op.ID
	}
	for _, e := range entries {
		a.Candidates = append(a.Candidates, e.Name)
	}
	return a
}

// attribute narrows the entries that have the expected status and code down, by one piece of evidence after the other;
// what fits none of the candidates is no evidence.
func (r *result) attribute() []*specs.Error {
	list := r.expected.entries
	for _, evidence := range []func(*specs.Error) bool{r.mentions, r.refusedAs, r.inState, r.expectsMessage, r.notForParameters, counts} {
		if len(list) <= 1 {
			break
		}
		if kept := keep(list, evidence); len(kept) > 0 {
			list = kept
		}
	}
	return list
}

func keep(list []*specs.Error, fits func(*specs.Error) bool) []*specs.Error {
	var kept []*specs.Error
	for _, e := range list {
		if fits(e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// mentions says that the interaction names the entry: in its description, its comments, or a provider state's name or
// parameters.
func (r *result) mentions(e *specs.Error) bool {
	if mentions(r.in.description, e.Name) || r.in.comments.mentions(e.Name) {
		return true
	}
	return slices.ContainsFunc(r.in.states, func(s state) bool { return mentions(s.name, e.Name) || s.params.mentions(e.Name) })
}

func (n *node) mentions(name string) bool {
	if n == nil {
		return false
	}
	if s, ok := n.string(); ok {
		return mentions(s, name)
	}
	for _, f := range n.fields {
		if f.mentions(name) {
			return true
		}
	}
	return slices.ContainsFunc(n.items, func(i *node) bool { return i.mentions(name) })
}

// mentions says that a text has the name as a word of its own.
func mentions(text, name string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, size := utf8.DecodeRuneInString(text[end:])
		beyond, _ := utf8.DecodeRuneInString(text[end+size:])
		if !partOfName(before) && !partOfName(after) && (!strings.ContainsRune("./<-", after) || !partOfName(beyond)) {
			return true
		}
		from = end
	}
}

func partOfName(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// refusedAs says that the entry is what the document refuses the request with.
func (r *result) refusedAs(e *specs.Error) bool {
	return r.decides != nil && r.vendor.Error(r.op.ID, r.decides.refusal) == e
}

func (r *result) inState(e *specs.Error) bool {
	return e.State != "" && slices.ContainsFunc(r.in.states, func(s state) bool { return s.name == e.State })
}

func (r *result) expectsMessage(e *specs.Error) bool {
	return r.expected.message != "" && fits(e.Message, r.expected.message)
}

// notForParameters says that the entry is more than the answer to a parameter that a document refuses: where nothing is
// wrong with the parameters, it is the likelier one.
func (r *result) notForParameters(e *specs.Error) bool {
	return r.op != nil && r.decides == nil && !r.op.refuses(e)
}
