package mockserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// ErrNoFixture says that no fixture has a name.
var ErrNoFixture = errors.New("no fixture is named")

// base is what worlds are forks of. Its stores are never written.
type base struct {
	stores []*store.Store
	// kept is what it is kept as, where worlds are kept.
	kept string
	// mints says that worlds get new credentials in place of those that its records have.
	mints bool
	// setting is what worlds of it begin with where theirs does not say otherwise.
	setting WorldSetting
	// gone says that it is not kept any more; bases.using guards it.
	gone bool
}

// forget takes it away; the caller holds using.
func (b *base) forget(s *Server) error {
	b.gone = true
	return s.drop(b.kept)
}

// bases are what worlds can be forks of, beside the demo records and nothing at all.
type bases struct {
	// using is held for reading by those who fork a base, and for writing by those who take one away.
	using       sync.RWMutex
	demo, empty *base

	mu        sync.Mutex // guards what follows
	fixtures  map[string]*base
	made      int             // numbers what fixtures are kept as
	generated []*generatedSet // the one that was used last comes last
}

// The bases that are always there.
const (
	baseDemo  = "demo"
	baseEmpty = "empty"
)

// FixtureView is a fixture as it is shown.
type FixtureView struct {
	Name string `json:"name"`
	// Setting is how worlds of it are made, without its records.
	Setting WorldSetting `json:"setting"`
	// Collections counts its records, by "vendor.collection".
	Collections map[string]int `json:"collections"`
}

// PutFixture makes a fixture, in place of one of that name: a world that is prepared once, so that others can be made from
// it in next to no time (WorldSetting.Base). Its setting is that of a world without name and credentials; it is checked, and
// its records are made, at once. Worlds that were made from an earlier one stay as they are. created says that there was
// none. Errors: what is wrong with the name or the setting, *disk.Error.
func (s *Server) PutFixture(ctx context.Context, name string, setting WorldSetting) (view FixtureView, created bool, err error) {
	if err := checkFixture(name, &setting); err != nil {
		return view, false, err
	}
	for {
		made, old, err := s.putFixture(ctx, name, setting)
		if errors.Is(err, errBaseGone) {
			continue
		}
		if made != nil {
			view = viewOf(s, name, made)
		}
		return view, old == nil, err
	}
}

func (s *Server) putFixture(ctx context.Context, name string, setting WorldSetting) (made, old *base, err error) {
	under, setting, err := s.baseOf(ctx, setting)
	if err != nil {
		return nil, nil, err
	}
	if _, err := s.newWorld(setting); err != nil {
		return nil, nil, err
	}
	made, done, err := s.prepare(ctx, under, func(l *recordsLoader) error {
		if raw := setting.Records[l.plug.Name]; len(raw) > 0 {
			return l.load(raw)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	made.setting = setting
	made.setting.Records, made.setting.Generate = nil, nil
	old, err = s.adoptFixture(name, under, made, done)
	return made, old, err
}

// errBaseGone says that a base was taken away after it was found.
var errBaseGone = errors.New("the base is gone")

func checkFixture(name string, setting *WorldSetting) error {
	switch {
	case name == baseDemo || name == baseEmpty:
		return fmt.Errorf("fixture name %q: it is taken for good", name)
	case !wellNamed(name):
		return fmt.Errorf("fixture name %q: want 1 to 64 letters, digits, dots, dashes or underscores", name)
	case setting.Name != "":
		return errors.New("name: a fixture is no world; worlds of it have names")
	case setting.KeepCredentials:
		return errors.New("keep_credentials: a fixture has no credentials; worlds of it do")
	}
	return nil
}

// prepare makes stores of a base and of what fill puts over it, and tells what was changed over the base.
func (s *Server) prepare(ctx context.Context, under *base, fill func(*recordsLoader) error) (*base, *disk.Change, error) {
	made := &base{stores: forks(under.stores), mints: true}
	w := &World{name: DefaultWorld, server: s}
	done := &disk.Change{}
	w.collecting(made.stores, done)
	for i, p := range s.plugs {
		before := made.stores[i].Fork()
		err := made.stores[i].Update(ctx, func(tx *store.Tx) error {
			setup := &Setup{Tx: tx, Rand: seeded(0, loadStream), World: w, now: demoTime, plug: p}
			return fill(&recordsLoader{Setup: setup, before: before})
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return made, done, nil
}

const keptFixtures = keptBases + "fixture/" // + name + / + number

// adoptFixture keeps a fixture and puts it in the place of the one that it returns.
func (s *Server) adoptFixture(name string, under, made *base, done *disk.Change) (old *base, err error) {
	b := &s.bases
	b.using.Lock()
	defer b.using.Unlock()
	if under.gone {
		return nil, errBaseGone
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made++
	if s.keeps() {
		made.kept = fmt.Sprintf("%s%s/%d", keptFixtures, name, b.made)
		done.Setting = mustJSON(&made.setting)
		if err := s.file.Branch(under.kept, made.kept, done); err != nil {
			return nil, err
		}
	}
	old = b.fixtures[name]
	b.fixtures[name] = made
	if old != nil {
		err = errors.Join(old.forget(s), b.forgetOver(s, old))
	}
	return old, err
}

// Fixtures lists the fixtures by name.
func (s *Server) Fixtures() []FixtureView {
	s.bases.mu.Lock()
	defer s.bases.mu.Unlock()
	list := []FixtureView{}
	for _, name := range slices.Sorted(maps.Keys(s.bases.fixtures)) {
		list = append(list, viewOf(s, name, s.bases.fixtures[name]))
	}
	return list
}

// Fixture returns a fixture. Error: ErrNoFixture.
func (s *Server) Fixture(name string) (FixtureView, error) {
	s.bases.mu.Lock()
	defer s.bases.mu.Unlock()
	b := s.bases.fixtures[name]
	if b == nil {
		return FixtureView{}, fmt.Errorf("%w %q", ErrNoFixture, name)
	}
	return viewOf(s, name, b), nil
}

func viewOf(s *Server, name string, b *base) FixtureView {
	v := FixtureView{Name: name, Setting: b.setting, Collections: map[string]int{}}
	for i, p := range s.plugs {
		tx := b.stores[i].Snapshot(context.Background())
		for _, c := range p.Collections {
			v.Collections[p.Name+"."+c.Name()] = tx.CountAny(c)
		}
	}
	return v
}

// RemoveFixture forgets a fixture; worlds that were made from it stay. Errors: ErrNoFixture, *disk.Error.
func (s *Server) RemoveFixture(name string) error {
	s.bases.using.Lock()
	defer s.bases.using.Unlock()
	b := &s.bases
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.fixtures[name]
	if old == nil {
		return fmt.Errorf("%w %q", ErrNoFixture, name)
	}
	if err := old.forget(s); err != nil {
		old.gone = false
		return err
	}
	delete(b.fixtures, name)
	return b.forgetOver(s, old)
}

// begin makes the bases that are always there.
func (b *bases) begin(s *Server) (err error) {
	b.demo, b.empty = &base{kept: s.keptDemo, mints: true}, &base{kept: keptEmpty}
	for _, p := range s.plugs {
		b.demo.stores = append(b.demo.stores, p.demo)
	}
	b.empty.stores, err = s.emptyStores()
	return err
}

// baseOf finds what a world is to be a fork of, and returns its setting with what comes from there.
func (s *Server) baseOf(ctx context.Context, setting WorldSetting) (*base, WorldSetting, error) {
	under, err := s.namedBase(setting.Base)
	if err != nil {
		return nil, setting, err
	}
	setting = setting.over(&under.setting)
	if setting.Generate == nil {
		return under, setting, nil
	}
	made, err := s.generate(ctx, under, *setting.Generate)
	return made, setting, err
}

func (s *Server) namedBase(name string) (*base, error) {
	switch name {
	case "", baseDemo:
		return s.bases.demo, nil
	case baseEmpty:
		return s.bases.empty, nil
	}
	s.bases.mu.Lock()
	defer s.bases.mu.Unlock()
	if b := s.bases.fixtures[name]; b != nil {
		return b, nil
	}
	words := append([]string{baseDemo, baseEmpty}, slices.Sorted(maps.Keys(s.bases.fixtures))...)
	return nil, fmt.Errorf("base %q: want one of %s, or make a fixture of that name first", name, strings.Join(words, ", "))
}

// over is the setting of a world of a fixture: its own, and where it says nothing the fixture's.
func (w WorldSetting) over(under *WorldSetting) WorldSetting {
	if w.Seed == 0 {
		w.Seed = under.Seed
	}
	if w.Clock == "" {
		w.Clock = under.Clock
	}
	if w.SigningClock == "" {
		w.SigningClock = under.SigningClock
	}
	if w.TTL == 0 {
		w.TTL = under.TTL
	}
	if len(w.Faults) == 0 {
		w.Faults = under.Faults
	}
	if len(w.Transitions) == 0 {
		w.Transitions = under.Transitions
	}
	if len(under.Assumptions) > 0 {
		chosen := maps.Clone(under.Assumptions)
		maps.Copy(chosen, w.Assumptions)
		w.Assumptions = chosen
	}
	w.Strict, w.Prefer = w.Strict || under.Strict, w.Prefer || under.Prefer
	return w
}

// fixtures makes the fixtures that are kept, and forgets what else an earlier process had prepared.
func (l *loader) fixtures() error {
	names, err := l.s.file.Worlds()
	if err != nil {
		return err
	}
	b := &l.s.bases
	for _, kept := range names {
		if strings.HasPrefix(kept, keptGenerated) {
			if err := l.s.file.Drop(kept); err != nil {
				return err
			}
		}
		name, number, is := fixtureKeptAs(kept)
		if !is {
			continue
		}
		if err := l.fixture(name, kept); err != nil {
			return fmt.Errorf("the fixture %q in %s: %w", name, l.s.file.Dir(), err)
		}
		b.made = max(b.made, number)
	}
	return nil
}

// fixture makes a fixture that is kept. Where an earlier one was about to be replaced when the process ended, the later
// one counts.
func (l *loader) fixture(name, kept string) error {
	b := &l.s.bases
	if other := b.fixtures[name]; other != nil {
		_, there, _ := fixtureKeptAs(other.kept)
		if _, number, _ := fixtureKeptAs(kept); number < there {
			return l.s.file.Drop(kept)
		}
		if err := l.s.file.Drop(other.kept); err != nil {
			return err
		}
	}
	stores, k, err := l.load(kept)
	if err != nil {
		return err
	}
	made := &base{stores: stores, kept: kept, mints: true}
	b.fixtures[name] = made
	return json.Unmarshal(k.Setting, &made.setting)
}

func fixtureKeptAs(kept string) (name string, number int, is bool) {
	rest, is := strings.CutPrefix(kept, keptFixtures)
	name, text, cut := strings.Cut(rest, "/")
	if !is || !cut {
		return "", 0, false
	}
	_, err := fmt.Sscan(text, &number)
	return name, number, err == nil
}
