package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// What the process exits with.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError says that the command line is wrong.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// run executes one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(a.err, "countersign: %v\n", err)
	var usage *usageError
	if !a.parsed || errors.As(err, &usage) {
		fmt.Fprintf(a.err, "See '%s --help'.\n", cmd.CommandPath())
		return exitUsage
	}
	return exitFailure
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "countersign",
		Short: "A local stand-in for the approval APIs of " + a.vendorTitles(),
		Long: `A local stand-in for the approval APIs of ` + a.vendorTitles() + `.
The vendors' own SDKs work with it unmodified: point them at it and give them its credentials.

Exit codes: 0 it worked, 1 it failed, 2 the command line is wrong.`,
		Example: `  countersign serve                        # the server, with the demo records
  eval "$(countersign env)"                # another terminal: what SDKs read
  countersign errors --vendor quickbi      # what can go wrong, and how to make it`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRun:  func(*cobra.Command, []string) { a.parsed = true },
		CompletionOptions: cobra.CompletionOptions{DefaultShellCompDirective: noFiles()},
		Version:           buildText(),
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(a.serveCommand(), a.envCommand(), a.checkCommand(), a.clockCommand(), a.errorsCommand(), a.faultsCommand(), a.fixturesCommand(),
		a.recordsCommand(), a.requestsCommand(), a.snapshotsCommand(), a.specsCommand(), a.statesCommand(), a.transitionsCommand(), a.versionCommand(), a.worldsCommand())
	return root
}

// noFiles makes arguments and flags that complete to nothing complete to nothing, not to files.
func noFiles() *cobra.ShellCompDirective {
	d := cobra.ShellCompDirectiveNoFileComp
	return &d
}

// group makes a command that only holds others complain when none of them is named.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var names []string
		for _, sub := range cmd.Commands() {
			names = append(names, sub.Name())
		}
		if len(args) > 0 {
			return usagef("unknown command %q for %q; there are %s", args[0], cmd.CommandPath(), strings.Join(names, ", "))
		}
		return usagef("%s wants a subcommand: %s", cmd.CommandPath(), strings.Join(names, ", "))
	}
	return cmd
}
