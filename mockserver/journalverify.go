package mockserver

import (
	"fmt"
	"slices"
	"strings"
)

// Expectation is how many requests a query shall select. Without a number it is at least one; AtLeast and AtMost may
// stand together.
type Expectation struct {
	JournalQuery
	Exactly *int `json:"exactly,omitempty"`
	AtLeast *int `json:"at_least,omitempty"`
	AtMost  *int `json:"at_most,omitempty"`
}

// Outcome is how a verification ends.
type Outcome string

// The outcomes.
const (
	// Holds: what was expected happened.
	Holds Outcome = "ok"
	// Fails: it did not.
	Fails Outcome = "failed"
	// Incomplete: entries that may have been selected were evicted, and what is left does not decide.
	Incomplete Outcome = "incomplete"
)

// Verdict is what a verification found.
type Verdict struct {
	Outcome  Outcome `json:"verdict"`
	Expected string  `json:"expected"`
	Actual   string  `json:"actual"`
	// Count is how many entries were selected, Missed how many evicted ones may have been.
	Count  int    `json:"count"`
	Missed uint64 `json:"missed"`
	// Matched are the ids of the entries selected, the first hundred, oldest first; for a sequence one a step.
	Matched []uint64 `json:"matched"`
	// Nearest are the entries that come closest, where there are too few.
	Nearest []NearEntry `json:"nearest,omitempty"`
}

// NearEntry is an entry that a query nearly selects.
type NearEntry struct {
	ID      uint64 `json:"id"`
	Request string `json:"request"`
	// Differs says what the query wants otherwise, without secrets.
	Differs []string `json:"differs"`
}

// String is the verdict for people: what was expected, what happened, what came closest.
func (v *Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected: %s\nactual:   %s", v.Expected, v.Actual)
	if v.Outcome == Incomplete {
		fmt.Fprintf(&b, "\nincomplete: %s", missedText(v.Missed))
	}
	for _, n := range v.Nearest {
		fmt.Fprintf(&b, "\nclosest:  #%d %s: %s", n.ID, n.Request, strings.Join(n.Differs, "; "))
	}
	return b.String()
}

func missedText(n uint64) string {
	return fmt.Sprintf("up to %d entries that may have been selected were evicted to keep the journal within its budget; "+
		"ask for fewer (after, since), clear it before the test, or give it more bytes", n)
}

// mostMatched bounds the ids of a verdict.
const mostMatched = 100

// Verify compares how many requests a query selects with how many shall be. Over evicted entries it holds only where
// what is left is enough (at least n), and fails only where even they could not help; else it is incomplete. Limit and
// Offset must be 0. Errors: those of Find.
func (s *Server) Verify(e Expectation) (Verdict, error) {
	least, most, err := e.bounds()
	if err != nil {
		return Verdict{}, err
	}
	sel, err := s.selection(e.JournalQuery)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Expected: e.text(least, most), Matched: []uint64{}}
	near := nearest{query: sel}
	list, lost := s.journal.after(sel.World, sel.After, 0)
	for _, entry := range slices.Backward(list) {
		if !sel.selects(entry) {
			near.offer(entry)
			continue
		}
		v.Count++
		if v.Matched = append(v.Matched, entry.id); len(v.Matched) > 2*mostMatched {
			v.Matched = append(v.Matched[:0], v.Matched[mostMatched:]...)
		}
	}
	slices.Reverse(v.Matched)
	v.Matched = v.Matched[:min(len(v.Matched), mostMatched)]
	v.Missed = sel.missed(lost)
	v.decide(least, most)
	v.Actual = v.actual()
	if v.Count < least {
		v.Nearest = near.list()
	}
	return v, nil
}

// bounds are the least and the most that are expected; most is -1 where nothing bounds it.
func (e *Expectation) bounds() (least, most int, err error) {
	if e.Limit != 0 || e.Offset != 0 || e.Order != "" {
		return 0, 0, badQuery("limit, offset and order mean nothing to a number of requests: leave them out")
	}
	least, most = 0, -1
	switch {
	case e.Exactly != nil && (e.AtLeast != nil || e.AtMost != nil):
		return 0, 0, badQuery("exactly says all there is to say: leave at_least and at_most out")
	case e.Exactly != nil:
		least, most = *e.Exactly, *e.Exactly
	case e.AtLeast == nil && e.AtMost == nil:
		least = 1
	}
	if e.AtLeast != nil {
		least = *e.AtLeast
	}
	if e.AtMost != nil {
		most = *e.AtMost
	}
	if least < 0 || most < -1 || most == -1 && (e.Exactly != nil || e.AtMost != nil) || most >= 0 && most < least {
		return 0, 0, badQuery("exactly, at_least and at_most are whole numbers from 0 on, and at_least is not more than at_most")
	}
	return least, most, nil
}

// decide weighs what was found against what may have been evicted. Evicted entries never make an upper bound hold, even
// where they are too few to break it: nobody has looked at them.
func (v *Verdict) decide(least, most int) {
	switch {
	case most >= 0 && v.Count > most, uint64(v.Count)+v.Missed < uint64(least): //nolint:gosec // neither is negative
		v.Outcome = Fails
	case v.Missed == 0 && v.Count >= least, v.Count >= least && most < 0:
		v.Outcome = Holds
	default:
		v.Outcome = Incomplete
	}
}

func (v *Verdict) actual() string {
	text := requests(v.Count)
	if len(v.Matched) == 0 {
		return text
	}
	ids := make([]string, 0, 10)
	for _, id := range v.Matched[:min(len(v.Matched), 10)] {
		ids = append(ids, fmt.Sprintf("#%d", id))
	}
	if len(v.Matched) > len(ids) {
		ids = append(ids, "…")
	}
	return text + " (" + strings.Join(ids, ", ") + ")"
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

func (e *Expectation) text(least, most int) string {
	number := fmt.Sprintf("at least %d and at most %s", least, requests(most))
	switch {
	case most == 0:
		number = "no request"
	case least == most:
		number = "exactly " + requests(least)
	case most < 0:
		number = "at least " + requests(least)
	case least == 0:
		number = "at most " + requests(most)
	}
	if what := e.JournalQuery.String(); what != "" {
		return number + " with " + what
	}
	return number
}

// String is the query for people: its conditions, in the order of its fields.
func (q JournalQuery) String() string {
	var parts []string
	add := func(given bool, format string, args ...any) {
		if given {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	for _, f := range []struct{ name, value string }{{"world", q.World}, {"vendor", q.Vendor}, {"operation", q.Operation},
		{"method", q.Method}, {"path", q.Path}, {"code", q.Code}, {"error", q.Error}} {
		add(f.value != "", "%s %s", f.name, f.value)
	}
	add(q.Status != 0, "status %d", q.Status)
	add(!q.Since.IsZero(), "time from %s on", q.Since.UTC().Format(timeFormat))
	add(!q.Until.IsZero(), "time until %s", q.Until.UTC().Format(timeFormat))
	add(q.After != 0, "id above %d", q.After)
	add(q.Before != 0, "id below %d", q.Before)
	add(q.Unmatched, "no operation")
	add(q.RefusedSignature, "a refused signature")
	add(q.Warned, "warnings")
	add(q.Faulted, "a fault")
	for i := range q.Parameters {
		c := condition{ParameterMatch: q.Parameters[i]}
		add(true, "parameter %s that %s", c.Name, strings.Replace(c.want(), "absent", "is absent", 1))
	}
	return strings.Join(parts, ", ")
}

const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// Counted is what Count returns.
type Counted struct {
	// Count is how many entries a query selects, Missed how many evicted ones it may have selected: with any, Count is
	// only what is left.
	Count  int    `json:"count"`
	Missed uint64 `json:"missed"`
}

// Count returns how many entries a query selects, whatever its Limit and Offset. Errors: those of Find.
func (s *Server) Count(q JournalQuery) (Counted, error) {
	q.Limit, q.Offset = 0, 0
	sel, err := s.selection(q)
	if err != nil {
		return Counted{}, err
	}
	var c Counted
	c.Missed, err = s.visit(sel, func(*Entry) error { c.Count++; return nil })
	return c, err
}
