package main

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

func (a *app) worldsFixturesCommand(r *runningServer) *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "fixtures",
		Short: "List, put and delete what worlds can be made of by name",
		Long: `A fixture is a world that is prepared once, so that others can be made of it in next to no time: 'countersign worlds
create --base NAME'. It is put from a world file; worlds that were made of an earlier one stay as they are.`,
		Example: `  countersign worlds fixtures put ten-approvers world.yaml
  countersign worlds create --base ten-approvers`,
	})
	cmd.AddCommand(a.fixturesListOfServer(r), a.fixturesPutToServer(r), a.fixturesDeleteOfServer(r))
	return cmd
}

func (a *app) fixturesListOfServer(r *runningServer) *cobra.Command {
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use: "list", Short: "List the fixtures of the server", Example: `  countersign worlds fixtures list`, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list struct {
				Fixtures []mockserver.FixtureView `json:"fixtures"`
			}
			if err := a.askFor(cmd.Context(), r, question{method: http.MethodGet, path: []string{"fixtures"}}, &list); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"FIXTURE", "RECORDS"}}
			for _, f := range list.Fixtures {
				n := 0
				for _, records := range f.Collections {
					n += records
				}
				t.rows = append(t.rows, []string{f.Name, strconv.Itoa(n)})
			}
			return t.print(a.out, a.width())
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (a *app) fixturesPutToServer(r *runningServer) *cobra.Command {
	return &cobra.Command{
		Use: "put NAME FILE", Short: "Make a fixture of a world file", Example: `  countersign worlds fixtures put ten-approvers world.yaml`, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			setting, err := readWorld(args[1])
			if err != nil {
				return err
			}
			q := question{method: http.MethodPut, path: []string{"fixtures", args[0]}, body: setting, fine: []int{http.StatusCreated}}
			if err := a.askFor(cmd.Context(), r, q, nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, "put", args[0])
			return err
		},
	}
}

func (a *app) fixturesDeleteOfServer(r *runningServer) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME...", Short: "Forget fixtures; worlds that were made of them stay", Example: `  countersign worlds fixtures delete ten-approvers`, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range args {
				q := question{method: http.MethodDelete, path: []string{"fixtures", name}, fine: []int{http.StatusNoContent}}
				if err := a.askFor(cmd.Context(), r, q, nil); err != nil {
					return err
				}
				fmt.Fprintln(a.out, "deleted", name)
			}
			return nil
		},
	}
}
