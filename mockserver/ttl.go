package mockserver

import "time"

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

// sweep forgets the worlds whose time is over. It looks at all of them, so it is called where all are looked at or
// another one is made.
func (s *Server) sweep() {
	now := s.wall()
	s.worlds.mu.RLock()
	var gone []*World
	for _, w := range s.worlds.byName {
		if w.stores.Load() != nil && w.over(now) {
			gone = append(gone, w)
		}
	}
	s.worlds.mu.RUnlock()
	for _, w := range gone {
		s.end(w)
	}
}

// end forgets a world and everything of it.
func (s *Server) end(w *World) {
	s.forget(w)
	s.journal.drop(w)
	if err := s.unkeep(w.name); err != nil {
		s.log.Error("a world whose time is over could not be removed from disk", "world", w.name, "error", err)
	}
}
