package disk

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// Create keeps a new world that begins empty. Errors: *Error, with ErrTaken inside.
func (k *Keeper) Create(world string, c *Change) error {
	return k.do(func(tx *bbolt.Tx) error {
		if tx.Bucket(bucketWorlds).Bucket([]byte(world)) != nil {
			return fmt.Errorf("%w: %q", ErrTaken, world)
		}
		layer, err := newLayer(tx, nil)
		if err != nil {
			return err
		}
		return newWorld(tx, world, layer, c)
	})
}

// Fork keeps a new world that begins with all that is kept of another one but its nonces; c comes on top. An old world of
// the new one's name goes. The caller sees to it that nothing is appended to the parent meanwhile that the child's memory
// does not have. Errors: *Error, with ErrNoWorld inside, or ErrTaken where both names are the same.
func (k *Keeper) Fork(parent, child string, c *Change) error { return k.fork(parent, child, c, raise) }

// Branch is Fork for a parent that will never be appended to again: it leaves the parent as it is.
func (k *Keeper) Branch(parent, child string, c *Change) error {
	return k.fork(parent, child, c, func(*bbolt.Tx, *bbolt.Bucket, []byte) error { return nil })
}

func (k *Keeper) fork(parent, child string, c *Change, parentDoes func(*bbolt.Tx, *bbolt.Bucket, []byte) error) error {
	if parent == child {
		return &Error{k.dir, fmt.Errorf("%w: %q cannot be a fork of itself", ErrTaken, child)}
	}
	return k.do(func(tx *bbolt.Tx) error {
		w := tx.Bucket(bucketWorlds).Bucket([]byte(parent))
		if w == nil {
			return fmt.Errorf("%w: %q", ErrNoWorld, parent)
		}
		shared, written := sharedLayer(tx, w)
		if err := drop(tx, child); err != nil {
			return err
		}
		if written {
			if err := parentDoes(tx, w, shared); err != nil {
				return err
			}
		}
		top, err := newLayer(tx, shared)
		if err != nil {
			return err
		}
		return newWorld(tx, child, top, c)
	})
}

// sharedLayer is the layer that has all of a world: its top one or, where nothing has been written to that, the one below.
func sharedLayer(tx *bbolt.Tx, w *bbolt.Bucket) (shared []byte, written bool) {
	id := bytes.Clone(w.Get(keyLayer))
	layer := tx.Bucket(bucketLayers).Bucket(id)
	for _, part := range [][]byte{partRecords, partSequences} {
		if first, _ := layer.Bucket(part).Cursor().First(); first != nil {
			return id, true
		}
	}
	if below := bytes.Clone(layer.Get(keyParent)); len(below) > 0 {
		return below, false
	}
	return id, true
}

// raise puts a new top layer on what was a world's, which is written no more.
func raise(tx *bbolt.Tx, w *bbolt.Bucket, shared []byte) error {
	above, err := newLayer(tx, shared)
	if err != nil {
		return err
	}
	if err := w.Put(keyLayer, above); err != nil {
		return err
	}
	if err := use(tx, above, 1); err != nil {
		return err
	}
	return use(tx, shared, -1) // the world's own use; the new layer's counts
}

// Drop forgets worlds, all of them or none. One that is not kept is no error.
func (k *Keeper) Drop(worlds ...string) error {
	return k.do(func(tx *bbolt.Tx) error {
		for _, world := range worlds {
			if err := drop(tx, world); err != nil {
				return err
			}
		}
		return nil
	})
}

// Worlds lists the names of the worlds that are kept, sorted.
func (k *Keeper) Worlds() ([]string, error) {
	var names []string
	err := k.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketWorlds).ForEach(func(name, _ []byte) error {
			names = append(names, string(name))
			return nil
		})
	})
	if err != nil {
		return nil, &Error{k.dir, err}
	}
	return names, nil
}

func newWorld(tx *bbolt.Tx, world string, layer []byte, c *Change) error {
	w, err := tx.Bucket(bucketWorlds).CreateBucket([]byte(world))
	if err != nil {
		return err
	}
	if _, err := w.CreateBucket(partNonces); err != nil {
		return err
	}
	if err := w.Put(keyLayer, layer); err != nil {
		return err
	}
	if err := use(tx, layer, 1); err != nil {
		return err
	}
	return apply(tx, world, c)
}

// newLayer makes a layer over parent, if there is one, and counts it as a use of the parent.
func newLayer(tx *bbolt.Tx, parent []byte) ([]byte, error) {
	layers := tx.Bucket(bucketLayers)
	n, err := layers.NextSequence()
	if err != nil {
		return nil, err
	}
	id := key(n)
	layer, err := layers.CreateBucket(id)
	if err != nil {
		return nil, err
	}
	for _, part := range [][]byte{partRecords, partSequences} {
		if _, err := layer.CreateBucket(part); err != nil {
			return nil, err
		}
	}
	if parent == nil {
		return id, nil
	}
	if err := layer.Put(keyParent, parent); err != nil {
		return nil, err
	}
	return id, use(tx, parent, 1)
}

// use changes the number of worlds and layers that stand on a layer. One that nothing stands on goes, and with it its
// use of the one below.
func use(tx *bbolt.Tx, id []byte, by int64) error {
	layers := tx.Bucket(bucketLayers)
	layer := layers.Bucket(id)
	uses := int64(numberOf(layer.Get(keyUses))) + by //nolint:gosec // a small count
	if uses > 0 {
		return layer.Put(keyUses, key(uint64(uses)))
	}
	parent := append([]byte(nil), layer.Get(keyParent)...)
	if err := layers.DeleteBucket(id); err != nil || len(parent) == 0 {
		return err
	}
	return use(tx, parent, -1)
}

func drop(tx *bbolt.Tx, world string) error {
	worlds := tx.Bucket(bucketWorlds)
	w := worlds.Bucket([]byte(world))
	if w == nil {
		return nil
	}
	layer := append([]byte(nil), w.Get(keyLayer)...)
	if err := worlds.DeleteBucket([]byte(world)); err != nil {
		return err
	}
	return use(tx, layer, -1)
}
