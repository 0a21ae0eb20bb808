package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// transferTimeout bounds how long a world may take to come or go.
const transferTimeout = 10 * time.Minute

func (a *app) worldsCommand() *cobra.Command {
	r := &runningServer{}
	cmd := group(&cobra.Command{
		Use:   "worlds",
		Short: "List, make, fork, reset, export and import the worlds of a running server",
		Long: `Worlds are isolated sets of records on one server, each with its own credentials, clocks, faults and journal. A request
finds its world by the credentials that it carries, so tests with a world each can run in parallel on one server.

What makes a world prints what SDKs need to work in it, as 'countersign env' does.`,
		Example: `  eval "$(countersign worlds create my-test)"
  countersign worlds create --file world.yaml --format json
  countersign worlds create big --generate 1000 --generate dataarts.approvers=1000000 --seed 7
  countersign worlds fork my-test --format dotenv > .env
  countersign worlds export my-test --out my-test.world
  countersign worlds delete my-test`,
	})
	r.addTo(cmd)
	cmd.AddCommand(a.worldsListCommand(r), a.worldsCreateCommand(r), a.worldsForkCommand(r), a.worldsEnvCommand(r), a.worldsResetCommand(r),
		a.worldsDeleteCommand(r), a.worldsExportCommand(r), a.worldsImportCommand(r), a.worldsFixturesCommand(r))
	return cmd
}

// worldSummary is what the admin API says of a world.
type worldSummary struct {
	Name         string            `json:"name"`
	Seed         uint64            `json:"seed"`
	Now          time.Time         `json:"now"`
	Clock        string            `json:"clock"`
	SigningClock string            `json:"signing_clock"`
	Strict       bool              `json:"strict"`
	Calls        uint64            `json:"calls"`
	Assumptions  map[string]string `json:"assumptions"`
	Collections  map[string]int    `json:"collections"`
}

func (a *app) worldsListCommand(r *runningServer) *cobra.Command {
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the worlds",
		Example: `  countersign worlds list --format json | jq -r '.worlds[].name'`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list struct {
				Worlds []worldSummary `json:"worlds"`
			}
			if err := a.askFor(cmd.Context(), r, question{method: http.MethodGet, path: []string{"worlds"}}, &list); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"WORLD", "SEED", "NOW", "CALLS", "RECORDS"}}
			for _, w := range list.Worlds {
				records := 0
				for _, n := range w.Collections {
					records += n
				}
				t.rows = append(t.rows, []string{w.Name, strconv.FormatUint(w.Seed, 10), w.Now.Format(time.RFC3339), strconv.FormatUint(w.Calls, 10), strconv.Itoa(records)})
			}
			return t.print(a.out, a.width())
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

// askFor asks and reads an answer of a known form.
func (a *app) askFor(ctx context.Context, r *runningServer, q question, into any) error {
	_, data, err := a.askWithin(ctx, r, q)
	if err != nil || into == nil {
		return err
	}
	return answered(data, into)
}

// createFlags are how a world is to be made.
type createFlags struct {
	file     string
	seed     uint64
	generate generateFlag
	clock    string
	base     string
	ttl      time.Duration
	strict   bool
	assume   decisions
	format   choice
}

func (a *app) worldsCreateCommand(r *runningServer) *cobra.Command {
	f := &createFlags{assume: decisions{}, format: oneOf("shell", "json", "dotenv")}
	cmd := &cobra.Command{
		Use:   "create [NAME]",
		Short: "Make a world with credentials of its own, and print what SDKs need",
		Long: `Make a world with credentials of its own, of the demo records, of none, of a named fixture, of generated records, or as a
world file says; flags win over the file. Without a name one is made up.`,
		Example: `  eval "$(countersign worlds create my-test --clock 2026-01-15T08:00:00Z)"
  countersign worlds create --file world.yaml --ttl 1h
  countersign worlds create --base ten-approvers`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			setting, err := f.setting(cmd.Flags().Changed, args)
			if err != nil {
				return err
			}
			return a.makeWorld(cmd.Context(), r, question{method: http.MethodPost, path: []string{"worlds"}, body: setting}, f.format.value)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.file, "file", "", "world `FILE`, YAML or JSON")
	flags.StringVar(&f.base, "base", "demo", "what it starts with: demo, empty or the `NAME` of a fixture")
	flags.Uint64Var(&f.seed, "seed", 0, "source of ids, chance and generated records")
	f.generate.addTo(cmd)
	flags.StringVar(&f.clock, "clock", "wall", "world `TIME`: wall, 2026-01-15T08:00:00Z (stands still) or 2026-01-15T08:00:00Z+ (runs from there)")
	flags.DurationVar(&f.ttl, "ttl", 0, "forget it once nobody has called it for so long")
	flags.BoolVar(&f.strict, "strict", false, "refuse what is otherwise only warned of in the journal")
	flags.Var(f.assume, "assume", "decide a guess otherwise, as often as wanted ('countersign specs explain' lists them)")
	f.format.addTo(cmd, "format", "export lines for a shell, JSON, or a .env file")
	completeFiles(cmd, "file")
	completeFlag(cmd, "assume", a.decisionWords)
	return cmd
}

// setting is the world file's, and flags over it.
func (f *createFlags) setting(changed func(string) bool, args []string) (mockserver.WorldSetting, error) {
	s := serveFlags{world: f.file, seed: f.seed, clock: f.clock, strict: f.strict, assume: f.assume}
	if _, err := mockserver.ParseClock(f.clock); err != nil {
		return mockserver.WorldSetting{}, usagef("--clock: %w", err)
	}
	w, err := s.setting(changed)
	if err != nil {
		return w, err
	}
	if len(args) > 0 {
		w.Name = args[0]
	}
	if changed("base") {
		w.Base = f.base
	}
	if changed("ttl") {
		w.TTL = mockserver.Duration(f.ttl)
	}
	if changed("generate") {
		w.Generate = f.generate.of(w.Seed)
	}
	return w, nil
}

// madeWorld is what the admin API answers to whoever makes a world.
type madeWorld struct {
	Name string          `json:"name"`
	Env  json.RawMessage `json:"env"`
}

// makeWorld asks for a world and prints what SDKs need to work in it.
func (a *app) makeWorld(ctx context.Context, r *runningServer, q question, format string) error {
	q.fine = []int{http.StatusCreated}
	ctx, cancel := context.WithTimeout(ctx, transferTimeout)
	defer cancel()
	resp, err := a.ask(ctx, r, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	var made madeWorld
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil {
		return errors.Join(errNotCountersign, err)
	}
	if format == "json" {
		return a.printJSON(made)
	}
	if err := a.printVariables(made.Env, format); err != nil {
		return err
	}
	return a.printVariables([]byte(`{"world":`+strconv.Quote(made.Name)+`}`), format)
}

func (a *app) worldsForkCommand(r *runningServer) *cobra.Command {
	format := oneOf("shell", "json", "dotenv")
	cmd := &cobra.Command{
		Use:     "fork WORLD [NAME]",
		Short:   "Make a world that begins as another one is now, with credentials of its own",
		Example: `  eval "$(countersign worlds fork prepared)"`,
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]string{}
			if len(args) > 1 {
				body["name"] = args[1]
			}
			return a.makeWorld(cmd.Context(), r, question{method: http.MethodPost, path: []string{"worlds", args[0], "fork"}, body: body}, format.value)
		},
	}
	format.addTo(cmd, "format", "export lines for a shell, JSON, or a .env file")
	return cmd
}

func (a *app) worldsEnvCommand(r *runningServer) *cobra.Command {
	format := oneOf("shell", "json", "dotenv")
	cmd := &cobra.Command{
		Use:     "env WORLD",
		Short:   "Print what an SDK needs to work in a world",
		Example: `  eval "$(countersign worlds env my-test)"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.env(cmd.Context(), &envFlags{url: r.url, token: r.token, ca: r.ca, world: args[0], format: format})
		},
	}
	format.addTo(cmd, "format", "export lines for a shell, JSON, or a .env file")
	return cmd
}

func (a *app) worldsResetCommand(r *runningServer) *cobra.Command {
	return &cobra.Command{
		Use:     "reset WORLD...",
		Short:   "Put worlds back to how they were made; snapshots stay",
		Example: `  countersign worlds reset default`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				if err := a.askFor(cmd.Context(), r, question{method: http.MethodPost, path: []string{"worlds", name, "reset"}}, nil); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "reset", name)
			}
			return nil
		},
	}
}

func (a *app) worldsDeleteCommand(r *runningServer) *cobra.Command {
	return &cobra.Command{
		Use:     "delete WORLD...",
		Short:   "Forget worlds and everything of them",
		Example: `  countersign worlds delete my-test`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				if err := a.askFor(cmd.Context(), r, question{method: http.MethodDelete, path: []string{"worlds", name}, fine: []int{http.StatusNoContent}}, nil); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "deleted", name)
			}
			return nil
		},
	}
}

// readArgument reads the file that an argument names, or standard input for "-".
func (a *app) readArgument(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(a.in)
	}
	return os.ReadFile(file)
}
