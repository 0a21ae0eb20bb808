package store

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
	if tx.counted {
		out.Sequences = tx.Sequences()
	}
	return out
}

// Sequence returns 1, 2, 3, ... for a name, counted per world.
func (tx *Tx) Sequence(name string) (int64, error) {
	c, err := tx.counter(name)
	if err != nil {
		return 0, err
	}
	c.last++
	return c.last, nil
}

// SetSequence makes a counter go on behind n.
func (tx *Tx) SetSequence(name string, n int64) error {
	c, err := tx.counter(name)
	if err == nil {
		c.last = n
	}
	return err
}

// Sequences returns all counters, nil if there are none.
func (tx *Tx) Sequences() map[string]int64 {
	if len(tx.state.sequences) == 0 {
		return nil
	}
	out := make(map[string]int64, len(tx.state.sequences))
	for _, c := range tx.state.sequences {
		out[c.name] = c.last
	}
	return out
}

// counter returns a counter that is about to move.
func (tx *Tx) counter(name string) (*sequence, error) {
	if !tx.writable {
		return nil, ErrReadOnly
	}
	tx.ownState()
	tx.counted = true
	return tx.state.sequence(name), nil
}
