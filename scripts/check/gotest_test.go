package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// module writes a small Go module and returns the project that it is.
func module(t *testing.T, files map[string]string) (*project, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.com/m\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	return &project{root: dir, out: &out}, &out
}

func TestGoTestCountsWhatRan(t *testing.T) {
	t.Parallel()
	p, out := module(t, map[string]string{
		"good/g_test.go": `package good
import "testing"
func TestA(t *testing.T) { t.Run("x", func(t *testing.T) {}); t.Log("nobody wants to read this") }
func TestB(t *testing.T) { t.Skip("no such moon") }
`,
		"bad/b_test.go": `package bad
import "testing"
func TestC(t *testing.T) { t.Run("y", func(t *testing.T) { t.Error("got 1, want 2") }) }
`,
		"broken/b_test.go": "package broken\nimport \"testing\"\nfunc TestD(t *testing.T) { undefinedThing() }\n",
		"exits/e_test.go":  "package exits\nimport (\"os\"; \"testing\")\nfunc TestMain(m *testing.M) { println(\"going\"); os.Exit(3) }\n",
		"empty/e.go":       "package empty\n",
	})
	got := goTest(context.Background(), p, ".", "./...")
	want := tally{
		passed: 2, failed: 4, skipped: 1,
		failures: []string{"example.com/m/bad TestC/y", "example.com/m/bad TestC", "example.com/m/broken", "example.com/m/exits"},
		skips:    []string{"example.com/m/good TestB: g_test.go:4: no such moon"},
	}
	if !reflect.DeepEqual(sorted(got), sorted(want)) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, text := range []string{"b_test.go:3: got 1, want 2", "undefined: undefinedThing", "going", "ok    example.com/m/good"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("output lacks %q:\n%s", text, out)
		}
	}
	if strings.Contains(out.String(), "nobody wants") {
		t.Errorf("output of a test that passed is shown:\n%s", out)
	}
}

func TestGoTestPanicIsOneFailedTest(t *testing.T) {
	t.Parallel()
	p, out := module(t, map[string]string{
		"p_test.go": "package p\nimport \"testing\"\nfunc TestA(t *testing.T) { panic(\"ouch\") }\n",
	})
	got := goTest(context.Background(), p, ".", "./...")
	if got.failed != 1 || got.passed != 0 || !strings.Contains(out.String(), "ouch") {
		t.Errorf("got %+v\n%s", got, out)
	}
}

func TestGoTestThatDoesNotStartFails(t *testing.T) {
	t.Parallel()
	p, out := module(t, map[string]string{"p.go": "package p\n"})
	write(t, p, "go.mod", "no module at all\n")
	if got := goTest(context.Background(), p, ".", "./..."); got.failed != 1 || !strings.Contains(out.String(), "unknown directive: no") {
		t.Errorf("got %+v, want one failure and why\n%s", got, out)
	}
}

// sorted is a tally whose failures do not depend on which package ends first.
func sorted(t tally) map[string]any {
	set := map[string]bool{}
	for _, f := range t.failures {
		set[f] = true
	}
	return map[string]any{"counts": []int{t.passed, t.failed, t.skipped}, "failures": set, "skips": t.skips}
}
