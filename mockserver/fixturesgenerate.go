package mockserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/countersign/countersign/mockserver/store"
)

// Generate asks for generated records.
type Generate struct {
	// Seed is the source of their values: the same seed and counts, the same records.
	Seed uint64 `json:"seed"`
	// Count is the size of the world, up to MostGenerated: about how many records a vendor's largest collection gets. It
	// may be 0 where Counts says what is wanted.
	Count uint64 `json:"count,omitempty"`
	// Counts says otherwise for a vendor ("wps": the size of its part of the world) and for a collection ("dataarts.approvers":
	// exactly so many records, up to MostGenerated). What these refer to has to be there, or be asked for as well.
	Counts map[string]uint64 `json:"counts,omitempty"`
}

// UnmarshalJSON reads it strictly, in world files too.
func (g *Generate) UnmarshalJSON(data []byte) error {
	type plain Generate
	return strictly(data, (*plain)(g), "generate")
}

func (g *Generate) same(other *Generate) bool {
	return g.Seed == other.Seed && g.Count == other.Count && maps.Equal(g.Counts, other.Counts)
}

// check refuses counts of nothing, and of more than there may be.
func (g *Generate) check(plugs []*plugged) error {
	if g.Count == 0 && len(g.Counts) == 0 || g.Count > MostGenerated {
		return fmt.Errorf("generate: count is %d; want 1 to %d", g.Count, MostGenerated)
	}
	for _, name := range slices.Sorted(maps.Keys(g.Counts)) {
		if n := g.Counts[name]; n > MostGenerated {
			return fmt.Errorf("generate: counts: %s is %d; want 0 to %d", name, n, MostGenerated)
		}
		if !slices.ContainsFunc(plugs, func(p *plugged) bool {
			vendor, collection, _ := strings.Cut(name, ".")
			return p.Name == vendor && (name == vendor || p.place(collection) >= 0)
		}) {
			return fmt.Errorf("generate: counts: there is no vendor or collection %q", name)
		}
	}
	return nil
}

// Of says how many records of a vendor are asked for: the size of its part of the world, and what Counts says of its
// collections, by their names within the vendor.
func (g *Generate) Of(vendor string) (size uint64, collections map[string]uint64) {
	size, collections = g.Count, map[string]uint64{}
	for name, n := range g.Counts {
		of, collection, one := strings.Cut(name, ".")
		switch {
		case of != vendor:
		case one:
			collections[collection] = n
		default:
			size = n
		}
	}
	return size, collections
}

// Generated is what is generated of a collection.
type Generated struct {
	Vendor, Collection string
	Count              uint64
	// Series returns what makes the records. It is called once for each goroutine that makes some of them.
	Series func() (Series, error)
}

// Series makes generated records.
type Series interface {
	// Append appends the JSON of record i, counted from 0, to a buffer.
	Append(buf []byte, i uint64) []byte
	// Fields are the names of all fields that records have, nil if it cannot tell.
	Fields() []string
	// AppendValues is Append for the JSON of each field's value, one behind the other in the order of Fields. It appends to
	// ends where each of them ends in the buffer; of a field that the record lacks there is nothing.
	AppendValues(buf []byte, ends []int, i uint64) (values []byte, valueEnds []int)
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
	if s.opts.Generate == nil {
		return nil, errors.New("generate: this server has no generator (Options.Generate)")
	}
	if err := what.check(s.plugs); err != nil {
		return nil, err
	}
	g := s.bases.set(under, what)
	g.making.Lock()
	defer g.making.Unlock()
	if g.made != nil {
		return g.made, nil
	}
	parts, err := s.opts.Generate(what)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	n := uint64(0)
	for _, part := range parts {
		n += part.Count
	}
	defer s.loading(int(n))() //nolint:gosec // MostGenerated of each collection
	made, done, err := s.prepare(ctx, under, func(l *recordsLoader) error { return l.generate(parts) })
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
	if i := slices.IndexFunc(b.generated, func(g *generatedSet) bool { return g.under == under && g.what.same(&what) }); i >= 0 {
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

// generate puts the vendor's parts of what is generated. The generator is part of the program: tests hold its records against
// the schemas, so that they need not be checked here.
func (l *recordsLoader) generate(parts []Generated) error {
	l.trusted = true
	for _, part := range parts {
		if part.Vendor != l.plug.Name {
			continue
		}
		place := l.plug.place(part.Collection)
		if place < 0 {
			return fmt.Errorf("%s has no collection %q", part.Vendor, part.Collection)
		}
		if err := l.loadMany(place, int(part.Count), part.records); err != nil { //nolint:gosec // MostGenerated at most
			return ofRecord(part.Vendor, part.Collection, err)
		}
	}
	return nil
}

// records makes the records, of their fields where it can.
func (g *Generated) records(dec *store.Decoder) (func(int) (any, error), error) {
	series, err := g.Series()
	if err != nil {
		return nil, err
	}
	var buf []byte
	if !dec.Fields(series.Fields()) {
		return func(i int) (any, error) {
			buf = series.Append(buf[:0], uint64(i)) //nolint:gosec // not negative
			return dec.Decode(buf)
		}, nil
	}
	var ends []int
	return func(i int) (any, error) {
		buf, ends = series.AppendValues(buf[:0], ends[:0], uint64(i)) //nolint:gosec // not negative
		if rec, ok := dec.DecodeFields(buf, ends); ok {
			return rec, nil
		}
		return dec.Decode(series.Append(nil, uint64(i))) //nolint:gosec // the same
	}, nil
}
