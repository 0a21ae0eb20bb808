package mockserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Generate asks for generated records.
type Generate struct {
	// Seed is the source of their values: the same seed and count, the same records.
	Seed uint64 `json:"seed"`
	// Count is the size of the world, from 1 to MostGenerated: about how many records a vendor's largest collection gets.
	Count uint64 `json:"count"`
}

// UnmarshalJSON reads it strictly, in world files too.
func (g *Generate) UnmarshalJSON(data []byte) error {
	type plain Generate
	return strictly(data, (*plain)(g), "generate")
}

// MostGenerated bounds Generate.Count.
const MostGenerated = 1_000_000

// mostPrepared is how many generated sets are held ready.
const mostPrepared = 8

const keptGenerated = keptBases + "generated/" // + number

// generatedSet is a base with generated records over it, made once for all worlds that ask for the same.
type generatedSet struct {
	under *base
	what  Generate

	making sync.Mutex
	made   *base
}

// generate returns a base with generated records over another one. It fails with errBaseGone where that was taken away
// meanwhile.
func (s *Server) generate(ctx context.Context, under *base, what Generate) (*base, error) {
	switch {
	case s.opts.Generate == nil:
		return nil, errors.New("generate: this server has no generator (Options.Generate)")
	case what.Count == 0 || what.Count > MostGenerated:
		return nil, fmt.Errorf("generate: count is %d; want 1 to %d", what.Count, MostGenerated)
	}
	g := s.bases.set(under, what)
	g.making.Lock()
	defer g.making.Unlock()
	if g.made != nil {
		return g.made, nil
	}
	records, err := s.opts.Generate(ctx, what.Seed, what.Count)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	made, done, err := s.prepare(ctx, under, records)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	made.setting, made.mints = under.setting, true
	s.bases.using.Lock()
	defer s.bases.using.Unlock()
	if under.gone {
		return nil, errBaseGone
	}
	s.bases.mu.Lock()
	defer s.bases.mu.Unlock()
	if s.keeps() {
		s.bases.made++
		made.kept = fmt.Sprintf("%s%d", keptGenerated, s.bases.made)
		if err := s.file.Branch(under.kept, made.kept, done); err != nil {
			return nil, err
		}
	}
	g.made = made
	return made, s.bases.evict(s)
}

// set finds a set, or begins one, and notes that it is in use.
func (b *bases) set(under *base, what Generate) *generatedSet {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := &generatedSet{under: under, what: what}
	if i := slices.IndexFunc(b.generated, func(g *generatedSet) bool { return g.under == under && g.what == what }); i >= 0 {
		g = b.generated[i]
		b.generated = slices.Delete(b.generated, i, i+1)
	}
	b.generated = append(b.generated, g)
	return g
}

// evict forgets the sets that were used longest ago, where there are too many; the caller holds using and mu.
func (b *bases) evict(s *Server) error {
	var problems []error
	for len(b.generated) > mostPrepared {
		problems = append(problems, b.generated[0].forget(s))
		b.generated = slices.Delete(b.generated, 0, 1)
	}
	return errors.Join(problems...)
}

// forgetOver forgets the sets over a base that goes; the caller holds using and mu.
func (b *bases) forgetOver(s *Server, gone *base) error {
	var problems []error
	b.generated = slices.DeleteFunc(b.generated, func(g *generatedSet) bool {
		if g.under == gone {
			problems = append(problems, g.forget(s))
		}
		return g.under == gone
	})
	return errors.Join(problems...)
}

func (g *generatedSet) forget(s *Server) error {
	if g.made == nil {
		return nil
	}
	return g.made.forget(s)
}
