package store

import "github.com/countersign/countersign/mockserver/shape"

// Decoder is Collection.Decode for many records, one after the other. It is not for concurrent use.
type Decoder struct {
	c      *Collection
	reader shape.Reader
	fresh  func() any
}

// Decoder makes a decoder of the collection's records.
func (c *Collection) Decoder() *Decoder { return &Decoder{c: c, fresh: c.fresh()} }

// Decode is Collection.Decode: the same records, the same errors.
func (d *Decoder) Decode(data []byte) (any, error) {
	rec := d.fresh()
	if d.reader.Read(d.c.shape(), data, rec) {
		return rec, nil
	}
	return d.c.Decode(data)
}
