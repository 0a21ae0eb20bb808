package main

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every kind has a Go type that its records decode into without anything left over, and what is written compiles.
func TestFixturesInGo(t *testing.T) {
	t.Parallel()
	kinds := []listedKind{{Kind: kindRequests}, {Kind: kindNegatives}, {Kind: kindReplies}, {Kind: kindErrors}}
	for _, k := range commandJSON[[]listedKind](t, "fixtures", "list") {
		if k.Vendor != "" {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) < 30 {
		t.Fatalf("only %d kinds", len(kinds))
	}
	set := token.NewFileSet()
	config := types.Config{Importer: importer.ForCompiler(set, "gc", exportData(t, "net/http", "strings", "../../fixtures/..."))}
	for _, k := range kinds {
		name := k.Kind
		if k.Vendor != "" {
			name = k.Vendor + "." + k.Kind
		}
		file, err := parser.ParseFile(set, name+".go", command(t, "fixtures", "--kind", name, "--format", "go"), 0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := config.Check("fixtures", set, []*ast.File{file}, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// exportData finds what the compiler has left of packages and all that they import.
func exportData(t *testing.T, packages ...string) importer.Lookup {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, packages...)...)
	list.Env = append(os.Environ(), "CGO_ENABLED=0") // as the checks before the tests have compiled it
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// What the command makes fits the documents, for every kind; a longer run than that of a script.
func TestFixturesFit(t *testing.T) {
	t.Parallel()
	count := "2000"
	if testing.Short() || raced {
		count = "100"
	}
	for _, k := range commandJSON[[]listedKind](t, "fixtures", "list") {
		if k.Vendor == "" {
			continue
		}
		t.Run(k.Vendor+"."+k.Kind, func(t *testing.T) {
			t.Parallel()
			command(t, "fixtures", "--kind", k.Vendor+"."+k.Kind, "--count", count, "--validate", "--format", "ndjson")
		})
	}
}

// The command checks the files that it writes, and finds a violation where one was made.
func TestFixturesCheckFindsWhatWasSpoiled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"approvers.json", "approvers.ndjson", "approvers.yaml"} {
		file := filepath.Join(t.TempDir(), name)
		command(t, "fixtures", "--kind", "dataarts.approvers", "--count", "30", "--format", strings.TrimPrefix(filepath.Ext(name), "."), "--out", file, "--set", `email="17"`)
		command(t, "fixtures", "check", "--vendor", "dataarts", file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		from := bytes.LastIndex(text, []byte(`"17"`))
		spoiled := append(append(append([]byte{}, text[:from]...), "17"...), text[from+4:]...)
		if err := os.WriteFile(file, spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, problems := try("fixtures", "check", "--vendor", "dataarts", file)
		line := 1 + bytes.Count(text[:from], []byte("\n"))
		if want := file + ":" + strconv.Itoa(line) + ": /email: value must be a string\n"; code != exitFailure || out != want || !strings.Contains(problems, "1 violation in 30 records") {
			t.Errorf("%d, %q, %q, want %q", code, out, problems, want)
		}
	}
}

// The command knows every shape of the committed corpus.
func TestFixturesCheckKnowsTheCorpus(t *testing.T) {
	t.Parallel()
	code, out, problems := try("fixtures", "check", "../../fixtures/corpus")
	if code != 0 || !strings.HasSuffix(strings.TrimSpace(out), "wrong on purpose left out") || strings.Contains(out, "not judged") {
		t.Errorf("%d, %q, %q", code, out, problems)
	}
}

// What is not UTF-8 is no JSON, wherever it stands.
func TestFixturesCheckRefusesWhatIsNotUTF8(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a.json": "[\n{\"a\":\"b\"},\n{\"a\":\"\xff\"}]", "a.ndjson": "{}\n\n{\"\xff\":1}\n", "a.yaml": "- a: b\n- a: c\n- a: \"\xff\"\n"} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, _ := try("fixtures", "check", "--kind", "dataarts.approvers", file)
		if code != exitFailure || !strings.Contains(out, ":3: ") && filepath.Ext(name) != ".yaml" || !strings.Contains(out, "UTF-8") {
			t.Errorf("%s: %d, %q", name, code, out)
		}
	}
}

// try runs a command line in this process.
func try(args ...string) (code int, out, problems string) {
	var o, p bytes.Buffer
	code = testApp(&o, &p).run(context.Background(), args)
	return code, o.String(), p.String()
}

func testApp(out, problems io.Writer) *app {
	return &app{in: strings.NewReader(""), out: out, err: problems, getenv: func(string) string { return "" }, now: time.Now, vendors: vendors,
		cacheDir: func() (string, error) { return "", errors.New("no cache folder") }}
}

// A file that cannot be written whole leaves what was there, and nothing else.
func TestErrFileKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "x")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	err := toFile(file, func(w io.Writer) error {
		_, err := w.Write(make([]byte, 3*outputBuffer))
		return errors.Join(err, full)
	})
	text, readErr := os.ReadFile(file)
	entries, dirErr := os.ReadDir(dir)
	if !errors.Is(err, full) || string(text) != "before" || len(entries) != 1 || readErr != nil || dirErr != nil {
		t.Errorf("%v; %q, %d files, %v, %v", err, text, len(entries), readErr, dirErr)
	}
}

// A run that is short shows nothing, a long one how far it is, and in the end nothing is left on the line.
func TestProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	p := &progress{out: &out, now: func() time.Time { return now }, since: now, total: 100}
	p.show(1)
	if out.Len() > 0 {
		t.Errorf("after no time: %q", &out)
	}
	now = now.Add(progressPatience)
	p.show(40)
	if !strings.Contains(out.String(), "records") || !strings.Contains(out.String(), "40/100") {
		t.Errorf("after a second: %q", &out)
	}
	p.done()
	p.done()
	if last := out.String()[strings.LastIndexByte(strings.TrimRight(out.String(), "\r"), '\r')+1:]; strings.TrimSpace(last) != "" {
		t.Errorf("left on the line: %q", last)
	}
	quiet := testApp(&out, &out).newProgress(100, true)
	if quiet.out != nil {
		t.Error("a bar where there is no terminal")
	}
}

// A JSON pointer leads to the place of the text that it names.
func FuzzOffsetOf(f *testing.F) {
	f.Add("a/b", "~", "x\ny")
	f.Add("", "0", "\"")
	f.Fuzz(func(t *testing.T, outer, inner, value string) {
		text, err := encoded(map[string]any{outer: []any{1, map[string]any{inner: value}}})
		if err != nil {
			t.Skip()
		}
		want, err := encoded(value)
		if err != nil {
			t.Skip()
		}
		key := func(s string) string { k, _ := encoded(s); return string(k) }
		if strings.ToValidUTF8(outer, "") != outer || strings.ToValidUTF8(inner, "") != inner || key(outer) == "" {
			t.Skip() // JSON has no such names
		}
		pointer := pointerOf([]string{outer, "1", inner})
		if got := text[offsetOf(text, pointer):]; !bytes.HasPrefix(got, want) {
			t.Errorf("%s in %s: %s", pointer, text, got)
		}
	})
}
