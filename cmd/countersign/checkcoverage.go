package main

import (
	"fmt"
	"strings"

	"github.com/countersign/countersign/contracts/check"
)

// printCoverage prints what is touched as a table: a row for each operation, then for the errors that several share.
func (a *app) printCoverage(c *check.Coverage) error {
	t := table{head: []string{"VENDOR", "OPERATION", "CALLED", "PARAMETERS", "ERRORS", "PAGES", "NOT TOUCHED"}, text: 1}
	for _, o := range c.Operations {
		called := "yes"
		if !o.Called.Covered() {
			called = "no"
		}
		t.rows = append(t.rows, []string{o.Vendor, o.Operation, called, ratio(o.Parameters), ratio(o.Errors), ratio(o.Pages),
			untouched(o.Parameters, o.Errors, o.Pages)})
	}
	for _, s := range c.Shared {
		name, missing := s.File, untouched(s.Errors)
		if !s.Counted {
			name, missing = s.File+" (not counted)", ""
		}
		t.rows = append(t.rows, []string{s.Vendor, name, "", "", ratio(s.Errors), "", missing})
	}
	if _, err := fmt.Fprintln(a.out); err != nil {
		return err
	}
	if err := t.print(a.out, a.width()); err != nil {
		return err
	}
	for _, m := range c.Ambiguous {
		fmt.Fprintf(a.out, "\n%s:%d: %q counts for no error, since it may be %s: name one in its description or provider state\n",
			m.File, m.Line, m.Interaction, strings.Join(m.Candidates, ", "))
	}
	_, err := fmt.Fprintf(a.out, "\ncoverage %s %% (%d of %d)\n", check.Percent(c.Percent), c.Covered, c.Total)
	return err
}

// ratio is how many parts are touched of how many, empty if there are none.
func ratio(parts []check.Part) string {
	n := 0
	for i := range parts {
		if parts[i].Covered() {
			n++
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", n, len(parts))
}

func untouched(lists ...[]check.Part) string {
	var names []string
	for _, list := range lists {
		for i := range list {
			if !list[i].Covered() {
				names = append(names, list[i].Name)
			}
		}
	}
	return strings.Join(names, ", ")
}
