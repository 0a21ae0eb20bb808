package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what a run found.
type report struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	How     string  `json:"how"`
	Lines   []line  `json:"rows"`
	Duels   []*duel `json:"against_gin"`
	Others  []*duel `json:"others"`
}

// line is a row of the report.
type line struct {
	ID      string `json:"row"`
	Work    string `json:"work"`
	Target  string `json:"target"`
	Value   string `json:"value"`
	Spread  string `json:"spread,omitempty"`
	ByCPU   string `json:"by_cpu,omitempty"`
	Verdict string `json:"verdict"` // met, missed, not measured, failed
	Note    string `json:"note,omitempty"`
}

// measure measures the rows asked for, one after another.
func (b *bench) measure(ctx context.Context) *report {
	out := &report{Machine: machine(), Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		How: fmt.Sprintf("%d rounds of %d s, %d connections, %d wrk threads, the large world has %d records", b.rounds, b.seconds, connections, threads(), b.records)}
	names := b.rowNames()
	for _, r := range rows() {
		if len(names) > 0 && !slices.Contains(names, r.id) || len(names) == 0 && r.peer && !b.peers {
			continue
		}
		b.say("%s: %s", r.id, r.work)
		l := b.line(ctx, r)
		b.say("%s: %s %s (%s) %s", l.ID, l.Value, l.Spread, l.Verdict, l.Note)
		out.Lines = append(out.Lines, l)
	}
	out.Duels, out.Others = b.duels, b.others
	return out
}

func (b *bench) line(ctx context.Context, r row) line {
	l := line{ID: r.id, Work: r.work, Target: r.target, Value: "–"}
	f, err := r.measure(ctx, b)
	var not *notMeasured
	switch {
	case errors.As(err, &not):
		l.Verdict, l.Note = "not measured", not.why
	case err != nil:
		l.Verdict, l.Note = "failed", err.Error()
	default:
		l.Value, l.Spread, l.ByCPU, l.Note, l.Verdict = f.value, f.spread, f.byCPU, f.note, "missed"
		switch {
		case r.peer || f.unjudged:
			l.Verdict = "measured"
		case f.met:
			l.Verdict = "met"
		}
	}
	return l
}

func (r *report) failed() bool {
	for _, l := range r.Lines {
		if l.Verdict == "failed" {
			return true
		}
	}
	return false
}

// results is the file that --write writes into, between these lines.
const (
	results = "docs/performance.md"
	begin   = "<!-- results: made by scripts/bench --write, do not edit -->\n"
	end     = "<!-- end of results -->\n"
)

// write puts the table into a file in place of the one there.
func (r *report) write(file string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok1 := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s: want the lines %q and %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(head+begin+r.markdown()+end+tail), 0o644) //nolint:gosec // a public file
}

func (r *report) publish(w io.Writer, o *options) error {
	if o.write {
		if err := r.write(results); err != nil {
			return err
		}
	}
	if o.json {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	_, err := io.WriteString(w, r.markdown())
	return err
}

// markdown is the table.
func (r *report) markdown() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s, %s; %s.\n\n", r.Date, r.Machine, r.How)
	t.WriteString("| row | work | target | median | spread | by CPU | |\n| --- | --- | --- | --: | --- | --: | --- |\n")
	for _, l := range r.Lines {
		fmt.Fprintf(&t, "| `%s` | %s | %s | %s | %s | %s | %s |\n", l.ID, l.Work, l.Target, l.Value, l.Spread, l.ByCPU, cell(l))
	}
	return t.String()
}

func cell(l line) string {
	text := l.Verdict
	if l.Verdict == "missed" {
		text = "**missed**"
	}
	if l.Note != "" {
		text += ": " + strings.ReplaceAll(strings.Join(strings.Fields(l.Note), " "), "|", "\\|")
	}
	return text
}

// machine is what the figures are of: processor, cores, system, Go.
func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	model := "unknown processor"
	for _, l := range strings.Split(string(text), "\n") {
		if name, value, found := strings.Cut(l, ":"); found && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s, %s", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
