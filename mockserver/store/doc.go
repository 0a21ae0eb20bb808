// Package store is the transactional, in-memory store of one world.
//
// A vendor declares its collections as package variables of type Table and works on them inside a transaction:
//
//	var approvers = store.NewTable("approvers", func(a *Approver) string { return a.ID },
//		store.Index[Approver]{Name: "by_name", Key: func(a *Approver) (string, bool) {
//			return store.Key(a.Project, a.Name), true
//		}})
//
//	a, err := approvers.Get(tx, "42821")      // ErrNotFound
//	err = approvers.Put(tx, &Approver{...})   // *DuplicateError when a unique index says no
//
// Records are values that stand still: what Get and Page return is shared with every other reader, so copy a record,
// change the copy, Put it. A transaction that fails leaves nothing behind.
//
// The engine is a set of copy-on-write B-trees, so that a snapshot, a fork and a rollback are one mechanism: a write
// transaction works on its own copy of the trees it touches, a commit publishes them, readers keep what they began
// with. Writers of one world take turns; readers never wait.
package store
