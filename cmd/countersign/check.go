package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/contracts/check"
)

// checkOptions are the flags of `countersign check`.
type checkOptions struct {
	format, failOn    choice
	coverage, gateway bool
	min               float64
	scope             []string
}

func (a *app) checkCommand() *cobra.Command {
	o := &checkOptions{format: oneOf("text", "json", "junit", "github"), failOn: oneOf("error", "warning")}
	cmd := &cobra.Command{
		Use:   "check PACT...",
		Short: "Check Pact contracts against the documents, without running anything",
		Long: `Check Pact contracts (versions 2 to 4; files, or folders of *.json) against the vendors' documents, without running
anything: unknown operations, parameters and fields, values that are not allowed, errors that are not documented,
requests that the vendor would refuse, examples that do not satisfy their matchers. Each finding names the line of the
pact and that of the document ('countersign specs print' prints it).

--coverage adds which operations, parameters, documented errors and kinds of page the contracts touch; --min makes it a
gate. By default all operations of the vendors that the contracts call count; --scope names the ones that shall.

Exit codes: 0 nothing found, 1 errors found or coverage too low or nothing to check, 2 the command line is wrong.
Warnings fail only with --fail-on warning.

Rules:
` + ruleList(),
		Example: `  countersign check pacts/
  countersign check pacts/client-wps.json --format github
  countersign check pacts/ --coverage --scope ResultCallback,SmartqAuthorize --min 90`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.check(o, args, cmd.Flags().Changed("min"))
		},
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.format.addTo(cmd, "format", "how to print it; github: workflow annotations")
	o.failOn.addTo(cmd, "fail-on", "the least severity that makes the command fail")
	flags.BoolVar(&o.coverage, "coverage", false, "report what the contracts touch (text and json)")
	flags.Float64Var(&o.min, "min", 0, "fail if the coverage is less than `PERCENT`")
	flags.StringSliceVar(&o.scope, "scope", nil, "cover only the operations or vendors `NAME,...`")
	flags.BoolVar(&o.gateway, "gateway", false, "count the errors of the vendors' gateways too")
	completeFlag(cmd, "scope", func() []string { return append(a.operationWords(), a.vendorNames()...) })
	return cmd
}

func ruleList() string {
	var b strings.Builder
	for _, r := range check.Rules() {
		fmt.Fprintf(&b, "  %-27s %-8s %s\n", r.ID, r.Severity, r.Meaning)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (a *app) check(o *checkOptions, paths []string, gated bool) error {
	if o.min < 0 || o.min > 100 {
		return usagef("--min %v: want a percentage from 0 to 100", o.min)
	}
	if (len(o.scope) > 0 || o.gateway) && !o.coverage && !gated {
		return usagef("--scope and --gateway are about the coverage: ask for it with --coverage or --min")
	}
	vendors, err := a.documents()
	if err != nil {
		return err
	}
	names := append(operationNames(vendors), a.vendorNames()...)
	for _, name := range o.scope {
		if !slices.Contains(names, name) {
			return unknown("operation or vendor", name, names)
		}
	}
	pacts, err := check.ReadPaths(paths...)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &usageError{err}
	case err != nil:
		return err
	case len(pacts) == 0:
		return fmt.Errorf("no file in %s ends in .json", strings.Join(paths, ", "))
	}
	checker, err := check.New(vendors...)
	if err != nil {
		return err
	}
	return a.report(o, checker.Check(pacts...), pacts, gated)
}

// report prints a report and says whether it is a failure.
func (a *app) report(o *checkOptions, r *check.Report, pacts []*check.Pact, gated bool) error {
	var gate *check.Gate
	var uncovered error
	if o.coverage || gated {
		uncovered = r.Cover(check.Scope{Names: o.scope, Gateway: o.gateway})
	}
	if gated && uncovered == nil {
		gate = &check.Gate{Min: o.min, Percent: r.Coverage.Percent}
	}
	if err := a.printReport(o, r, pacts, gate); err != nil {
		return err
	}
	var failures []string
	if r.Errors > 0 || o.failOn.value == "warning" && r.Warnings > 0 {
		failures = append(failures, r.Summary())
	}
	switch {
	case r.Interactions == 0:
		failures = append(failures, "there is no interaction to check")
	case uncovered != nil:
		failures = append(failures, uncovered.Error())
	case !gate.Met():
		failures = append(failures, gate.String())
	}
	if len(failures) > 0 {
		return errors.New(strings.Join(failures, "; "))
	}
	return nil
}

func (a *app) printReport(o *checkOptions, r *check.Report, pacts []*check.Pact, gate *check.Gate) error {
	switch o.format.value {
	case "json":
		return r.WriteJSON(a.out)
	case "junit":
		return r.WriteJUnit(a.out, pacts, check.Severity(o.failOn.value), gate)
	case "github":
		return r.WriteGitHub(a.out, gate)
	}
	if err := r.WriteText(a.out); err != nil || r.Coverage == nil {
		return err
	}
	return a.printCoverage(r.Coverage)
}
