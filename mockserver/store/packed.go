package store

import "github.com/countersign/countersign/mockserver/shape"

// Layout is a text that is the same for collections whose records are packed alike.
func (c *Collection) Layout() string { return c.shape().Layout() }

// AppendPacked appends a record in fewer bytes than JSON (see shape.Packer).
func (c *Collection) AppendPacked(buf []byte, k *shape.Packer, rec any) ([]byte, error) {
	return k.Append(buf, c.shape(), rec)
}

// Unpacker reads records that AppendPacked has written. It is not for concurrent use.
type Unpacker struct {
	shape.Unpacker
	c     *Collection
	fresh func() any
}

// Unpacker makes an unpacker of the collection's records.
func (c *Collection) Unpacker() *Unpacker { return &Unpacker{c: c, fresh: c.fresh()} }

// Record reads the next record. Error: shape.ErrPacked.
func (u *Unpacker) Record() (any, error) {
	rec := u.fresh()
	return rec, u.Next(u.c.shape(), rec)
}
