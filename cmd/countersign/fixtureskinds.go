package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/fixtures"
	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/fixtures/gen/format"
)

// The kinds that are no records.
const (
	kindReplies   = "replies"
	kindRequests  = "requests"
	kindErrors    = "errors"
	kindNegatives = "negatives"
	kindWorld     = "world"
)

// otherKinds are those kinds: what they are and what shape they have.
var otherKinds = []struct {
	name, doc string
	shape     format.Shape
}{
	{kindReplies, "successful replies of an operation, page by page", format.Replies},
	{kindRequests, "valid requests of an operation, signed", format.Requests},
	{kindErrors, "an error reply for every entry of the catalogue", format.Replies},
	{kindNegatives, "requests that break one constraint each, with the refusal that they must meet", format.Requests},
	{kindWorld, "a world file for 'countersign serve --world'", format.Worlds},
}

// fixtureVendor makes the fixtures of a vendor.
type fixtureVendor struct {
	*gen.Vendor
	vendor vendor
}

// generators are what makes the vendors' fixtures, of one vendor or with "" of all.
func (a *app) generators(only string) ([]*fixtureVendor, error) {
	if err := a.checkVendor(only); err != nil {
		return nil, err
	}
	var list []*fixtureVendor
	for _, v := range a.vendors {
		if !fits(only, v.name) {
			continue
		}
		list = append(list, &fixtureVendor{fixtures.Generator(v.name), v})
	}
	return list, nil
}

// foundKind is a kind of records of a vendor.
type foundKind struct {
	vendor *fixtureVendor
	kind   *gen.Kind
}

func (k foundKind) name() string { return k.vendor.Name + "." + k.kind.Name }

// fixturesPackage has names of its own for the types that tests want most.
const fixturesPackage = "github.com/countersign/countersign/fixtures"

// goType is the type of its records in the typed library.
func (k foundKind) goType() format.GoType {
	var camel strings.Builder
	for word := range strings.SplitSeq(k.kind.Name, "_") {
		camel.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	t := format.GoType{Type: fixtures.TypeOf(k.name()), Variable: camel.String()}
	if fixtures.Named(t.Type) {
		t.Package = fixturesPackage
	}
	return t
}

// kindsOf are all kinds of records.
func kindsOf(list []*fixtureVendor) (kinds []foundKind) {
	for _, v := range list {
		for _, k := range v.Kinds {
			kinds = append(kinds, foundKind{v, k})
		}
	}
	return kinds
}

// findKind finds a kind of records by KIND or VENDOR.KIND.
func findKind(list []*fixtureVendor, name string) (foundKind, error) {
	var found []foundKind
	var there []string
	for _, k := range kindsOf(list) {
		there = append(there, k.name())
		if k.name() == name || k.kind.Name == name {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		for _, k := range otherKinds {
			there = append(there, k.name)
		}
		return foundKind{}, unknown("kind", name, there)
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, k := range found {
		names[i] = k.name()
	}
	return foundKind{}, usagef("several vendors have the kind %q: say %s", name, strings.Join(names, " or "))
}

// vendorOfKind is the vendor that a kind's name begins with, if any.
func (a *app) vendorOfKind(name string) string {
	if vendor, _, ok := strings.Cut(name, "."); ok && slices.Contains(a.vendorNames(), vendor) {
		return vendor
	}
	return ""
}

// listedKind is a kind as `countersign fixtures list` shows it.
type listedKind struct {
	Kind string `json:"kind"`
	// Vendor is "" for kinds that all vendors have.
	Vendor string `json:"vendor"`
	Doc    string `json:"doc"`
	// Collection is the world's collection that holds such records, "" for those that only the API shows.
	Collection string   `json:"collection"`
	Formats    []string `json:"formats"`
}

func (a *app) fixturesListCommand() *cobra.Command {
	var vendor string
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the kinds of test data and the formats that each can have",
		Example: "  countersign fixtures list\n  countersign fixtures list --vendor wps --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := a.listKinds(vendor)
			if err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"KIND", "FORMATS", "WHAT IT IS"}, text: 1}
			for _, k := range list {
				name := k.Kind
				if k.Vendor != "" {
					name = k.Vendor + "." + k.Kind
				}
				t.rows = append(t.rows, []string{name, strings.Join(k.Formats, " "), k.Doc})
			}
			return t.print(a.out, a.width())
		},
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "only those of the vendor `NAME`")
	completeFlag(cmd, "vendor", a.vendorNames)
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (a *app) listKinds(vendor string) ([]listedKind, error) {
	all, err := a.generators(vendor)
	if err != nil {
		return nil, err
	}
	var list []listedKind
	for _, k := range kindsOf(all) {
		list = append(list, listedKind{k.kind.Name, k.vendor.Name, k.kind.Doc, k.kind.Collection, format.Words(k.formats())})
	}
	for _, k := range otherKinds {
		list = append(list, listedKind{Kind: k.name, Doc: k.doc, Formats: format.Words(format.Formats(k.shape))})
	}
	return list, nil
}

// formats are those of the shape; Go only where the typed library has the records.
func (k foundKind) formats() []format.Name {
	return slices.DeleteFunc(format.Formats(format.Entities), func(n format.Name) bool {
		return n == format.Go && fixtures.TypeOf(k.name()) == nil
	})
}

// kindWords are kinds for completion: short where only one vendor has it.
func (a *app) kindWords() []string {
	all, err := a.generators("")
	if err != nil {
		return nil
	}
	var words []string
	vendors := map[string]int{}
	for _, k := range kindsOf(all) {
		vendors[k.kind.Name]++
	}
	for _, k := range kindsOf(all) {
		name := k.kind.Name
		if vendors[name] > 1 {
			name = k.name()
		}
		words = append(words, name+"\t"+k.kind.Doc)
	}
	for _, k := range otherKinds {
		words = append(words, k.name+"\t"+k.doc)
	}
	return words
}
