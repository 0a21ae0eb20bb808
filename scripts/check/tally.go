package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// tally is what one step, or the whole run, found.
type tally struct {
	passed, failed, skipped int
	// failures and skips name what failed and what was skipped, and why, one line each.
	failures, skips []string
}

func (t *tally) add(o tally) {
	t.passed += o.passed
	t.failed += o.failed
	t.skipped += o.skipped
	t.failures = append(t.failures, o.failures...)
	t.skips = append(t.skips, o.skips...)
}

// one adds a single check by how it ended: nil passed, a skip skipped, anything else failed.
func (t *tally) one(name string, err error) {
	var s skip
	switch {
	case err == nil:
		t.passed++
	case errors.As(err, &s):
		t.skipped++
		t.skips = append(t.skips, name+": "+s.Error())
	default:
		t.failed++
		t.failures = append(t.failures, name+": "+strings.Join(strings.Fields(err.Error()), " "))
	}
}

// verdict is the word for a heading's end.
func (t *tally) verdict() string {
	switch {
	case t.failed > 0:
		return "FAILED"
	case t.passed == 0:
		return "skipped"
	}
	return "ok"
}

// print writes the lists and, as the last line, the counts.
func (t *tally) print(w io.Writer, took time.Duration) {
	list(w, "skipped", t.skips)
	list(w, "failed", t.failures)
	fmt.Fprintf(w, "\n%s in all\n%d passed, %d failed, %d skipped\n", rounded(took), t.passed, t.failed, t.skipped)
}

func list(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n== %s ==\n", title)
	for _, l := range lines {
		fmt.Fprintf(w, "  %s\n", l)
	}
}

func rounded(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// skip is the reason why a step did not run.
type skip string

func (s skip) Error() string { return string(s) }
