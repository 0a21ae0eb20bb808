package store

import (
	"sync"

	"github.com/countersign/countersign/mockserver/shape"
)

// Decoder is Collection.Decode for many records, one after the other. It is not for concurrent use.
type Decoder struct {
	c      *Collection
	reader shape.Reader
}

// Decoder makes a decoder of the collection's records.
func (c *Collection) Decoder() *Decoder { return &Decoder{c: c} }

// Decode is Collection.Decode: the same records, the same errors.
func (d *Decoder) Decode(data []byte) (any, error) {
	if rec, ok := d.c.read(&d.reader, data); ok {
		return rec, nil
	}
	return d.c.Decode(data)
}

// quickly makes the function that reads a record where decodeStrict need not be asked.
func quickly[T any]() func(*shape.Reader, []byte) (any, bool) {
	of := sync.OnceValue(shape.Of[T])
	return func(r *shape.Reader, data []byte) (any, bool) {
		rec := new(T)
		return rec, r.Read(of(), data, rec)
	}
}
