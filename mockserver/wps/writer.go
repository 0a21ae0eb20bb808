package wps

import (
	"strconv"

	"github.com/countersign/countersign/mockserver"
)

// writer appends JSON. It sets the commas itself.
type writer struct{ b []byte }

// next begins a value or a key.
func (w *writer) next() {
	if n := len(w.b); n > 0 {
		switch w.b[n-1] {
		case '{', '[', ':':
		default:
			w.b = append(w.b, ',')
		}
	}
}

func (w *writer) open(bracket byte) {
	w.next()
	w.b = append(w.b, bracket)
}

func (w *writer) close(bracket byte) { w.b = append(w.b, bracket) }

// key writes the name of a field; names need no escapes.
func (w *writer) key(name string) *writer {
	w.next()
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
	return w
}

func (w *writer) text(s string) {
	w.next()
	w.b = mockserver.AppendQuoted(w.b, s)
}

func (w *writer) raw(s string) {
	w.next()
	w.b = append(w.b, s...)
}

func (w *writer) bool(v bool) { w.raw(strconv.FormatBool(v)) }

func (w *writer) int(n int) {
	w.next()
	w.b = strconv.AppendInt(w.b, int64(n), 10)
}

func (w *writer) texts(list []string) {
	w.open('[')
	for _, s := range list {
		w.text(s)
	}
	w.close(']')
}
