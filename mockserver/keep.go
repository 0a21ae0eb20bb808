package mockserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// What worlds and their pasts are called in the file. Names of worlds and snapshots hold no slash.
const (
	keptWorlds    = "world/"    // the world itself
	keptOrigins   = "origin/"   // what a reset goes back to
	keptSnapshots = "snapshot/" // + world + / + snapshot
	keptBases     = "base/"     // what worlds are forks of
)

func keptSnapshot(world, name string) string { return keptSnapshots + world + "/" + name }

// reservedCalls is how many calls are counted as made in the file at once: after a crash the count goes on behind them,
// so that no chance is drawn twice.
const reservedCalls = 1024

// keeps reports whether worlds are kept on disk.
func (s *Server) keeps() bool { return s.file != nil }

// drop forgets what is kept under a name.
func (s *Server) drop(kept string) error {
	if !s.keeps() {
		return nil
	}
	return s.file.Drop(kept)
}

// keepingStores makes the world's stores keep what is done to them.
func (w *World) keepingStores(stores []*store.Store) {
	if !w.server.keeps() {
		return
	}
	for i, st := range stores {
		vendor := w.server.plugs[i].Name
		st.Keep = func(ctx context.Context, did *store.Changes) error { return w.keep(ctx, vendor, did) }
	}
}

// keep writes what a transaction did, with what else its call has to keep.
func (w *World) keep(ctx context.Context, vendor string, did *store.Changes) error {
	ch, err := changeOf(vendor, did)
	if err != nil {
		return err
	}
	x, _ := ctx.Value(extraKey{}).(*extra)
	x.into(ch, w)
	if err := w.server.file.Append(keptWorlds+w.name, ch); err != nil {
		return err
	}
	x.settled()
	return nil
}

// collecting makes stores that are being filled tell in done what is done to them.
func (w *World) collecting(stores []*store.Store, done *disk.Change) {
	if !w.server.keeps() {
		return
	}
	for i, st := range stores {
		vendor := w.server.plugs[i].Name
		st.Keep = func(_ context.Context, did *store.Changes) error {
			ch, err := changeOf(vendor, did)
			if err == nil {
				done.Records, done.Sequences = append(done.Records, ch.Records...), append(done.Sequences, ch.Sequences...)
			}
			return err
		}
	}
}

func changeOf(vendor string, did *store.Changes) (*disk.Change, error) {
	ch := &disk.Change{}
	for _, c := range did.Records {
		rec := disk.Record{Vendor: vendor, Collection: c.Collection.Name(), ID: c.ID}
		if c.Record != nil {
			var err error
			if rec.JSON, err = json.Marshal(c.Record); err != nil {
				return nil, err
			}
		}
		ch.Records = append(ch.Records, rec)
	}
	for name, n := range did.Sequences {
		ch.Sequences = append(ch.Sequences, disk.Sequence{Vendor: vendor, Name: name, Value: n})
	}
	return ch, nil
}

// extra is what has to be kept of a call beside its transaction, and goes with it where there is one.
type extra struct {
	nonces []disk.Nonce
	// state says that the world's state changed. done, if set, is what becomes of a transition with it.
	state bool
	done  *TransitionStatus
}

type extraKey struct{}

func (x *extra) into(ch *disk.Change, w *World) {
	if x == nil {
		return
	}
	ch.Nonces = append(ch.Nonces, x.nonces...)
	if x.state {
		done := x.done
		ch.StateNow = func() []byte { return w.stateJSON(done) }
	}
}

func (x *extra) settled() {
	if x != nil {
		*x = extra{}
	}
}

// with puts what is to be kept beside a transaction into its context.
func (x *extra) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, extraKey{}, x)
}

// settle keeps what no transaction has taken along.
func (w *World) settle(x *extra) error {
	if !w.server.keeps() || len(x.nonces) == 0 && !x.state {
		return nil
	}
	ch := &disk.Change{}
	x.into(ch, w)
	if err := w.server.file.Append(keptWorlds+w.name, ch); err != nil {
		return err
	}
	x.settled()
	return nil
}

// stateJSON is the world's state with the calls that are reserved counted as made, and with what becomes of a transition.
func (w *World) stateJSON(done *TransitionStatus) []byte {
	st := w.state()
	st.Transitions = st.Transitions.with(done)
	st.Calls = max(st.Calls, w.reserveTo.Load())
	return mustJSON(&st)
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs of ours
	}
	return raw
}

// keepState writes the world's state.
func (w *World) keepState() error {
	return w.settle(&extra{state: true})
}

// count counts a call, and reserves further ones in the file where the last reservation is used up.
func (w *World) count() uint64 {
	n := w.calls.Add(1)
	if w.server.keeps() && n > w.reserved.Load() {
		w.reserve(n)
	}
	return n
}

func (w *World) reserve(n uint64) {
	w.reserving.Lock()
	defer w.reserving.Unlock()
	if n <= w.reserved.Load() {
		return
	}
	w.reserveTo.Store(n + reservedCalls)
	if err := w.keepState(); err != nil {
		w.server.log.Error("calls could not be counted on disk", "world", w.name, "error", err)
	}
	w.reserved.Store(n + reservedCalls)
	if _, err := w.server.file.Forget(keptWorlds+w.name, w.SigningNow().UnixMilli()); err != nil {
		w.server.log.Error("old nonces could not be forgotten on disk", "world", w.name, "error", err)
	}
}

// keepBase begins to keep a world that is being made of a base.
func (w *World) keepBase(of *base) error {
	if !w.server.keeps() {
		return nil
	}
	return w.server.file.Branch(of.kept, keptOrigins+w.name, &disk.Change{})
}

// keepOrigin keeps how a world was made, with what making it changed, and begins to keep the world itself.
func (w *World) keepOrigin(done *disk.Change) error {
	if !w.server.keeps() {
		return nil
	}
	done.Setting, done.State = w.settingJSON(), mustJSON(&w.origin.state)
	if err := w.server.file.Append(keptOrigins+w.name, done); err != nil {
		return err
	}
	return w.server.file.Branch(keptOrigins+w.name, keptWorlds+w.name, &disk.Change{Setting: done.Setting, State: done.State})
}

// keptSetting is how a world was made, as it is kept.
type keptSetting struct {
	WorldSetting
	RecordsSum string `json:"records_sum,omitempty"`
}

func (w *World) settingJSON() []byte {
	k := keptSetting{w.setting, w.recordsSum}
	k.Records = nil
	return mustJSON(&k)
}

// sumOf is a short text that differs for other records, however they are written.
func sumOf(records map[string]json.RawMessage) string {
	if len(records) == 0 {
		return ""
	}
	text, err := json.Marshal(records)
	if err != nil { // no world is made of them
		return err.Error()
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// keepFork begins to keep a world as a fork of another.
func (w *World) keepFork(parent *World) error {
	if !w.server.keeps() {
		return nil
	}
	return w.server.file.Fork(keptWorlds+parent.name, keptOrigins+w.name, &disk.Change{})
}

// keepSnapshot keeps a snapshot of the world as it is.
func (w *World) keepSnapshot(sn *Snapshot, st *worldState) error {
	if !w.server.keeps() {
		return nil
	}
	return w.server.file.Fork(keptWorlds+w.name, keptSnapshot(w.name, sn.Name), &disk.Change{Setting: mustJSON(sn), State: mustJSON(st)})
}

// keepAs makes what is kept under a name what is kept of the world.
func (w *World) keepAs(kept string, st *worldState) error {
	if !w.server.keeps() {
		return nil
	}
	if err := w.server.file.Branch(kept, keptWorlds+w.name, &disk.Change{Setting: w.settingJSON(), State: mustJSON(st)}); err != nil {
		return err
	}
	w.reserved.Store(st.Calls)
	w.reserveTo.Store(st.Calls)
	return nil
}

// unkeep forgets a world and its pasts.
func (s *Server) unkeep(world string) error {
	if !s.keeps() {
		return nil
	}
	names, err := s.file.Worlds()
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return name != keptWorlds+world && name != keptOrigins+world && !strings.HasPrefix(name, keptSnapshots+world+"/")
	})
	return s.file.Drop(names...)
}
