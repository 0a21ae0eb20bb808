package mockserver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// open opens the folder that worlds are kept in and makes what is kept there.
func (s *Server) open(ctx context.Context) error {
	if s.opts.Data == "" {
		return nil
	}
	file, err := disk.Open(s.opts.Data)
	if err != nil {
		return err
	}
	s.file = file
	l := &loader{s: s, ctx: ctx, made: map[uint64][]*store.Store{}}
	for _, step := range []func() error{l.bases, l.fixtures, l.worlds} {
		if err := step(); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return nil
}

// loader makes worlds from the file. What they share on disk they share in memory.
type loader struct {
	s   *Server
	ctx context.Context
	// made are the stores of each layer, with all that lies below it.
	made map[uint64][]*store.Store
}

// bases sees to it that the demo records of this program are kept, so that a later one with others still finds them.
func (l *loader) bases() error {
	s := l.s
	demo := make([]*store.Store, len(s.plugs))
	all := &disk.Change{}
	for i, p := range s.plugs {
		demo[i] = p.demo
		ch, err := changeOf(p.Name, everything(l.ctx, p.demo))
		if err != nil {
			return err
		}
		all.Records, all.Sequences = append(all.Records, ch.Records...), append(all.Sequences, ch.Sequences...)
	}
	s.keptDemo = keptBases + fingerprint(all)
	for name, ch := range map[string]*disk.Change{s.keptDemo: all, keptEmpty: {}} {
		if err := s.file.Create(name, ch); err != nil && !errors.Is(err, disk.ErrTaken) {
			return err
		}
	}
	kept, err := s.file.Load(s.keptDemo)
	if err != nil {
		return err
	}
	l.made[kept.Layers[len(kept.Layers)-1]] = demo
	return nil
}

const keptEmpty = keptBases + "empty"

// everything is a store's content as one change.
func everything(ctx context.Context, st *store.Store) *store.Changes {
	tx := st.Snapshot(ctx)
	out := &store.Changes{Sequences: tx.Sequences()}
	for _, c := range st.Collections() {
		_ = tx.Scan(c, store.PrimaryIndex, "", store.Range{}, func(rec any) bool { // fails only when ctx ends
			out.Records = append(out.Records, store.Changed{Collection: c, ID: c.ID(rec), Record: rec})
			return true
		})
	}
	return out
}

func fingerprint(ch *disk.Change) string {
	sum := sha256.Sum256(mustJSON(ch))
	return "demo-" + hex.EncodeToString(sum[:8])
}

// worlds makes every world that is kept.
func (l *loader) worlds() error {
	names, err := l.s.file.Worlds()
	if err != nil {
		return err
	}
	for _, kept := range names {
		name, is := strings.CutPrefix(kept, keptOrigins)
		switch {
		case !is:
			continue
		case !slices.Contains(names, keptWorlds+name): // it was being made when the process ended
			err = l.s.file.Drop(kept)
		default:
			err = l.world(name, names)
		}
		if claim := (*ClaimError)(nil); errors.As(err, &claim) && name != DefaultWorld {
			l.s.log.Error("a kept world is left aside: another one has its credentials; delete that one and start again", "world", name, "error", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("the world %q in %s: %w", name, l.s.file.Dir(), err)
		}
	}
	return nil
}

func (l *loader) world(name string, kept []string) error {
	stores, k, err := l.load(keptWorlds + name)
	if err != nil {
		return err
	}
	var how keptSetting
	if err := json.Unmarshal(k.Setting, &how); err != nil {
		return fmt.Errorf("how it was made: %w", err)
	}
	how.Name = name
	w, err := l.s.newWorld(how.WorldSetting)
	if err != nil {
		return err
	}
	w.recordsSum = how.RecordsSum
	if err := l.past(w, kept); err != nil {
		return err
	}
	st, err := decodeState(k.State)
	if err != nil {
		return err
	}
	if err := w.restore(st); err != nil {
		return err
	}
	w.touch()
	w.reserved.Store(st.Calls)
	w.reserveTo.Store(st.Calls)
	for _, n := range k.Nonces {
		w.nonces.use([]byte(n.Text), w.SigningNow(), time.UnixMilli(n.Until))
	}
	if err := l.s.reserve(w); err != nil {
		return err
	}
	if err := l.s.adopt(w, stores, nothing); err != nil {
		l.s.forget(w)
		return err
	}
	_, err = l.s.file.Forget(keptWorlds+w.name, w.SigningNow().UnixMilli())
	return err
}

// past makes what the world can go back to.
func (l *loader) past(w *World, kept []string) (err error) {
	if w.origin, _, err = l.picture(keptOrigins + w.name); err != nil {
		return err
	}
	for _, name := range kept {
		if !strings.HasPrefix(name, keptSnapshots+w.name+"/") {
			continue
		}
		var sn Snapshot
		p, k, err := l.picture(name)
		if err == nil {
			err = json.Unmarshal(k.Setting, &sn)
		}
		if err != nil {
			return fmt.Errorf("snapshot %s: %w", name, err)
		}
		sn.picture = p
		w.snapshots = append(w.snapshots, sn)
	}
	slices.SortStableFunc(w.snapshots, func(a, b Snapshot) int { return a.Saved.Compare(b.Saved) })
	return nil
}

func (l *loader) picture(kept string) (*picture, *disk.Kept, error) {
	stores, k, err := l.load(kept)
	if err != nil {
		return nil, nil, err
	}
	st, err := decodeState(k.State)
	if err != nil {
		return nil, nil, err
	}
	return &picture{stores, *st}, k, nil
}

// load makes the stores of what is kept under a name.
func (l *loader) load(kept string) ([]*store.Store, *disk.Kept, error) {
	k, err := l.s.file.Load(kept)
	if err != nil {
		return nil, nil, err
	}
	var below []*store.Store
	for _, number := range k.Layers {
		if below, err = l.layer(number, below); err != nil {
			return nil, nil, err
		}
	}
	return forks(below), k, nil
}

// layer makes the stores of a layer over those of the one below it.
func (l *loader) layer(number uint64, below []*store.Store) ([]*store.Store, error) {
	if made := l.made[number]; made != nil {
		return made, nil
	}
	stores, err := forks(below), error(nil)
	if below == nil {
		stores, err = l.s.emptyStores()
	}
	if err != nil {
		return nil, err
	}
	records := make([][]disk.Record, len(stores))
	counters, err := l.s.file.Layer(number, func(r disk.Record) error {
		p := l.s.plug(r.Vendor)
		if p == nil {
			return fmt.Errorf("it has records of the vendor %q, which is not served", r.Vendor)
		}
		records[p.index] = append(records[p.index], r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, p := range l.s.plugs {
		if err := stores[i].Update(l.ctx, func(tx *store.Tx) error { return p.replay(tx, records[i], counters) }); err != nil {
			return nil, err
		}
	}
	l.made[number] = stores
	return stores, nil
}

// replay puts a layer's records over those that are there. All that it changes goes first, so that what is unique can
// pass from one record to another.
func (p *plugged) replay(tx *store.Tx, records []disk.Record, counters []disk.Sequence) error {
	for _, r := range records {
		c := p.collection(r.Collection)
		if c == nil {
			return fmt.Errorf("%s has no collection %q", p.Name, r.Collection)
		}
		if err := tx.DeleteAny(c, r.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	for _, r := range records {
		if r.JSON == nil {
			continue
		}
		c := p.collection(r.Collection)
		rec, err := c.Decode(r.JSON)
		if err == nil {
			err = tx.PutAny(c, rec)
		}
		if err != nil {
			return err
		}
	}
	for _, n := range counters {
		if n.Vendor != p.Name {
			continue
		}
		if err := tx.SetSequence(n.Name, n.Value); err != nil {
			return err
		}
	}
	return nil
}

func (p *plugged) collection(name string) *store.Collection {
	if i := p.place(name); i >= 0 {
		return p.Collections[i]
	}
	return nil
}

func (s *Server) emptyStores() ([]*store.Store, error) {
	stores := make([]*store.Store, len(s.plugs))
	for i, p := range s.plugs {
		var err error
		if stores[i], err = store.New(p.Collections...); err != nil {
			return nil, err
		}
	}
	return stores, nil
}

// ErrOtherSetting says that the default world that is kept was made otherwise than asked for.
var ErrOtherSetting = errors.New("the default world that is kept there was made with other settings (records, seed, clock, assumptions)")

// sameSetting refuses to go on with a default world that was made otherwise than it is asked for now.
func (w *World) sameSetting(asked WorldSetting) error {
	sum := sumOf(asked.Records)
	asked.Records = nil
	if sum != w.recordsSum || !bytes.Equal(mustJSON(&asked), mustJSON(&w.setting)) {
		return fmt.Errorf("%w: ask for the same ones, or take another folder", ErrOtherSetting)
	}
	return nil
}
