package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
)

// faultsOf is a world of a running server whose fault rules a command is about.
type faultsOf struct {
	runningServer
	world string
}

// path is that of the rules, behind /__admin.
func (f *faultsOf) path(more ...string) []string {
	return append([]string{"worlds", f.world, "faults"}, more...)
}

func (a *app) faultsCommand() *cobra.Command {
	f := &faultsOf{}
	cmd := group(&cobra.Command{
		Use:   "faults",
		Short: "Make calls of a running server go wrong on purpose: errors, latency, throttling, broken connections",
		Long: `Make calls of a running server go wrong on purpose.

A world has fault rules in an order. A rule says which calls it is for (vendor, operation, parameters), how often it acts
(the n-th call, a number of times, with a probability) and what happens. Calls that fail authentication or validation
meet no fault: what is wrong with them is not hidden. The journal names the rule that acted (countersign requests show).`,
		Example: `  countersign faults add --vendor wps --throttle --retry-after 2s --times 1
  countersign faults add --vendor quickbi --operation ResultCallback --error InternalError --moment after
  countersign faults list
  countersign faults clear`,
	})
	f.addTo(cmd)
	cmd.PersistentFlags().StringVar(&f.world, "world", mockserver.DefaultWorld, "`NAME` of the world")
	cmd.AddCommand(a.faultsListCommand(f), a.faultsAddCommand(f), a.faultsClearCommand(f))
	return cmd
}

// faultList is what the admin API says of fault rules.
type faultList struct {
	Faults []mockserver.FaultStatus `json:"faults"`
}

func (a *app) faultsListCommand(f *faultsOf) *cobra.Command {
	format := oneOf("table", "json")
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the fault rules in their order, with what they have met and done",
		Example: `  countersign faults list --world my-test
  countersign faults list --format json | jq '.faults[].acted'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, data, err := a.askWithin(cmd.Context(), &f.runningServer, question{method: http.MethodGet, path: f.path()})
			if err != nil {
				return err
			}
			var list faultList
			if err := answered(data, &list); err != nil {
				return err
			}
			if format.value == "json" {
				return a.printJSON(list)
			}
			return faultTable(list.Faults).print(a.out, a.width())
		},
	}
	format.addTo(cmd, "format", "how to print it")
	return cmd
}

func faultTable(list []mockserver.FaultStatus) table {
	t := table{head: []string{"ID", "VENDOR", "OPERATION", "MATCHED", "ACTED", "WHEN", "EFFECT"}, text: 2}
	for i := range list {
		s := &list[i]
		operation := s.Rule.Operation
		if operation == "" {
			operation = "any"
		}
		t.rows = append(t.rows, []string{s.Rule.ID, s.Rule.Vendor, operation, strconv.FormatUint(s.Matched, 10), strconv.FormatUint(s.Acted, 10),
			faultWhen(s), faultEffect(&s.Rule.Effect)})
	}
	return t
}

// faultWhen says in words on which calls a rule acts.
func faultWhen(s *mockserver.FaultStatus) string {
	r := &s.Rule
	words := []string{string(r.Moment)}
	say := func(there bool, format string, args ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	say(r.Nth > 0, "call %d", r.Nth)
	say(r.From > 0, "from call %d", r.From)
	say(r.Times == 1, "once")
	say(r.Times > 1, "%d times", r.Times)
	if r.Probability != nil {
		say(true, "probability %v", *r.Probability)
	}
	for i := range r.Parameters {
		say(true, "%s", matchText(&r.Parameters[i]))
	}
	say(s.Expired, "expired")
	say(s.Expires != nil && !s.Expired, "for %v", r.TTL)
	return strings.Join(words, ", ")
}

func matchText(m *mockserver.ParameterMatch) string {
	if m.Absent {
		return m.Name + " absent"
	}
	var words []string
	for _, c := range []struct {
		sign string
		text *string
	}{{"=", m.Equals}, {" contains ", m.Contains}, {" matches ", m.Matches}} {
		if c.text != nil {
			words = append(words, m.Name+c.sign+*c.text)
		}
	}
	return strings.Join(words, " and ")
}

// faultEffect says in words what a rule does.
func faultEffect(e *mockserver.FaultEffect) string {
	var words []string
	say := func(there bool, format string, args ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	say(e.Latency != nil, "latency %s", latencyText(e.Latency))
	say(e.Error != "", "error %s", e.Error)
	if e.Throttle != nil {
		say(true, "throttle")
		say(e.Throttle.RetryAfter > 0, "retry after %v", e.Throttle.RetryAfter)
	}
	say(e.Reset, "reset")
	if e.Cut != nil {
		say(e.Cut.After == nil, "cut")
		say(e.Cut.After != nil, "cut after %s bytes", deref(e.Cut.After))
	}
	if e.Drip != nil {
		say(true, "drip %d bytes every %v", e.Drip.Bytes, e.Drip.Every)
	}
	say(e.Malformed != "", "malformed %s", e.Malformed)
	say(e.ContentType != "", "content type %s", e.ContentType)
	return strings.Join(words, ", ")
}

func deref(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func latencyText(l *mockserver.Latency) string {
	switch {
	case l == nil:
		return ""
	case l.Fixed > 0:
		return l.Fixed.String()
	case l.Median > 0:
		return fmt.Sprintf("%v~%v", l.Median, l.Sigma)
	}
	return fmt.Sprintf("%v..%v", l.Min, l.Max)
}

func (a *app) faultsClearCommand(f *faultsOf) *cobra.Command {
	return &cobra.Command{
		Use:   "clear [ID...]",
		Short: "Delete fault rules: all of them, or those named",
		Example: `  countersign faults clear
  countersign faults clear fault-1 --world my-test`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if slices.Contains(ids, "") {
				return usagef("an id is empty")
			}
			for _, id := range ids {
				q := question{method: http.MethodDelete, path: f.path(id), fine: []int{http.StatusNoContent}}
				if _, _, err := a.askWithin(cmd.Context(), &f.runningServer, q); err != nil {
					return err
				}
			}
			deleted := len(ids)
			if deleted == 0 {
				_, data, err := a.askWithin(cmd.Context(), &f.runningServer, question{method: http.MethodDelete, path: f.path()})
				if err != nil {
					return err
				}
				var answer struct {
					Deleted int `json:"deleted"`
				}
				if err := answered(data, &answer); err != nil {
					return err
				}
				deleted = answer.Deleted
			}
			_, err := fmt.Fprintf(a.out, "deleted %d\n", deleted)
			return err
		},
	}
}
