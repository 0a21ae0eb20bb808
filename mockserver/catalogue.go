package mockserver

import (
	"strings"
	"sync"

	"github.com/countersign/countersign/specs"
)

// catalogue are the entries that an operation can answer, or the vendor where no operation is known, made ready when the
// first of them is asked for: a server that starts need not wait for it.
type catalogue struct {
	making    sync.Once
	spec      *specs.Rules
	operation string // "" for the vendor's gateway
	entries   map[string]*entry
}

// entry is an entry of the catalogue with its texts made ready for refusals.
type entry struct {
	*specs.Error
	code, message words
}

// words are a text of the catalogue, also as a JSON string, so that most refusals need not look through it.
type words struct {
	text, quoted string
	// open says that arguments are to be filled in.
	open bool
}

// of returns the entry of that name: the operation's, else the vendor's, else nil.
func (c *catalogue) of(name string) *entry {
	c.making.Do(c.make)
	return c.entries[name]
}

func (c *catalogue) make() {
	c.entries = map[string]*entry{}
	for _, of := range [...]string{"", c.operation} {
		for _, e := range c.spec.Errors {
			if e.Operation == of {
				c.entries[e.Name] = newEntry(e)
			}
		}
	}
}

func newEntry(e *specs.Error) *entry { return &entry{e, wordsOf(e.Code), wordsOf(e.Message)} }

func wordsOf(text string) words {
	return words{text, string(AppendQuoted(nil, text)), strings.Contains(text, "%s")}
}

// filled is the text with the arguments in it.
func (w *words) filled(args []string) string {
	if !w.open {
		return w.text
	}
	return fill(w.text, args)
}

// appendQuoted appends what became of the text as a JSON string.
func (w *words) appendQuoted(b []byte, text string) []byte {
	if text == w.text {
		return append(b, w.quoted...)
	}
	return AppendQuoted(b, text)
}
