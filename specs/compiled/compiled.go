// Package compiled has what the documents of package specs say to a server, as data of the program: nothing is parsed
// when a server starts. The other files of this folder are made from the documents by `go generate`.
package compiled

import "github.com/countersign/countersign/specs"

//go:generate go run ../../scripts/rules .

// made are the rules that were made of a vendor's documents when these had the sum.
type made struct {
	sum   uint32
	rules *specs.Rules
}

// Load returns what a vendor's documents say to a server; it must not be changed. Documents that were changed since the
// rules were made of them, and those of a vendor of whom none were made, are read as specs.Load does, with its errors.
func Load(vendor string) (*specs.Rules, error) { return of(vendor).load(vendor) }

func (m made) load(vendor string) (*specs.Rules, error) {
	if m.rules != nil && m.sum == specs.Sum(vendor) {
		return m.rules, nil
	}
	v, err := specs.Load(vendor)
	if err != nil {
		return nil, err
	}
	return &v.Rules, nil
}
