package store

import "maps"

// Changes is what a transaction did.
type Changes struct {
	// Records are in the order in which they were changed; a record may be among them more than once.
	Records []Changed
	// Sequences are all counters as they are now, nil if none moved.
	Sequences map[string]int64
}

// Changed is a record that was put or, where Record is nil, deleted.
type Changed struct {
	Collection *Collection
	ID         string
	Record     any
}

func (tx *Tx) changes() *Changes {
	out := &Changes{Records: tx.changed}
	if tx.ownSequences {
		out.Sequences = tx.state.sequences
	}
	return out
}

// Sequence returns 1, 2, 3, ... for a name, counted per world.
func (tx *Tx) Sequence(name string) (int64, error) {
	if err := tx.ownCounters(); err != nil {
		return 0, err
	}
	tx.state.sequences[name]++
	return tx.state.sequences[name], nil
}

// SetSequence makes a counter go on behind n.
func (tx *Tx) SetSequence(name string, n int64) error {
	if err := tx.ownCounters(); err != nil {
		return err
	}
	tx.state.sequences[name] = n
	return nil
}

// Sequences returns all counters.
func (tx *Tx) Sequences() map[string]int64 { return maps.Clone(tx.state.sequences) }

// ownCounters makes the counters the transaction's own.
func (tx *Tx) ownCounters() error {
	if !tx.writable {
		return ErrReadOnly
	}
	tx.ownState()
	if tx.ownSequences {
		return nil
	}
	tx.state.sequences = maps.Clone(tx.state.sequences)
	if tx.state.sequences == nil {
		tx.state.sequences = map[string]int64{}
	}
	tx.ownSequences = true
	return nil
}
