package sdktest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The vendors' Node SDKs go through the same flows. Every test of Node's own runner is a sub-test here.
func TestNode(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on the PATH")
	}
	if _, err := os.Stat(filepath.Join("node", "node_modules", ".package-lock.json")); err != nil {
		t.Skip("the Node SDKs are not installed: npm ci in node/, or ./scripts/test")
	}
	cmd := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=tap")
	cmd.Dir = "node"
	cmd.Env = append(os.Environ(), "COUNTERSIGN_URL="+serverURL)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	results := tapResults(string(out))
	if len(results) < 50 {
		t.Fatalf("only %d tests ran: %v\n%s%s", len(results), err, out, &stderr)
	}
	failures := 0
	for _, r := range results {
		t.Run(r.name, func(t *testing.T) {
			if r.failed {
				failures++
				t.Error(r.diagnostics)
			}
		})
	}
	if err != nil && failures == 0 {
		t.Errorf("node --test: %v\n%s", err, &stderr)
	}
}

// tapResult is a test of an outer level in the Test Anything Protocol.
type tapResult struct {
	name, diagnostics string
	failed            bool
}

var tapLine = regexp.MustCompile(`(?m)^(not )?ok \d+ - (.*)\n((?:  .*\n)*)`)

func tapResults(text string) []tapResult {
	var all []tapResult
	for _, m := range tapLine.FindAllStringSubmatch(text, -1) {
		all = append(all, tapResult{name: m[2], failed: m[1] != "", diagnostics: m[3]})
	}
	return all
}

func TestTapResults(t *testing.T) {
	t.Parallel()
	got := tapResults("TAP version 13\n# Subtest: a\nok 1 - a\n  ---\n  duration_ms: 1\n  ...\n# Subtest: b\nnot ok 2 - b\n  ---\n  error: 'x'\n  ...\n1..2\n# tests 2\n")
	if len(got) != 2 || got[0].name != "a" || got[0].failed || got[1].name != "b" || !got[1].failed || got[1].diagnostics != "  ---\n  error: 'x'\n  ...\n" {
		t.Errorf("%+v", got)
	}
}
