package disk

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// Kept is a world as Load finds it, but for its records.
type Kept struct {
	// Base is what Create was given.
	Base      string
	State     []byte
	Sequences []Sequence
	Nonces    []Nonce
}

// Load reads a world. visit hears of every record that differs from the base, once, as it is now, in the order of vendor,
// collection and id; without JSON it was deleted. What visit gets is its to keep. Errors: visit's; *Error, with
// ErrNoWorld inside.
func (k *Keeper) Load(world string, visit func(Record) error) (*Kept, error) {
	out := &Kept{}
	var visitErr error
	err := k.db.View(func(tx *bbolt.Tx) error {
		w := tx.Bucket(bucketWorlds).Bucket([]byte(world))
		if w == nil {
			return fmt.Errorf("%w: %q", ErrNoWorld, world)
		}
		out.State = bytes.Clone(w.Get(keyState))
		err := w.Bucket(partNonces).ForEach(func(text, until []byte) error {
			out.Nonces = append(out.Nonces, Nonce{string(text), int64(numberOf(until))}) //nolint:gosec // written the same way
			return nil
		})
		if err != nil {
			return err
		}
		chain, err := chainOf(tx, w.Get(keyLayer))
		if err != nil {
			return err
		}
		out.Base = string(chain[len(chain)-1].Get(keyBase))
		if err := merge(chain, partSequences, out.sequence); err != nil {
			return err
		}
		visitErr = merge(chain, partRecords, func(key, value []byte) error { return visitRecord(visit, key, value) })
		return nil
	})
	if err != nil {
		return nil, &Error{k.dir, err}
	}
	return out, visitErr
}

func (k *Kept) sequence(key, value []byte) error {
	vendor, name, ok := bytes.Cut(key, []byte{separator})
	if !ok {
		return fmt.Errorf("the key %q is not one of a counter", key)
	}
	k.Sequences = append(k.Sequences, Sequence{string(vendor), string(name), int64(numberOf(value))}) //nolint:gosec // written the same way
	return nil
}

func visitRecord(visit func(Record) error, key, value []byte) error {
	vendor, collection, id, err := splitKey(key)
	if err != nil {
		return err
	}
	r := Record{Vendor: vendor, Collection: collection, ID: id}
	if len(value) > 0 {
		r.JSON = bytes.Clone(value)
	}
	return visit(r)
}

// chainOf lists a layer and those below it, the top one first.
func chainOf(tx *bbolt.Tx, id []byte) (chain []*bbolt.Bucket, err error) {
	layers := tx.Bucket(bucketLayers)
	for len(id) > 0 {
		layer := layers.Bucket(id)
		if layer == nil {
			return nil, fmt.Errorf("layer %d is not there", numberOf(id))
		}
		chain = append(chain, layer)
		id = layer.Get(keyParent)
	}
	return chain, nil
}

// merge visits every key of one part of the layers in order, with the value of the highest layer that has it.
func merge(chain []*bbolt.Bucket, part []byte, visit func(key, value []byte) error) error {
	type head struct {
		cursor     *bbolt.Cursor
		key, value []byte
	}
	heads := make([]head, len(chain))
	for i, layer := range chain {
		heads[i].cursor = layer.Bucket(part).Cursor()
		heads[i].key, heads[i].value = heads[i].cursor.First()
	}
	for {
		least := -1
		for i := range heads {
			if heads[i].key != nil && (least < 0 || bytes.Compare(heads[i].key, heads[least].key) < 0) {
				least = i
			}
		}
		if least < 0 {
			return nil
		}
		key := heads[least].key
		if err := visit(key, heads[least].value); err != nil {
			return err
		}
		for i := range heads {
			if heads[i].key != nil && bytes.Equal(heads[i].key, key) {
				heads[i].key, heads[i].value = heads[i].cursor.Next()
			}
		}
	}
}
