package mockserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/countersign/countersign/mockserver/store"
)

// recordSource makes a function that makes record i of many. Each goroutine makes one of its own, with a decoder of its own.
type recordSource func(*store.Decoder) (func(i int) (any, error), error)

// recordsAtOnce is how many records a goroutine takes at a time.
const recordsAtOnce = 256

// badRecord says which record of many is wrong.
type badRecord struct {
	n   int
	err error
}

func (e *badRecord) Error() string { return e.err.Error() }

// recordsMaker makes records of a collection, on every core.
type recordsMaker struct {
	ctx        context.Context
	collection *store.Collection
	source     recordSource
}

// make makes n records. If one is wrong, it returns those before it and a *badRecord.
func (m *recordsMaker) make(n int) ([]any, error) {
	made := make([]any, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	problems := make([]error, min(runtime.GOMAXPROCS(0), (n+recordsAtOnce-1)/recordsAtOnce))
	for i := range problems {
		wg.Go(func() { problems[i] = m.work(made, &next) })
	}
	wg.Wait()
	return m.first(made, problems)
}

// first finds the first of the problems. Every record before it was made: they are taken in order, and who has taken some
// goes on until one is wrong.
func (m *recordsMaker) first(made []any, problems []error) ([]any, error) {
	var first *badRecord
	for _, err := range problems {
		bad := (*badRecord)(nil)
		switch {
		case err == nil:
		case !errors.As(err, &bad):
			return nil, err
		case first == nil || bad.n < first.n:
			first = bad
		}
	}
	if first != nil {
		return made[:first.n], first
	}
	return made, nil
}

// work makes records until none are left, or one is wrong.
func (m *recordsMaker) work(made []any, next *atomic.Int64) error {
	record, err := m.source(m.collection.Decoder())
	if err != nil {
		return err
	}
	for m.ctx.Err() == nil {
		to := int(next.Add(recordsAtOnce))
		from := to - recordsAtOnce
		if from >= len(made) {
			return nil
		}
		for n := from; n < min(to, len(made)); n++ {
			if made[n], err = record(n); err != nil {
				next.Store(int64(len(made))) // no further ones are needed
				return &badRecord{n, err}
			}
		}
	}
	return m.ctx.Err()
}

// recordsLoader puts many records into a store, in one transaction.
type recordsLoader struct {
	*Setup
	// before is what the store was, for finding out which record was one too many.
	before *store.Store
	loaded []loadedRecords
}

type loadedRecords struct {
	place int
	made  []any
}

// loadMany puts n records into the collection at a place. A record that is wrong is named by its number: *badRecord.
func (l *recordsLoader) loadMany(place, n int, source recordSource) error {
	m := &recordsMaker{l.Tx.Context(), l.plug.Collections[place], source}
	made, err := m.make(n)
	return l.put(place, made, err)
}

// texts is the source of records that are there as JSON, each of which is held against the collection's schema unless the
// loader trusts them.
func (l *recordsLoader) texts(place int, text func(i int) []byte) recordSource {
	return func(dec *store.Decoder) (func(int) (any, error), error) {
		return func(i int) (any, error) {
			if !l.trusted {
				if err := l.plug.checkRecord(place, text(i)); err != nil {
					return nil, err
				}
			}
			return dec.Decode(text(i))
		}, nil
	}
}

// put puts records that were made. problem is what was wrong with the one behind them.
func (l *recordsLoader) put(place int, made []any, problem error) error {
	if problem == nil {
		if problem = l.Tx.LoadAny(l.plug.Collections[place], made); problem == nil {
			l.loaded = append(l.loaded, loadedRecords{place, made})
			return nil
		}
	}
	if err := l.Tx.Context().Err(); err != nil {
		return err
	}
	if err := l.again(place, made); err != nil {
		return err
	}
	return problem
}

// again does what was done once more and one record at a time, elsewhere, to find the first that cannot be put.
func (l *recordsLoader) again(place int, made []any) error {
	return l.before.Update(l.Tx.Context(), func(tx *store.Tx) error {
		for _, part := range l.loaded {
			if err := tx.LoadAny(l.plug.Collections[part.place], part.made); err != nil {
				return err
			}
		}
		for n, rec := range made {
			if err := tx.PutAny(l.plug.Collections[place], rec); err != nil {
				return &badRecord{n, err}
			}
		}
		return nil
	})
}

// load is Setup.Load for many records.
func (l *recordsLoader) load(data []byte) error {
	all, err := recordsOf(data)
	if err != nil {
		return fmt.Errorf("records of %s: %w", l.plug.Name, err)
	}
	n := 0
	for _, list := range all {
		n += len(list)
	}
	defer l.World.server.loading(n)()
	for place, c := range l.plug.Collections {
		list := all[c.Name()]
		if err := l.loadMany(place, len(list), l.texts(place, func(i int) []byte { return list[i] })); err != nil {
			if err := json.Unmarshal(data, &json.RawMessage{}); err != nil {
				return fmt.Errorf("records of %s: %w", l.plug.Name, err)
			}
			return ofRecord(l.plug.Name, c.Name(), err)
		}
		delete(all, c.Name())
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		return fmt.Errorf("%s has no collection %q", l.plug.Name, name)
	}
	return nil
}

// recordsOf finds the records in {"collection": [record, ...], ...}. That each is JSON is not seen to.
func recordsOf(data []byte) (map[string][][]byte, error) {
	if all, err := splitRecords(data); err == nil {
		return all, nil
	}
	var slow map[string][]json.RawMessage
	if err := json.Unmarshal(data, &slow); err != nil {
		return nil, err
	}
	all := map[string][][]byte{}
	for name, list := range slow {
		for _, raw := range list {
			all[name] = append(all[name], raw)
		}
	}
	return all, nil
}

var errTwice = errors.New("a collection stands there twice")

func splitRecords(data []byte) (map[string][][]byte, error) {
	all := map[string][][]byte{}
	s := &jsonStream{buf: data}
	err := s.fields(func(name string) error {
		if _, twice := all[name]; twice {
			return errTwice // the later one counts
		}
		list := [][]byte{}
		err := s.each(func() error {
			raw, err := s.value()
			list = append(list, raw)
			return err
		})
		all[name] = list
		return err
	})
	return all, errors.Join(err, s.end())
}

// ofRecord says of which record an error is.
func ofRecord(vendor, collection string, err error) error {
	if bad := (*badRecord)(nil); errors.As(err, &bad) {
		return fmt.Errorf("%s: %s[%d]: %w", vendor, collection, bad.n, bad.err)
	}
	return err
}

// loading is Options.Loading.
func (s *Server) loading(records int) (loaded func()) {
	if s.opts.Loading == nil {
		return func() {}
	}
	return s.opts.Loading(records)
}

// setupMany is setup for many records.
func (w *World) setupMany(ctx context.Context, p *plugged, st *store.Store, r *rand.Rand, fn func(*recordsLoader) error) error {
	before := st.Fork()
	return w.setup(ctx, p, st, r, func(s *Setup) error { return fn(&recordsLoader{Setup: s, before: before}) })
}
