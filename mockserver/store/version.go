package store

import "sync/atomic"

// Version stands for what a collection holds at some time: whoever reads it at equal versions reads the same.
type Version struct{ serial uint64 }

// versions counts the versions of all collections of the process.
var versions atomic.Uint64

func newVersion() Version { return Version{versions.Add(1)} }

// Version returns what the transaction sees of the collection. Where the transaction has written to it, that may still
// change, and equals nothing, not even itself.
func (t *Table[R]) Version(tx *Tx) Version {
	if at := tx.layout.placeOf(t.c); !tx.writes || !tx.owned[at] {
		return tx.state.tables[at].at()
	}
	return newVersion()
}
