package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// worldOf is a world of a running server that a command is about.
type worldOf struct {
	runningServer
	world string
}

func (w *worldOf) addTo(cmd *cobra.Command) {
	w.runningServer.addTo(cmd)
	cmd.PersistentFlags().StringVar(&w.world, "world", mockserver.DefaultWorld, "`NAME` of the world")
}

// path is one of the world's, behind /__admin.
func (w *worldOf) path(more ...string) []string { return append([]string{"worlds", w.world}, more...) }

func (a *app) snapshotsCommand() *cobra.Command {
	w := &worldOf{}
	cmd := group(&cobra.Command{
		Use:   "snapshots",
		Short: "Save and load what a world of a running server was at a moment",
		Long: `A snapshot is a world's past: records, clocks, counters, faults and transitions. It shares its records with the world
until they change, so it costs little however many there are. To carry a world elsewhere, see 'countersign worlds export'.`,
		Example: `  countersign snapshots save before --world my-test
  countersign snapshots load before --world my-test
  countersign snapshots list`,
	})
	w.addTo(cmd)
	cmd.AddCommand(a.snapshotsListCommand(w), a.snapshotsSaveCommand(w), a.snapshotsLoadCommand(w), a.snapshotsDeleteCommand(w))
	return cmd
}

func (a *app) snapshotsListCommand(w *worldOf) *cobra.Command {
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use: "list", Short: "List the snapshots, the oldest first", Example: `  countersign snapshots list --world my-test`, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list struct {
				Snapshots []mockserver.Snapshot `json:"snapshots"`
			}
			if err := a.askFor(cmd.Context(), &w.runningServer, question{method: http.MethodGet, path: w.path("snapshots")}, &list); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"SNAPSHOT", "WORLD TIME", "SAVED"}}
			for _, s := range list.Snapshots {
				t.rows = append(t.rows, []string{s.Name, s.At.Format(time.RFC3339), s.Saved.Format(time.RFC3339)})
			}
			return t.print(a.out, a.width())
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (a *app) snapshotsSaveCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "save NAME", Short: "Remember the world as it is, in place of a snapshot of that name", Example: `  countersign snapshots save before`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := question{method: http.MethodPost, path: w.path("snapshots"), body: map[string]string{"name": args[0]}, fine: []int{http.StatusCreated}}
			return a.done(cmd, w, q, "saved", args[0])
		},
	}
}

func (a *app) snapshotsLoadCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "load NAME", Short: "Put the world back to what it was", Example: `  countersign snapshots load before`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.done(cmd, w, question{method: http.MethodPost, path: w.path("snapshots", args[0], "load")}, "loaded", args[0])
		},
	}
}

func (a *app) snapshotsDeleteCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME...", Short: "Forget snapshots", Example: `  countersign snapshots delete before`, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				q := question{method: http.MethodDelete, path: w.path("snapshots", name), fine: []int{http.StatusNoContent}}
				if err := a.done(cmd, w, q, "deleted", name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// done asks, and says what was done.
func (a *app) done(cmd *cobra.Command, w *worldOf, q question, did, what string) error {
	if err := a.askFor(cmd.Context(), &w.runningServer, q, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.out, did, what)
	return err
}
