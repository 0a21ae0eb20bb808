package check

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteText writes the findings for people, one a line, as compilers do: FILE:LINE:COLUMN: severity: message.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s:%d:%d: %s: ", f.File, f.Line, f.Column, f.Severity)
		if f.Interaction != "" {
			fmt.Fprintf(&b, "%q: ", f.Interaction)
		}
		fmt.Fprintf(&b, "%s [%s]\n    at %s", f.Message, f.Rule, f.Path)
		if f.Spec.File != "" {
			fmt.Fprintf(&b, ", see %s", f.Spec)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, r.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is one sentence: how much was checked and found.
func (r *Report) Summary() string {
	return fmt.Sprintf("%s in %s: %s, %s", count(r.Interactions, "interaction"), count(r.Files, "file"), count(r.Errors, "error"),
		count(r.Warnings, "warning"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// WriteJSON writes the whole report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// Gate is a demand on the coverage and what became of it.
type Gate struct {
	// Min is the least percentage.
	Min float64
	// Percent is what was reached.
	Percent float64
}

// Met says whether the coverage reaches what is demanded.
func (g *Gate) Met() bool { return g == nil || g.Percent >= g.Min }

// String says in words what is missing. The percentage is rounded down, so that it never looks as if it were reached.
func (g *Gate) String() string {
	return fmt.Sprintf("coverage is %s %%, want at least %v %%", Percent(g.Percent), g.Min)
}

// Percent writes a percentage with one digit behind the point, rounded down.
func Percent(p float64) string { return fmt.Sprintf("%.1f", float64(int(p*10))/10) }

// WriteGitHub writes workflow commands, which GitHub shows as annotations at the lines of the files. gate may be nil.
func (r *Report) WriteGitHub(w io.Writer, gate *Gate) error {
	var b strings.Builder
	for _, f := range r.Findings {
		text := f.Message
		if f.Interaction != "" {
			text = fmt.Sprintf("%q: %s", f.Interaction, text)
		}
		text += "\nat " + f.Path
		if f.Spec.File != "" {
			text += ", see " + f.Spec.String()
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", f.Severity, property(f.File), max(f.Line, 1), max(f.Column, 1), property(f.Rule), data(text))
	}
	if !gate.Met() {
		fmt.Fprintf(&b, "::error title=coverage.min::%s\n", data(gate.String()))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// data and property escape what workflow commands give a meaning to.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string { return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s)) }

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class    string         `xml:"classname,attr"`
	Name     string         `xml:"name,attr"`
	File     string         `xml:"file,attr,omitempty"`
	Line     int            `xml:"line,attr,omitempty"`
	Failures []junitFailure `xml:"failure"`
	Out      string         `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a test suite for each file with a test case for each interaction, and one for the file as a whole if
// something is wrong with it. Findings of at least the severity failOn fail a case; the others are its output. gate, if
// not nil, is a suite of its own.
func (r *Report) WriteJUnit(w io.Writer, pacts []*Pact, failOn Severity, gate *Gate) error {
	all := junitSuites{Name: "countersign check"}
	for _, p := range pacts {
		all.add(r.suite(p, failOn))
	}
	if gate != nil {
		c := junitCase{Class: "coverage", Name: fmt.Sprintf("at least %v %%", gate.Min)}
		if !gate.Met() {
			c.Failures = []junitFailure{{Type: "coverage.min", Message: gate.String(), Text: gate.String()}}
		}
		all.add(junitSuite{Name: "coverage", Cases: []junitCase{c}})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuites) add(suite junitSuite) {
	for _, c := range suite.Cases {
		suite.Tests++
		if len(c.Failures) > 0 {
			suite.Failures++
		}
	}
	s.Tests += suite.Tests
	s.Failures += suite.Failures
	s.Suites = append(s.Suites, suite)
}

func (r *Report) suite(p *Pact, failOn Severity) junitSuite {
	suite := junitSuite{Name: p.File}
	class := p.Consumer + " / " + p.Provider
	if len(p.problems) > 0 {
		suite.Cases = append(suite.Cases, junitCaseOf(class, p.File, "the file", 1, p.problems, failOn))
	}
	for _, result := range r.results {
		if in := result.in; in.pact == p {
			line, _ := p.position(in.offset)
			suite.Cases = append(suite.Cases, junitCaseOf(class, p.File, in.description, line, result.findings, failOn))
		}
	}
	return suite
}

func junitCaseOf(class, file, name string, line int, findings []*Finding, failOn Severity) junitCase {
	c := junitCase{Class: class, Name: name, File: file, Line: line}
	for _, f := range findings {
		text := fmt.Sprintf("%s:%d:%d: %s\nat %s", f.File, f.Line, f.Column, f.Message, f.Path)
		if f.Spec.File != "" {
			text += ", see " + f.Spec.String()
		}
		if f.Severity == SeverityError || failOn == SeverityWarning {
			c.Failures = append(c.Failures, junitFailure{f.Rule, f.Message, text})
		} else {
			c.Out += f.Rule + ": " + text + "\n"
		}
	}
	return c
}
