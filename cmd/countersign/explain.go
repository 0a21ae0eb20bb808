package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/specs"
)

func (a *app) specsExplainCommand() *cobra.Command {
	format := oneOf("text", "json")
	cmd := &cobra.Command{
		Use:   "explain [VENDOR|OPERATION|NUMBER]",
		Short: "Say what a behaviour rests on: sources, and guesses with their alternatives",
		Long: `Say what a behaviour rests on.

  (nothing)   every vendor: how much is known how well, and its numbered guesses
  VENDOR      its operations, guesses and sources
  OPERATION   every parameter and field: how well it is known, its sources, the guesses that it rests on
  NUMBER      one guess: default, alternatives, reason, sources, and what rests on it

A guess is decided otherwise with 'countersign serve --assume NUMBER=ALTERNATIVE' or in a world file.`,
		Example: `  countersign specs explain
  countersign specs explain SmartqAuthorize
  countersign specs explain QB-003 --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			vendors, err := a.documents()
			if err != nil {
				return err
			}
			answer, err := explain(vendors, strings.Join(args, ""))
			if err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(answer)
			}
			p := &page{width: a.width()}
			answer.write(p)
			_, err = a.out.Write([]byte(p.String()))
			return err
		},
	}
	format.addTo(cmd, "format", "how to print it")
	completeArg(cmd, a.explainWords)
	return cmd
}

// explanation is an answer of `countersign specs explain`: JSON by its fields, text by write.
type explanation interface{ write(*page) }

// explain answers for a vendor, an operation, a number, or "" for everything.
func explain(vendors []*specs.Vendor, name string) (explanation, error) {
	if name == "" {
		return overviewOf(vendors), nil
	}
	var names []string
	for _, v := range vendors {
		if names = append(names, v.Name); v.Name == name {
			return vendorPageOf(v), nil
		}
		if o := v.Operation(name); o != nil {
			return operationPageOf(v, o), nil
		}
		if n := v.Assumption(name); n != nil {
			return assumptionPageOf(v, n), nil
		}
	}
	names = append(names, operationNames(vendors)...)
	return nil, usagef("nothing is named %q; there are %s, and the numbers that 'countersign specs explain' lists", name, strings.Join(names, ", "))
}

func (a *app) explainWords() []string {
	words := a.words(func(v *specs.Vendor) []string {
		var words []string
		for _, o := range v.Operations {
			words = append(words, o.ID+"\t"+o.Spec.Summary)
		}
		for _, n := range v.Assumptions {
			words = append(words, n.ID+"\t"+n.Title)
		}
		return words
	})
	return append(a.vendorNames(), words...)
}

// guess is a numbered guess in a list.
type guess struct {
	ID           string   `json:"id"`
	Title        string   `json:"title"`
	Default      string   `json:"default"`
	Alternatives []string `json:"alternatives"`
}

func guessesOf(list []*specs.Assumption) []guess {
	out := []guess{}
	for _, n := range list {
		g := guess{ID: n.ID, Title: n.Title, Default: n.Default}
		for _, alt := range n.Alternatives {
			g.Alternatives = append(g.Alternatives, alt.Value)
		}
		out = append(out, g)
	}
	return out
}

// sourcesNamed are the vendor's sources with these keys.
func sourcesNamed(v *specs.Vendor, keys []string) []specs.Source {
	out := []specs.Source{}
	for _, s := range v.Sources {
		if slices.Contains(keys, s.Key) {
			out = append(out, s)
		}
	}
	return out
}

// part is a parameter, header, field or error with what it rests on.
type part struct {
	Part        string      `json:"part"`
	Grade       specs.Grade `json:"grade,omitempty"`
	Sources     []string    `json:"sources,omitempty"`
	Assumptions []string    `json:"assumptions,omitempty"`
}

func gradeText(p part) string {
	if p.Grade == "" {
		return "-"
	}
	return string(p.Grade)
}
