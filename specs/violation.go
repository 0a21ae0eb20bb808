package specs

import (
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
	Reason Reason
	// Refusal names the catalogue entry, "" in a reply.
	Refusal string
}

func (v *Violation) Error() string {
	where := v.Pointer
	if where == "" {
		where = v.Name
	}
	return where + ": " + v.Reason.String()
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

// Keep puts other in the place of v if it decides rather than v: if v is Fine, or of a greater kind.
func (v *Violation) Keep(other Violation) {
	if v.yieldsTo(other.Kind) {
		*v = other
	}
}

func (v *Violation) yieldsTo(k Kind) bool { return v.Kind == Fine || k < v.Kind }

// orNil is a copy of v, nil if it is Fine.
func (v *Violation) orNil() *Violation {
	if v.Kind == Fine {
		return nil
	}
	found := *v
	return &found
}

// finder keeps the violation that decides: the least kind, the first of it.
type finder struct {
	// found is the caller's, Fine as long as nothing is wrong.
	found *Violation
	// each, if set, hears of the others too, in the order in which they are met.
	each func(Violation)
	// unknown is called with the pointer of a property the schema does not name.
	unknown func(pointer string)
}

// add notes that something is wrong with the value that is looked at.
func (f *finder) add(t *Tape, k Kind, r *Refusals, why Reason) {
	if f.wants(k) {
		f.note(&Violation{Kind: k, Name: t.here.name(t), Pointer: t.here.pointer(t), Reason: why, Refusal: r.Refuse(k)})
	}
}

// miss notes that a property is not there.
func (f *finder) miss(t *Tape, p *property) {
	if f.wants(Missing) {
		f.note(&Violation{Kind: Missing, Name: p.name, Pointer: t.here.pointerTo(t, p), Reason: Required, Refusal: p.refusals.Missing})
	}
}

func (f *finder) wants(k Kind) bool { return f.found.yieldsTo(k) || f.each != nil }

func (f *finder) note(v *Violation) {
	f.found.Keep(*v)
	if f.each != nil {
		f.each(*v)
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
	var few [64]byte
	return string(p.appendPointer(few[:0], t))
}

// pointerTo is the pointer to a property that is not there.
func (p trail) pointerTo(t *Tape, missing *property) string {
	var few [64]byte
	return string(append(append(p.appendPointer(few[:0], t), '/'), pointerPart(missing.name)...))
}

func (p trail) appendPointer(b []byte, t *Tape) []byte {
	for _, s := range p {
		b = append(b, '/')
		if s.name == 0 {
			b = strconv.AppendUint(b, uint64(s.index), 10)
		} else {
			b = append(b, pointerPart(string(t.bytes(s.name)))...)
		}
	}
	return b
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
