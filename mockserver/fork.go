package mockserver

import (
	"context"

	"github.com/countersign/countersign/mockserver/disk"
)

// ForkWorld makes a world that begins with the records, clocks and decisions that another one has now, and goes its own way from
// there. It has credentials of its own: all that the parent's records claim are minted anew. An empty name is made. Errors:
// ErrNoWorld, ErrWorldTaken, *disk.Error.
func (s *Server) ForkWorld(ctx context.Context, parent, name string) (*World, error) {
	from, err := s.World(parent)
	if err != nil {
		return nil, err
	}
	setting := from.setting
	setting.Name, setting.KeepCredentials = name, false
	from.mu.Lock()
	defer from.mu.Unlock()
	return s.make(setting, func(w *World, done *disk.Change) (*picture, error) {
		p, err := from.picture(func(worldState) error { return w.keepFork(from) })
		if err != nil {
			return nil, err
		}
		if err := w.restore(&p.state); err != nil {
			return nil, err
		}
		w.collecting(p.stores, done)
		return p, w.mintAll(ctx, p.stores)
	})
}
