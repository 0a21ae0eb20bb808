package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// project is the work tree that is checked.
type project struct {
	root string
	out  io.Writer
	env  []string // of child processes, besides this one's
}

// newProject is a work tree whose steps go without cgo, so that one build serves build, vet, lint, the tools and the
// plain tests. With cgo the compiler makes the standard library's net, and all that stands on it, anew.
func newProject(root string, out io.Writer) *project {
	return &project{root: root, out: out, env: []string{"CGO_ENABLED=0"}}
}

// withC is the project with cgo, which the race detector and the Pact library need.
func (p *project) withC() *project { return p.with("CGO_ENABLED=1") }

// with is the project with further environment variables for child processes.
func (p *project) with(env ...string) *project {
	other := *p
	other.env = slices.Concat(p.env, env)
	return &other
}

// to is the project with another place for output.
func (p *project) to(out io.Writer) *project {
	other := *p
	other.out = out
	return &other
}

func (p *project) path(parts ...string) string {
	return filepath.Join(append([]string{p.root}, parts...)...)
}

// command is a child process in a folder of the project; its output goes to the run's output.
func (p *project) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.path(dir)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	return cmd
}

// run runs a command and names it in the error.
func (p *project) run(ctx context.Context, dir, name string, args ...string) error {
	return named(p.command(ctx, dir, name, args...).Run(), name, args)
}

// output is a command's standard output. The error stream is printed only if the command fails.
func (p *project) output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := p.command(ctx, dir, name, args...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = nil, &stderr
	out, err := cmd.Output()
	if err != nil {
		fmt.Fprintf(p.out, "%s%s", out, stderr.Bytes())
	}
	return out, named(err, name, args)
}

func named(err error, name string, args []string) error {
	if err == nil {
		return nil
	}
	line := strings.Join(append([]string{filepath.Base(name)}, args...), " ")
	if len(line) > 100 {
		line = line[:100] + "..."
	}
	return fmt.Errorf("%s: %w", line, err)
}

// files are the project's files, committed or about to be (not ignored), matching the patterns, relative to root.
func (p *project) files(ctx context.Context, patterns ...string) ([]string, error) {
	args := append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"}, patterns...)
	out, err := p.output(ctx, "", "git", args...)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range strings.Split(string(out), "\x00") {
		if f != "" && exists(p.path(f)) { // a deleted file stays listed until the deletion is committed
			files = append(files, f)
		}
	}
	return files, nil
}

// modules are the folders with Go code of their own go.mod, the main module first.
func (p *project) modules() []string {
	if exists(p.path(sdktest, "go.mod")) {
		return []string{".", sdktest}
	}
	return []string{"."}
}

// sdktest holds the vendors' SDKs as witnesses, apart because of what they depend on.
const sdktest = "contracts/sdktest"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
