package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// goTest runs go test in a module's folder, prints a line a package and the output of what failed, and counts. It leaves out
// what takes a tenth of the time and tells nothing new: vet, which is a step of its own, and tables for debuggers.
func goTest(ctx context.Context, p *project, module string, args ...string) tally {
	args = append([]string{"test", "-json", "-vet=off", "-ldflags=-w"}, args...)
	cmd := p.command(ctx, module, "go", args...)
	var stderr bytes.Buffer // printed at the end: it must not run into the lines of the tests
	cmd.Stdout, cmd.Stderr = nil, &stderr
	run := testRun{out: p.out, output: map[string]*bytes.Buffer{}, failedIn: map[string]bool{}}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		run.read(stdout)
		err = cmd.Wait()
	}
	fmt.Fprintf(p.out, "%s", stderr.Bytes())
	// Exit code 1 with failures counted is told already; anything else is not.
	if err != nil && run.failed == 0 {
		run.one("tests in "+module, named(err, "go", args))
	}
	return run.tally
}

// testEvent is a line of go test -json; see go doc test2json and go help buildjson.
type testEvent struct {
	Action     string
	Package    string
	Test       string
	Output     string
	ImportPath string
	Elapsed    float64 // seconds
}

// testRun follows the events of one go test.
type testRun struct {
	tally
	out io.Writer
	// output is what a test, a package or a build has printed, until it is known whether anybody wants to see it.
	output map[string]*bytes.Buffer
	// failedIn are the packages with a failed test.
	failedIn map[string]bool
}

func (r *testRun) read(stream io.Reader) {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err != nil {
			return
		}
	}
}

func (r *testRun) line(line []byte) {
	var e testEvent
	if json.Unmarshal(line, &e) != nil {
		fmt.Fprintf(r.out, "%s", line) // not of test2json: a word of the go command itself
		return
	}
	switch {
	case e.Action == "build-output":
		r.keep(e.ImportPath, e.Output)
	case e.Action == "build-fail":
		r.show(e.ImportPath)
	case e.Action == "output":
		r.keep(e.key(), e.Output)
	case e.Test != "":
		r.test(e)
	default:
		r.pkg(e)
	}
}

func (e testEvent) key() string { return e.Package + "\x00" + e.Test }

// test counts a test or sub-test that has ended.
func (r *testRun) test(e testEvent) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "pass":
		r.passed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, name+": "+reason(r.output[e.key()]))
	case "fail":
		r.failed++
		r.failures = append(r.failures, name)
		r.failedIn[e.Package] = true
		r.show(e.key())
	default:
		return
	}
	delete(r.output, e.key())
}

// pkg prints a package's line. A package that failed though none of its tests did (it does not build, it exits, it
// panics outside a test) counts as one failure.
func (r *testRun) pkg(e testEvent) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %s %.1fs\n", e.Package, e.Elapsed)
	case "fail":
		fmt.Fprintf(r.out, "FAIL  %s %.1fs\n", e.Package, e.Elapsed)
		if !r.failedIn[e.Package] {
			r.failed++
			r.failures = append(r.failures, e.Package)
			r.show(e.key())
		}
	case "skip": // no test files
	default:
		return
	}
	delete(r.output, e.key())
}

func (r *testRun) keep(key, text string) {
	if r.output[key] == nil {
		r.output[key] = &bytes.Buffer{}
	}
	r.output[key].WriteString(text)
}

// show prints what was kept, the end of it if it is very long.
func (r *testRun) show(key string) {
	const most = 64 << 10
	if r.output[key] == nil {
		return
	}
	text := r.output[key].Bytes()
	if len(text) > most {
		fmt.Fprintf(r.out, "    [%d bytes left out]\n", len(text)-most)
		text = text[len(text)-most:]
	}
	for _, line := range bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n")) {
		if !bytes.HasPrefix(line, []byte("=== ")) {
			fmt.Fprintf(r.out, "    %s\n", line)
		}
	}
	delete(r.output, key)
}

// reason is the last line that a skipped test printed of itself.
func reason(output *bytes.Buffer) string {
	last := "no reason given"
	if output == nil {
		return last
	}
	for _, line := range strings.Split(output.String(), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			last = line
		}
	}
	return last
}
