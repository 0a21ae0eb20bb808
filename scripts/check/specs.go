package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
)

// documents are the OpenAPI documents under specs/. A file without paths, or with "paths: {}" (common.yaml), is read
// through the documents that refer to it.
func (p *project) documents(ctx context.Context) ([]string, error) {
	files, err := p.files(ctx, "specs/*.yaml")
	if err != nil {
		return nil, err
	}
	var documents []string
	for _, f := range files {
		text, err := os.ReadFile(p.path(f))
		if err != nil {
			return nil, err
		}
		if isDocument.Match(text) {
			documents = append(documents, f)
		}
	}
	if len(documents) == 0 {
		return nil, skip("no document under specs/ yet")
	}
	return documents, nil
}

var isDocument = regexp.MustCompile(`(?m)^paths:[ \t]*(#.*)?$`)

// redocly is a command of the OpenAPI linter, silent on its own releases and without its telemetry.
func (p *project) redocly(ctx context.Context, args ...string) (*exec.Cmd, error) {
	bin, err := p.nodeTools(ctx)
	if err != nil {
		return nil, err
	}
	cmd := p.command(ctx, "", bin+"/redocly", args...)
	cmd.Env = append(cmd.Env, "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	cmd.Stdout, cmd.Stderr = nil, nil
	return cmd, nil
}

// specLint wants no problem at all: a warning fails as an error does.
func specLint(ctx context.Context, p *project) error {
	documents, err := p.documents(ctx)
	if err != nil {
		return err
	}
	cmd, err := p.redocly(ctx, append([]string{"lint", "--config", "redocly.yaml", "--max-problems", "1000", "--format", "json"}, documents...)...)
	if err != nil {
		return err
	}
	out, runErr := cmd.Output()
	results, problems, err := lintProblems(out)
	if err != nil {
		return fmt.Errorf("redocly lint printed no result: %w: %s%s", err, out, stderrOf(runErr))
	}
	for _, problem := range problems {
		fmt.Fprintln(p.out, problem)
	}
	if results != len(documents) {
		return fmt.Errorf("redocly lint gave %d results for %d documents: %s", results, len(documents), stderrOf(runErr))
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems in %d documents", len(problems), len(documents))
	}
	if runErr != nil {
		return fmt.Errorf("redocly lint: %w: %s", runErr, stderrOf(runErr))
	}
	fmt.Fprintf(p.out, "%d documents, no problem\n", len(documents))
	return nil
}

func stderrOf(err error) []byte {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.Stderr
	}
	return nil
}

// lintProblems reads what redocly prints: a JSON object for each document, one after another.
func lintProblems(out []byte) (results int, all []lintProblem, err error) {
	for stream := json.NewDecoder(bytes.NewReader(out)); ; results++ {
		var result struct{ Problems []lintProblem }
		switch err := stream.Decode(&result); {
		case errors.Is(err, io.EOF):
			return results, all, nil
		case err != nil:
			return results, all, err
		}
		all = append(all, result.Problems...)
	}
}

type lintProblem struct {
	RuleID   string `json:"ruleId"`
	Severity string
	Message  string
	Location []struct {
		Source  struct{ Ref string }
		Pointer string
		Start   struct{ Line, Col int }
	}
}

func (p lintProblem) String() string {
	where := "(no place given)"
	if len(p.Location) > 0 {
		at := p.Location[0]
		where = fmt.Sprintf("%s:%d:%d %s", at.Source.Ref, at.Start.Line, at.Start.Col, at.Pointer)
	}
	return fmt.Sprintf("%s %s: %s (%s)", where, p.Severity, p.Message, p.RuleID)
}
