package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
	"github.com/countersign/countersign/specs/compiled"
)

// command runs a command line in this process, without the machine's environment, and returns its standard output.
func command(t *testing.T, args ...string) string {
	t.Helper()
	var out, problems bytes.Buffer
	a := &app{out: &out, err: &problems, getenv: func(string) string { return "" }, now: time.Now, vendors: vendors,
		cacheDir: func() (string, error) { return "", errors.New("no cache folder") }}
	if code := a.run(context.Background(), args); code != exitOK {
		t.Fatalf("countersign %s: exit code %d: %s", strings.Join(args, " "), code, &problems)
	}
	return out.String()
}

func commandJSON[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(command(t, append(args, "--format", "json")...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The objects of env and their fields are what tests in every language are written against.
func TestEnvJSON(t *testing.T) {
	t.Parallel()
	env := commandJSON[map[string]map[string]any](t, "env")
	text := map[string][]string{
		"quickbi":  {"url", "access_key_id", "access_key_secret", "closed_application_id"},
		"wps":      {"url", "app_id", "app_key", "access_token"},
		"dataarts": {"url", "ak", "sk", "project_id", "workspace", "region", "token", "user_name", "password", "domain"},
	}
	least := map[string]map[string]int{
		"quickbi":  {"open_application_ids": 12, "user_ids": 1, "llm_cube_ids": 1, "theme_ids": 1, "cube_ids": 1},
		"dataarts": {"member_user_ids": 1},
	}
	for vendor, fields := range text {
		for _, field := range fields {
			if s, ok := env[vendor][field].(string); !ok || s == "" {
				t.Errorf("%s.%s is %v, want text", vendor, field, env[vendor][field])
			}
		}
		if got, want := env[vendor]["url"], "http://127.0.0.1:8750"; got != want {
			t.Errorf("%s.url is %v, want %s", vendor, got, want)
		}
	}
	for vendor, fields := range least {
		for field, n := range fields {
			list, _ := env[vendor][field].([]any)
			if len(list) < n {
				t.Errorf("%s.%s has %d items, want at least %d", vendor, field, len(list), n)
			}
			for i, x := range list {
				if s, ok := x.(string); !ok || s == "" || slices.Contains(list[:i], x) {
					t.Errorf("%s.%s[%d] is %v, want a text that is there once", vendor, field, i, x)
				}
			}
		}
	}
}

// The same command prints the same, whatever the time.
func TestEnvIsRepeatable(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"shell", "json", "dotenv"} {
		if a, b := command(t, "env", "--format", format), command(t, "env", "--format", format); a != b {
			t.Errorf("%s:\n%s\nand\n%s", format, a, b)
		}
	}
}

// What the catalogue says of how to cause an error can be done: its states are there.
func TestStatesOfTheCatalogueAreThere(t *testing.T) {
	t.Parallel()
	there := map[string]bool{}
	for _, s := range commandJSON[[]providerState](t, "states") {
		there[s.Vendor+" "+s.Name] = true
		if s.Doc == "" {
			t.Errorf("the state %q of %s does not say what it does", s.Name, s.Vendor)
		}
	}
	for _, e := range commandJSON[[]catalogueError](t, "errors") {
		if e.State != "" && !there[e.Vendor+" "+e.State] {
			t.Errorf("%s %s %s: no state is named %q", e.Vendor, e.Operation, e.Code, e.State)
		}
	}
}

func TestErrorsCoverThePages(t *testing.T) {
	t.Parallel()
	// So many distinct codes do the pages of these operations print.
	for operation, want := range map[string]int{"ResultCallback": 18, "SmartqAuthorize": 11} {
		codes := map[string]bool{}
		for _, e := range commandJSON[[]catalogueError](t, "errors", "--operation", operation) {
			if e.Grade == string(specs.Documented) {
				codes[e.Code] = true
			}
		}
		if len(codes) < want {
			t.Errorf("%s has %d documented codes, want at least %d", operation, len(codes), want)
		}
	}
}

// Every vendor that has documents is served, under the name of its folder.
func TestVendorsAreListed(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, v := range vendors {
		listed = append(listed, v.name)
		p, err := v.plug(mockserver.Env{LoadSpec: compiled.Load})
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != v.name {
			t.Errorf("the plug of %q calls itself %q", v.name, p.Name)
		}
		hint := v.howTo("http", "127.0.0.1:1")
		if !strings.Contains(hint, "127.0.0.1:1") || strings.Contains(hint, "HOST") || strings.Contains(hint, "URL") || strings.Contains(hint, "SCHEME") {
			t.Errorf("%s: hint %q", v.name, hint)
		}
	}
	slices.Sort(listed)
	if want := specs.Vendors(); !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q", listed, want)
	}
}

// Everything that explain takes can be explained, in both forms.
func TestExplainEverything(t *testing.T) {
	t.Parallel()
	a := &app{vendors: vendors}
	documents, err := a.documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range a.explainWords() {
		name, _, _ := strings.Cut(word, "\t")
		answer, err := explain(documents, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, width := range []int{0, 60, 200} {
			p := &page{width: width}
			answer.write(p)
			if !strings.Contains(p.String(), name) {
				t.Errorf("%s at width %d: %q", name, width, p)
			}
		}
	}
}

func TestByteSize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want byteSize // 0: refused
		said string
	}{
		{"1", 1, "1"}, {"1024", 1024, "1KiB"}, {"512KiB", 512 << 10, "512KiB"}, {"64MiB", 64 << 20, "64MiB"}, {"1GiB", 1 << 30, "1GiB"},
		{"0", 0, ""}, {"-1", 0, ""}, {"", 0, ""}, {"KiB", 0, ""}, {"1TB", 0, ""}, {"9223372036854775807GiB", 0, ""}, {"1.5MiB", 0, ""},
	}
	for _, tt := range tests {
		var b byteSize
		err := b.Set(tt.text)
		if (err != nil) != (tt.want == 0) || b != tt.want {
			t.Errorf("%q: %d, %v, want %d", tt.text, b, err, tt.want)
		}
		if err == nil && b.String() != tt.said {
			t.Errorf("%q is shown as %q, want %q", tt.text, b.String(), tt.said)
		}
	}
}

func TestBuildOf(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-15T08:00:00Z"}, {Key: "vcs.modified", Value: "true"}}}
	tests := []struct {
		name string
		got  build
		want string
	}{
		{"Built", buildOf(info, true), "countersign v1.2.3 (commit abc, with changes) "},
		{"GoRun", buildOf(&debug.BuildInfo{}, true), "countersign (devel) (commit unknown) "},
		{"Unknown", buildOf(nil, false), "countersign (devel) (commit unknown) "},
	}
	for _, tt := range tests {
		if got := tt.got.String(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q...", tt.name, got, tt.want)
		}
	}
}
