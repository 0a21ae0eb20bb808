package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

func (a *app) transitionsCommand() *cobra.Command {
	w := &worldOf{}
	cmd := group(&cobra.Command{
		Use:   "transitions",
		Short: "Let records of a running server change by themselves as time or calls pass",
		Long: `A transition changes a record by itself, once: when world time has passed ('countersign clock advance' moves it), or just
before the n-th call of an operation is handled, so that this call sees it. Calls that fail authentication or validation do
not count.`,
		Example: `  countersign transitions add quickbi.applications APPLICATION --patch '{"flag_status": 1}' --after 30s
  countersign transitions add dataarts.approvers --put approver.json --calls ListApprovers=3
  countersign transitions list --world my-test`,
	})
	w.addTo(cmd)
	cmd.AddCommand(a.transitionsListCommand(w), a.transitionsAddCommand(w), a.transitionsClearCommand(w))
	return cmd
}

type transitionAnswer struct {
	Transitions []mockserver.TransitionStatus `json:"transitions"`
}

func (a *app) transitionsListCommand(w *worldOf) *cobra.Command {
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use: "list", Short: "List transitions and what has become of them", Example: `  countersign transitions list --format json`, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list transitionAnswer
			if err := a.askFor(cmd.Context(), &w.runningServer, question{method: http.MethodGet, path: w.path("transitions")}, &list); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			t := table{head: []string{"ID", "RECORD", "CHANGE", "STATE", "WHEN"}, text: 1}
			for i := range list.Transitions {
				t.rows = append(t.rows, transitionRow(&list.Transitions[i]))
			}
			return t.print(a.out, a.width())
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func transitionRow(s *mockserver.TransitionStatus) []string {
	what, when := "delete", ""
	switch t := &s.Transition; {
	case t.Patch != nil:
		what = "patch"
	case t.Put != nil:
		what = "put"
	}
	if s.Due != nil {
		when = s.Due.Format(time.RFC3339Nano)
	} else {
		when = fmt.Sprintf("call %d of %s (%d so far)", s.Transition.AfterCalls.N, s.Transition.AfterCalls.Operation, s.Calls)
	}
	if s.Error != "" {
		when += ": " + s.Error
	}
	return []string{s.Transition.ID, s.Transition.Collection + "/" + s.Transition.Record, what, s.State, when}
}

// transitionFlags say what is to happen and when.
type transitionFlags struct {
	id, patch, put  string
	delete, cascade bool
	after           time.Duration
	calls           string
}

func (a *app) transitionsAddCommand(w *worldOf) *cobra.Command {
	f := &transitionFlags{}
	cmd := &cobra.Command{
		Use:   "add [COLLECTION [ID] | FILE]",
		Short: "Add a transition from flags, or several from a JSON file (- is standard input)",
		Example: `  countersign transitions add quickbi.applications APPLICATION --patch '{"flag_status": 1}' --after 30s
  countersign transitions add dataarts.approvers APPROVER --delete --calls ListApprovers=2
  countersign transitions add transitions.json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := a.transition(f, args)
			if err != nil {
				return err
			}
			var added transitionAnswer
			q := question{method: http.MethodPost, path: w.path("transitions"), body: body, fine: []int{http.StatusCreated}}
			if err := a.askFor(cmd.Context(), &w.runningServer, q, &added); err != nil {
				return err
			}
			for i := range added.Transitions {
				fmt.Fprintln(a.out, added.Transitions[i].Transition.ID)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.id, "id", "", "its `ID`; one is made if it is left out")
	flags.StringVar(&f.patch, "patch", "", "change the record by this JSON merge `PATCH`: the text itself, a file or -")
	flags.StringVar(&f.put, "put", "", "put this record there: JSON `TEXT`, a file or -")
	flags.BoolVar(&f.delete, "delete", false, "delete the record")
	flags.BoolVar(&f.cascade, "cascade", false, "delete with it all that refers to it")
	flags.DurationVar(&f.after, "after", 0, "once so much world time has passed")
	flags.StringVar(&f.calls, "calls", "", "just before the n-th call of an operation: `[VENDOR.]OPERATION=N`")
	return cmd
}

// transition is the body to send: that of the flags, or the file's where no flag says what is to happen.
func (a *app) transition(f *transitionFlags, args []string) (any, error) {
	if *f == (transitionFlags{}) {
		if len(args) > 1 {
			return nil, usagef("say what happens to the record and when: --patch, --put or --delete, and --after or --calls")
		}
		data, err := a.readArgument(args[0])
		if err != nil {
			return nil, err
		}
		if !json.Valid(data) {
			return nil, fmt.Errorf("%s: is not JSON", args[0])
		}
		return json.RawMessage(bytes.TrimSpace(data)), nil
	}
	t := mockserver.Transition{ID: f.id, Collection: args[0], Delete: f.delete, Cascade: f.cascade, After: mockserver.Duration(f.after)}
	if len(args) > 1 {
		t.Record = args[1]
	}
	for _, part := range []struct {
		text string
		into *json.RawMessage
	}{{f.patch, &t.Patch}, {f.put, &t.Put}} {
		if part.text == "" {
			continue
		}
		var err error
		if *part.into, err = a.jsonArgument(part.text); err != nil {
			return nil, err
		}
	}
	var err error
	t.AfterCalls, err = afterCalls(f.calls)
	return t, err
}

// afterCalls reads [VENDOR.]OPERATION=N.
func afterCalls(text string) (*mockserver.AfterCalls, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // nothing is asked for
	}
	operation, number, _ := strings.Cut(text, "=")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n == 0 {
		return nil, usagef("--calls %q: want OPERATION=N, such as ListApprovers=3", text)
	}
	out := &mockserver.AfterCalls{Operation: operation, N: n}
	if vendor, rest, ok := strings.Cut(operation, "."); ok {
		out.Vendor, out.Operation = vendor, rest
	}
	return out, nil
}

func (a *app) transitionsClearCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "clear [ID...]", Short: "Forget transitions: all of them, or those named; what they have done stays", Example: `  countersign transitions clear`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			for _, id := range ids {
				q := question{method: http.MethodDelete, path: w.path("transitions", url.PathEscape(id)), fine: []int{http.StatusNoContent}}
				if err := a.done(cmd, w, q, "deleted", id); err != nil {
					return err
				}
			}
			if len(ids) > 0 {
				return nil
			}
			var answer struct{ Deleted int }
			if err := a.askFor(cmd.Context(), &w.runningServer, question{method: http.MethodDelete, path: w.path("transitions")}, &answer); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.out, "deleted %d\n", answer.Deleted)
			return err
		},
	}
}
