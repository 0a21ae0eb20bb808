package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/fixtures"
	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/mockserver"
)

// generate tells how to make the records of worlds that ask for generated ones.
func (a *app) generate(what mockserver.Generate) ([]mockserver.Generated, error) {
	var all []mockserver.Generated
	for _, v := range a.vendors {
		size, counts := what.Of(v.name)
		if size == 0 && len(counts) == 0 {
			continue // its generator takes time to make
		}
		parts, err := generatedOf(fixtures.Generator(v.name), what.Seed, size, counts)
		if err != nil {
			return nil, err
		}
		all = append(all, parts...)
	}
	return all, nil
}

// generatedOf is what is generated of a vendor: a world of a size, but for collections that have counts of their own.
func generatedOf(v *gen.Vendor, seed, size uint64, counts map[string]uint64) ([]mockserver.Generated, error) {
	usual := map[string]uint64{}
	for _, part := range v.World(size) {
		usual[part.Kind.Collection] = part.Count
	}
	var all []mockserver.Generated
	var names []string
	for _, part := range v.World(mockserver.MostGenerated) { // a small world may lack some
		name := part.Kind.Collection
		n, other := counts[name]
		if !other {
			n = usual[name]
		}
		delete(counts, name)
		names = append(names, v.Name+"."+name)
		all = append(all, mockserver.Generated{Vendor: v.Name, Collection: name, Count: n, Series: seriesOf(part.Kind, seed)})
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		return nil, fmt.Errorf("counts: no records of %s.%s are generated, only those of %s", v.Name, name, strings.Join(names, ", "))
	}
	return all, nil
}

func seriesOf(k *gen.Kind, seed uint64) func() (mockserver.Series, error) {
	return func() (mockserver.Series, error) { return k.Series(gen.Options{Seed: seed}) }
}

// generateFlag is the flag --generate: N, VENDOR=N or VENDOR.COLLECTION=N, as often as wanted.
type generateFlag struct{ mockserver.Generate }

func (g *generateFlag) addTo(cmd *cobra.Command) {
	cmd.Flags().Var(g, "generate", "put generated records over the base: a world of the size `N`, of a vendor's part (wps=N), or exactly so many records (dataarts.approvers=N); may be repeated")
}

func (g *generateFlag) Type() string { return "N" }

func (g *generateFlag) String() string {
	var words []string
	if g.Count > 0 {
		words = append(words, strconv.FormatUint(g.Count, 10))
	}
	for _, name := range slices.Sorted(maps.Keys(g.Counts)) {
		words = append(words, fmt.Sprintf("%s=%d", name, g.Counts[name]))
	}
	return strings.Join(words, ",")
}

// Set reads one or several, separated by commas.
func (g *generateFlag) Set(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		name, number, one := strings.Cut(word, "=")
		if !one {
			name, number = "", word
		}
		n, err := strconv.ParseUint(number, 10, 64)
		switch {
		case err != nil || one && name == "":
			return fmt.Errorf("%q: want a number, or NAME=NUMBER such as dataarts.approvers=1000", word)
		case !one:
			g.Count = n
			continue
		case g.Counts == nil:
			g.Counts = map[string]uint64{}
		}
		g.Counts[name] = n
	}
	return nil
}

// of is what is asked for, of a seed.
func (g *generateFlag) of(seed uint64) *mockserver.Generate {
	what := g.Generate
	what.Seed = seed
	return &what
}
