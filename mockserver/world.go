package mockserver

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// World is one isolated set of records with its own credentials, clocks and decisions. Requests find their world by
// the credentials they carry.
type World struct {
	name string
	// setting is how it was made, but for the records, which the origin has; recordsSum tells whether others are the same.
	setting    WorldSetting
	recordsSum string
	clock      *Clock // world time
	strict     bool
	chosen     map[string]string // assumption -> alternative, only those that differ from the default
	switches   []switches        // the same, of the vendors in the order of the plugs
	server     *Server
	// stores holds one store a vendor, in the order of the plugs. A reset puts new ones in their place.
	stores atomic.Pointer[[]*store.Store]
	nonces *nonceSet
	// claims are the keys by which requests find this world; the registry's lock guards them.
	claims map[string]struct{}
	calls  atomic.Uint64
	setups atomic.Uint64
	faults faults
	// transitions change records by themselves.
	transitions transitions
	// signsByWorld judges signatures by world time.
	signsByWorld atomic.Bool
	// gone says that it was deleted, or has outlived its time.
	gone atomic.Bool
	// used is when somebody last called it, on the wall clock; see WorldSetting.TTL.
	used atomic.Int64

	memos sync.Map

	// mu keeps apart what changes the world as a whole, and guards what follows.
	mu        sync.Mutex
	origin    *picture // what a reset goes back to
	snapshots []Snapshot

	// Calls up to reserved are counted as made in the file that the world is kept in; up to reserveTo they are about to be.
	reserved, reserveTo atomic.Uint64
	reserving           sync.Mutex
}

// WorldSetting says how a world is made. Its zero value is a world of the demo records on the wall clock. It is also
// the form of a world file.
type WorldSetting struct {
	// Name selects the world in the admin API and in the header X-Countersign-World. Empty: a name is made.
	Name string `json:"name,omitempty"`
	// Seed is the source of ids and chance. The same seed gives the same answers.
	Seed uint64 `json:"seed,omitempty"`
	// Clock is what ParseClock reads. Empty: the wall clock.
	Clock string `json:"clock,omitempty"`
	// SigningClock is "wall" (default; what unmodified SDKs need) or "world".
	SigningClock string `json:"signing_clock,omitempty"`
	// Strict refuses what is otherwise only warned of in the journal.
	Strict bool `json:"strict,omitempty"`
	// Assumptions chooses alternatives by number ("QB-003": "json").
	Assumptions map[string]string `json:"assumptions,omitempty"`
	// Base is "demo" (default), "empty" or the name of a fixture (see Server.PutFixture), which the world is a fork of. What a
	// fixture's setting says counts where this one says nothing.
	Base string `json:"base,omitempty"`
	// Generate puts generated records over the base. nil: none. What is generated is held ready, so that a second world of
	// the same takes next to no time.
	Generate *Generate `json:"generate,omitempty"`
	// Records are put over the base: vendor -> collection -> records.
	Records map[string]json.RawMessage `json:"records,omitempty"`
	// TTL is how long the world lives once nobody calls it, by the wall clock. 0: until it is deleted. The default world
	// lives as long as the server.
	TTL Duration `json:"ttl,omitempty"`
	// KeepCredentials leaves the credentials of the base as they are instead of minting new ones. Then no other world
	// may have them.
	KeepCredentials bool `json:"keep_credentials,omitempty"`
	// Faults are the rules that the world starts with, and has again after a reset.
	Faults []FaultRule `json:"faults,omitempty"`
	// Transitions are those that the world starts with, and has again after a reset.
	Transitions []Transition `json:"transitions,omitempty"`
	// Prefer lets a request ask for an error by name: Prefer: code="APIGW.0308". Otherwise the header means nothing.
	Prefer bool `json:"prefer,omitempty"`
}

// Name is the world's name.
func (w *World) Name() string { return w.name }

// Seed is the world's seed.
func (w *World) Seed() uint64 { return w.setting.Seed }

// Now is world time.
func (w *World) Now() time.Time { return w.clock.Now() }

// SigningNow is the time that signatures are judged by.
func (w *World) SigningNow() time.Time {
	if w.signsByWorld.Load() {
		return w.clock.Now()
	}
	return w.server.wall().UTC()
}

// Switch returns the alternative chosen for one of the vendor's assumptions. An unknown number panics.
func (w *World) Switch(vendor, id string) string {
	if v, ok := w.chosen[id]; ok {
		return v
	}
	v, ok := w.server.defaults[id]
	if !ok {
		panic(fmt.Sprintf("vendor %s: no assumption is numbered %q", vendor, id))
	}
	return v
}

// Secret derives a key of the world's own, the same for the same seed, name and label.
func (w *World) Secret(label string) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d\x00%s\x00%s", w.setting.Seed, w.name, label)
	return [32]byte(h.Sum(nil))
}

// Memo returns what derive returned for the key when it was asked for first in the world: keys made of its seed, say. That
// must depend on nothing that changes. Two calls at once may both derive it; what one of them returned is kept.
func (w *World) Memo(key any, derive func() any) any {
	if v, ok := w.memos.Load(key); ok {
		return v
	}
	v, _ := w.memos.LoadOrStore(key, derive())
	return v
}

// identity seeds what must differ between worlds of the same seed: their credentials.
func (w *World) identity() uint64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], w.setting.Seed)
	_, _ = h.Write(b[:])
	_, _ = h.Write([]byte(w.name))
	return h.Sum64()
}

// callSeed seeds the chance of the n-th call, setupRand is that of the n-th setup.
func (w *World) callSeed(n uint64) (uint64, uint64) { return w.setting.Seed ^ callStream, n }

// The streams keep calls, setups and what a world is filled with from drawing the same numbers.
const (
	callStream  = 0xca11
	setupStream = 0x5e7d0f1c
)

func (w *World) setupRand(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.setting.Seed^setupStream, n)) //nolint:gosec // must be repeatable
}

// setup runs fn in a write transaction on the vendor's records.
func (w *World) setup(ctx context.Context, p *plugged, st *store.Store, r *rand.Rand, fn func(*Setup) error) error {
	return st.Update(ctx, func(tx *store.Tx) error {
		return fn(&Setup{Tx: tx, Rand: r, World: w, now: w.Now(), plug: p})
	})
}

func (w *World) store(p *plugged) *store.Store { return (*w.stores.Load())[p.index] }

// update runs fn in a write transaction on a vendor's records, on those that take their place if the world is reset
// meanwhile.
func (w *World) update(ctx context.Context, p *plugged, fn func(*store.Tx) error) error {
	return w.updateWith(ctx, p, &store.Tx{}, fn)
}

// updateWith is update for a caller who has a transaction to use again.
func (w *World) updateWith(ctx context.Context, p *plugged, tx *store.Tx, fn func(*store.Tx) error) error {
	for {
		err := w.store(p).UpdateWith(ctx, tx, fn)
		switch {
		case !errors.Is(err, store.ErrRetired):
			return err
		case w.gone.Load():
			return fmt.Errorf("%w %q any more", ErrNoWorld, w.name)
		}
	}
}

// Apply runs a provider state on the world. Errors: ErrNoState, *ParamError, the state's own.
func (w *World) Apply(ctx context.Context, state string, params Params) (map[string]any, error) {
	p, s := w.server.state(state)
	if s == nil {
		return nil, fmt.Errorf("%w %q", ErrNoState, state)
	}
	for name := range params {
		if !slices.Contains(s.Params, name) {
			return nil, &ParamError{Name: name, Problem: fmt.Sprintf("the state %q takes %v", state, s.Params)}
		}
	}
	w.passTime()
	n := w.setups.Add(1)
	x := &extra{state: true}
	var out map[string]any
	err := w.update(x.with(ctx), p, func(tx *store.Tx) (err error) {
		out, err = s.Apply(&Setup{Tx: tx, Rand: w.setupRand(n), World: w, now: w.Now(), plug: p}, params)
		return err
	})
	if err == nil {
		err = w.settle(x)
	}
	return out, err
}

// Env returns what SDKs need to work in this world, a section a vendor.
func (w *World) Env(ctx context.Context, base string) (map[string]any, error) {
	out := map[string]any{}
	for _, p := range w.server.plugs {
		section, err := p.Describe(&Setup{Tx: w.store(p).Snapshot(ctx), Rand: w.setupRand(0), World: w, now: w.Now(), plug: p}, base)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		out[p.Name] = section
	}
	return out, nil
}

// checkAssumptions refuses numbers and alternatives that no document has.
func checkAssumptions(chosen map[string]string, vendors []*specs.Rules) error {
	ids := make([]string, 0, len(chosen))
	for id := range chosen {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		a := findAssumption(id, vendors)
		if a == nil {
			return fmt.Errorf("no assumption is numbered %q; `countersign specs explain` lists them", id)
		}
		var values []string
		for _, alt := range a.Alternatives {
			values = append(values, alt.Value)
		}
		if !slices.Contains(values, chosen[id]) {
			return fmt.Errorf("assumption %s has no alternative %q; it has %v", id, chosen[id], values)
		}
	}
	return nil
}

func findAssumption(id string, vendors []*specs.Rules) *specs.Assumption {
	for _, v := range vendors {
		if a := v.Assumption(id); a != nil {
			return a
		}
	}
	return nil
}

// Records visits the records of one of a vendor's collections in the order of their ids. They must not be changed.
func (w *World) Records(ctx context.Context, vendor, collection string, visit func(rec any)) error {
	p := w.server.plug(vendor)
	if p == nil {
		return fmt.Errorf("no vendor is named %q", vendor)
	}
	for _, c := range p.Collections {
		if c.Name() == collection {
			w.passTime()
			return w.store(p).Snapshot(ctx).Scan(c, store.PrimaryIndex, "", store.Range{}, func(rec any) bool {
				visit(rec)
				return true
			})
		}
	}
	return fmt.Errorf("%s has no collection %q", vendor, collection)
}

// AllRecords visits every record of the world, vendor by vendor.
func (w *World) AllRecords(ctx context.Context, visit func(vendor string, c *store.Collection, rec any)) error {
	for _, p := range w.server.plugs {
		for _, c := range p.Collections {
			if err := w.Records(ctx, p.Name, c.Name(), func(rec any) { visit(p.Name, c, rec) }); err != nil {
				return err
			}
		}
	}
	return nil
}
