package check

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"regexp"
	"strings"
	"testing"
)

// sample is a file with an error, a warning and an interaction without either, and texts that every format has to escape.
const sample = `{"consumer": {"name": "us & <them>"}, "provider": {"name": "wps"}, "interactions": [
{"description": "100%, \"quoted\" & <tagged>: yes\u0007", "request": {"path": "/v7/workflow/approval_defines/user_manage",
  "headers": {"Content-Type": "application/json", "X-Odd": "1"}, "query": "cursor=&page=31"}, "response": {"status": 200}},
{"description": "fine", "request": {"path": "/v7/nowhere"}, "response": {"status": 404, "body": {"code": 404000001}}}
]}`

func sampleReport(t *testing.T) (*Report, []*Pact) {
	t.Helper()
	pacts := []*Pact{Read("dir,1/a:b.json", []byte(sample)), Read("cut.json", []byte(`{`))}
	return checker(t).Check(pacts...), pacts
}

func TestWriteText(t *testing.T) {
	t.Parallel()
	r, _ := sampleReport(t)
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`(?m)^dir,1/a:b\.json:3:\d+: warning: "100%, \\"quoted\\" & <tagged>: yes\\a": .* has no header X-Odd \[request\.header\.unknown\]$`,
		`(?m)^dir,1/a:b\.json:3:\d+: error: .* the query parameter page is 31, .*\[request\.value\]\n    at \$\.interactions\[0\]\.request\.query, see wps/approval-defines\.yaml:\d+$`,
		`(?m)^cut\.json:1:2: error: not JSON: .* \[pact\.unreadable\]\n    at \$$`,
		`\n2 interactions in 2 files: 3 errors, 1 warning\n$`,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("%s does not match\n%s", want, &out)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	r, _ := sampleReport(t)
	if err := r.Cover(Scope{Names: []string{"getUserManageApprovalDefinitionList"}}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Files, Interactions, Errors, Warnings int
		Findings                              []struct {
			Rule, Severity, File, Path, Interaction, Vendor, Operation string
			Line, Column                                               int
			Spec                                                       *struct {
				File string
				Line int
			}
		}
		Coverage struct {
			Covered, Total int
			Percent        float64
			Operations     []struct {
				Operation  string
				Parameters []struct {
					Name, In     string
					Interactions []string
				}
				Pages []struct{ Name string }
			}
			Shared    []struct{ File string }
			Ambiguous []any
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Files != 2 || got.Interactions != 2 || got.Errors != 3 || got.Warnings != 1 || len(got.Findings) != 4 {
		t.Errorf("got %d files, %d interactions, %d errors, %d warnings, %d findings", got.Files, got.Interactions, got.Errors, got.Warnings, len(got.Findings))
	}
	for _, f := range got.Findings {
		if f.Rule == "" || f.Severity == "" || f.File == "" || f.Line == 0 || f.Column == 0 || f.Path == "" {
			t.Errorf("a finding lacks something: %+v", f)
		}
		if file := f.Rule == "pact.unreadable"; file != (f.Interaction == "") || file != (f.Vendor == "") || file != (f.Operation == "") || file != (f.Spec == nil) {
			t.Errorf("a finding says too much or too little: %+v", f)
		}
	}
	c := got.Coverage
	if c.Total == 0 || c.Covered == 0 || c.Covered > c.Total || len(c.Operations) != 1 || len(c.Operations[0].Parameters) != 3 || len(c.Operations[0].Pages) != 5 ||
		len(c.Shared) != 1 || c.Ambiguous == nil {
		t.Errorf("coverage is %+v", c)
	}
}

// TestWriteGitHub: one line a finding, with everything escaped that would end a line or a property.
func TestWriteGitHub(t *testing.T) {
	t.Parallel()
	r, _ := sampleReport(t)
	var out bytes.Buffer
	if err := r.WriteGitHub(&out, &Gate{Min: 90, Percent: 89.99}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(r.Findings)+1 {
		t.Fatalf("%d lines for %d findings and a gate:\n%s", len(lines), len(r.Findings), &out)
	}
	for i, want := range []string{
		`^::error file=dir%2C1/a%3Ab\.json,line=3,col=\d+,title=request\.credentials::"100%25, `,
		`^::warning file=dir%2C1/a%3Ab\.json,line=3,col=\d+,title=request\.header\.unknown::`,
		`^::error file=dir%2C1/a%3Ab\.json,line=3,col=\d+,title=request\.value::.*%0Aat \$\.interactions\[0\]\.request\.query, see wps/approval-defines\.yaml:\d+$`,
		`^::error file=cut\.json,line=1,col=2,title=pact\.unreadable::not JSON`,
		`^::error title=coverage\.min::coverage is 89\.9 %25, want at least 90 %25$`,
	} {
		found := false
		for _, line := range lines {
			found = found || regexp.MustCompile(want).MatchString(line)
		}
		if !found {
			t.Errorf("%d: no line matches %s in\n%s", i, want, &out)
		}
	}
}

func TestWriteJUnit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		failOn   Severity
		gate     *Gate
		failures int
		want     string // SUITE/CASE:failures of each case
	}{
		{"Errors", SeverityError, nil, 2, `dir,1/a:b.json/100%, "quoted" & <tagged>: yes�:2 dir,1/a:b.json/fine:0 cut.json/the file:1`},
		{"Warnings", SeverityWarning, nil, 2, `dir,1/a:b.json/100%, "quoted" & <tagged>: yes�:3 dir,1/a:b.json/fine:0 cut.json/the file:1`},
		{"GateMet", SeverityError, &Gate{Min: 50, Percent: 50}, 2, `dir,1/a:b.json/100%, "quoted" & <tagged>: yes�:2 dir,1/a:b.json/fine:0 cut.json/the file:1 coverage/at least 50 %:0`},
		{"GateNotMet", SeverityError, &Gate{Min: 50.5, Percent: 50}, 3, `dir,1/a:b.json/100%, "quoted" & <tagged>: yes�:2 dir,1/a:b.json/fine:0 cut.json/the file:1 coverage/at least 50.5 %:1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, pacts := sampleReport(t)
			var out bytes.Buffer
			if err := r.WriteJUnit(&out, pacts, tt.failOn, tt.gate); err != nil {
				t.Fatal(err)
			}
			var got junitSuites
			if err := xml.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("not XML: %v\n%s", err, &out)
			}
			var cases []string
			tests := 0
			for _, s := range got.Suites {
				tests += s.Tests
				if s.Tests != len(s.Cases) {
					t.Errorf("suite %s says %d tests and has %d", s.Name, s.Tests, len(s.Cases))
				}
				for _, c := range s.Cases {
					cases = append(cases, s.Name+"/"+c.Name+":"+itoa(len(c.Failures)))
				}
			}
			if joined := strings.Join(cases, " "); joined != tt.want {
				t.Errorf("got %s\nwant %s", joined, tt.want)
			}
			if got.Tests != tests || got.Failures != tt.failures {
				t.Errorf("it says %d tests and %d failures, want %d and %d", got.Tests, got.Failures, tests, tt.failures)
			}
			first := got.Suites[0].Cases[0]
			if first.Class != "us & <them> / wps" || !strings.Contains(first.Failures[0].Text+first.Out, "see wps/approval-defines.yaml:") {
				t.Errorf("the first case is %+v", first)
			}
			if hasOut := strings.Contains(first.Out, "request.header.unknown"); hasOut != (tt.failOn == SeverityError) {
				t.Errorf("its output is %q", first.Out)
			}
		})
	}
}

// A percentage is never rounded up to the demand.
func TestGate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		min, percent float64
		met          bool
		text         string
	}{
		{100, 99.96, false, "coverage is 99.9 %, want at least 100 %"},
		{100, 100, true, "coverage is 100.0 %, want at least 100 %"},
		{0, 0, true, "coverage is 0.0 %, want at least 0 %"},
		{66.7, 200.0 / 3, false, "coverage is 66.6 %, want at least 66.7 %"},
	}
	for _, tt := range tests {
		g := &Gate{tt.min, tt.percent}
		if g.Met() != tt.met || g.String() != tt.text {
			t.Errorf("got %v, %s; want %v, %s", g.Met(), g, tt.met, tt.text)
		}
	}
	if none := (*Gate)(nil); !none.Met() {
		t.Error("no gate is not met")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestWritersSayThatTheyCannot(t *testing.T) {
	t.Parallel()
	r, pacts := sampleReport(t)
	for name, err := range map[string]error{"text": r.WriteText(broken{}), "json": r.WriteJSON(broken{}), "github": r.WriteGitHub(broken{}, nil),
		"junit": r.WriteJUnit(broken{}, pacts, SeverityError, nil)} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
