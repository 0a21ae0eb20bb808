package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

// documents loads the documents of all vendors.
func (a *app) documents() ([]*specs.Vendor, error) {
	var list []*specs.Vendor
	for _, name := range a.vendorNames() {
		v, err := specs.Load(name)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// unknown says that a name is none of those there are.
func unknown(what, name string, there []string) error {
	return usagef("no %s is named %q; there are %s", what, name, strings.Join(there, ", "))
}

func (a *app) checkVendor(name string) error {
	if name == "" || slices.Contains(a.vendorNames(), name) {
		return nil
	}
	return unknown("vendor", name, a.vendorNames())
}

func checkAlternative(n *specs.Assumption, value string) error {
	var values []string
	for _, alt := range n.Alternatives {
		if alt.Value == value {
			return nil
		}
		values = append(values, alt.Value)
	}
	return fmt.Errorf("%s has no alternative %q; it has %s", n.ID, value, strings.Join(values, ", "))
}

// operationNames are the operationIds of the documents.
func operationNames(vendors []*specs.Vendor) []string {
	var names []string
	for _, v := range vendors {
		for _, o := range v.Operations {
			names = append(names, o.ID)
		}
	}
	return names
}

// words collects words for shell completion; documents that cannot be read complete to nothing.
func (a *app) words(of func(*specs.Vendor) []string) []string {
	vendors, err := a.documents()
	if err != nil {
		return nil
	}
	var words []string
	for _, v := range vendors {
		words = append(words, of(v)...)
	}
	return words
}

func (a *app) operationWords() []string {
	return a.words(func(v *specs.Vendor) []string { return operationNames([]*specs.Vendor{v}) })
}

// decisionWords are NUMBER=ALTERNATIVE for every assumption, with what the alternative means.
func (a *app) decisionWords() []string {
	return a.words(func(v *specs.Vendor) []string {
		var words []string
		for _, n := range v.Assumptions {
			for _, alt := range n.Alternatives {
				words = append(words, n.ID+"="+alt.Value+"\t"+alt.Meaning)
			}
		}
		return words
	})
}
