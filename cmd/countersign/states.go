package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs/compiled"
)

// providerState is a provider state as `countersign states` shows it.
type providerState struct {
	Vendor string   `json:"vendor"`
	Name   string   `json:"name"`
	Doc    string   `json:"doc"`
	Params []string `json:"params"`
}

func (a *app) statesCommand() *cobra.Command {
	var vendor string
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:   "states",
		Short: "List the provider states that put records where a test needs them",
		Long: `List the provider states: named changes of a world's records that prepare a test, an error for one.

A running server applies one with POST /__admin/worlds/WORLD/states {"name": "...", "params": {...}}; Pact verifiers use
the same names.`,
		Example: `  countersign states --vendor quickbi
  countersign states --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := a.providerStates(vendor)
			if err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"VENDOR", "STATE", "PARAMETERS", "WHAT IT DOES"}, text: 1}
			for _, s := range list {
				t.rows = append(t.rows, []string{s.Vendor, s.Name, strings.Join(s.Params, ", "), s.Doc})
			}
			return t.print(a.out, a.width())
		},
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "only those of the vendor `NAME`")
	completeFlag(cmd, "vendor", a.vendorNames)
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (a *app) providerStates(vendor string) ([]providerState, error) {
	if err := a.checkVendor(vendor); err != nil {
		return nil, err
	}
	list := []providerState{}
	for _, v := range a.vendors {
		if !fits(vendor, v.name) {
			continue
		}
		p, err := v.plug(mockserver.Env{LoadSpec: compiled.Load})
		if err != nil {
			return nil, err
		}
		for _, s := range p.States {
			list = append(list, providerState{p.Name, s.Name, s.Doc, append([]string{}, s.Params...)})
		}
	}
	return list, nil
}
