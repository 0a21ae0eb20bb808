package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Store holds the records of one world for a fixed set of collections.
type Store struct {
	layout *layout
	// write is held by the one write transaction that runs.
	write sync.Mutex
	cur   atomic.Pointer[state]
	// OnCommit, if set before first use, sees the claims a transaction adds and drops just before it is published;
	// an error undoes the transaction. Who is told may keep the slices.
	OnCommit func(added, dropped []string) error
	// retired stores take no more writes; the write lock guards it.
	retired bool
	// Keep, if set before first use, is given what a transaction did just before it is published, to keep it elsewhere;
	// an error undoes the transaction. ctx is the transaction's.
	Keep func(ctx context.Context, did *Changes) error
}

// layout gives every collection its place in a state.
type layout struct {
	collections []*Collection
}

// placeOf panics for a collection that was not given to New. There are few: looking at each beats a map.
func (l *layout) placeOf(c *Collection) int {
	for i, there := range l.collections {
		if there == c {
			return i
		}
	}
	panic("store: collection " + c.name + " is not of this store")
}

// named returns the collection of a name, nil if there is none.
func (l *layout) named(name string) *Collection {
	for _, c := range l.collections {
		if c.name == name {
			return c
		}
	}
	return nil
}

// state is one published version: never changed once it is current.
type state struct {
	tables    []version
	sequences []sequence
	// The rooms save the usual few of both an allocation.
	tableRoom    [12]version
	sequenceRoom [2]sequence
}

// sequence is a counter.
type sequence struct {
	name string
	last int64
}

// clone returns the version for a transaction to write to.
func (st *state) clone() *state {
	c := new(state)
	c.tables = append(c.tableRoom[:0], st.tables...)
	c.sequences = append(c.sequenceRoom[:0], st.sequences...)
	return c
}

// sequence returns the counter of a name, which is there afterwards. The version must be a transaction's own.
func (st *state) sequence(name string) *sequence {
	for i := range st.sequences {
		if st.sequences[i].name == name {
			return &st.sequences[i]
		}
	}
	st.sequences = append(st.sequences, sequence{name: name})
	return &st.sequences[len(st.sequences)-1]
}

// New makes an empty store with the given collections.
func New(collections ...*Collection) (*Store, error) {
	l := &layout{}
	for _, c := range collections {
		if l.named(c.name) != nil {
			return nil, fmt.Errorf("store: collection %q declared twice", c.name)
		}
		l.collections = append(l.collections, c)
	}
	for _, c := range collections {
		for _, to := range c.RefersTo() {
			if l.named(to) == nil {
				return nil, fmt.Errorf("store: collection %q refers to %q, which is not declared", c.name, to)
			}
		}
	}
	s := &Store{layout: l}
	s.cur.Store(emptyState(l))
	return s, nil
}

func emptyState(l *layout) *state {
	st := &state{tables: make([]version, len(l.collections))}
	for i, c := range l.collections {
		st.tables[i] = c.table.empty()
	}
	return st
}

// Fork returns a store with the same records that shares them until either side writes. It takes no time to speak of.
func (s *Store) Fork() *Store {
	s.write.Lock()
	defer s.write.Unlock()
	return s.fork()
}

// fork is Fork for those who hold the write lock.
func (s *Store) fork() *Store {
	next := &Store{layout: s.layout}
	next.cur.Store(s.cur.Load())
	return next
}

// ForkAll forks several stores at one moment: no write of any of them comes between. fn is called at that moment, while
// they wait, and must not write to them; its error makes ForkAll fail.
func ForkAll(stores []*Store, fn func() error) ([]*Store, error) {
	defer lock(stores)()
	if err := fn(); err != nil {
		return nil, err
	}
	forks := make([]*Store, len(stores))
	for i, s := range stores {
		forks[i] = s.fork()
	}
	return forks, nil
}

// Retire ends several stores at one moment: fn is called while no write runs, and once it has succeeded every later write
// fails with ErrRetired. Who has read them may go on reading.
func Retire(stores []*Store, fn func() error) error {
	defer lock(stores)()
	if err := fn(); err != nil {
		return err
	}
	for _, s := range stores {
		s.retired = true
	}
	return nil
}

// lock keeps writers of all stores out until the function it returns is called.
func lock(stores []*Store) (unlock func()) {
	for _, s := range stores {
		s.write.Lock()
	}
	return func() {
		for _, s := range stores {
			s.write.Unlock()
		}
	}
}

// Collections lists the declared collections in their order of declaration.
func (s *Store) Collections() []*Collection { return s.layout.collections }

// View runs fn in a read transaction over the current version.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	return fn(s.Snapshot(ctx))
}

// Snapshot returns a read transaction over the current version. It holds no lock and needs no closing.
func (s *Store) Snapshot(ctx context.Context) *Tx {
	tx := new(Tx)
	s.SnapshotInto(ctx, tx)
	return tx
}

// SnapshotInto is Snapshot for a caller who has a transaction to use again: whatever tx was, it becomes a read
// transaction over the current version.
func (s *Store) SnapshotInto(ctx context.Context, tx *Tx) { tx.begin(ctx, s) }

// Update runs fn in a write transaction and publishes what it did, all or nothing. fn may be run again after a
// conflict in other engines, so it must touch nothing but its transaction.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	return s.UpdateWith(ctx, new(Tx), fn)
}

// UpdateWith is Update for a caller who has a transaction to use again: whatever tx was, fn gets it as the write
// transaction. Reset it when its records are needed no more.
func (s *Store) UpdateWith(ctx context.Context, tx *Tx, fn func(*Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.retired {
		return ErrRetired
	}
	tx.begin(ctx, s)
	tx.writable, tx.keeps = true, s.Keep != nil
	if err := fn(tx); err != nil {
		return err
	}
	return s.commit(tx)
}

func (s *Store) commit(tx *Tx) error {
	if !tx.writes {
		return nil
	}
	if err := tx.checkReferences(); err != nil {
		return err
	}
	claims := s.OnCommit != nil && (len(tx.claimed) > 0 || len(tx.dropped) > 0)
	if claims {
		if err := s.OnCommit(tx.claimed, tx.dropped); err != nil {
			return err
		}
	}
	if s.Keep != nil {
		if err := s.Keep(tx.ctx, tx.changes()); err != nil {
			if claims {
				err = errors.Join(err, s.OnCommit(tx.dropped, tx.claimed))
			}
			return err
		}
	}
	s.cur.Store(tx.state)
	return nil
}

// Claims lists everything the records of the store claim, in no particular use but in a fixed order.
func (s *Store) Claims() []string {
	st := s.cur.Load()
	var out []string
	for i, c := range s.layout.collections {
		out = append(out, c.table.claimsOf(st.tables[i])...)
	}
	return out
}
