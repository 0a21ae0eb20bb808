package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// expectationFlags are how many requests shall have been made, or in which order.
type expectationFlags struct {
	exactly, least, most int
	sequence             string
}

func (a *app) requestsVerifyCommand(r *runningServer) *cobra.Command {
	f, x := &requestFilter{}, &expectationFlags{}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check how many requests there were, or in which order",
		Long: `Check how many requests there were: at least one, unless --exactly, --at-least or --at-most say otherwise. With --sequence
the order is checked: the file (- is standard input) has {"world": "...", "steps": [{"operation": "..."}, ...]}, with the
fields of POST /__admin/requests/find; other requests may lie between the steps.

It ends with 0 if it is so, and with 1 if it is not, with what was expected, what happened and which requests come
closest; also with 1 if it cannot be told, because entries that matter were evicted from the journal.`,
		Example: `  countersign requests verify --operation ResultCallback --parameter Status=1 --exactly 1
  countersign requests verify --world my-test --status 500 --exactly 0
  echo '{"steps":[{"operation":"IssueToken"},{"operation":"ListApprovers"}]}' | countersign requests verify --sequence -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.verification(cmd, f, x)
			if err != nil {
				return err
			}
			q.fine = []int{http.StatusAccepted, http.StatusNotAcceptable, http.StatusConflict}
			status, data, err := a.askWithin(cmd.Context(), r, *q)
			if err != nil {
				return err
			}
			var v mockserver.Verdict
			if err := answered(data, &v); err != nil {
				return err
			}
			if status != http.StatusAccepted {
				return errors.New("not so\n" + v.String())
			}
			_, err = fmt.Fprintln(a.out, v.String())
			return err
		},
	}
	a.addFilter(cmd, f)
	flags := cmd.Flags()
	flags.IntVar(&x.exactly, "exactly", 0, "there were `N`; 0: none")
	flags.IntVar(&x.least, "at-least", 0, "there were `N` or more")
	flags.IntVar(&x.most, "at-most", 0, "there were `N` or fewer")
	flags.StringVar(&x.sequence, "sequence", "", "`FILE` with the requests that were made in this order")
	completeFiles(cmd, "sequence")
	return cmd
}

// verification is what to ask the server.
func (a *app) verification(cmd *cobra.Command, f *requestFilter, x *expectationFlags) (*question, error) {
	changed := cmd.Flags().Changed
	if x.sequence != "" {
		return sequenceQuestion(x.sequence, cmd.InOrStdin())
	}
	q, err := a.selected(f)
	if err != nil {
		return nil, err
	}
	e := mockserver.Expectation{JournalQuery: q}
	for name, of := range map[string]struct {
		n    *int
		into **int
	}{"exactly": {&x.exactly, &e.Exactly}, "at-least": {&x.least, &e.AtLeast}, "at-most": {&x.most, &e.AtMost}} {
		if changed(name) {
			*of.into = of.n
		}
	}
	return &question{method: http.MethodPost, path: []string{"requests", "verify"}, body: e}, nil
}

func sequenceQuestion(file string, stdin io.Reader) (*question, error) {
	data, err := io.ReadAll(stdin)
	if file != "-" {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var s mockserver.Sequence
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &question{method: http.MethodPost, path: []string{"requests", "verify-sequence"}, body: s}, nil
}
