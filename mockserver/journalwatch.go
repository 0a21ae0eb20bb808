package mockserver

import (
	"context"
	"iter"
)

// Watched is what a watcher of the journal sees: an entry, or that some are gone.
type Watched struct {
	// Request is an entry, as it was when it was added: before the first byte of its reply went out.
	Request *EntryView
	// Lost, where Request is nil, is how many entries were evicted or cleared before the watcher came to see them. With
	// a query some of them may not have been selected.
	Lost uint64
}

// watcher waits for entries. It has no queue of its own: what it has not seen yet is in the journal, within the
// journal's budget, or evicted.
type watcher struct {
	journal *journal
	query   *selection
	woken   chan struct{} // holds one token
	gone    chan struct{} // closed with the journal
	// seen is the id of the last entry looked at, number its place in the world that is watched, or its id where all are.
	// known is false where the entry itself was not there to ask.
	seen, number uint64
	known        bool
}

func (w *watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // it is awake already
	}
}

// watch begins to watch: for what is added from now on, or for all that came after an entry.
func (j *journal) watch(q *selection, after *uint64) *watcher {
	w := &watcher{journal: j, query: q, woken: make(chan struct{}, 1), gone: make(chan struct{})}
	j.mu.Lock()
	defer j.mu.Unlock()
	b := j.books[q.World]
	switch {
	case after != nil:
		w.seen = *after
		w.number, w.known = j.numberOf(q.World, *after)
		w.wake()
	case q.World == "":
		w.seen, w.number, w.known = j.next, j.next, true
	default:
		w.seen, w.known = j.next, true
		if b != nil {
			w.number = b.seq
		}
	}
	j.watchers[w] = struct{}{}
	if j.closed {
		close(w.gone)
	}
	return w
}

// numberOf is the place of an entry in its world, or its id where all worlds are meant.
func (j *journal) numberOf(world string, id uint64) (number uint64, known bool) {
	if world == "" || id == 0 {
		return id, true
	}
	i := j.find(id)
	if i == len(j.order) || j.order[i].id != id || j.order[i].e == nil || j.order[i].e.world != world {
		return 0, false
	}
	return j.order[i].e.seq, true
}

func (w *watcher) stop() {
	w.journal.mu.Lock()
	defer w.journal.mu.Unlock()
	delete(w.journal.watchers, w)
}

// close ends every watcher, present and future.
func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	j.closed = true
	for w := range j.watchers {
		close(w.gone)
	}
}

// batch bounds how many entries a watcher holds while it waits for its reader, mostHeld their bytes (save that of one).
const (
	batch    = 64
	mostHeld = 1 << 20
)

// next returns the entries that follow, and how many are gone before each of them; both are empty where none follow.
func (w *watcher) next() (list []*Entry, lost []uint64) {
	list, losses := w.journal.after(w.query.World, w.seen, batch)
	held := 0
	for i, e := range list {
		if held += e.size; i > 0 && held > mostHeld {
			list = list[:i]
			break
		}
		lost = append(lost, w.gap(e, losses))
	}
	return list, lost
}

// gap moves on to an entry and returns how many were skipped.
func (w *watcher) gap(e *Entry, l losses) uint64 {
	number, n := e.seq, uint64(0)
	if w.query.World == "" {
		number = e.id
	}
	switch {
	case w.known && number > w.number: // not so where the world was cleared and counts anew
		n = number - w.number - 1
	case !w.known && l.last > w.seen:
		n = min(l.count, e.id-w.seen-1)
	}
	w.seen, w.number, w.known = e.id, number, true
	return n
}

// each hands what is watched to f until f returns false, ctx ends or the journal is closed. beat, if any, calls f with
// nil.
func (w *watcher) each(ctx context.Context, beat <-chan struct{}, f func(*Watched) bool) {
	defer w.stop()
	for {
		if list, lost := w.next(); len(list) > 0 {
			if !w.hand(list, lost, f) {
				return
			}
			if ctx.Err() != nil {
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-w.gone:
			return
		case <-beat:
			if !f(nil) {
				return
			}
		case <-w.woken:
		}
	}
}

func (w *watcher) hand(list []*Entry, lost []uint64, f func(*Watched) bool) bool {
	for i, e := range list {
		list[i] = nil
		if lost[i] > 0 && !f(&Watched{Lost: lost[i]}) {
			return false
		}
		if !w.query.selects(e) {
			continue
		}
		v := e.whole(!w.query.WithoutBodies)
		if !f(&Watched{Request: &v}) {
			return false
		}
	}
	return true
}

// Watch yields the entries that a query selects as they are added, from this call on, until ctx ends, the server shuts
// down or the loop is left. A reader that is slow holds nobody up: what was evicted before its turn came is counted.
// Limit, Offset and Order mean nothing here. Errors: those of Find.
func (s *Server) Watch(ctx context.Context, q JournalQuery) (iter.Seq[Watched], error) {
	return s.watchFrom(ctx, q, nil)
}

// WatchAfter is Watch, but begins with what is there already after the entry of that id; 0 means with everything.
func (s *Server) WatchAfter(ctx context.Context, q JournalQuery, id uint64) (iter.Seq[Watched], error) {
	return s.watchFrom(ctx, q, &id)
}

func (s *Server) watchFrom(ctx context.Context, q JournalQuery, after *uint64) (iter.Seq[Watched], error) {
	sel, err := s.selection(q)
	if err != nil {
		return nil, err
	}
	w := s.journal.watch(sel, after)
	context.AfterFunc(ctx, w.stop) // for one who never looks
	return func(yield func(Watched) bool) {
		w.each(ctx, nil, func(seen *Watched) bool { return yield(*seen) })
	}, nil
}
