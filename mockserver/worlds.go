package mockserver

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// Errors of the registry of worlds.
var (
	ErrNoWorld    = errors.New("no world is named")
	ErrNoState    = errors.New("no provider state is named")
	ErrWorldTaken = errors.New("a world is already named")
)

// ClaimError says that a credential or id already belongs to another world.
type ClaimError struct{ Claim, Owner string }

func (e *ClaimError) Error() string {
	kind, _, _ := strings.Cut(e.Claim, ":")
	return fmt.Sprintf("this %s already belongs to world %q; a credential or project belongs to exactly one world", kind, e.Owner)
}

// DefaultWorld is the name of the world that takes the requests no other world claims.
const DefaultWorld = "default"

// worlds is the registry: every world by name, and who owns which credential.
type worlds struct {
	mu     sync.RWMutex
	byName map[string]*World
	owners map[string]*World
	made   int
	// mortal are the worlds with a time to live; swept is when they were last looked at.
	mortal map[*World]struct{}
	swept  time.Time
}

func (s *Server) owner(key []byte) *World {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	w := s.worlds.owners[string(key)]
	if w == nil || w.setting.TTL > 0 && w.over(s.wall()) {
		return nil
	}
	return w
}

// World returns a world by name, or an error that wraps ErrNoWorld.
func (s *Server) World(name string) (*World, error) {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	if w := s.worlds.byName[name]; w != nil && w.lives(s.wall()) {
		return w, nil
	}
	return nil, fmt.Errorf("%w %q", ErrNoWorld, name)
}

// Worlds lists the worlds by name.
func (s *Server) Worlds() []*World {
	s.sweep()
	now := s.wall()
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	list := make([]*World, 0, len(s.worlds.byName))
	for _, w := range s.worlds.byName {
		if w.lives(now) {
			list = append(list, w)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}

// CreateWorld makes a world. Errors: ErrWorldTaken, *ClaimError, *disk.Error, or what is wrong with the setting.
func (s *Server) CreateWorld(ctx context.Context, setting WorldSetting) (*World, error) {
	for {
		var w *World
		of, whole, err := s.baseOf(ctx, setting)
		if err == nil {
			w, err = s.makeOf(ctx, of, whole)
		}
		if !errors.Is(err, errBaseGone) {
			return w, err
		}
	}
}

// makeOf makes a world of a base.
func (s *Server) makeOf(ctx context.Context, of *base, setting WorldSetting) (*World, error) {
	s.bases.using.RLock()
	defer s.bases.using.RUnlock()
	if of.gone {
		return nil, errBaseGone
	}
	return s.make(setting, func(w *World, done *disk.Change) (*picture, error) {
		if err := w.keepBase(of); err != nil {
			return nil, err
		}
		stores, err := w.fill(ctx, of, done)
		return &picture{stores: stores, state: w.state()}, err
	})
}

// make makes a world of what begin makes of its setting, and publishes it; what cannot be published leaves nothing
// behind. begin tells in done what it has changed over what is kept of the world already.
func (s *Server) make(setting WorldSetting, begin func(w *World, done *disk.Change) (*picture, error)) (*World, error) {
	s.sweep()
	s.endIfOver(setting.Name)
	w, err := s.newWorld(setting)
	if err != nil {
		return nil, err
	}
	if err := s.reserve(w); err != nil {
		return nil, err
	}
	var done disk.Change
	if w.origin, err = begin(w, &done); err == nil {
		w.setting.Records = nil // they are in the origin, and may be large
		w.touch()
		if err = w.keepOrigin(&done); err == nil {
			err = s.adopt(w, forks(w.origin.stores), nothing)
		}
	}
	if err != nil {
		err = errors.Join(err, s.unkeep(w.name))
		s.forget(w)
		return nil, err
	}
	return w, nil
}

func (s *Server) newWorld(setting WorldSetting) (*World, error) {
	clock, err := ParseClock(setting.Clock)
	if err != nil {
		return nil, err
	}
	if setting.SigningClock != "" && setting.SigningClock != signingWall && setting.SigningClock != signingWorld {
		return nil, fmt.Errorf("signing_clock %q: want \"wall\" or \"world\"", setting.SigningClock)
	}
	if setting.Name != "" && !wellNamed(setting.Name) {
		return nil, fmt.Errorf("world name %q: want 1 to 64 letters, digits, dots, dashes or underscores", setting.Name)
	}
	if err := checkAssumptions(setting.Assumptions, s.specs); err != nil {
		return nil, err
	}
	for vendor := range setting.Records {
		if s.plug(vendor) == nil {
			return nil, fmt.Errorf("records: no vendor is named %q", vendor)
		}
	}
	if setting.TTL < 0 {
		return nil, fmt.Errorf("ttl %s: want a time to live above 0, or none", setting.TTL)
	}
	w := &World{name: setting.Name, setting: setting, clock: newClock(s.wall, clock), strict: setting.Strict,
		chosen: setting.Assumptions, switches: s.switches(setting.Assumptions), server: s, nonces: newNonceSet()}
	if s.keeps() {
		w.recordsSum = sumOf(setting.Records)
	}
	w.signsByWorld.Store(setting.SigningClock == signingWorld)
	if err := w.beginFaults(); err != nil {
		return nil, err
	}
	if err := w.beginTransitions(); err != nil {
		return nil, err
	}
	return w, nil
}

// reserve gives the world its name.
func (s *Server) reserve(w *World) error {
	s.worlds.mu.Lock()
	defer s.worlds.mu.Unlock()
	for w.name == "" {
		s.worlds.made++
		if name := fmt.Sprintf("world-%d", s.worlds.made); s.worlds.byName[name] == nil {
			w.name = name
		}
	}
	if s.worlds.byName[w.name] != nil {
		return fmt.Errorf("%w %q", ErrWorldTaken, w.name)
	}
	s.worlds.byName[w.name] = w
	if w.setting.TTL > 0 {
		s.worlds.mortal[w] = struct{}{}
	}
	return nil
}

// adopt publishes a world's stores and makes it the owner of what its records claim, or fails and changes nothing. before
// is called once nothing but it can fail.
func (s *Server) adopt(w *World, stores []*store.Store, before func() error) error {
	s.worlds.mu.Lock()
	defer s.worlds.mu.Unlock()
	claims, err := s.claimable(w, stores)
	if err != nil {
		return err
	}
	if err := before(); err != nil {
		return err
	}
	s.disown(w)
	w.claims = make(map[string]struct{}, len(claims))
	for _, key := range claims {
		s.own(w, key)
	}
	for i, st := range stores {
		st.OnCommit = s.claimer(w, s.plugs[i])
	}
	w.keepingStores(stores)
	w.stores.Store(&stores)
	return nil
}

// claimable lists what stores claim, unless another world has some of it; the caller holds the registry's lock.
func (s *Server) claimable(w *World, stores []*store.Store) (claims []string, err error) {
	for i, st := range stores {
		for _, c := range st.Claims() {
			key := claimKey(s.plugs[i], c)
			if owner := s.worlds.owners[key]; owner != nil && owner != w {
				return nil, &ClaimError{Claim: c, Owner: owner.name}
			}
			claims = append(claims, key)
		}
	}
	return claims, nil
}

func claimKey(p *plugged, claim string) string { return string(appendClaimKey(nil, p, claim, "")) }

func appendClaimKey(b []byte, p *plugged, kind, value string) []byte {
	return append(append(append(append(b, p.Name...), ' '), kind...), value...)
}

func (s *Server) own(w *World, key string) {
	s.worlds.owners[key] = w
	w.claims[key] = struct{}{}
}

func (s *Server) disown(w *World) {
	for key := range w.claims {
		delete(s.worlds.owners, key)
	}
	w.claims = nil
}

// claimer keeps the registry true as transactions add and drop credentials.
func (s *Server) claimer(w *World, p *plugged) func(added, dropped []string) error {
	return func(added, dropped []string) error {
		s.worlds.mu.Lock()
		defer s.worlds.mu.Unlock()
		if w.gone.Load() {
			return fmt.Errorf("%w %q any more", ErrNoWorld, w.name)
		}
		for _, c := range added {
			if owner := s.worlds.owners[claimKey(p, c)]; owner != nil && owner != w {
				return &ClaimError{Claim: c, Owner: owner.name}
			}
		}
		for _, c := range dropped {
			delete(s.worlds.owners, claimKey(p, c))
			delete(w.claims, claimKey(p, c))
		}
		for _, c := range added {
			s.own(w, claimKey(p, c))
		}
		return nil
	}
}

func (s *Server) forget(w *World) {
	s.worlds.mu.Lock()
	defer s.worlds.mu.Unlock()
	s.disown(w)
	delete(s.worlds.mortal, w)
	if s.worlds.byName[w.name] == w {
		delete(s.worlds.byName, w.name)
	}
}

// ResetWorld puts a world back to how it was made: records, clocks, faults, transitions, nonces, the sequence of its
// chance, and an empty journal. Its snapshots stay. Errors: ErrNoWorld; *ClaimError where another world has taken one of
// its credentials since; *disk.Error.
func (s *Server) ResetWorld(_ context.Context, name string) error {
	w, err := s.World(name)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.become(w.origin, keptOrigins+w.name); err != nil {
		return err
	}
	s.journal.drop(w)
	return nil
}

// ErrDefaultWorld says that the default world cannot be deleted.
var ErrDefaultWorld = errors.New("the default world cannot be deleted; reset it")

// DeleteWorld forgets a world. Requests with its credentials then fall to the default world, which does not know them.
func (s *Server) DeleteWorld(name string) error {
	w, err := s.World(name)
	if err != nil {
		return err
	}
	if name == DefaultWorld {
		return ErrDefaultWorld
	}
	return s.end(w)
}

func nothing() error { return nil }

// fill makes the world's stores of a base, as its setting says.
func (w *World) fill(ctx context.Context, of *base, done *disk.Change) ([]*store.Store, error) {
	stores := forks(of.stores)
	w.collecting(stores, done)
	if !w.setting.KeepCredentials && of.mints {
		if err := w.mintAll(ctx, stores); err != nil {
			return nil, err
		}
	}
	return stores, w.loadAll(ctx, stores)
}

// mintAll gives what the stores' records claim new values.
func (w *World) mintAll(ctx context.Context, stores []*store.Store) error {
	for i, p := range w.server.plugs {
		if err := w.setup(ctx, p, stores[i], seeded(w.identity(), mintStream), p.Mint); err != nil {
			return fmt.Errorf("%s: new credentials: %w", p.Name, err)
		}
	}
	return nil
}

// loadAll puts the records of the world's setting into the stores.
func (w *World) loadAll(ctx context.Context, stores []*store.Store) error {
	for i, p := range w.server.plugs {
		raw := w.setting.Records[p.Name]
		if len(raw) == 0 {
			continue
		}
		err := w.setupMany(ctx, p, stores[i], seeded(w.identity(), loadStream), func(l *recordsLoader) error { return l.load(raw) })
		if err != nil {
			return err
		}
	}
	return nil
}
