package main

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/specs"
)

// gatewayName stands for the operation of errors that any operation of a vendor can meet.
const gatewayName = "gateway"

// catalogueError is one error as `countersign errors` shows it.
type catalogueError struct {
	Vendor string `json:"vendor"`
	// Operation is the operationId, or "gateway" for an error that every operation of the vendor can meet.
	Operation  string   `json:"operation"`
	Code       string   `json:"code"`
	Status     int      `json:"status"`
	Message    string   `json:"message"`
	Condition  string   `json:"condition"`
	Grade      string   `json:"grade"`
	Sources    []string `json:"sources,omitempty"`
	Assumption []string `json:"assumption,omitempty"`
	// Cause says how to get it; State names the provider state that prepares it, if one is needed.
	Cause string `json:"cause"`
	State string `json:"state,omitempty"`
}

func (a *app) errorsCommand() *cobra.Command {
	var vendor, operation, code string
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:   "errors",
		Short: "List every error of the vendors and how to cause it",
		Long: `List every error of the vendors: operation, code, HTTP status, message, how well it is known, and how to cause it.

Grades: documented (the vendor's page says so), observed (seen on the wire), assumed (a numbered guess; see
'countersign specs explain NUMBER'). The operation "` + gatewayName + `" has the errors that every operation of a vendor can meet.
A state in the last column is a provider state: POST /__admin/worlds/default/states {"name": "STATE"} prepares it.`,
		Example: `  countersign errors --vendor quickbi
  countersign errors --operation ResultCallback --format json
  countersign errors --code 'Invalid.*'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list, err := a.catalogue(vendor, operation, code)
			if err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			return a.printErrors(list)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&vendor, "vendor", "", "only those of the vendor `NAME`")
	flags.StringVar(&operation, "operation", "", "only those of the operation `NAME`, or "+gatewayName)
	flags.StringVar(&code, "code", "", "only those of the `CODE`; * stands for any text")
	format.addTo(cmd, "format", "how to print it")
	completeFlag(cmd, "vendor", a.vendorNames)
	completeFlag(cmd, "operation", func() []string { return append(a.operationWords(), gatewayName) })
	completeFlag(cmd, "code", a.codeWords)
	return cmd
}

// catalogue is the errors that fit, in the order of the documents. None is an error.
func (a *app) catalogue(vendor, operation, code string) ([]catalogueError, error) {
	if err := a.checkVendor(vendor); err != nil {
		return nil, err
	}
	if _, err := path.Match(code, ""); err != nil {
		return nil, usagef("--code %q: %w", code, err)
	}
	all, err := a.documents()
	if err != nil {
		return nil, err
	}
	if names := append(operationNames(all), gatewayName); operation != "" && !slices.Contains(names, operation) {
		return nil, unknown("operation", operation, names)
	}
	var list []catalogueError
	for _, v := range all {
		for _, e := range v.Errors {
			if c := shown(v, e); fits(vendor, c.Vendor) && fits(operation, c.Operation) && fitsCode(code, c.Code) {
				list = append(list, c)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no error fits; 'countersign errors' lists them all")
	}
	return list, nil
}

func shown(v *specs.Vendor, e *specs.Error) catalogueError {
	c := catalogueError{Vendor: v.Name, Operation: e.Operation, Code: e.Code, Status: e.Status, Message: e.Message, Condition: e.Condition,
		Grade: string(e.Grade), Sources: e.Sources, Assumption: e.Assumption, Cause: e.Cause, State: e.State}
	if c.Operation == "" {
		c.Operation = gatewayName
	}
	return c
}

func fits(want, got string) bool { return want == "" || want == got }

func fitsCode(pattern, code string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(code))
	return pattern == "" || err == nil && ok
}

func (a *app) codeWords() []string {
	words := a.words(func(v *specs.Vendor) []string {
		var codes []string
		for _, e := range v.Errors {
			codes = append(codes, e.Code)
		}
		return codes
	})
	slices.Sort(words)
	return slices.Compact(words)
}

func (a *app) printErrors(list []catalogueError) error {
	t := table{head: []string{"VENDOR", "OPERATION", "CODE", "STATUS", "GRADE", "MESSAGE", "HOW TO CAUSE IT"}, text: 2}
	for _, e := range list {
		cause := e.Cause
		if e.State != "" {
			cause += " (state " + e.State + ")"
		}
		if len(e.Assumption) > 0 {
			cause += " (guessed: " + strings.Join(e.Assumption, ", ") + ")"
		}
		t.rows = append(t.rows, []string{e.Vendor, e.Operation, e.Code, strconv.Itoa(e.Status), e.Grade, e.Message, cause})
	}
	return t.print(a.out, a.width())
}
