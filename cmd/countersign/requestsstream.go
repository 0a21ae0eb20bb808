package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

func (a *app) requestsWatchCommand(r *runningServer) *cobra.Command {
	f := &requestFilter{}
	format := oneOf("text", "json")
	var replay bool
	var most int
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Print requests as they come",
		Long: `Print requests as they come, a line each, until it is interrupted or the server stops. With --format json a line is an
entry as 'countersign requests show --format json' has it.`,
		Example: `  countersign requests watch --vendor wps
  countersign requests watch --replay --format json | jq -r .request.uri`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.selected(f)
			if err != nil {
				return err
			}
			q.WithoutBodies = format.value == "text"
			header := http.Header{}
			if replay && q.After == 0 {
				header.Set("Last-Event-ID", "0")
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return a.watchRequests(ctx, r, question{method: http.MethodGet, path: []string{"requests", "stream"}, query: inURL(q), header: header},
				format.value == "json", most)
		},
	}
	a.addFilter(cmd, f)
	cmd.Flags().BoolVar(&replay, "replay", false, "begin with what is in the journal")
	cmd.Flags().IntVar(&most, "count", 0, "stop after `N` requests; 0: never")
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

var errStreamBroke = errors.New("the stream broke off: is the server still there?")

// watchRequests prints a stream until ctx ends, the server stops or most entries have come.
func (a *app) watchRequests(ctx context.Context, r *runningServer, q question, asJSON bool, most int) error {
	resp, err := a.ask(ctx, r, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	kind := ""
	for seen := 0; most == 0 || seen < most; {
		line, err := lines.ReadString('\n')
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("%s: %w", r.url, errStreamBroke)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch {
		case name == "event":
			kind = value
		case name != "data":
		case kind == "end":
			return nil
		case kind == "lost":
			var lost struct{ Countersign string }
			if err := answered([]byte(value), &lost); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "countersign: %s\n", lost.Countersign)
		case kind == "request":
			if err := a.printWatched(value, asJSON); err != nil {
				return err
			}
			seen++
		}
	}
	return nil
}

func (a *app) printWatched(text string, asJSON bool) error {
	if asJSON {
		_, err := fmt.Fprintln(a.out, text)
		return err
	}
	var e mockserver.EntryView
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	parts := []string{fmt.Sprintf("#%d", e.ID), e.Time.Format("15:04:05.000"), e.World, e.Request.Method, e.Request.URI, fmt.Sprint(e.Reply.Status)}
	for _, more := range []string{e.Vendor, e.Operation, errorCode(&e)} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	_, err := fmt.Fprintln(a.out, strings.Join(parts, " "))
	return err
}

func (a *app) requestsExportCommand(r *runningServer) *cobra.Command {
	f := &requestFilter{}
	format := oneOf("har", "curl")
	var output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export requests as an HTTP archive or as curl commands, without secrets",
		Long: `Export requests, the oldest first, without secrets: as an HTTP archive (HAR 1.2) that browsers and proxies read, or as
curl commands for a POSIX shell, which go to the server and have REDACTED where a secret was.`,
		Example: `  countersign requests export --world my-test > calls.har
  countersign requests export --format curl --status 400 --output again.sh`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.selected(f)
			if err != nil {
				return err
			}
			values := inURL(q)
			values.Set("format", format.value)
			resp, err := a.ask(cmd.Context(), r, question{method: http.MethodGet, path: []string{"requests"}, query: values})
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			return a.writeOut(output, resp.Body)
		},
	}
	a.addFilter(cmd, f)
	cmd.Flags().IntVar(&f.query.Limit, "limit", 0, "at most `N`; 0: all")
	format.addTo(cmd, "format", "of the export")
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write; default: standard output")
	completeFiles(cmd, "output")
	return cmd
}

// writeOut writes to a file, or to standard output without one.
func (a *app) writeOut(file string, from io.Reader) error {
	if file == "" {
		_, err := io.Copy(a.out, from)
		return err
	}
	f, err := os.Create(filepath.Clean(file))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
