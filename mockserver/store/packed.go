package store

import "github.com/countersign/countersign/mockserver/shape"

// Layout is a text that is the same for collections whose records are packed alike.
func (c *Collection) Layout() string { return c.shape().Layout() }

// AppendPacked appends a record in fewer bytes than JSON (see shape.Packer).
func (c *Collection) AppendPacked(buf []byte, k *shape.Packer, rec any) ([]byte, error) {
	return k.Append(buf, c.shape(), rec)
}

// Unpack reads the next of the records that AppendPacked has written. Error: shape.ErrPacked.
func (c *Collection) Unpack(u *shape.Unpacker) (any, error) {
	rec := c.fresh()
	return rec, u.Next(c.shape(), rec)
}
