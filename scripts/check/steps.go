package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// stages are what runs, in order: cheap before dear.
func stages(quick bool) []stage {
	first := []step{
		{"build without cgo", single("build", build)},
		{"format (gofmt)", single("gofmt", gofmt)},
		{"go vet", perModule("vet", vet)},
		{"the same files with cgo as without", perModule("files", sameFiles)},
	}
	if quick {
		return []stage{{append(first, step{"tests", tests})}}
	}
	first = append(first,
		step{"go.mod is tidy", perModule("tidy", tidy)},
		step{"lint (golangci-lint)", perModule("golangci-lint", lint)},
		step{"known vulnerabilities (govulncheck)", single("govulncheck", vulnerabilities)},
		step{"tests with the race detector", racedTests},
		step{"tests that it would make too slow, without it", slowTests},
		step{"benchmarks, each once", single("benchmarks", benchmarks)},
	)
	peers := []step{
		{"spec lint (redocly)", single("spec lint", specLint)},
		{"specs served by a peer (prism mock)", prismMock},
		{"a peer's validator before the server (prism proxy)", prismProxy},
	}
	clients := []step{
		{"vendors' SDKs (" + sdktest + ")", sdkTests},
		{"contracts (pact)", contracts},
	}
	last := []step{{"made files are up to date (scripts/generate)", single("generate", regenerate)}}
	// Peers and clients wait for processes more than for the processor. The last one must be alone: it compares the work tree
	// before with the work tree after.
	return []stage{{first}, {peers, clients}, {last}}
}

// tests are the main module's tests, as fast as may be: go test need not repeat what it saw pass.
func tests(ctx context.Context, p *project) tally {
	return goTest(ctx, p, ".", "./...")
}

func racedTests(ctx context.Context, p *project) tally {
	return goTest(ctx, p.withC(), ".", "-race", "-count=1", "./...")
}

// slowTests look at thousands of records, run hundreds of commands or measure memory: fewer or none of them where the race
// detector watches.
func slowTests(ctx context.Context, p *project) tally {
	t := goTest(ctx, p, ".", "-count=1", "./fixtures/...", "./cmd/countersign")
	t.add(goTest(ctx, p, ".", "-count=1", "-run=^TestJournalKeepsItsBudget$", "./mockserver"))
	return t
}

// benchmarks keeps the benchmarks working. What they measure in one go is worth nothing; scripts/bench measures.
// The flags are those of goTest, for the same reasons.
func benchmarks(ctx context.Context, p *project) error {
	out, err := p.output(ctx, "", "go", "test", "-vet=off", "-ldflags=-w", "-short", "-run=^$", "-bench=.", "-benchtime=1x", "./...")
	if err != nil {
		return err
	}
	n := bytes.Count(out, []byte("\nBenchmark"))
	fmt.Fprintf(p.out, "%d benchmarks ran\n", n)
	if n == 0 {
		return errors.New("no benchmark ran")
	}
	return nil
}

// single is a step that is one check.
func single(name string, check func(context.Context, *project) error) func(context.Context, *project) tally {
	return func(ctx context.Context, p *project) (t tally) {
		t.one(name, check(ctx, p))
		return t
	}
}

// perModule is a step that is one check in each Go module.
func perModule(name string, check func(ctx context.Context, p *project, module string) error) func(context.Context, *project) tally {
	return func(ctx context.Context, p *project) (t tally) {
		for _, m := range p.modules() {
			t.one(name+" "+m, check(ctx, p, m))
		}
		return t
	}
}

// build proves that everything but the Pact tests builds where there is no C compiler.
func build(ctx context.Context, p *project) error {
	return p.with("CGO_ENABLED=0").run(ctx, "", "go", "build", "./...")
}

func gofmt(ctx context.Context, p *project) error {
	files, err := p.files(ctx, "*.go")
	if err != nil || len(files) == 0 {
		return err
	}
	out, err := p.output(ctx, "", "gofmt", append([]string{"-l"}, files...)...)
	if err != nil {
		return err
	}
	if len(out) > 0 {
		return fmt.Errorf("not formatted: %s", strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}

func vet(ctx context.Context, p *project, module string) error {
	return p.run(ctx, module, "go", "vet", "./...")
}

// sameFiles proves that vet and lint, which go without cgo, pass over no file: none of the project's is for cgo only, but
// for those behind the build tag pact, which a step of their own vets.
func sameFiles(ctx context.Context, p *project, module string) error {
	list := []string{"list", "-f", "{{.ImportPath}} {{.GoFiles}} {{.CgoFiles}} {{.TestGoFiles}} {{.XTestGoFiles}}", "./..."}
	without, err := p.with("CGO_ENABLED=0").output(ctx, module, "go", list...)
	if err != nil {
		return err
	}
	with, err := p.withC().output(ctx, module, "go", list...)
	if err != nil {
		return err
	}
	seen := strings.Split(string(without), "\n")
	for _, line := range strings.Split(string(with), "\n") {
		if !slices.Contains(seen, line) {
			return fmt.Errorf("with cgo there are other files than without: %s", line)
		}
	}
	return nil
}

func tidy(ctx context.Context, p *project, module string) error {
	return p.run(ctx, module, "go", "mod", "tidy", "-diff")
}

func lint(ctx context.Context, p *project, module string) error {
	tool, err := p.goTool(ctx, "golangci-lint")
	if err != nil {
		return err
	}
	cmd := p.command(ctx, module, tool, "run", "--config", p.path(".golangci.yml"), "./...")
	cmd.Env = append(cmd.Env, "GOLANGCI_LINT_CACHE="+p.path(".cache", "golangci-lint"))
	return named(cmd.Run(), tool, []string{"run"})
}

// vulnerabilities asks for the database's version first: the whole scan would only say after minutes that it is out of
// reach.
func vulnerabilities(ctx context.Context, p *project) error {
	tool, err := p.goTool(ctx, "govulncheck")
	if err != nil {
		return err
	}
	p = p.withC() // cgo's own part of the standard library is looked at as well
	probe, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	cmd := p.command(probe, "", tool, "-version")
	cmd.Stdout, cmd.Stderr = nil, nil
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "DB updated:") {
		return skip("the vulnerability database cannot be reached from here")
	}
	return p.run(ctx, "", tool, "./...")
}

// sdkTests runs the vendors' SDKs against the server, those for Node too. What needs Prism is a step of its own.
func sdkTests(ctx context.Context, p *project) (t tally) {
	if !exists(p.path(sdktest, "go.mod")) {
		return skipped(sdktest, "not there yet")
	}
	if err := p.nodeSDKs(ctx); err != nil {
		t.one("the vendors' Node SDKs", err)
	}
	t.add(goTest(ctx, p.withC(), sdktest, "-race", "-count=1", "-skip=^TestPrism", "./..."))
	return t
}

// prismProxy puts a prism proxy between the SDKs and the server, which must find no reply that leaves its document.
func prismProxy(ctx context.Context, p *project) (t tally) {
	if !exists(p.path(sdktest, "go.mod")) {
		return skipped(sdktest, "not there yet")
	}
	bin, err := p.nodeTools(ctx)
	if err != nil {
		t.one("prism proxy", err)
		return t
	}
	withPrism := p.with("PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"))
	return goTest(ctx, withPrism, sdktest, "-count=1", "-run=^TestPrism", ".")
}

// The contracts touch every documented error, parameter and page of the five operations. What is missing from 100 is one
// observed error, DLG.0818, which only a world with the switch DA-002 answers.
const (
	contractScope = "ResultCallback,SmartqAuthorize,getUserManageApprovalDefinitionList,CreateApprover,ListApprovers"
	leastCoverage = "98.9"
)

// contracts checks the contracts against the documents and runs the Pact tests, which link a C library and therefore sit behind a build tag. scripts/pact-ffi fetches
// the library; contracts/pact/ffi tells the linker where it is.
func contracts(ctx context.Context, p *project) (t tally) {
	if !exists(p.path("contracts", "pact")) {
		return skipped("contracts/pact", "not there yet")
	}
	t.one("contracts against the documents", p.run(ctx, "", "go", "run", "./cmd/countersign", "check", "--coverage",
		"--min", leastCoverage, "--scope", contractScope, "contracts/pact/pacts"))
	if err := p.run(ctx, "", p.path("scripts", "pact-ffi")); err != nil {
		t.one("pact library", err)
		return t
	}
	// Vet goes with the race detector because the tests do: what they import is compiled once for both.
	withC := p.withC()
	t.one("vet of the Pact tests", withC.run(ctx, "", "go", "vet", "-race", "-tags=pact", "./contracts/pact/...", "./cmd/countersign-verify"))
	t.add(goTest(ctx, withC, ".", "-race", "-count=1", "-tags=pact", "./contracts/pact/...", "./cmd/countersign-verify"))
	return t
}

// regenerate makes the made files again. It compares with what lay there before, not with the last commit, so that it
// says the same in a work tree with changes of one's own.
func regenerate(ctx context.Context, p *project) error {
	before, err := p.contents(ctx)
	if err != nil {
		return err
	}
	if err := p.run(ctx, "", p.path("scripts", "generate")); err != nil {
		return err
	}
	after, err := p.contents(ctx)
	if err != nil {
		return err
	}
	changed := changes(before, after)
	if len(changed) == 0 {
		return nil
	}
	diff := p.run(ctx, "", "git", append([]string{"--no-pager", "diff", "--stat", "--patch", "--"}, changed...)...)
	return errors.Join(fmt.Errorf("out of date, now made again: %s", strings.Join(changed, " ")), diff)
}

func skipped(name, reason string) (t tally) {
	t.one(name, skip(reason))
	return t
}
