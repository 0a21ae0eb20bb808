package store

// Version stands for what a collection holds at some time: whoever reads it at equal versions reads the same. It keeps
// what it stands for in memory.
type Version struct{ of any }

// Version returns what the transaction sees of the collection. Where the transaction has written to it, that may still
// change, and equals nothing, not even itself.
func (t *Table[R]) Version(tx *Tx) Version {
	if at := tx.layout.placeOf(t.c); !tx.writes || !tx.owned[at] {
		return Version{tx.state.tables[at]}
	}
	return Version{new(byte)}
}
