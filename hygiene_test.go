package countersign_test

import (
	"bytes"
	"go/ast"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// notCommitted are the texts that no committed file has, with what they are. They are written so that they do not find
// themselves.
var notCommitted = map[string]*regexp.Regexp{
	"a path of one machine": regexp.MustCompile(`(?m)(^|[^a-zA-Z.])/(work|root|farm)/[a-z.]|/tmp/c[s]/`),
	"the host of a package registry": regexp.MustCompile(
		`(registry\.(npmjs|yarnpkg)|(proxy|sum)\.golang|(deb|security)\.debian|(files\.pythonhosted|[^a-z]pypi))\.(org|com)`),
}

func TestNothingOfOneMachineIsCommitted(t *testing.T) {
	t.Parallel()
	for _, name := range committed(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, pattern := range notCommitted {
			if at := pattern.FindIndex(text); at != nil {
				t.Errorf("%s:%d: %s: %q", name, 1+bytes.Count(text[:at[0]], []byte("\n")), what, text[at[0]:at[1]])
			}
		}
	}
}

func TestNotCommittedFindsWhatItShould(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, want string
	}{
		{"see /wo" + "rk/main/specs", "a path of one machine"},
		{"\n/ro" + "ot/.cache", "a path of one machine"},
		{`"/tmp/` + `cs/brief.md"`, "a path of one machine"},
		{"https://registry.npm" + "js.org/x", "the host of a package registry"},
		{"GOPROXY=https://proxy.go" + "lang.org", "the host of a package registry"},
		{"https://help.example.com/work/flow", ""},
		{"a root/branch and ./work/x", ""},
		{"golang.org/x/perf", ""},
	}
	for _, tt := range tests {
		got := ""
		for what, pattern := range notCommitted {
			if pattern.MatchString(tt.text) {
				got = what
			}
		}
		if got != tt.want {
			t.Errorf("%q: found %q, want %q", tt.text, got, tt.want)
		}
	}
}

// A file of more lines asks to be split.
func TestGoFilesAreShort(t *testing.T) {
	t.Parallel()
	const most = 500
	for _, f := range sources(t) {
		if f.lines > most && !ast.IsGenerated(f.ast) {
			t.Errorf("%s has %d lines, more than %d", f.name, f.lines, most)
		}
	}
}

// committed are the files that git knows or would add.
func committed(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate").Output()
	if err != nil {
		t.Skipf("not a git work tree: %v", err)
	}
	var names []string
	for _, name := range strings.Split(string(out), "\x00") {
		if info, err := os.Lstat(name); name == "" || err != nil || !info.Mode().IsRegular() {
			continue // a deletion that is not committed yet, a link
		}
		names = append(names, name)
		if _, err := os.ReadDir(path.Dir(name)); err != nil { // the test cache then sees new files
			t.Fatal(err)
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %d files found", len(names))
	}
	return names
}
