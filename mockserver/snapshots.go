package mockserver

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrNoSnapshot says that a world has no snapshot of a name.
var ErrNoSnapshot = errors.New("no snapshot is named")

// Snapshot is a world's past that it can go back to.
type Snapshot struct {
	Name string `json:"name"`
	// At is world time when it was saved; Saved the wall clock.
	At    time.Time `json:"at"`
	Saved time.Time `json:"saved"`

	picture *picture
}

// maxSnapshots bounds the snapshots of a world: each keeps what the world was, fault rules too.
const maxSnapshots = 1000

// SaveSnapshot remembers the world as it is, in place of a snapshot of that name. It shares its records with the world
// until they change, so it costs little however many there are. Errors: what is wrong with the name, *disk.Error.
func (w *World) SaveSnapshot(name string) (Snapshot, error) {
	if !wellNamed(name) {
		return Snapshot{}, fmt.Errorf("snapshot name %q: want 1 to 64 letters, digits, dots, dashes or underscores", name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.snapshot(name); err != nil && len(w.snapshots) >= maxSnapshots {
		return Snapshot{}, fmt.Errorf("a world has at most %d snapshots; delete some", maxSnapshots)
	}
	sn := Snapshot{Name: name, At: w.Now(), Saved: w.server.wall().UTC()}
	var err error
	if sn.picture, err = w.picture(func(st worldState) error { return w.keepSnapshot(&sn, &st) }); err != nil {
		return Snapshot{}, err
	}
	w.snapshots = slices.DeleteFunc(w.snapshots, func(s Snapshot) bool { return s.Name == name })
	w.snapshots = append(w.snapshots, sn)
	return sn, nil
}

// Snapshots lists the world's snapshots, the oldest first.
func (w *World) Snapshots() []Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.snapshots)
}

func (w *World) snapshot(name string) (int, error) {
	i := slices.IndexFunc(w.snapshots, func(s Snapshot) bool { return s.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("%w %q in world %q", ErrNoSnapshot, name, w.name)
	}
	return i, nil
}

// LoadSnapshot puts the world back to what it was: records, clocks, counters, faults. Nonces are forgotten. The snapshot stays. Errors:
// ErrNoSnapshot; *ClaimError where another world has taken one of the credentials since; *disk.Error.
func (w *World) LoadSnapshot(name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.snapshot(name)
	if err != nil {
		return err
	}
	return w.become(w.snapshots[i].picture, keptSnapshot(w.name, name))
}

// DeleteSnapshot forgets a snapshot. Errors: ErrNoSnapshot, *disk.Error.
func (w *World) DeleteSnapshot(name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.snapshot(name)
	if err != nil {
		return err
	}
	if err := w.server.drop(keptSnapshot(w.name, name)); err != nil {
		return err
	}
	w.snapshots = slices.Delete(w.snapshots, i, i+1)
	return nil
}
