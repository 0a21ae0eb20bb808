package mockserver

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"sync"

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

var worldName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// worlds is the registry: every world by name, and who owns which credential.
type worlds struct {
	mu     sync.RWMutex
	byName map[string]*World
	owners map[string]*World
	made   int
}

func (s *Server) owner(key string) *World {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	return s.worlds.owners[key]
}

// World returns a world by name, or an error that wraps ErrNoWorld.
func (s *Server) World(name string) (*World, error) {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	if w := s.worlds.byName[name]; w != nil {
		return w, nil
	}
	return nil, fmt.Errorf("%w %q", ErrNoWorld, name)
}

// Worlds lists the worlds by name.
func (s *Server) Worlds() []*World {
	s.worlds.mu.RLock()
	defer s.worlds.mu.RUnlock()
	list := make([]*World, 0, len(s.worlds.byName))
	for _, w := range s.worlds.byName {
		list = append(list, w)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}

// CreateWorld makes a world. Errors: ErrWorldTaken, *ClaimError, or what is wrong with the setting.
func (s *Server) CreateWorld(ctx context.Context, setting WorldSetting) (*World, error) {
	w, err := s.newWorld(setting)
	if err != nil {
		return nil, err
	}
	if err := s.reserve(w); err != nil {
		return nil, err
	}
	stores, err := w.fill(ctx)
	if err == nil {
		err = s.adopt(w, stores)
	}
	if err != nil {
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
	if setting.SigningClock != "" && setting.SigningClock != "wall" && setting.SigningClock != "world" {
		return nil, fmt.Errorf("signing_clock %q: want \"wall\" or \"world\"", setting.SigningClock)
	}
	if setting.Base != "" && setting.Base != "demo" && setting.Base != "empty" {
		return nil, fmt.Errorf("base %q: want \"demo\" or \"empty\"", setting.Base)
	}
	if setting.Name != "" && !worldName.MatchString(setting.Name) {
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
	w := &World{name: setting.Name, setting: setting, clock: newClock(s.wall, clock), strict: setting.Strict,
		chosen: setting.Assumptions, server: s, nonces: newNonceSet()}
	return w, w.resetFaults()
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
	return nil
}

// adopt publishes a world's stores and makes it the owner of what its records claim, or fails and changes nothing.
func (s *Server) adopt(w *World, stores []*store.Store) error {
	s.worlds.mu.Lock()
	defer s.worlds.mu.Unlock()
	var claims []string
	for i, st := range stores {
		for _, c := range st.Claims() {
			key := claimKey(s.plugs[i], c)
			if owner := s.worlds.owners[key]; owner != nil && owner != w {
				return &ClaimError{Claim: c, Owner: owner.name}
			}
			claims = append(claims, key)
		}
	}
	s.disown(w)
	w.claims = make(map[string]struct{}, len(claims))
	for _, key := range claims {
		s.own(w, key)
	}
	for i, st := range stores {
		st.OnCommit = s.claimer(w, s.plugs[i])
	}
	w.stores.Store(&stores)
	return nil
}

func claimKey(p *plugged, claim string) string { return p.Name + " " + claim }

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
	if s.worlds.byName[w.name] == w {
		delete(s.worlds.byName, w.name)
	}
}

// ResetWorld puts a world back to how it was made: records, clocks, nonces and the sequence of its chance.
func (s *Server) ResetWorld(ctx context.Context, name string) error {
	w, err := s.World(name)
	if err != nil {
		return err
	}
	setting, err := ParseClock(w.setting.Clock)
	if err != nil {
		return err
	}
	w.setups.Store(0)
	w.clock.set(setting) // first, so that what is minted bears the right time
	stores, err := w.fill(ctx)
	if err != nil {
		return err
	}
	if err := s.adopt(w, stores); err != nil {
		return err
	}
	w.nonces.reset()
	w.calls.Store(0)
	return w.resetFaults()
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
	s.forget(w)
	return nil
}

// fill makes the world's stores as its setting says.
func (w *World) fill(ctx context.Context) ([]*store.Store, error) {
	stores := make([]*store.Store, len(w.server.plugs))
	for i, p := range w.server.plugs {
		st, err := w.fillVendor(ctx, p)
		if err != nil {
			return nil, err
		}
		stores[i] = st
	}
	return stores, nil
}

func (w *World) fillVendor(ctx context.Context, p *plugged) (*store.Store, error) {
	var st *store.Store
	if w.setting.Base == "empty" {
		var err error
		if st, err = store.New(p.Collections...); err != nil {
			return nil, err
		}
	} else {
		st = p.demo.Fork()
	}
	if !w.setting.KeepCredentials && w.setting.Base != "empty" {
		if err := w.setup(ctx, p, st, seeded(w.identity(), mintStream), p.Mint); err != nil {
			return nil, fmt.Errorf("%s: new credentials: %w", p.Name, err)
		}
	}
	if raw := w.setting.Records[p.Name]; len(raw) > 0 {
		err := w.setup(ctx, p, st, seeded(w.identity(), loadStream), func(s *Setup) error { return s.Load(raw) })
		if err != nil {
			return nil, err
		}
	}
	return st, nil
}
