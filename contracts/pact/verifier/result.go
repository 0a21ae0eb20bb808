package verifier

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// report is what the library says of a verification.
type report struct {
	Result             bool
	InteractionResults []struct {
		Description, Result, Duration string
	}
	Errors, PendingErrors []failure
	Notices               []map[string]string
}

// failure is one thing that did not fit. Interaction is a sentence that ends in the description.
type failure struct {
	Interaction string
	Mismatch    struct {
		Type, Message string
		Mismatches    []struct{ Type, Path, Key, Parameter, Mismatch string }
	}
}

// texts says what did not fit, a line for each thing.
func (f *failure) texts() []string {
	var list []string
	for _, m := range f.Mismatch.Mismatches {
		where := m.Path + m.Key + m.Parameter
		list = append(list, strings.TrimSpace(strings.TrimSuffix(m.Type, "Mismatch")+" "+where)+": "+m.Mismatch)
	}
	if len(list) == 0 {
		text := strings.TrimSpace(f.Mismatch.Message)
		if text == "" {
			text = "the library gives no reason"
		}
		list = []string{text}
	}
	return list
}

// read takes the library's report apart. passed is what the library answered as a whole; a report that disagrees with
// it, or that was not made, is a problem.
func (r *Result) read(text string, passed bool) error {
	var rep report
	if text != "" {
		if err := json.Unmarshal([]byte(text), &rep); err != nil {
			return fmt.Errorf("the Pact library's report: %w", err)
		}
	}
	unclaimed := rep.Errors
	for _, i := range rep.InteractionResults {
		one := Interaction{Description: i.Description, Passed: i.Result == "OK", Took: milliseconds(i.Duration)}
		if !one.Passed {
			one.Problems, unclaimed = claim(unclaimed, i.Description)
		}
		r.Interactions = append(r.Interactions, one)
	}
	r.Problem = r.problem(unclaimed, passed && rep.Result)
	return nil
}

// claim takes the first failure of a description out of a list.
func claim(list []failure, description string) (texts []string, rest []failure) {
	for n, f := range list {
		if strings.HasSuffix(f.Interaction, description) {
			return f.texts(), append(append([]failure{}, list[:n]...), list[n+1:]...)
		}
	}
	return []string{"the library gives no reason"}, list
}

// NothingVerified is the Problem of a source in which no interaction was found.
const NothingVerified = "nothing was verified: no interaction was found"

func (r *Result) problem(unclaimed []failure, passed bool) string {
	var lines []string
	for _, f := range unclaimed {
		lines = append(lines, strings.TrimSpace(f.Interaction+" "+strings.Join(f.texts(), "; ")))
	}
	failed := len(lines) > 0
	for _, i := range r.Interactions {
		failed = failed || !i.Passed
	}
	switch {
	case len(r.Interactions) == 0 && !failed:
		lines = append(lines, NothingVerified)
	case !passed && !failed:
		lines = append(lines, "the library says that the verification failed, and not at what")
	case passed && failed:
		lines = append(lines, "the library says that the verification passed, though not every interaction did")
	}
	return strings.Join(lines, "\n")
}

var duration = regexp.MustCompile(`^([0-9.]+)(µs|us|ms|s|ns)$`)

// milliseconds reads the library's durations ("66ms"); 0 for what cannot be read.
func milliseconds(text string) int64 {
	m := duration.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	return int64(n * map[string]float64{"s": 1000, "ms": 1, "µs": 0.001, "us": 0.001, "ns": 0.000001}[m[2]])
}
