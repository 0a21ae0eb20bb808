package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) recordsCommand() *cobra.Command {
	w := &worldOf{}
	cmd := group(&cobra.Command{
		Use:   "records",
		Short: "Read and change the records of a world of a running server",
		Long: `Read and change a world's records directly: what no call of a vendor's API can set up (an application, a deleted
resource, an expired instance). Records are held against their collection's schema, references and unique keys.

A COLLECTION is VENDOR.NAME, or the name alone where only one vendor has it; 'countersign worlds list --format json' names
them. Records are JSON, from a file or from standard input (-).`,
		Example: `  countersign records list quickbi.applications --where flag_status=0
  countersign records get quickbi.applications APPLICATION
  countersign records patch quickbi.applications APPLICATION '{"flag_status": 1}'
  countersign records create wps.users user.json --world my-test
  countersign records delete quickbi.resources RESOURCE --cascade`,
	})
	w.addTo(cmd)
	cmd.AddCommand(a.recordsListCommand(w), a.recordsGetCommand(w), a.recordsCreateCommand(w), a.recordsPutCommand(w), a.recordsPatchCommand(w), a.recordsDeleteCommand(w))
	return cmd
}

// recordPath is where a record is. Its id may hold anything.
func (w *worldOf) recordPath(collection string, id ...string) []string {
	path := w.path(url.PathEscape(collection))
	for _, part := range id {
		path = append(path, url.PathEscape(part))
	}
	return path
}

func (a *app) recordsListCommand(w *worldOf) *cobra.Command {
	var where []string
	var skip, limit uint
	var lines bool
	cmd := &cobra.Command{
		Use:   "list COLLECTION",
		Short: "List records in the order of their ids",
		Example: `  countersign records list dataarts.approvers --limit 0 --lines > approvers.ndjson
  countersign records list quickbi.users --where organization_id=org-1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"skip": {strconv.FormatUint(uint64(skip), 10)}, "limit": {strconv.FormatUint(uint64(limit), 10)}}
			for _, pair := range where {
				name, value, ok := strings.Cut(pair, "=")
				if !ok || name == "" || name == "skip" || name == "limit" {
					return usagef("--where %q: want PROPERTY=VALUE", pair)
				}
				query.Add(name, value)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), transferTimeout)
			defer cancel()
			resp, err := a.ask(ctx, &w.runningServer, question{method: http.MethodGet, path: w.recordPath(args[0]), query: query})
			if err != nil {
				return err
			}
			defer resp.Body.Close() //nolint:errcheck // it was only read
			if lines {
				return recordLines(a.out, resp.Body)
			}
			return a.printAnswer(resp.Body)
		},
	}
	cmd.Flags().StringArrayVar(&where, "where", nil, "only records with `PROPERTY=VALUE`, as often as wanted")
	cmd.Flags().UintVar(&skip, "skip", 0, "leave out so many")
	cmd.Flags().UintVar(&limit, "limit", 100, "list at most so many; 0 lists all")
	cmd.Flags().BoolVar(&lines, "lines", false, "one record a line, as they come")
	return cmd
}

// recordLines writes the records of a list one a line, as they come.
func recordLines(out io.Writer, list io.Reader) error {
	dec := json.NewDecoder(list)
	for {
		token, err := dec.Token()
		if err != nil {
			return errors.Join(errNotCountersign, err)
		}
		if token == "records" {
			break
		}
	}
	if _, err := dec.Token(); err != nil { // the bracket
		return err
	}
	for dec.More() {
		var record json.RawMessage
		if err := dec.Decode(&record); err != nil {
			return fmt.Errorf("the list came cut short: %w", err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", record); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// printAnswer prints a JSON answer for people.
func (a *app) printAnswer(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("the answer came cut short: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return errors.Join(errNotCountersign, err)
	}
	_, err = fmt.Fprintln(a.out, out.String())
	return err
}

// askAndPrint asks and prints the JSON that is answered.
func (a *app) askAndPrint(cmd *cobra.Command, w *worldOf, q question) error {
	_, data, err := a.askWithin(cmd.Context(), &w.runningServer, q)
	if err != nil {
		return err
	}
	return a.printAnswer(bytes.NewReader(data))
}

func (a *app) recordsGetCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "get COLLECTION ID", Short: "Print a record", Example: `  countersign records get dataarts.members WORKSPACE/USER`, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.askAndPrint(cmd, w, question{method: http.MethodGet, path: w.recordPath(args[0], args[1])})
		},
	}
}

// jsonArgument reads a JSON object that an argument is, or that the file which it names holds, or standard input for "-".
func (a *app) jsonArgument(arg string) (json.RawMessage, error) {
	data := []byte(arg)
	if !strings.HasPrefix(strings.TrimSpace(arg), "{") {
		var err error
		if data, err = a.readArgument(arg); err != nil {
			return nil, err
		}
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("%s: is not JSON", arg)
	}
	return data, nil
}

func (a *app) recordsCreateCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "create COLLECTION FILE", Short: "Put a new record; one that is there is not touched", Args: cobra.ExactArgs(2),
		Example: `  countersign records create quickbi.applications application.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.jsonArgument(args[1])
			if err != nil {
				return err
			}
			return a.askAndPrint(cmd, w, question{method: http.MethodPost, path: w.recordPath(args[0]), body: data, fine: []int{http.StatusCreated}})
		},
	}
}

func (a *app) recordsPutCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "put COLLECTION ID FILE", Short: "Put a record, in the place of one with its id", Args: cobra.ExactArgs(3),
		Example: `  countersign records put quickbi.applications APPLICATION application.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.jsonArgument(args[2])
			if err != nil {
				return err
			}
			return a.askAndPrint(cmd, w, question{method: http.MethodPut, path: w.recordPath(args[0], args[1]), body: data, fine: []int{http.StatusCreated}})
		},
	}
}

func (a *app) recordsPatchCommand(w *worldOf) *cobra.Command {
	return &cobra.Command{
		Use: "patch COLLECTION ID PATCH", Short: "Change a record by a JSON merge patch: the text itself, a file or -", Args: cobra.ExactArgs(3),
		Example: `  countersign records patch quickbi.applications APPLICATION '{"flag_status": 1, "handle_reason": null}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.jsonArgument(args[2])
			if err != nil {
				return err
			}
			return a.askAndPrint(cmd, w, question{method: http.MethodPatch, path: w.recordPath(args[0], args[1]), body: data})
		},
	}
}

func (a *app) recordsDeleteCommand(w *worldOf) *cobra.Command {
	var cascade bool
	cmd := &cobra.Command{
		Use: "delete COLLECTION ID", Short: "Delete a record; one that others refer to only with --cascade", Args: cobra.ExactArgs(2),
		Example: `  countersign records delete quickbi.resources RESOURCE --cascade`,
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"cascade": {strconv.FormatBool(cascade)}}
			return a.askAndPrint(cmd, w, question{method: http.MethodDelete, path: w.recordPath(args[0], args[1]), query: query})
		},
	}
	cmd.Flags().BoolVar(&cascade, "cascade", false, "delete with it all that refers to it")
	return cmd
}
