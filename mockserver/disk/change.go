package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Change is what one transaction did to a world.
type Change struct {
	Records   []Record
	Sequences []Sequence
	// Nonces are remembered beside the layers: a fork does not inherit them.
	Nonces []Nonce
	// Setting and State replace the world's, unless they are nil: how it was made, and clocks, faults and whatever else
	// is small and changes.
	Setting, State []byte
	// StateNow is State told when the change is written: of two changes, the one written later has the later state. It is
	// called by one goroutine at a time and must not append to the file.
	StateNow func() []byte `json:"-"`
}

// Empty reports whether there is nothing to keep.
func (c *Change) Empty() bool {
	return len(c.Records) == 0 && len(c.Sequences) == 0 && len(c.Nonces) == 0 && c.Setting == nil && c.State == nil && c.StateNow == nil
}

// Record is a record as it is now. Without JSON it was deleted.
type Record struct {
	Vendor, Collection, ID string
	JSON                   []byte
}

// Sequence is a counter as it is now.
type Sequence struct {
	Vendor, Name string
	Value        int64
}

// Nonce is a nonce that must not be used again until a time, in milliseconds since 1970.
type Nonce struct {
	Text  string
	Until int64
}

// The parts of a world's bucket and of a layer's.
var (
	keyLayer      = []byte("layer")
	keySetting    = []byte("setting")
	keyState      = []byte("state")
	keyParent     = []byte("parent")
	keyUses       = []byte("uses")
	partNonces    = []byte("nonces")
	partRecords   = []byte("records")
	partSequences = []byte("sequences")
)

// separator stands between the parts of a key. The first two are names of ours and hold none.
const separator = 0

func recordKey(r *Record) []byte {
	return bytes.Join([][]byte{[]byte(r.Vendor), []byte(r.Collection), []byte(r.ID)}, []byte{separator})
}

func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func numberOf(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// apply writes a change into the world's top layer.
func apply(tx *bbolt.Tx, world string, c *Change) error {
	w := tx.Bucket(bucketWorlds).Bucket([]byte(world))
	if w == nil {
		return fmt.Errorf("%w: %q", ErrNoWorld, world)
	}
	state := c.State
	if c.StateNow != nil {
		state = c.StateNow()
	}
	for _, part := range []struct{ key, value []byte }{{keySetting, c.Setting}, {keyState, state}} {
		if part.value == nil {
			continue
		}
		if err := w.Put(part.key, part.value); err != nil {
			return err
		}
	}
	nonces := w.Bucket(partNonces)
	for _, n := range c.Nonces {
		if err := nonces.Put([]byte(n.Text), key(uint64(n.Until))); err != nil { //nolint:gosec // read back the same way
			return err
		}
	}
	return applyLayer(tx.Bucket(bucketLayers).Bucket(w.Get(keyLayer)), c)
}

// keyed is a record as it is written.
type keyed struct{ key, json []byte }

// ordered are the records in the order of their keys, those of one key in theirs: within a transaction the engine takes
// many keys in order far faster than out of it.
func ordered(records []Record) []keyed {
	out := make([]keyed, len(records))
	for i := range records {
		out[i] = keyed{recordKey(&records[i]), records[i].JSON}
	}
	slices.SortStableFunc(out, func(a, b keyed) int { return bytes.Compare(a.key, b.key) })
	return out
}

// applyLayer writes records, the deleted ones as empty values, and counters.
func applyLayer(layer *bbolt.Bucket, c *Change) error {
	records, sequences := layer.Bucket(partRecords), layer.Bucket(partSequences)
	for _, r := range ordered(c.Records) {
		if err := records.Put(r.key, r.json); err != nil {
			return err
		}
	}
	for _, s := range c.Sequences {
		name := append(append([]byte(s.Vendor), separator), s.Name...)
		if err := sequences.Put(name, key(uint64(s.Value))); err != nil { //nolint:gosec // counts from 1
			return err
		}
	}
	return nil
}
