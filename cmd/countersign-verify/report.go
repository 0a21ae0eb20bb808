package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/countersign/countersign/contracts/pact/verifier"
)

// report is what was found.
type report struct {
	sources []source
	bugs    []string
}

// source is how one file, address or broker went.
type source struct {
	*verifier.Result
	// Notes say why states failed or requests could not be signed.
	Notes []string `json:"notes,omitempty"`
}

func (r *report) add(result *verifier.Result, notes []string) {
	r.sources = append(r.sources, source{result, notes})
}

// counts are the interactions that passed and failed, and the sources with a problem of their own.
func (r *report) counts() (passed, failed, problems int) {
	for _, s := range r.sources {
		for _, i := range s.Interactions {
			if i.Passed {
				passed++
			} else {
				failed++
			}
		}
		if s.Problem != "" {
			problems++
		}
	}
	return passed, failed, problems
}

// passed says whether something was verified, in every source, and all of it passed. A bug of our own stand-in fails the
// run: what it answered may be wrong.
func (r *report) passed() bool {
	for _, s := range r.sources {
		if !s.Passed() {
			return false
		}
	}
	return len(r.sources) > 0 && len(r.bugs) == 0
}

// reporters write a report, by --format.
var reporters = map[string]func(io.Writer, *report) error{"text": writeText, "json": writeJSON, "junit": writeJUnit}

// print writes a report to standard output, or to --output, and then the closing line to standard error.
func (c *command) print(r *report, write func(io.Writer, *report) error) error {
	if c.file == "" {
		return write(c.out, r)
	}
	f, err := os.Create(c.file)
	if err != nil {
		return err
	}
	if err := write(f, r); err != nil {
		_ = f.Close()
		return err
	}
	fmt.Fprintln(c.err, r.closing())
	return f.Close()
}

func (r *report) closing() string {
	if len(r.sources) == 0 {
		return verifier.NothingVerified
	}
	passed, failed, problems := r.counts()
	text := fmt.Sprintf("%d interactions passed, %d failed", passed, failed)
	if problems > 0 {
		text += fmt.Sprintf(", %d sources with problems", problems)
	}
	if len(r.bugs) > 0 {
		text += fmt.Sprintf(", %d bugs of the stand-in", len(r.bugs))
	}
	return text
}

func writeText(w io.Writer, r *report) error {
	var b strings.Builder
	for _, s := range r.sources {
		fmt.Fprintf(&b, "%s\n", s.Source)
		for _, i := range s.Interactions {
			mark := "ok  "
			if !i.Passed {
				mark = "FAIL"
			}
			fmt.Fprintf(&b, "  %s  %s\n", mark, i.Description)
			for _, p := range i.Problems {
				fmt.Fprintf(&b, "        %s\n", indented(p))
			}
		}
		if s.Problem != "" {
			fmt.Fprintf(&b, "  FAIL  %s\n", indented(s.Problem))
		}
		for _, n := range s.Notes {
			fmt.Fprintf(&b, "  note: %s\n", indented(n))
		}
	}
	for _, bug := range r.bugs {
		fmt.Fprintf(&b, "bug of the stand-in: %s\n", indented(bug))
	}
	fmt.Fprintln(&b, r.closing())
	_, err := io.WriteString(w, b.String())
	return err
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n        ") }

func writeJSON(w io.Writer, r *report) error {
	passed, failed, _ := r.counts()
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Success bool     `json:"success"`
		Passed  int      `json:"passed"`
		Failed  int      `json:"failed"`
		Sources []source `json:"sources"`
		Bugs    []string `json:"bugs,omitempty"`
	}{r.passed(), passed, failed, r.sources, r.bugs})
}

// The elements of JUnit's report that CI systems read.
type (
	testSuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Suites   []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Cases    []testCase `xml:"testcase"`
		Output   string     `xml:"system-out,omitempty"`
	}
	testCase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    string   `xml:"time,attr"`
		Failure *failure `xml:"failure"`
		Error   *failure `xml:"error"`
	}
	failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func writeJUnit(w io.Writer, r *report) error {
	all := testSuites{}
	for _, s := range r.sources {
		all.add(s.suite())
	}
	if len(r.bugs) > 0 {
		suite := testSuite{Name: "the stand-in", Tests: len(r.bugs), Errors: len(r.bugs)}
		for _, bug := range r.bugs {
			suite.Cases = append(suite.Cases, testCase{Name: "has no bugs", Class: suite.Name, Time: "0", Error: failing(bug)})
		}
		all.add(suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (all *testSuites) add(s testSuite) {
	all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	all.Suites = append(all.Suites, s)
}

// suite is a source; what concerns it as a whole is a case of its own.
func (s source) suite() testSuite {
	suite := testSuite{Name: s.Source, Output: strings.Join(s.Notes, "\n")}
	for _, i := range s.Interactions {
		c := testCase{Name: i.Description, Class: s.Source, Time: fmt.Sprintf("%.3f", float64(i.Took)/1000)}
		if !i.Passed {
			c.Failure = failing(i.Problems...)
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	if s.Problem != "" {
		suite.Cases = append(suite.Cases, testCase{Name: "is verified", Class: s.Source, Time: "0", Error: failing(s.Problem)})
		suite.Errors++
	}
	suite.Tests = len(suite.Cases)
	return suite
}

func failing(problems ...string) *failure {
	text := strings.Join(problems, "\n")
	first, _, _ := strings.Cut(text, "\n")
	return &failure{first, text}
}
