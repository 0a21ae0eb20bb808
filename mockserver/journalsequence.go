package mockserver

import (
	"fmt"
	"slices"
	"strings"
)

// Sequence is requests that shall have been made in this order; others may lie between. The order is that of the ids:
// of two requests that were under way at once either may come first.
type Sequence struct {
	// World and After count for every step.
	World string `json:"world,omitempty"`
	After uint64 `json:"after,omitempty"`
	// Steps are what is expected, one request each.
	Steps []JournalQuery `json:"steps"`
}

// VerifySequence reports whether there are entries that fulfil the steps in their order. Over evicted entries it holds
// where what is left has them all, and is incomplete where it does not. Errors: those of Find.
func (s *Server) VerifySequence(q Sequence) (Verdict, error) {
	steps, err := s.steps(q)
	if err != nil {
		return Verdict{}, err
	}
	list, lost := s.journal.after(q.World, q.After, 0)
	v := Verdict{Matched: []uint64{}}
	var texts []string
	for _, step := range steps {
		texts = append(texts, step.JournalQuery.String())
		v.Missed = max(v.Missed, step.missed(lost))
	}
	v.Expected = "requests in this order: " + strings.Join(texts, "; then ")
	rest := list
	for _, step := range steps {
		i := slices.IndexFunc(rest, step.selects)
		if i < 0 {
			break
		}
		v.Matched = append(v.Matched, rest[i].id)
		rest = rest[i+1:]
	}
	v.Count = len(v.Matched)
	v.sequence(steps, list, rest)
	return v, nil
}

func (s *Server) steps(q Sequence) ([]*selection, error) {
	if len(q.Steps) == 0 {
		return nil, badQuery("steps is empty: want at least one")
	}
	var steps []*selection
	for i, step := range q.Steps {
		if step.Limit != 0 || step.Offset != 0 || step.Order != "" {
			return nil, badQuery("steps[%d]: limit, offset and order mean nothing to one request: leave them out", i)
		}
		if step.World == "" {
			step.World = q.World
		}
		if q.World != "" && step.World != q.World {
			return nil, badQuery("steps[%d]: its world is %s, that of the sequence %s", i, step.World, q.World)
		}
		step.After = max(step.After, q.After)
		sel, err := s.selection(step)
		if err != nil {
			return nil, fmt.Errorf("steps[%d]: %w", i, err)
		}
		steps = append(steps, sel)
	}
	return steps, nil
}

// sequence says how far the steps came: v has what was matched, list is everything, rest what follows the last match.
func (v *Verdict) sequence(steps []*selection, list, rest []*Entry) {
	n := len(v.Matched)
	if n == len(steps) {
		v.Outcome, v.Actual = Holds, "all of them: "+idTexts(v.Matched)
		return
	}
	v.Outcome = Fails
	if v.Missed > 0 {
		v.Outcome = Incomplete
	}
	step := steps[n]
	v.Actual = fmt.Sprintf("step %d (%s) has no request", n+1, step.JournalQuery.String())
	if n > 0 {
		v.Actual += fmt.Sprintf(" after #%d, which is step %d (so far %s)", v.Matched[n-1], n, idTexts(v.Matched))
	}
	for _, e := range slices.Backward(list[:len(list)-len(rest)]) {
		if !slices.Contains(v.Matched, e.id) && step.selects(e) {
			v.Actual += fmt.Sprintf("; #%d would be one, but it came before #%d", e.id, v.Matched[n-1])
			break
		}
	}
	near := nearest{query: step}
	for _, e := range slices.Backward(rest) {
		near.offer(e)
	}
	v.Nearest = near.list()
}

func idTexts(ids []uint64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprintf("#%d", id)
	}
	return strings.Join(texts, ", ")
}
