package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

func (a *app) requestsCommand() *cobra.Command {
	r := &runningServer{}
	cmd := group(&cobra.Command{
		Use:   "requests",
		Short: "Read, count, verify, watch and export the requests that a running server got",
		Long: `Read the journal of a running server: every request with its reply, without secrets, and why its signature was refused.

The journal has a budget of bytes (serve --journal-bytes); when it is full, the world that takes most of it gives up its
oldest entries. What counts or verifies says so when entries that matter may be gone: it never guesses.`,
		Example: `  countersign requests list --status 400
  countersign requests show 12                                   # why was it refused
  countersign requests verify --operation ResultCallback --status 200 --exactly 1
  countersign requests watch --world my-test
  countersign requests export --format har > calls.har
  countersign requests coverage                                  # what of the documents no request has touched`,
	})
	r.addTo(cmd)
	cmd.AddCommand(a.requestsListCommand(r), a.requestsShowCommand(r), a.requestsUnmatchedCommand(r), a.requestsCountCommand(r),
		a.requestsVerifyCommand(r), a.requestsWatchCommand(r), a.requestsExportCommand(r), a.requestsClearCommand(r), a.requestsCoverageCommand(r))
	return cmd
}

// requestFilter are the flags that select entries.
type requestFilter struct {
	query        mockserver.JournalQuery
	since, until string
	parameters   []string
}

func (a *app) addFilter(cmd *cobra.Command, f *requestFilter) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.query.World, "world", "", "only those of the world `NAME`")
	flags.StringVar(&f.query.Vendor, "vendor", "", "only those of the vendor `NAME`")
	flags.StringVar(&f.query.Operation, "operation", "", "only those of the operation `NAME`")
	flags.StringVar(&f.query.Method, "method", "", "only those with the `METHOD`")
	flags.StringVar(&f.query.Path, "path", "", "only those with the `PATH`, without the query")
	flags.StringArrayVar(&f.parameters, "parameter", nil, "only those that sent `NAME=VALUE`, in query, form, path, header or JSON body")
	flags.IntVar(&f.query.Status, "status", 0, "only those answered with the HTTP `STATUS`")
	flags.StringVar(&f.query.Code, "code", "", "only those answered with the error `CODE`")
	flags.StringVar(&f.query.Error, "error", "", "only those answered with the catalogue's error `NAME`")
	flags.StringVar(&f.since, "since", "", "only those from the `TIME` on, or from so long ago on (5m)")
	flags.StringVar(&f.until, "until", "", "only those until the `TIME`")
	flags.Uint64Var(&f.query.After, "after", 0, "only those with an id above `ID`")
	flags.Uint64Var(&f.query.Before, "before", 0, "only those with an id below `ID`")
	flags.BoolVar(&f.query.Unmatched, "unmatched", false, "only those of no operation")
	flags.BoolVar(&f.query.RefusedSignature, "refused-signature", false, "only those whose signature was refused")
	flags.BoolVar(&f.query.Warned, "warned", false, "only those with warnings")
	flags.BoolVar(&f.query.Faulted, "faulted", false, "only those in which something went wrong on purpose")
	completeFlag(cmd, "vendor", a.vendorNames)
	completeFlag(cmd, "operation", a.operationWords)
}

// selected is the query that the flags ask for.
func (a *app) selected(f *requestFilter) (mockserver.JournalQuery, error) {
	q := f.query
	for text, into := range map[*string]*time.Time{&f.since: &q.Since, &f.until: &q.Until} {
		if *text == "" {
			continue
		}
		at, err := moment(*text, a.now())
		if err != nil {
			return q, err
		}
		*into = at
	}
	for _, p := range f.parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return q, usagef("--parameter %q: want NAME=VALUE", p)
		}
		q.Parameters = append(q.Parameters, mockserver.ParameterMatch{Name: name, Equals: &value})
	}
	return q, nil
}

// inURL is a query as parameters of a URL, for what is asked for with GET.
func inURL(q mockserver.JournalQuery) url.Values {
	out := url.Values{}
	for name, value := range map[string]string{"world": q.World, "vendor": q.Vendor, "operation": q.Operation, "method": q.Method,
		"path": q.Path, "code": q.Code, "error": q.Error, "order": q.Order} {
		if value != "" {
			out.Set(name, value)
		}
	}
	for name, n := range map[string]uint64{"status": uint64(q.Status), "limit": uint64(q.Limit), "after": q.After, "before": q.Before} { //nolint:gosec // flags refuse what is negative, or the server does
		if n != 0 {
			out.Set(name, strconv.FormatUint(n, 10))
		}
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			out.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	for name, set := range map[string]bool{"unmatched": q.Unmatched, "refused_signature": q.RefusedSignature, "warned": q.Warned, "faulted": q.Faulted} {
		if set {
			out.Set(name, "true")
		}
	}
	if q.WithoutBodies {
		out.Set("bodies", "false")
	}
	for _, p := range q.Parameters {
		out.Add("parameter", p.Name+"="+*p.Equals)
	}
	return out
}

// listing is the server's answer with entries.
type listing struct {
	Requests []json.RawMessage `json:"requests"`
	Missed   uint64            `json:"missed"`
}

// entries reads a listing's entries.
func entries[T any](l *listing) ([]T, error) {
	out := make([]T, len(l.Requests))
	for i, raw := range l.Requests {
		if err := answered(raw, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tellMissed says on standard error that evicted entries are not among what was printed.
func (a *app) tellMissed(n uint64) {
	if n > 0 {
		fmt.Fprintf(a.err, "countersign: up to %d more may have been among these; they were evicted to keep the journal within its budget\n", n)
	}
}

// errorCode is the code that an entry was answered with, empty where it was no error.
func errorCode(e *mockserver.EntryView) string {
	if e.Error == nil {
		return ""
	}
	return e.Error.Code
}
