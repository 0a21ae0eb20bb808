package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const usage = `Measures countersign against a bare gin handler that answers with the same bytes.

  ./scripts/bench                     every row, some minutes
  ./scripts/bench --quick             short rounds, small worlds: to see that it runs, not for figures
  ./scripts/bench --only list-1,create
  ./scripts/bench --write             every row, and into docs/performance.md
  ./scripts/bench --peers             peers on the same document beside it (npm packages; WireMock needs Java)

`

// options are the flags.
type options struct {
	only     string
	rounds   int
	seconds  int
	quick    bool
	json     bool
	write    bool
	peers    bool
	list     bool
	records  int
	patience time.Duration
	serve    string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its surroundings passed in. It returns 0 also where targets are missed, 1 if a row could not be
// measured, 2 on wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		fmt.Fprintln(stderr, err)
		return 2
	}
	if o.list {
		for _, r := range rows() {
			fmt.Fprintf(stdout, "%-20s %s (%s)\n", r.id, r.work, r.target)
		}
		return 0
	}
	b, err := newBench(ctx, o, stderr)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	defer b.close()
	report := b.measure(ctx)
	if err := report.publish(stdout, o); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if report.failed() {
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.only, "only", "", "`ROWS` to measure, by their names, separated by commas (--list shows them)")
	flags.IntVar(&o.rounds, "rounds", 7, "rounds of the server; the yardstick has one more")
	flags.IntVar(&o.seconds, "seconds", 3, "length of a round")
	flags.BoolVar(&o.quick, "quick", false, "3 rounds of 1 second, worlds of 20,000 records, 5 starts")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.write, "write", false, "write the table into docs/performance.md")
	flags.BoolVar(&o.peers, "peers", false, "measure the peers too")
	flags.BoolVar(&o.list, "list", false, "list the rows")
	flags.IntVar(&o.records, "records", 1_000_000, "approvers of the large world")
	flags.DurationVar(&o.patience, "patience", 2*time.Minute, "the longest that making a world may take")
	flags.StringVar(&o.serve, "serve", "", "further `FLAGS` of countersign serve, separated by blanks")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.quick {
		o.rounds, o.seconds, o.records = 3, 1, 20_000
	}
	if o.write && (o.only != "" || o.quick || o.serve != "") {
		return nil, errors.New("--write wants a whole run of the server as it is: not --only, --quick or --serve")
	}
	if o.rounds < 1 || o.seconds < 1 || o.records < 1000 {
		return nil, errors.New("want at least 1 round of 1 second and 1000 records")
	}
	if err := o.checkRows(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *options) checkRows() error {
	for _, id := range o.rowNames() {
		if _, ok := rowNamed(id); !ok {
			return fmt.Errorf("no row is named %q; --list shows them", id)
		}
	}
	return nil
}

func (o *options) rowNames() []string {
	return strings.FieldsFunc(o.only, func(r rune) bool { return r == ',' || r == ' ' })
}

// bench is one run.
type bench struct {
	*options
	log io.Writer
	// dir holds what the run writes; bin the three programs.
	dir, bin string
	servers  map[string]*server
	// duels are those against bare gin, others those of two works.
	duels, others []*duel
}

func newBench(ctx context.Context, o *options, log io.Writer) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "countersign-bench-")
	if err != nil {
		return nil, err
	}
	return &bench{options: o, log: log, dir: dir, bin: filepath.Dir(self), servers: map[string]*server{}}, ctx.Err()
}

func (b *bench) close() {
	for _, s := range b.servers {
		s.stop()
	}
	_ = os.RemoveAll(b.dir)
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }
