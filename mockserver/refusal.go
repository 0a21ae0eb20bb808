package mockserver

import (
	"fmt"
	"strings"

	"github.com/countersign/countersign/specs"
)

// Refusal is a vendor's error as it goes to the client. Make it with Call.Refuse.
type Refusal struct {
	// Entry is the catalogue entry; Code and Message are its texts, filled in.
	Entry         *specs.Error
	Code, Message string
	// Parameter is the parameter or field that is at fault, if one is.
	Parameter string
	// Extra is for the vendor's Failure function.
	Extra any

	why
	// from has the entry's texts, nil in tests of vendors.
	from *entry
}

// why is what a refusal says in English: a text, one that is made when it is read, or what validation found, after the name
// of the parameter.
type why struct {
	text  string
	later func() string
	found *specs.Reason
}

// Reason says in English what is wrong, "" where nobody said. Vendors that document a place for details show it there; the
// journal shows it always. What validation found is put into words each time.
func (r *Refusal) Reason() string {
	switch {
	case r.later != nil:
		return r.later()
	case r.found == nil:
		return r.text
	}
	var few [192]byte
	return string(r.appendFound(few[:0]))
}

// AppendReason appends the reason as it stands between the quotes of a JSON string. It makes no text of it before, as load
// tests of bad requests would have one for each.
func (r *Refusal) AppendReason(b []byte) []byte {
	if r.later != nil || r.found == nil {
		return AppendText(b, r.Reason())
	}
	from := len(b)
	b = r.appendFound(b)
	if plainPrefix(b[from:]) < len(b)-from {
		return AppendText(b[:from], string(b[from:]))
	}
	return b
}

func (r *Refusal) appendFound(b []byte) []byte {
	return r.found.AppendTo(append(append(b, r.Parameter...), ": "...))
}

// HasReason reports whether Reason says anything.
func (r *Refusal) HasReason() bool { return r.found != nil || r.Reason() != "" }

// Saying is everything that a refusal says which validation made: what is made of equal ones is the same.
type Saying struct {
	code, message, parameter string
	reason                   specs.Reason
}

// Saying returns what the refusal says, and whether validation made it.
func (r *Refusal) Saying() (Saying, bool) {
	if r.found == nil {
		return Saying{}, false
	}
	return Saying{r.Code, r.Message, r.Parameter, *r.found}, true
}

// Error is for logs; the client sees what Plug.Failure makes of the refusal.
func (r *Refusal) Error() string {
	s := fmt.Sprintf("%s (HTTP %d): %s", r.Code, r.Entry.Status, r.Message)
	if reason := r.Reason(); reason != "" {
		s += " [" + reason + "]"
	}
	return s
}

// Because adds an explanation in English.
func (r *Refusal) Because(format string, args ...any) *Refusal {
	r.why = why{text: fmt.Sprintf(format, args...)}
	return r
}

// BecauseLater is Because for refusals that load tests are full of: the text is made when somebody reads it, long after the
// call, so text may hold nothing but records and what else never changes.
func (r *Refusal) BecauseLater(text func() string) *Refusal {
	r.why = why{later: text}
	return r
}

// InPlaceOf takes parameter and reason over from another refusal.
func (r *Refusal) InPlaceOf(other *Refusal) *Refusal {
	r.Parameter, r.why = other.Parameter, other.why
	return r
}

// At names the parameter or field at fault.
func (r *Refusal) At(parameter string) *Refusal {
	r.Parameter = parameter
	return r
}

// With sets Extra.
func (r *Refusal) With(extra any) *Refusal {
	r.Extra = extra
	return r
}

// AppendCode appends the code as a JSON string.
func (r *Refusal) AppendCode(b []byte) []byte {
	if r.from == nil {
		return AppendQuoted(b, r.Code)
	}
	return r.from.code.appendQuoted(b, r.Code)
}

// AppendMessage appends the message as a JSON string.
func (r *Refusal) AppendMessage(b []byte) []byte {
	if r.from == nil {
		return AppendQuoted(b, r.Message)
	}
	return r.from.message.appendQuoted(b, r.Message)
}

func newRefusal(e *entry, args []string) *Refusal {
	r := &Refusal{}
	r.fill(e, args...)
	return r
}

func (r *Refusal) fill(e *entry, args ...string) {
	r.Entry, r.from, r.Code, r.Message = e.Error, e, e.code.filled(args), e.message.filled(args)
}

// fill puts the arguments into the %s of a catalogue text, nothing where there are too few. It knows no other verbs.
func fill(text string, args []string) string {
	var room [256]byte
	b := room[:0]
	for {
		before, after, more := strings.Cut(text, "%s")
		b = append(b, before...)
		if !more {
			return string(b)
		}
		if len(args) > 0 {
			b, args = append(b, args[0]...), args[1:]
		}
		text = after
	}
}
