package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// fixtureCheck is a run of `countersign fixtures check`.
type fixtureCheck struct {
	kind, vendor, operation string

	vendors []*fixtureVendor
	files   int
	records int
	// found counts violations, skipped records that are wrong on purpose, unjudged files that nobody can tell anything of.
	found, skipped, unjudged int
}

func (a *app) fixturesCheckCommand() *cobra.Command {
	c := &fixtureCheck{}
	cmd := &cobra.Command{
		Use:   "check PATH...",
		Short: "Check files that somebody else wrote against the documents",
		Long: `Check files that somebody else wrote against the documents: JSON (one record or an array), NDJSON, YAML, HTTP archives
(.har) and world files; folders are searched for such files.

What the records are says --kind, else the file's name (approvers.json, dataarts.approvers.ndjson, ListApprovers.replies.json),
else the record: requests and replies in the form of 'countersign fixtures' name their operation. With --operation, --kind
requests and replies also take bare bodies. The exchanges of an archive are matched with the operations by their requests.

A world file is loaded too, as 'countersign serve --world' does it: ids that come twice and references that lead nowhere are
refused. What else this command writes is known: negatives are left out, env and the cases of the corpus are read.

Prints FILE:LINE: PLACE: WHAT for every violation, and goes on behind a file that it cannot judge. Exit codes: 0 all is well,
1 violations, files that cannot be judged, or nothing to check, 2 the command line is wrong.`,
		Example: `  countersign fixtures check testdata/
  countersign fixtures check theirs.ndjson --kind approvers
  countersign fixtures check body.json --kind replies --operation ListApprovers
  countersign fixtures check session.har`,
		Args:              cobra.MinimumNArgs(1),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.checkFixtures(cmd.Context(), c, args) },
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&c.kind, "kind", "", "what the records are, `KIND` or VENDOR.KIND")
	flags.StringVar(&c.vendor, "vendor", "", "of the vendor `NAME`")
	flags.StringVar(&c.operation, "operation", "", "the operation `NAME` of requests and replies")
	completeFlag(cmd, "kind", a.kindWords)
	completeFlag(cmd, "vendor", a.vendorNames)
	completeFlag(cmd, "operation", a.operationWords)
	return cmd
}

func (a *app) checkFixtures(ctx context.Context, c *fixtureCheck, paths []string) error {
	files, err := fixtureFiles(paths)
	if err != nil {
		return err
	}
	if c.vendors, err = a.generators(c.vendor); err != nil {
		return err
	}
	if err := c.checkFlags(); err != nil {
		return err
	}
	for _, file := range files {
		if err := a.checkFile(ctx, c, file); err != nil {
			return err
		}
	}
	c.files = len(files)
	return c.result(a)
}

func (c *fixtureCheck) checkFlags() error {
	if c.operation != "" {
		if _, err := (&fixtureFlags{operation: c.operation}).operations(c.vendors); err != nil {
			return err
		}
	}
	if c.kind == "" || isOtherKind(c.kind) {
		return nil
	}
	_, err := findKind(c.vendors, c.kind)
	return err
}

// result says what was found.
func (c *fixtureCheck) result(a *app) error {
	switch {
	case c.unjudged > 0:
		return fmt.Errorf("%s in %s; %s of %d not judged", plural(c.found, "violation"), plural(c.records, "record"), plural(c.unjudged, "file"), c.files)
	case c.found > 0:
		return fmt.Errorf("%s in %s", plural(c.found, "violation"), plural(c.records, "record"))
	case c.records == 0 && c.skipped == 0:
		return errors.New("there is no record to check")
	}
	text := plural(c.records, "record") + " checked in " + plural(c.files, "file") + ", all fit the documents"
	if c.skipped > 0 {
		text += fmt.Sprintf("; %d wrong on purpose left out", c.skipped)
	}
	_, err := fmt.Fprintln(a.out, text)
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (a *app) checkFile(ctx context.Context, c *fixtureCheck, file string) error {
	if strings.EqualFold(filepath.Ext(file), ".csv") {
		return a.notJudged(c, file, 1, errors.New("CSV is not read; check the same records in another format"))
	}
	judge := a.judgeFor(ctx, c, file)
	err := readItems(file, func(it *item) error {
		all, err := judge(it)
		if err != nil {
			return &puzzle{it.line, err}
		}
		for _, v := range all {
			c.found++
			fmt.Fprintf(a.out, "%s:%d: %s\n", file, it.at(v.Pointer), v)
		}
		return nil
	})
	var unknown *puzzle
	var broken *unreadable
	switch {
	case errors.As(err, &unknown):
		return a.notJudged(c, file, unknown.line, unknown)
	case errors.As(err, &broken):
		c.found++
		c.records++
		fmt.Fprintf(a.out, "%s:%d: %s\n", file, broken.line, broken)
		return nil
	}
	return err
}

// puzzle says why nobody can judge a record, and where it stands.
type puzzle struct {
	line int
	error
}

// notJudged reports a file that is left here.
func (a *app) notJudged(c *fixtureCheck, file string, line int, why error) error {
	c.unjudged++
	_, err := fmt.Fprintf(a.out, "%s:%d: not judged: %v\n", file, line, why)
	return err
}

// judge says where a record leaves the documents. An error means that nobody can tell.
type judge func(it *item) ([]*violation, error)

// kindOfFile is the kind that a file's name tells, or "".
func (c *fixtureCheck) kindOfFile(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if _, last, ok := strings.Cut(name, "."); ok && isOtherKind(last) {
		return last // ListApprovers.replies.json, wps.world.yaml
	}
	if _, err := findKind(c.vendors, name); err == nil || isOtherKind(name) {
		return name
	}
	return ""
}

func isOtherKind(name string) bool {
	for _, k := range otherKinds {
		if k.name == name {
			return true
		}
	}
	return false
}
