package store

import "github.com/countersign/countersign/mockserver/shape"

// Decoder is Collection.Decode for many records, one after the other. It is not for concurrent use.
type Decoder struct {
	c      *Collection
	reader shape.Reader
	fresh  func() any
	fields *shape.FieldsReader
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

// Fields says of which fields records come whose values are given to DecodeFields. It reports whether it knows them all; if
// not, records are to come as a whole.
func (d *Decoder) Fields(names []string) bool {
	d.fields = d.c.shape().Fields(names)
	return d.fields != nil
}

// DecodeFields makes a record of the JSON of its fields' values, see shape.FieldsReader. If it does not, the record is
// to be given to Decode as a whole.
func (d *Decoder) DecodeFields(values []byte, ends []int) (any, bool) {
	rec := d.fresh()
	return rec, d.fields.Read(values, ends, rec)
}
