package mockserver

import (
	"errors"
	"fmt"
	"time"

	"github.com/countersign/countersign/mockserver/store"
)

// touch notes that the world is in use.
func (w *World) touch() {
	if w.setting.TTL > 0 {
		w.used.Store(w.server.wall().UnixNano())
	}
}

// over reports whether the world has outlived its time.
func (w *World) over(now time.Time) bool {
	return w.setting.TTL > 0 && now.UnixNano()-w.used.Load() > int64(w.setting.TTL)
}

// lives reports whether the world is there for those who ask: made, and not over.
func (w *World) lives(now time.Time) bool { return w.stores.Load() != nil && !w.over(now) }

// Expires is when the world goes if nobody calls it, zero for one that stays.
func (w *World) Expires() time.Time {
	if w.setting.TTL == 0 {
		return time.Time{}
	}
	return time.Unix(0, w.used.Load()+int64(w.setting.TTL)).UTC()
}

// sweepEvery is how long worlds whose time is over may stay in memory; nobody sees them any more.
const sweepEvery = time.Second

// sweep forgets the worlds whose time is over. It is called where worlds are listed or made.
func (s *Server) sweep() {
	now := s.wall()
	s.worlds.mu.Lock()
	var gone []*World
	if now.Sub(s.worlds.swept).Abs() >= sweepEvery {
		s.worlds.swept = now
		for w := range s.worlds.mortal {
			if w.stores.Load() != nil && w.over(now) {
				gone = append(gone, w)
			}
		}
	}
	s.worlds.mu.Unlock()
	for _, w := range gone {
		s.endQuietly(w)
	}
}

// endIfOver frees the name of a world whose time is over.
func (s *Server) endIfOver(name string) {
	s.worlds.mu.RLock()
	w := s.worlds.byName[name]
	s.worlds.mu.RUnlock()
	if w != nil && w.stores.Load() != nil && w.over(s.wall()) {
		s.endQuietly(w)
	}
}

// endQuietly ends a world whose time is over.
func (s *Server) endQuietly(w *World) {
	if err := s.end(w); err != nil && !errors.Is(err, ErrNoWorld) {
		s.log.Error("a world whose time is over could not be removed from disk", "world", w.name, "error", err)
	}
}

// end forgets a world and everything of it: first on disk, so that its name is free only then. Calls that are on their
// way find it gone. Errors: *disk.Error; ErrNoWorld where somebody else has ended it meanwhile.
func (s *Server) end(w *World) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone.Load() {
		return fmt.Errorf("%w %q any more", ErrNoWorld, w.name)
	}
	return store.Retire(*w.stores.Load(), func() error {
		if err := s.unkeep(w.name); err != nil {
			return err
		}
		w.gone.Store(true)
		s.journal.drop(w)
		s.forget(w)
		return nil
	})
}
