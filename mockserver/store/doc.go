// Package store is the transactional, in-memory store of one world.
//
// A vendor declares its collections as package variables of type Table and works on them inside a transaction:
//
//	var approvers = store.NewTable("approvers", func(a *Approver) string { return a.ID },
//		store.Index[*Approver]{Name: "by_name", Key: func(a *Approver) (string, bool) {
//			return store.Key(a.Project, a.Name), true
//		}})
//
//	a, err := approvers.Get(tx, "42821")      // ErrNotFound
//	err = approvers.Put(tx, &Approver{...})   // *DuplicateError when a unique index says no
//
// Records are values that stand still: what Get and Page return is shared with every other reader, so copy a record,
// change the copy, Put it. A transaction that fails leaves nothing behind.
//
// The engine keeps every index as a tree whose nodes never change: a write makes new nodes from the root down to where it
// wrote, a commit publishes the new roots, readers keep those they began with. So a snapshot, a fork and a rollback are
// one mechanism and cost nothing to speak of. Writers of one world take turns; readers never wait. Changes wait in a list
// beside the trees, up to 64 of them or until somebody reads what they concern, and then share the nodes that they make.
//
// A node knows how many records lie under each of its parts: counting, and turning to a page far behind, is one way down
// the tree. Leaves hold their keys in one piece, less what all of them share in front. An index declared with a Text also
// holds the texts in one piece, which Search runs over; each node remembers how often it had the last few texts that were
// searched for, so that after a write only the nodes that are new are searched again, and the root which records it found,
// if they were few. Load builds trees from sorted records, which is how large worlds come to be; the trees are made side by
// side, on every core.
package store
