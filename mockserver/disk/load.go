package disk

import (
	"bytes"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Kept is what is kept of a world beside its records.
type Kept struct {
	// Layers is the world's chain, the lowest layer first. Layers are numbered; worlds that share one have its number in
	// common.
	Layers         []uint64
	Setting, State []byte
	Nonces         []Nonce
}

// Load reads a world. Errors: *Error, with ErrNoWorld inside.
func (k *Keeper) Load(world string) (*Kept, error) {
	out := &Kept{}
	return out, k.view(func(tx *bbolt.Tx) error {
		w := tx.Bucket(bucketWorlds).Bucket([]byte(world))
		if w == nil {
			return fmt.Errorf("%w: %q", ErrNoWorld, world)
		}
		out.Setting, out.State = bytes.Clone(w.Get(keySetting)), bytes.Clone(w.Get(keyState))
		err := w.Bucket(partNonces).ForEach(func(text, until []byte) error {
			out.Nonces = append(out.Nonces, Nonce{string(text), int64(numberOf(until))}) //nolint:gosec // written the same way
			return nil
		})
		if err != nil {
			return err
		}
		out.Layers, err = chainOf(tx, w.Get(keyLayer))
		return err
	})
}

// chainOf lists a layer and those below it, the lowest first.
func chainOf(tx *bbolt.Tx, id []byte) (chain []uint64, err error) {
	for len(id) > 0 {
		layer := tx.Bucket(bucketLayers).Bucket(id)
		if layer == nil {
			return nil, fmt.Errorf("layer %d is not there", numberOf(id))
		}
		chain = append(chain, numberOf(id))
		id = layer.Get(keyParent)
	}
	slices.Reverse(chain)
	return chain, nil
}

// Layer reads what a layer changes: the counters, and through visit every record, in the order of vendor, collection and
// id. What visit gets is its to keep. Errors: visit's, or *Error.
func (k *Keeper) Layer(number uint64, visit func(Record) error) (counters []Sequence, err error) {
	var own error
	err = k.view(func(tx *bbolt.Tx) error {
		layer := tx.Bucket(bucketLayers).Bucket(key(number))
		if layer == nil {
			return fmt.Errorf("layer %d is not there", number)
		}
		err := layer.Bucket(partSequences).ForEach(func(name, value []byte) error {
			s, err := sequenceOf(name, value)
			counters = append(counters, s)
			return err
		})
		if err != nil {
			return err
		}
		return layer.Bucket(partRecords).ForEach(func(name, value []byte) error {
			r, err := recordOf(name, value)
			if err != nil {
				return err
			}
			own = visit(r)
			return own
		})
	})
	if own != nil {
		return nil, own
	}
	return counters, err
}

func (k *Keeper) view(fn func(*bbolt.Tx) error) error {
	if err := guarded(func() error { return k.db.View(fn) }); err != nil {
		return &Error{k.dir, err}
	}
	return nil
}

func sequenceOf(name, value []byte) (Sequence, error) {
	vendor, counter, ok := bytes.Cut(name, []byte{separator})
	if !ok {
		return Sequence{}, fmt.Errorf("the key %q is not one of a counter", name)
	}
	return Sequence{string(vendor), string(counter), int64(numberOf(value))}, nil //nolint:gosec // written the same way
}

func recordOf(name, value []byte) (Record, error) {
	parts := bytes.SplitN(name, []byte{separator}, 3)
	if len(parts) != 3 {
		return Record{}, fmt.Errorf("the key %q is not one of a record", name)
	}
	r := Record{Vendor: string(parts[0]), Collection: string(parts[1]), ID: string(parts[2])}
	if len(value) > 0 {
		r.JSON = bytes.Clone(value)
	}
	return r, nil
}
