package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestRunGoesOnAfterAFailureAndCountsAll(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	total := runStages(context.Background(), &project{out: &out}, []stage{{{
		{"first", single("a", func(context.Context, *project) error { return errors.New("broken\n  pipe") })},
		{"second", single("b", func(context.Context, *project) error { return skip("no moon tonight") })},
	}, {
		{"third", func(context.Context, *project) tally { return tally{passed: 7} }},
	}}})
	if want := []int{7, 1, 1}; !reflect.DeepEqual([]int{total.passed, total.failed, total.skipped}, want) {
		t.Errorf("got %+v, want %v", total, want)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if got, want := lines[len(lines)-1], "7 passed, 1 failed, 1 skipped"; got != want {
		t.Errorf("closing line %q, want %q", got, want)
	}
	for _, text := range []string{"first: FAILED", "second: skipped", "third: ok", "  a: broken pipe", "  b: no moon tonight"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("output lacks %q:\n%s", text, &out)
		}
	}
}

// Each of two steps waits for the other; what they print stays together all the same.
func TestLanesRunSideBySide(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	here, there := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context, *project) error {
		return func(ctx context.Context, p *project) error {
			fmt.Fprintln(p.out, "before")
			close(mine)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-other:
			}
			fmt.Fprintln(p.out, "after")
			return nil
		}
	}
	var out bytes.Buffer
	total := runStages(ctx, &project{out: &out}, []stage{{{{"a", single("a", meet(here, there))}}, {{"b", single("b", meet(there, here))}}}})
	if total.passed != 2 || strings.Count(out.String(), " ==\nbefore\nafter\n-- ") != 2 {
		t.Errorf("%+v\n%s", total, &out)
	}
}

func TestRunStoppedFailsTheRest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	total := runStages(ctx, &project{out: &bytes.Buffer{}}, []stage{{{{"never", func(context.Context, *project) tally {
		t.Error("a step ran after the end")
		return tally{}
	}}}}})
	if total.failed != 1 {
		t.Errorf("got %+v, want one failure", total)
	}
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--nope"}, {"extra"}} {
		var stdout, stderr bytes.Buffer
		if code := run(context.Background(), args, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "--quick") {
			t.Errorf("%v: exit code %d, %s", args, code, &stderr)
		}
	}
}

// repository is a module under git with everything committed.
func repository(t *testing.T, files map[string]string) (*project, *bytes.Buffer) {
	t.Helper()
	p, out := module(t, files)
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "all"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = p.root
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, text)
		}
	}
	return p, out
}

func TestGofmtNamesTheFile(t *testing.T) {
	t.Parallel()
	p, _ := repository(t, map[string]string{"good.go": "package m\n", ".gitignore": "ignored.go\n"})
	write(t, p, "ignored.go", "package   m\n")
	if err := gofmt(context.Background(), p); err != nil {
		t.Errorf("all is formatted: %v", err)
	}
	write(t, p, "new.go", "package   m\n")
	if err := gofmt(context.Background(), p); err == nil || !strings.Contains(err.Error(), "new.go") || strings.Contains(err.Error(), "ignored") {
		t.Errorf("got %v, want new.go named", err)
	}
}

func TestFilesForCgoOnlyAreNamed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file string
		want string // in the error; "" for none
	}{
		"Plain":       {"package m\n", ""},
		"OtherTag":    {"//go:build pact\n\npackage m\n\nimport \"C\"\n", ""},
		"ImportC":     {"package m\n\nimport \"C\"\n", "other.go"},
		"CgoTag":      {"//go:build cgo\n\npackage m\n", "other.go"},
		"WithoutOnly": {"//go:build !cgo\n\npackage m\n", "example.com/m [m.go]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := module(t, map[string]string{"m.go": "package m\n", "other.go": tt.file})
			err := sameFiles(context.Background(), p, ".")
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestRegenerate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		generate string
		want     string // in the error; "" for none
	}{
		"SameContents":  {"echo one >made.txt", ""},
		"OtherContents": {"echo two >made.txt", "made.txt"},
		"NewFile":       {"echo new >other.txt", "other.txt"},
		"Removed":       {"rm made.txt", "made.txt"},
		"Fails":         {"exit 4", "exit status 4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := repository(t, map[string]string{"made.txt": "one\n", "mine.txt": "as committed\n", "scripts/generate": "#!/bin/sh\n" + tt.generate + "\n"})
			if err := os.Chmod(p.path("scripts/generate"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, p, "mine.txt", "changed, and not by the generator\n")
			err := regenerate(context.Background(), p)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q in it", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "mine.txt"):
				t.Errorf("blames what it did not make: %v", err)
			}
		})
	}
}

func TestOnceRunsAgainWhenAPinChanges(t *testing.T) {
	t.Parallel()
	p, _ := module(t, map[string]string{"pin": "1"})
	runs := 0
	prepare := func(outcome error) error {
		return p.once(p.path("made"), []string{p.path("pin")}, "things", func() error { runs++; return outcome })
	}
	steps := []struct {
		pin     string
		outcome error
		want    int // runs so far
	}{{"1", errors.New("no network"), 1}, {"1", nil, 2}, {"1", nil, 2}, {"2", nil, 3}}
	for i, s := range steps {
		write(t, p, "pin", s.pin)
		if err := prepare(s.outcome); !errors.Is(err, s.outcome) || runs != s.want {
			t.Errorf("step %d: error %v, %d runs, want %d", i, err, runs, s.want)
		}
	}
}

func write(t *testing.T, p *project, name, text string) {
	t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
