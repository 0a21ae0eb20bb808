package countersign_test

import (
	"bytes"
	"go/ast"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unwanted is what no committed file has: texts of a pattern. Each of them contains one of the signs, which are found
// sooner.
type unwanted struct {
	what    string
	signs   []string
	pattern *regexp.Regexp
}

// notCommitted is written so that it does not find itself.
var notCommitted = []unwanted{
	{"a path of one machine", []string{"/wo" + "rk/", "/ro" + "ot/", "/fa" + "rm/", "/tmp/c" + "s/"},
		regexp.MustCompile(`(?m)(^|[^a-zA-Z.])/(work|root|farm)/[a-z.]|/tmp/c[s]/`)},
	{"the host of a package registry", []string{"npm" + "js.", "yarn" + "pkg.", ".go" + "lang.", ".debi" + "an.", "python" + "hosted.", "py" + "pi."},
		regexp.MustCompile(`(registry\.(npmjs|yarnpkg)|(proxy|sum)\.golang|(deb|security)\.debian|(files\.pythonhosted|[^a-z]pypi))\.(org|com)`)},
}

// in returns where the text begins and ends that is not wanted, or nil.
func (u *unwanted) in(text []byte) []int {
	if !slices.ContainsFunc(u.signs, func(sign string) bool { return bytes.Contains(text, []byte(sign)) }) {
		return nil
	}
	return u.pattern.FindIndex(text)
}

func TestNothingOfOneMachineIsCommitted(t *testing.T) {
	t.Parallel()
	for _, name := range committed(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range notCommitted {
			if at := notCommitted[i].in(text); at != nil {
				t.Errorf("%s:%d: %s: %q", name, 1+bytes.Count(text[:at[0]], []byte("\n")), notCommitted[i].what, text[at[0]:at[1]])
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
		{"/fa" + "rm/x", "a path of one machine"},
		{"registry.yarn" + "pkg.com", "the host of a package registry"},
		{"http://deb.debi" + "an.org/debian", "the host of a package registry"},
		{"https://files.python" + "hosted.org/packages", "the host of a package registry"},
		{"https://py" + "pi.org/simple", "the host of a package registry"},
		{"https://help.example.com/work/flow", ""},
		{"a root/branch and ./work/x", ""},
		{"golang.org/x/perf", ""},
	}
	for _, tt := range tests {
		got := ""
		for i := range notCommitted {
			if u := &notCommitted[i]; u.in([]byte(tt.text)) != nil {
				got = u.what
			}
			if u := &notCommitted[i]; (u.in([]byte(tt.text)) != nil) != u.pattern.MatchString(tt.text) {
				t.Errorf("%q: %s has no sign of it", tt.text, u.what)
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
