package specs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the way in which a value is wrong.
type Kind int

// The kinds, in the order in which they are looked for: the least one decides.
const (
	Fine Kind = iota
	Missing
	Malformed
	Range
)

func (k Kind) String() string {
	return [...]string{"fine", "missing", "malformed", "out of range"}[k]
}

// Violation is what is wrong with a value.
type Violation struct {
	Kind Kind
	// Name is the parameter or property; Pointer the JSON pointer to it within a body.
	Name, Pointer string
	// Reason says in English what is wrong.
	Reason string
	// Refusal names the catalogue entry, "" in a reply.
	Refusal string
}

func (v *Violation) Error() string {
	where := v.Pointer
	if where == "" {
		where = v.Name
	}
	return fmt.Sprintf("%s: %s", where, v.Reason)
}

// Refuse returns the name of the catalogue entry for a kind.
func (r Refusals) Refuse(k Kind) string {
	switch k {
	case Missing:
		return r.Missing
	case Malformed:
		return r.Malformed
	default:
		return r.Range
	}
}

// finder keeps the violation that decides: the least kind, the first of it.
type finder struct {
	// found is kept apart, since what is in one struct with it the compiler would take to the heap.
	found **Violation
	// each, if set, hears of the others too, in the order in which they are met.
	each func(*Violation)
	// unknown is called with the pointer of a property the schema does not name.
	unknown func(pointer string)
}

// add notes that something is wrong with the value that is looked at.
func (f *finder) add(t *Tape, k Kind, r *Refusals, format string, args ...any) {
	if f.wants(k) {
		f.say(t, k, r, fmt.Sprintf(format, args...))
	}
}

// say is add for a reason that is a text already.
func (f *finder) say(t *Tape, k Kind, r *Refusals, reason string) {
	if f.wants(k) {
		f.note(&Violation{Kind: k, Name: t.here.name(t), Pointer: t.here.pointer(t), Reason: reason, Refusal: r.Refuse(k)})
	}
}

// miss notes that a property is not there.
func (f *finder) miss(t *Tape, p *property) {
	if f.wants(Missing) {
		f.note(&Violation{Kind: Missing, Name: p.name, Pointer: t.here.pointer(t) + "/" + pointerPart(p.name), Reason: isRequired, Refusal: p.refusals.Missing})
	}
}

const isRequired = "is required"

func (f *finder) wants(k Kind) bool { return *f.found == nil || k < (*f.found).Kind || f.each != nil }

func (f *finder) note(v *Violation) {
	if *f.found == nil || v.Kind < (*f.found).Kind {
		*f.found = v
	}
	if f.each != nil {
		f.each(v)
	}
}

// trail is the way to the value that is looked at. It costs next to nothing until something is wrong.
type trail []step

// step goes into a property, whose name is a node, or to an item.
type step struct {
	name  uint32 // 0 for an item
	index uint32
}

func (p trail) pointer(t *Tape) string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('/')
		if s.name == 0 {
			b.WriteString(strconv.FormatUint(uint64(s.index), 10))
		} else {
			b.WriteString(pointerPart(string(t.bytes(s.name))))
		}
	}
	return b.String()
}

// name is that of the nearest property.
func (p trail) name(t *Tape) string {
	for _, s := range slices.Backward(p) {
		if s.name != 0 {
			return string(t.bytes(s.name))
		}
	}
	return ""
}

// pointerPart writes a name as JSON pointers have it.
func pointerPart(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// clip shortens what a client sent for a message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
