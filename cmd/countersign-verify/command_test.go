package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/countersign/countersign/contracts/pact/verifier"
)

// verifies runs a command line without the machine's environment.
func verifies(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, func(string) string { return "" }, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"ErrNothing", nil, "nothing to verify"},
		{"ErrFlag", []string{"--nope"}, "unknown flag"},
		{"ErrFormat", []string{"--format", "yaml", "x.json"}, "want text, json or junit"},
		{"ErrPublishVersion", []string{"--publish", "--broker-url", "http://b"}, "--provider-version"},
		{"ErrPublishBroker", []string{"--publish", "--provider-version", "1", "x.json"}, "--broker-url"},
		{"ErrSelector", []string{"--broker-url", "http://b", "--selector", "main"}, "want a JSON object"},
		{"ErrSelectorAlone", []string{"--selector", "{}", "x.json"}, "--broker-url"},
		{"ErrProviderURL", []string{"--provider-url", "nowhere", "command_test.go"}, "want an address"},
		{"ErrClock", []string{"--clock", "noon", "command_test.go"}, "noon"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := verifies(t, tt.args...)
			if code != exitUsage || out != "" || !strings.Contains(errs, tt.want) {
				t.Errorf("code %d, %s%s", code, out, errs)
			}
		})
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	for name, arg := range map[string]string{"ErrFile": "no-such.json", "ErrEmptyFolder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, _, errs := verifies(t, arg); code != exitFailure || !strings.Contains(errs, arg) {
				t.Errorf("code %d, %s", code, errs)
			}
		})
	}
}

func sample() *report {
	r := &report{}
	r.add(&verifier.Result{Source: "a.json", Interactions: []verifier.Interaction{
		{Description: "one & all", Passed: true, Took: 1500},
		{Description: "two", Problems: []string{"Body $.Code: wrong", "Status: wrong"}},
	}}, []string{"state x: no such state"})
	r.add(&verifier.Result{Source: "b.json", Problem: verifier.NothingVerified}, nil)
	return r
}

func TestTextReport(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := writeText(&b, sample()); err != nil {
		t.Fatal(err)
	}
	want := `a.json
  ok    one & all
  FAIL  two
        Body $.Code: wrong
        Status: wrong
  note: state x: no such state
b.json
  FAIL  nothing was verified: no interaction was found
1 interactions passed, 1 failed, 1 sources with problems
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestJSONReport(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := writeJSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Success        bool
		Passed, Failed int
		Sources        []struct {
			Source, Problem string
			Notes           []string
			Interactions    []verifier.Interaction
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Success || got.Passed != 1 || got.Failed != 1 || len(got.Sources) != 2 || len(got.Sources[0].Notes) != 1 ||
		len(got.Sources[0].Interactions[1].Problems) != 2 || got.Sources[1].Problem == "" {
		t.Errorf("got %+v", got)
	}
}

func TestJUnitReport(t *testing.T) {
	t.Parallel()
	r := sample()
	r.bugs = []string{"a panic\nsomewhere"}
	var b bytes.Buffer
	if err := writeJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var got testSuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 4 || got.Failures != 1 || got.Errors != 2 || len(got.Suites) != 3 {
		t.Errorf("got %+v", got)
	}
	if c := got.Suites[0].Cases[0]; c.Name != "one & all" || c.Time != "1.500" || c.Failure != nil {
		t.Errorf("first case %+v", c)
	}
	if c := got.Suites[0].Cases[1]; c.Failure == nil || c.Failure.Message != "Body $.Code: wrong" {
		t.Errorf("second case %+v", c)
	}
}

// Only a run in which something was verified and all of it passed is a success.
func TestPassed(t *testing.T) {
	t.Parallel()
	ok := &verifier.Result{Source: "s", Interactions: []verifier.Interaction{{Passed: true}}}
	tests := []struct {
		name string
		r    report
		want bool
	}{
		{"OK", report{sources: []source{{Result: ok}}}, true},
		{"Nothing", report{}, false},
		{"NoInteraction", report{sources: []source{{Result: &verifier.Result{}}}}, false},
		{"OneSourceEmpty", report{sources: []source{{Result: ok}, {Result: &verifier.Result{}}}}, false},
		{"OneFailed", report{sources: []source{{Result: &verifier.Result{Interactions: []verifier.Interaction{{Passed: true}, {}}}}}}, false},
		{"Problem", report{sources: []source{{Result: &verifier.Result{Interactions: ok.Interactions, Problem: "p"}}}}, false},
		{"Bug", report{sources: []source{{Result: ok}}, bugs: []string{"b"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.r.passed(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
