package disk

import (
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// mostTogether bounds how many changes one sync takes with it.
const mostTogether = 256

// pending is work that waits to be in the file.
type pending struct {
	work func(*bbolt.Tx) error
	done chan error
}

// Append keeps a change of a world. It returns once the change is in the file and synced. Errors: *Error, with
// ErrNoWorld inside where the world is not kept; then nothing of the change is in the file.
func (k *Keeper) Append(world string, c *Change) error {
	if c.Empty() {
		return nil
	}
	return k.do(func(tx *bbolt.Tx) error { return apply(tx, world, c) })
}

// do runs work in a transaction, together with whatever else waits.
func (k *Keeper) do(work func(*bbolt.Tx) error) error {
	p := &pending{work: work, done: make(chan error, 1)}
	k.closing.RLock()
	if k.closed {
		k.closing.RUnlock()
		return &Error{k.dir, ErrClosed}
	}
	k.queue <- p
	k.closing.RUnlock()
	if err := <-p.done; err != nil {
		return &Error{k.dir, err}
	}
	return nil
}

// commitAll takes what waits, commits it together, and begins again until the keeper is closed.
func (k *Keeper) commitAll() {
	defer close(k.done)
	for first := range k.queue {
		batch := []*pending{first}
		for len(batch) < mostTogether && len(k.queue) > 0 {
			batch = append(batch, <-k.queue)
		}
		k.commit(batch)
	}
}

// commit commits work together. If that fails, each piece goes alone, so that one's failure is not another's.
func (k *Keeper) commit(batch []*pending) {
	err := k.update(func(tx *bbolt.Tx) error {
		for _, p := range batch {
			if err := p.work(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, p := range batch {
		if err != nil && len(batch) > 1 {
			p.done <- k.update(p.work)
			continue
		}
		p.done <- err
	}
}

// update runs work in a transaction.
func (k *Keeper) update(work func(*bbolt.Tx) error) error {
	return guarded(func() error { return k.db.Update(work) })
}

// guarded runs what reads or writes the file. A panic, in the engine over a damaged file or in the work, is an error, and so
// is memory that has no file behind it any more: neither may take down whoever else is served.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return do()
}
