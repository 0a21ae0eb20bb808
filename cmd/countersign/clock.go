package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

func (a *app) clockCommand() *cobra.Command {
	w := &worldOf{}
	format := oneOf("text", "json")
	cmd := group(&cobra.Command{
		Use:   "clock",
		Short: "Show, freeze, set, advance and run the clock of a world of a running server",
		Long: `World time drives records, ids, expiry of tokens and instances, and transitions. Signatures are judged by signing time,
which is the wall clock unless 'countersign clock signing world' says otherwise: an unmodified SDK signs by the wall clock.`,
		Example: `  countersign clock freeze 2026-01-15T08:00:00Z --world my-test
  countersign clock advance 36h --world my-test
  countersign clock show --format json`,
	})
	w.addTo(cmd)
	show := func(cmd *cobra.Command, q question) error {
		var v mockserver.ClockView
		if err := a.askFor(cmd.Context(), &w.runningServer, q, &v); err != nil {
			return err
		}
		if format.value == "json" {
			return a.printJSON(v)
		}
		_, err := fmt.Fprintf(a.out, "%s (%s); signatures are judged by the %s clock\n", v.Now.Format(time.RFC3339Nano), v.Mode, v.SigningClock)
		return err
	}
	change := func(cmd *cobra.Command, ch mockserver.ClockChange) error {
		return show(cmd, question{method: http.MethodPost, path: w.path("clock"), body: ch})
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Show what time it is in the world", Example: `  countersign clock show --world my-test`, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return show(cmd, question{method: http.MethodGet, path: w.path("clock")})
			},
		},
		a.clockMode("freeze [TIME]", "frozen", "Let the clock stand still, at a time or where it is", `  countersign clock freeze 2026-01-15T08:00:00Z`, change),
		a.clockMode("run [TIME]", "running", "Let the clock run, from a time or from where it is", `  countersign clock run`, change),
		a.clockMode("set TIME", "", "Set the clock; it goes on standing or running as it was", `  countersign clock set 2026-04-15T00:00:00Z`, change),
		&cobra.Command{
			Use: "wall", Short: "Let the clock follow the wall clock", Example: `  countersign clock wall`, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return change(cmd, mockserver.ClockChange{Mode: "wall"}) },
		},
		clockAdvance(change), clockSigning(change),
	)
	for _, sub := range cmd.Commands() {
		format.addTo(sub, "format", "how to print it")
	}
	return cmd
}

// clockMode is a command that sets the clock and what it does from then on.
func (a *app) clockMode(use, mode, short, example string, change func(*cobra.Command, mockserver.ClockChange) error) *cobra.Command {
	args := cobra.MaximumNArgs(1)
	if mode == "" {
		args = cobra.ExactArgs(1)
	}
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			ch := mockserver.ClockChange{Mode: mode}
			if len(args) > 0 {
				at, err := time.Parse(time.RFC3339Nano, args[0])
				if err != nil {
					return usagef("%q: want a time such as 2026-01-15T08:00:00Z", args[0])
				}
				ch.Set = at
			}
			return change(cmd, ch)
		},
	}
}

func clockAdvance(change func(*cobra.Command, mockserver.ClockChange) error) *cobra.Command {
	return &cobra.Command{
		Use: "advance DURATION", Short: "Move the clock on, or back (-- -1h)", Example: `  countersign clock advance 90s`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			by, err := time.ParseDuration(args[0])
			if err != nil {
				return usagef("%q: want a duration such as 90s, 36h or 1h30m", args[0])
			}
			return change(cmd, mockserver.ClockChange{Advance: mockserver.Duration(by)})
		},
	}
}

func clockSigning(change func(*cobra.Command, mockserver.ClockChange) error) *cobra.Command {
	return &cobra.Command{
		Use: "signing wall|world", Short: "Choose the clock that the timestamps of signatures are judged by", Example: `  countersign clock signing world`,
		Args: cobra.ExactArgs(1), ValidArgs: []string{"wall", "world"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return change(cmd, mockserver.ClockChange{SigningClock: args[0]})
		},
	}
}
