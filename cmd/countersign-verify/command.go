package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/contracts/pact/verifier"
)

// What the process exits with.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// errFailed says that the report has said what is wrong.
var errFailed = errors.New("verification failed")

// usageError says that the command line is wrong.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// command is one command line.
type command struct {
	out, err io.Writer
	getenv   func(string) string

	provider     providerFlags
	broker       brokerFlags
	publish      verifier.Publish
	doPublish    bool
	description  string
	state        string
	format, file string
	timeout      time.Duration
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "countersign-verify [flags] [FILE | FOLDER | URL]...",
		Short: "Verify Pact contracts against the stand-in, or against any provider",
		Long: `Verify Pact contracts: files, the *.json files of folders, addresses, or what a broker has. Without --provider-url a
stand-in is started for the run, its clock at --clock, with the demo records.

Provider states have the names of 'countersign states'; one that the provider does not have fails. The parameter sign of
any state says how its request is signed: good (default), wrong-secret, expired, unknown-key or none.

Exit codes: 0 something was verified and all of it passed, 1 something failed or nothing was verified, 2 the command line
is wrong or the program was built without the Pact library.`,
		Example: `  countersign-verify pacts/
  countersign-verify --provider-url http://127.0.0.1:8750 --format junit --output report.xml pacts/my-client-wps.json
  countersign-verify --broker-url https://broker.example --selector '{"mainBranch":true}' --publish --provider-version 1.4.0`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, args []string) error { return c.verify(cmd.Context(), args) },
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	c.flags(root)
	return root
}

func (c *command) flags(root *cobra.Command) {
	f := root.Flags()
	f.StringVar(&c.provider.url, "provider-url", "", "verify the provider at `URL` instead of a stand-in of our own")
	f.StringVar(&c.provider.statesURL, "states-url", "", "`URL` that takes Pact's provider states; default with --provider-url: the admin API of a stand-in there")
	f.StringVar(&c.provider.adminToken, "admin-token", c.getenv("COUNTERSIGN_ADMIN_TOKEN"), "`TOKEN` of that admin API; default $COUNTERSIGN_ADMIN_TOKEN")
	f.StringVar(&c.provider.world, "world", "default", "`NAME` of the world there that is verified")
	f.StringVar(&c.provider.credentials, "credentials", "", "JSON `FILE` of credentials in the form of 'countersign env --format json'")
	f.StringVar(&c.provider.certificate, "ca-certificate", "", "certificate `FILE` (PEM) to trust besides the system's")
	f.StringVar(&c.provider.clock, "clock", "", "`TIME` that requests are signed with, RFC 3339, or wall; default 2026-01-15T08:00:00Z with a stand-in of our own, else wall")
	f.Uint64Var(&c.provider.seed, "seed", 0, "source of ids and chance of a stand-in of our own")
	f.StringVar(&c.broker.provider, "provider", "countersign", "`NAME` of the provider in the broker")
	f.StringVar(&c.broker.url, "broker-url", c.getenv("PACT_BROKER_BASE_URL"), "`URL` of a Pact broker; default $PACT_BROKER_BASE_URL")
	f.StringVar(&c.broker.token, "broker-token", c.getenv("PACT_BROKER_TOKEN"), "bearer `TOKEN` of the broker and of URLs; default $PACT_BROKER_TOKEN")
	f.StringVar(&c.broker.username, "broker-username", c.getenv("PACT_BROKER_USERNAME"), "user `NAME` there; default $PACT_BROKER_USERNAME")
	f.StringVar(&c.broker.password, "broker-password", c.getenv("PACT_BROKER_PASSWORD"), "`PASSWORD` there; default $PACT_BROKER_PASSWORD")
	f.StringArrayVar(&c.broker.selectors, "selector", nil, "consumer version selector, a `JSON` object, as often as wanted")
	f.BoolVar(&c.broker.pending, "enable-pending", false, "let pacts fail that have never been verified")
	f.StringVar(&c.broker.wipSince, "include-wip-since", "", "add the pacts that are worked on since `DATE`")
	f.BoolVar(&c.doPublish, "publish", false, "tell the broker how it went; wants --provider-version")
	f.StringVar(&c.publish.Version, "provider-version", "", "`VERSION` of the provider")
	f.StringVar(&c.publish.Branch, "provider-branch", "", "`BRANCH` of the provider")
	f.StringArrayVar(&c.publish.Tags, "provider-tag", nil, "`TAG` of the provider, as often as wanted")
	f.StringVar(&c.publish.BuildURL, "build-url", "", "`URL` of the build, for the broker")
	f.StringVar(&c.description, "description", "", "only interactions whose description fits the `REGEX`")
	f.StringVar(&c.state, "state", "", "only interactions whose provider state fits the `REGEX`")
	f.StringVar(&c.format, "format", "text", "how to report: `text|json|junit`")
	f.StringVarP(&c.file, "output", "o", "", "report to `FILE` instead of standard output")
	f.DurationVar(&c.timeout, "timeout", 10*time.Second, "how long a request may take")
}

// code prints what is wrong and gives the exit code.
func (c *command) code(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errFailed) {
		return exitFailure
	}
	fmt.Fprintf(c.err, "countersign-verify: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(c.err, "See 'countersign-verify --help'.")
		return exitUsage
	}
	if errors.Is(err, verifier.ErrNoLibrary) {
		return exitUsage
	}
	return exitFailure
}

func (c *command) verify(ctx context.Context, args []string) error {
	write, ok := reporters[c.format]
	if !ok {
		return usagef("--format %q: want text, json or junit", c.format)
	}
	todo, err := c.sources(args)
	if err != nil {
		return err
	}
	p, err := c.provider.start()
	if err != nil {
		return err
	}
	defer p.stop()
	report := &report{}
	for _, o := range todo {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.one(report, p, o); err != nil {
			return err
		}
	}
	report.bugs = p.bugs()
	if err := c.print(report, write); err != nil {
		return err
	}
	if !report.passed() {
		return errFailed
	}
	return nil
}

// one verifies one source.
func (c *command) one(report *report, p *provider, o verifier.Options) error {
	o.Target, o.StatesURL = p.proxy, p.statesURL
	o.Description, o.State, o.Timeout = c.description, c.state, c.timeout
	result, err := verifier.Run(o)
	if err != nil {
		return err
	}
	notes := p.session.Problems()
	if filtered := c.description != "" || c.state != ""; filtered && result.Problem == verifier.NothingVerified {
		return nil // the other sources may have what is looked for
	}
	report.add(result, notes)
	return nil
}
