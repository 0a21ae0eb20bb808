package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/fixtures/gen/format"
)

// defaultCount is how many records are made where nobody says.
const defaultCount = 10

// fixtureFlags are the flags of `countersign fixtures`.
type fixtureFlags struct {
	kinds             []string
	vendor, operation string
	count, seed       uint64
	size              int
	locale, format    choice
	out               string
	set               overrides
	sign, env, url    string
	at                string
	validate          bool
	xml, unsendable   bool

	changed func(string) bool
}

func newFixtureFlags() *fixtureFlags {
	var locales []string
	for _, l := range gen.Locales() {
		locales = append(locales, string(l))
	}
	return &fixtureFlags{locale: oneOf(locales...), format: oneOf(format.Words(format.Names())...), set: overrides{}}
}

func (a *app) fixturesCommand() *cobra.Command {
	f := newFixtureFlags()
	cmd := &cobra.Command{
		Use:   "fixtures --kind KIND",
		Short: "Make test data: records, requests, replies, errors, whole worlds",
		Long: `Make test data from the vendors' documents and a seed: valid by construction, or wrong in exactly one named way.

A kind is one of the records that 'countersign fixtures list' shows, or

  replies    --count successful replies of an operation; of one that lists records, the chain of pages that shows --count of
             them, --size a page
  requests   --count valid requests of an operation. Each succeeds by itself in a fresh world that --env describes; sent one
             after the other, as many as the world has free members (CreateApprover) or open applications (ResultCallback)
  errors     an error reply for every entry of the catalogue
  negatives  requests that break one constraint each, with the refusal that they must meet; with --unsendable, the constraints
             that no request breaks, or none alone, and why
  world      a world file for 'countersign serve --world', of --count entities over the demo records

The same flags make the same bytes on every machine, and record i is the same whatever the count; but for signed requests
without --at: servers refuse stale signatures, so they are signed for the present moment.

--validate checks every record against the documents with a validator that the generator does not use, and fails at the
first one that does not fit. Without --out, or with --out -, the records go to standard output. A file is there only when
it is whole.`,
		Example: `  countersign fixtures --kind approvers --count 3
  countersign fixtures --kind wps.approval_defines --count 100000 --out defines.ndjson --validate
  countersign fixtures --kind approvers,members --format csv --out testdata/
  countersign fixtures --kind approvers --set 'email=null' --set 'approver_name="张伟"'
  countersign fixtures --kind replies --operation ListApprovers --count 250 --size 100 --format http
  countersign fixtures --kind errors --operation ResultCallback --xml --format http
  countersign fixtures --kind requests --operation CreateApprover --format curl | sh
  countersign fixtures --kind world --count 1000 --out big.yaml && countersign serve --world big.yaml
  countersign fixtures check theirs.ndjson --kind approvers`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.changed = cmd.Flags().Changed
			return a.fixtures(cmd.Context(), f)
		},
	}
	a.addFixtureFlags(cmd, f)
	cmd.AddCommand(a.fixturesListCommand(), a.fixturesCheckCommand())
	return cmd
}

func (a *app) addFixtureFlags(cmd *cobra.Command, f *fixtureFlags) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.kinds, "kind", nil, "what to make, `KIND` or VENDOR.KIND; several, separated by commas, go into a folder (--out DIR/)")
	flags.StringVar(&f.vendor, "vendor", "", "of the vendor `NAME`")
	flags.StringVar(&f.operation, "operation", "", "replies, requests, errors, negatives: only those of the operation `NAME`")
	flags.Uint64Var(&f.count, "count", defaultCount, "how many; of requests: of each operation")
	flags.Uint64Var(&f.seed, "seed", 0, "another `NUMBER` makes other data")
	f.locale.addTo(cmd, "locale", "language of names and texts")
	f.format.addTo(cmd, "format", "how to write it; default: what the end of --out says")
	flags.StringVar(&f.out, "out", "", "`FILE` to write, or a folder: DIR/")
	flags.Var(f.set, "set", "put this JSON value into a field of every record (\"email=null\", \"query.limit=5\"), of what is made as a whole into the whole; may be repeated")
	flags.StringVar(&f.sign, "sign", "", "signature `SCHEME` of requests, or none; default: the one that the vendor's SDKs use")
	flags.StringVar(&f.at, "at", "", "sign for this `TIME` (2026-01-15T08:00:00Z) instead of the present moment")
	flags.StringVar(&f.env, "env", "", "`FILE` with what 'countersign env --format json' printed, - for standard input: ids and credentials of requests; default: those of the demo world")
	flags.StringVar(&f.url, "url", "", "address that requests go to; default: the one that the env names")
	flags.BoolVar(&f.xml, "xml", false, "replies, errors: in XML, of vendors that answer so")
	flags.BoolVar(&f.unsendable, "unsendable", false, "negatives: list what has no request instead")
	flags.IntVar(&f.size, "size", 0, "records a page of replies; default: the operation's")
	flags.BoolVar(&f.validate, "validate", false, "check every record against the documents")
	completeFlag(cmd, "kind", a.kindWords)
	completeFlag(cmd, "vendor", a.vendorNames)
	completeFlag(cmd, "operation", a.operationWords)
	completeFlag(cmd, "sign", a.schemeWords)
	completeFiles(cmd, "out", "env")
}

// fixtures makes what the flags ask for.
func (a *app) fixtures(ctx context.Context, f *fixtureFlags) error {
	if len(f.kinds) == 0 {
		return usagef("say what to make with --kind; 'countersign fixtures list' shows what there is")
	}
	if err := f.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process, should a pipe be full
	made, err := a.fixtureSets(ctx, f)
	if err != nil {
		return err
	}
	if len(made) > 1 && !f.folder() {
		return usagef("--kind: several kinds do not go into one file; name a folder with --out DIR/")
	}
	for _, s := range made {
		if err := a.writeSet(ctx, f, s); err != nil {
			return err
		}
	}
	return nil
}

// check finds what is wrong with the flags by themselves.
func (f *fixtureFlags) check() error {
	if _, err := f.signingTime(time.Time{}); err != nil {
		return err
	}
	if f.size < 0 || f.size == 0 && f.changed("size") {
		return usagef("--size %d: want the number of records on a page", f.size)
	}
	if f.url != "" && !isAddress(f.url) {
		return usagef("--url %q: want a URL such as http://%s", f.url, defaultAddr)
	}
	return nil
}

// signingTime is that of --at, else the present moment.
func (f *fixtureFlags) signingTime(now time.Time) (time.Time, error) {
	if f.at == "" {
		return now, nil
	}
	t, err := time.Parse(time.RFC3339, f.at)
	if err != nil {
		return t, usagef("--at %q: want a time such as 2026-01-15T08:00:00Z", f.at)
	}
	return t, nil
}

// options are those of the generator.
func (f *fixtureFlags) options() gen.Options {
	return gen.Options{Seed: f.seed, Locale: gen.Locale(f.locale.value), Set: f.set}
}

// without refuses flags that mean nothing to a kind.
func (f *fixtureFlags) without(kind string, flags ...string) error {
	for _, name := range flags {
		if f.changed(name) {
			return usagef("--%s means nothing to --kind %s", name, kind)
		}
	}
	return nil
}

// overrides is the flag --set: FIELD=JSON, as often as wanted.
type overrides map[string]json.RawMessage

func (o overrides) Type() string { return "FIELD=JSON" }

func (o overrides) String() string {
	var pairs []string
	for field, value := range o {
		pairs = append(pairs, field+"="+string(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}

func (o overrides) Set(s string) error {
	field, value, ok := strings.Cut(s, "=")
	switch {
	case !ok || field == "":
		return fmt.Errorf("want FIELD=JSON, such as email=null")
	case !json.Valid([]byte(value)):
		return fmt.Errorf("%s is not JSON; a text stands in quotes: '%s=%q'", value, field, value)
	case o[field] != nil:
		return fmt.Errorf("%s is set twice", field)
	}
	var text bytes.Buffer
	err := json.Compact(&text, []byte(value)) // on one line
	o[field] = text.Bytes()
	return err
}

func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
