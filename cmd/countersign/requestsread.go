package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

func (a *app) requestsListCommand(r *runningServer) *cobra.Command {
	f := &requestFilter{}
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List requests, the newest first",
		Example: `  countersign requests list --limit 5
  countersign requests list --world my-test --operation SmartqAuthorize --format json
  countersign requests list --refused-signature --since 10m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.selected(f)
			if err != nil {
				return err
			}
			q.WithoutBodies = format.value == "table"
			_, data, err := a.askWithin(cmd.Context(), r, question{method: http.MethodPost, path: []string{"requests", "find"}, body: q})
			if err != nil {
				return err
			}
			return a.printListing(data, format.value)
		},
	}
	a.addFilter(cmd, f)
	cmd.Flags().IntVar(&f.query.Limit, "limit", 20, "at most `N`; 0: all")
	cmd.Flags().IntVar(&f.query.Offset, "offset", 0, "leave the first `N` out")
	cmd.Flags().StringVar(&f.query.Order, "order", "newest", "`ORDER`: newest or oldest first")
	completeFlag(cmd, "order", func() []string { return []string{"newest", "oldest"} })
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (a *app) printListing(data []byte, format string) error {
	var l listing
	if err := answered(data, &l); err != nil {
		return err
	}
	if format == "json" {
		return a.printJSON(l)
	}
	list, err := entries[mockserver.EntryView](&l)
	if err != nil {
		return err
	}
	t := table{head: []string{"ID", "TIME", "WORLD", "VENDOR", "OPERATION", "STATUS", "CODE", "REQUEST"}, text: 1}
	for i := range list {
		e := &list[i]
		t.rows = append(t.rows, []string{strconv.FormatUint(e.ID, 10), e.Time.Format("15:04:05.000"), e.World, e.Vendor, e.Operation,
			strconv.Itoa(e.Reply.Status), errorCode(e), e.Request.Method + " " + e.Request.URI})
	}
	a.tellMissed(l.Missed)
	return t.print(a.out, a.width())
}

func (a *app) requestsShowCommand(r *runningServer) *cobra.Command {
	format := oneOf("text", "json")
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a request whole: what was sent and answered, warnings, and why a signature was refused",
		Example: `  countersign requests show 12
  countersign requests show 12 --format json | jq -r .explanation.string_to_sign`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := strconv.ParseUint(args[0], 10, 64); err != nil {
				return usagef("%q is no id: 'countersign requests list' shows them", args[0])
			}
			_, data, err := a.askWithin(cmd.Context(), r, question{method: http.MethodGet, path: []string{"requests", args[0]}})
			if err != nil {
				return err
			}
			var e mockserver.EntryView
			if err := answered(data, &e); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(e)
			}
			p := &page{width: a.width()}
			writeEntry(p, &e)
			_, err = a.out.Write([]byte(p.String()))
			return err
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

// writeEntry writes an entry for people. What was on the wire is not wrapped.
func writeEntry(p *page, e *mockserver.EntryView) {
	p.line("#%d  %s  world %s  %s %s", e.ID, e.Time.Format("2006-01-02 15:04:05.000"), e.World, e.Vendor, e.Operation)
	if e.Error != nil {
		p.line("error: %s (%s) %s", e.Error.Name, e.Error.Code, e.Error.Reason)
	}
	for _, w := range e.Warnings {
		p.line("warning: %s", w)
	}
	if e.Problem != "" {
		p.line("problem of the stand-in: %s", e.Problem)
	}
	fmt.Fprintf(p, "\n> %s %s\n> Host: %s\n", e.Request.Method, e.Request.URI, e.Request.Host)
	writeMessage(p, "> ", e.Request.Header, e.Request.Body)
	fmt.Fprintf(p, "\n< %d %s\n", e.Reply.Status, http.StatusText(e.Reply.Status))
	writeMessage(p, "< ", e.Reply.Header, e.Reply.Body)
	if x := e.Explanation; x != nil {
		p.heading("Why the signature was refused (" + x.Scheme + ")")
		for _, part := range [][2]string{{"problem", x.Problem}, {"mistake", x.Mistake}, {"advice", x.Advice},
			{"the server signs", x.StringToSign}, {"the client sent", x.ClientSignature}} {
			if part[1] != "" {
				fmt.Fprintf(p, "  %s: %s\n", part[0], strings.ReplaceAll(part[1], "\n", "\n    "))
			}
		}
		if d := x.FirstDifference; d != nil {
			fmt.Fprintf(p, "  first difference: byte %d, the server has %q, the client %q\n", d.Offset, d.Server, d.Client)
		}
	}
}

func writeMessage(p *page, prefix string, h http.Header, body string) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range h[name] {
			fmt.Fprintf(p, "%s%s: %s\n", prefix, name, v)
		}
	}
	if body != "" {
		fmt.Fprintf(p, "%s\n%s%s\n", strings.TrimSpace(prefix), prefix, strings.ReplaceAll(body, "\n", "\n"+prefix))
	}
}

func (a *app) requestsUnmatchedCommand(r *runningServer) *cobra.Command {
	f := &requestFilter{}
	format := oneOf("text", "json")
	cmd := &cobra.Command{
		Use:   "unmatched",
		Short: "List requests of no operation, with the operations that they may have meant",
		Example: `  countersign requests unmatched
  countersign requests unmatched --world my-test --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.selected(f)
			if err != nil {
				return err
			}
			_, data, err := a.askWithin(cmd.Context(), r, question{method: http.MethodGet, path: []string{"requests", "unmatched"}, query: inURL(q)})
			if err != nil {
				return err
			}
			var l listing
			if err := answered(data, &l); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(l)
			}
			return a.printUnmatched(&l)
		},
	}
	a.addFilter(cmd, f)
	cmd.Flags().IntVar(&f.query.Limit, "limit", 20, "at most `N`; 0: all")
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func (a *app) printUnmatched(l *listing) error {
	list, err := entries[mockserver.UnmatchedView](l)
	if err != nil {
		return err
	}
	p := &page{width: a.width()}
	for i := range list {
		e := &list[i]
		p.line("#%d %s %s (%d)", e.ID, e.Request.Method, e.Request.URI, e.Reply.Status)
		for _, m := range e.NearMisses {
			p.paragraph(fmt.Sprintf("%s %s: %s", m.Operation, m.Request, strings.Join(m.Differs, "; ")))
		}
		if len(e.NearMisses) == 0 {
			p.paragraph("no operation is near")
		}
	}
	a.tellMissed(l.Missed)
	_, err = a.out.Write([]byte(p.String()))
	return err
}

func (a *app) requestsCountCommand(r *runningServer) *cobra.Command {
	f := &requestFilter{}
	cmd := &cobra.Command{
		Use:   "count",
		Short: "Print how many requests there were",
		Long: `Print how many requests there were.

Where entries that may have counted were evicted, it prints how many are left, says so, and ends with 1.`,
		Example: `  countersign requests count --world my-test --operation ResultCallback`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := a.selected(f)
			if err != nil {
				return err
			}
			_, data, err := a.askWithin(cmd.Context(), r, question{method: http.MethodPost, path: []string{"requests", "count"}, body: q,
				fine: []int{http.StatusConflict}})
			if err != nil {
				return err
			}
			var c struct {
				mockserver.Counted
				Countersign string
			}
			if err := answered(data, &c); err != nil {
				return err
			}
			fmt.Fprintln(a.out, c.Count)
			if c.Missed > 0 {
				return errors.New(c.Countersign)
			}
			return nil
		},
	}
	a.addFilter(cmd, f)
	return cmd
}

func (a *app) requestsClearCommand(r *runningServer) *cobra.Command {
	var world string
	cmd := &cobra.Command{
		Use:     "clear",
		Short:   "Forget the requests of a world, or all",
		Example: `  countersign requests clear --world my-test`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			if world != "" {
				query.Set("world", world)
			}
			_, data, err := a.askWithin(cmd.Context(), r, question{method: http.MethodDelete, path: []string{"requests"}, query: query})
			if err != nil {
				return err
			}
			var done struct{ Cleared int }
			if err := answered(data, &done); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "forgot %d requests\n", done.Cleared)
			return err
		},
	}
	cmd.Flags().StringVar(&world, "world", "", "only those of the world `NAME`")
	return cmd
}
