package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// faultFlags say in flags what a rule says in JSON.
type faultFlags struct {
	rule                   mockserver.FaultRule
	parameters             []string
	probability            float64
	seed                   uint64
	ttl, retryAfter        time.Duration
	moment, malformed      choice
	throttle               bool
	latency, cut, drip     string
	givenSeed, givenChance bool
}

func (a *app) faultsAddCommand(f *faultsOf) *cobra.Command {
	r := &faultFlags{moment: oneOf("", "before", "after"), malformed: oneOf("", "truncated", "garbage")}
	cmd := &cobra.Command{
		Use:   "add [FILE]",
		Short: "Add a fault rule, from flags or from a JSON file (- is standard input)",
		Long: `Add a fault rule behind the others, from flags; or one or several from a JSON file, in the form of GET
/__admin/worlds/WORLD/faults or of "faults" in a world file. Prints the ids.

  --latency 1.5s       always
  --latency 1s..3s     evenly drawn
  --latency 200ms~0.5  lognormal: median and sigma
  --drip 16/100ms      16 bytes, and again after 100 ms`,
		Example: `  countersign faults add --vendor wps --throttle --retry-after 2s --times 1
  countersign faults add --vendor dataarts --operation CreateApprover --reset --moment after --nth 3
  countersign faults add --vendor quickbi --parameter Status=2 --error Internal.System.Error --probability 0.1 --seed 7
  countersign faults add --vendor quickbi --latency 200ms..2s --drip 16/50ms
  echo '{"vendor": "wps", "effect": {"cut": {"after": 10}}}' | countersign faults add -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := r.body(cmd, a.in, args)
			if err != nil {
				return err
			}
			return a.addFaults(cmd, f, body)
		},
	}
	r.addTo(cmd)
	cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	completeFlag(cmd, "vendor", a.vendorNames)
	completeFlag(cmd, "operation", a.operationWords)
	completeFlag(cmd, "error", func() []string {
		return a.words(func(v *specs.Vendor) (names []string) {
			for _, e := range v.Errors {
				names = append(names, e.Name+"\t"+e.Message)
			}
			return names
		})
	})
	return cmd
}

func (r *faultFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&r.rule.ID, "id", "", "`ID` of the rule; default: one is made")
	flags.StringVar(&r.rule.Vendor, "vendor", "", "`NAME` of the vendor whose calls are meant")
	flags.StringVar(&r.rule.Operation, "operation", "", "only calls of the operation `NAME`")
	flags.StringArrayVar(&r.parameters, "parameter", nil, "only calls that sent `NAME=VALUE`, in query, form, path, header or JSON body; repeatable")
	flags.IntVar(&r.rule.Nth, "nth", 0, "only the `N`-th matching call")
	flags.IntVar(&r.rule.From, "from", 0, "from the `N`-th matching call on")
	flags.IntVar(&r.rule.Times, "times", 0, "at most `N` times")
	flags.Float64Var(&r.probability, "probability", 1, "act with the probability `P`, above 0 and up to 1")
	flags.Uint64Var(&r.seed, "seed", 0, "`NUMBER` from which chance is drawn; default: the world's seed")
	flags.DurationVar(&r.ttl, "ttl", 0, "let the rule live for so long, in world time")
	r.moment.addTo(cmd, "moment", "before the handler, or after it has done its work; default: what fits the effect")
	flags.StringVar(&r.rule.Effect.Error, "error", "", "answer the error `NAME`; countersign errors lists them")
	flags.StringVar(&r.rule.Effect.Parameter, "error-parameter", "", "`NAME` of the parameter that the error is about")
	flags.BoolVar(&r.throttle, "throttle", false, "refuse in the vendor's form for too many calls")
	flags.DurationVar(&r.retryAfter, "retry-after", 0, "with --throttle: ask to wait so long, in whole seconds")
	flags.StringVar(&r.latency, "latency", "", "wait for `DURATION`, MIN..MAX or MEDIAN~SIGMA")
	flags.BoolVar(&r.rule.Effect.Reset, "reset", false, "reset the connection instead of answering")
	flags.StringVar(&r.cut, "cut", "", "end the connection after `BYTES` of the body, or after half of it (half)")
	flags.StringVar(&r.drip, "drip", "", "send the body bit by bit: `BYTES/DURATION`")
	r.malformed.addTo(cmd, "malformed", "send half of the body, or garbage, with a length that fits")
	flags.StringVar(&r.rule.Effect.ContentType, "content-type", "", "send this `TYPE` instead of the reply's own")
}

// body is what is sent to the admin API: the file's JSON, or the flags' rule.
func (r *faultFlags) body(cmd *cobra.Command, stdin io.Reader, args []string) (any, error) {
	if len(args) == 1 {
		for _, name := range ruleFlags {
			if cmd.Flags().Changed(name) {
				return nil, usagef("the file says all there is to say: leave --%s out", name)
			}
		}
		return readFaults(stdin, args[0])
	}
	if r.rule.Vendor == "" {
		return nil, usagef("want --vendor, or a file")
	}
	r.givenSeed, r.givenChance = cmd.Flags().Changed("seed"), cmd.Flags().Changed("probability")
	if err := r.complete(); err != nil {
		return nil, &usageError{err}
	}
	return r.rule, nil
}

// ruleFlags are the flags that describe a rule, and not the server.
var ruleFlags = []string{"id", "vendor", "operation", "parameter", "nth", "from", "times", "probability", "seed", "ttl", "moment", "error",
	"error-parameter", "throttle", "retry-after", "latency", "reset", "cut", "drip", "malformed", "content-type"}

func readFaults(stdin io.Reader, file string) (json.RawMessage, error) {
	var text []byte
	var err error
	if file == "-" {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(file)
	}
	if err == nil && !json.Valid(text) {
		err = fmt.Errorf("%s: is not JSON", file)
	}
	return text, err
}

// complete makes a rule of the flags that are not fields of one.
func (r *faultFlags) complete() error {
	rule := &r.rule
	rule.TTL, rule.Moment, rule.Effect.Malformed = mockserver.Duration(r.ttl), mockserver.Moment(r.moment.value), r.malformed.value
	if r.givenSeed {
		rule.Seed = &r.seed
	}
	if r.givenChance {
		rule.Probability = &r.probability
	}
	if r.retryAfter != 0 && !r.throttle {
		return errors.New("--retry-after goes with --throttle")
	}
	if r.throttle {
		rule.Effect.Throttle = &mockserver.Throttling{RetryAfter: mockserver.Duration(r.retryAfter)}
	}
	for _, p := range r.parameters {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return fmt.Errorf("--parameter %q: want NAME=VALUE", p)
		}
		rule.Parameters = append(rule.Parameters, mockserver.ParameterMatch{Name: name, Equals: &value})
	}
	var err1, err2, err3 error
	rule.Effect.Latency, err1 = parseLatency(r.latency)
	rule.Effect.Cut, err2 = parseCut(r.cut)
	rule.Effect.Drip, err3 = parseDrip(r.drip)
	return errors.Join(err1, err2, err3)
}

func parseLatency(text string) (*mockserver.Latency, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no latency
	}
	l := &mockserver.Latency{}
	var err error
	if low, high, ok := strings.Cut(text, ".."); ok {
		err = errors.Join(l.Min.UnmarshalText([]byte(low)), l.Max.UnmarshalText([]byte(high)))
	} else if median, sigma, ok := strings.Cut(text, "~"); ok {
		err = l.Median.UnmarshalText([]byte(median))
		if l.Sigma, _ = strconv.ParseFloat(sigma, 64); l.Sigma == 0 {
			err = errors.New("sigma is no number above 0")
		}
	} else {
		err = l.Fixed.UnmarshalText([]byte(text))
	}
	if err != nil {
		return nil, fmt.Errorf("--latency %q: want 1s, 1s..3s or 200ms~0.5 (%w)", text, err)
	}
	return l, nil
}

func parseCut(text string) (*mockserver.Cut, error) {
	switch text {
	case "":
		return nil, nil //nolint:nilnil // no cut
	case "half":
		return &mockserver.Cut{}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("--cut %q: want a number of bytes, or half", text)
	}
	return &mockserver.Cut{After: &n}, nil
}

func parseDrip(text string) (*mockserver.Drip, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no drip
	}
	size, every, _ := strings.Cut(text, "/")
	d := &mockserver.Drip{}
	var err error
	if d.Bytes, err = strconv.Atoi(size); err == nil {
		err = d.Every.UnmarshalText([]byte(every))
	}
	if err != nil {
		return nil, fmt.Errorf("--drip %q: want bytes and a duration, such as 16/100ms", text)
	}
	return d, nil
}

func (a *app) addFaults(cmd *cobra.Command, f *faultsOf, body any) error {
	q := question{method: http.MethodPost, path: f.path(), body: body, fine: []int{http.StatusCreated},
		header: http.Header{"Content-Type": {"application/json"}}}
	_, data, err := a.askWithin(cmd.Context(), &f.runningServer, q)
	if err != nil {
		return err
	}
	var list faultList
	if err := answered(data, &list); err != nil {
		return err
	}
	for i := range list.Faults {
		if _, err := fmt.Fprintln(a.out, list.Faults[i].Rule.ID); err != nil {
			return err
		}
	}
	return nil
}
