package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []int
		want   int
	}{{[]int{3}, 3}, {[]int{9, 1, 5}, 5}, {[]int{4, 1, 3, 2}, 3}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.values, got, tt.want)
		}
	}
}

// Half the rate of the yardstick's rounds around it, at three times the cost, is 0.5 and 0.33.
func TestDuelCompares(t *testing.T) {
	t.Parallel()
	gin := func(n int64) *round {
		return &round{Requests: n, Micros: 1e6, CPU: time.Duration(n) * 8 * time.Microsecond, WrkCPU: time.Duration(n) * 2 * time.Microsecond, P99: 1000}
	}
	ours := &round{Requests: 1000, Micros: 1e6, CPU: 28 * time.Millisecond, WrkCPU: 2 * time.Millisecond, P99: 1700}
	d := &duel{Ours: []*round{ours}, Theirs: []*round{gin(1500), gin(2500)}}
	d.compare()
	if d.Rate[0] != 0.5 || d.ByCPU[0] < 0.333 || d.ByCPU[0] > 0.334 || d.p99() != 1.7 {
		t.Errorf("rate %v, by CPU %v, p99 %v", d.Rate, d.ByCPU, d.p99())
	}
	if d.bottleneck() != "" {
		t.Error("wrk is said to be the bottleneck")
	}
	ours.WrkCPU = time.Duration(threads()) * 990 * time.Millisecond
	if want := "99 %"; !strings.Contains(d.bottleneck(), want) {
		t.Errorf("%q lacks %q", d.bottleneck(), want)
	}
	for target, met := range map[float64]bool{0.5: true, 0.51: false} {
		if f := d.figure(target); f.met != met || f.value != "0.50" {
			t.Errorf("against %v: %+v", target, f)
		}
	}
}

func TestRoundIsChecked(t *testing.T) {
	t.Parallel()
	good := round{Requests: 10, Micros: 1}
	for _, tt := range []struct {
		name   string
		change func(*round)
		status int
		want   string
	}{
		{"OK", func(*round) {}, 200, ""},
		{"OKRefused", func(r *round) { r.Refused = 10 }, 400, ""},
		{"ErrNothing", func(r *round) { r.Requests = 0 }, 200, "nothing"},
		{"ErrBroken", func(r *round) { r.Broken = 1 }, 200, "broke"},
		{"ErrRefused", func(r *round) { r.Refused = 1 }, 200, "10 replies 1 have"},
		{"ErrAccepted", func(r *round) { r.Refused = 9 }, 400, "10 replies 9 have"},
		{"ErrRanOut", func(r *round) { r.Ended = 1 }, 200, "ran out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := good
			tt.change(&r)
			if got := r.check(tt.status); tt.want == "" && got != nil || tt.want != "" && (got == nil || !strings.Contains(got.Error(), tt.want)) {
				t.Errorf("%v, want %q", got, tt.want)
			}
		})
	}
}

func TestWorldFilesAreJSON(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*bufio.Writer, int){"approvers": writeApprovers, "members": writeMembers} {
		var text bytes.Buffer
		w := bufio.NewWriter(&text)
		write(w, 3)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		var world struct {
			Records map[string]map[string][]map[string]any
		}
		if err := json.Unmarshal(text.Bytes(), &world); err != nil {
			t.Fatalf("%s: %v: %s", name, err, &text)
		}
		if got := len(world.Records["dataarts"][name]); got != 3 {
			t.Errorf("%d %s", got, name)
		}
	}
}

// Every request that is sent once is another one.
func TestSigned(t *testing.T) {
	t.Parallel()
	b := &bench{options: &options{}, dir: t.TempDir()}
	s := &server{process: process{addr: "127.0.0.1:1"}}
	s.env.DataArts.AK, s.env.DataArts.SK, s.env.DataArts.ProjectID, s.env.DataArts.Workspace = "ak", "sk", "project", "workspace"
	sign, err := create().sign(s)
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.sign(t.Context(), "requests", sign, 3, true)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(made.file)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		n, err := strconv.Atoi(string(line))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(rest[:n])))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "SDK-HMAC-SHA256 Access=ak") {
			t.Errorf("not signed: %q", rest[:n])
		}
		seen[string(rest[:n])] = true
		text = rest[n:]
	}
	if len(seen) != 3 {
		t.Errorf("%d different requests of 3", len(seen))
	}
}

func TestAllocationsAbove(t *testing.T) {
	t.Parallel()
	out := []byte("goos: linux\nBenchmarkAllocations/list-1/gin-2  \t 500\t 900.1 ns/op\t 48 B/op\t 4 allocs/op\n" +
		"BenchmarkAllocations/list-1/server-2  \t 500\t 900 ns/op\t 48 B/op\t 14 allocs/op\n" +
		"BenchmarkAllocations/create/gin \t 500\t 900 ns/op\t 48 B/op\t 4 allocs/op\n" +
		"BenchmarkAllocations/create/server \t 500\t 900 ns/op\t 48 B/op\t 6 allocs/op\n")
	f, err := above(out, 8, []string{"list-1", "create"})
	if err != nil || f.value != "10" || f.met {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := above(out, 10, []string{"list-1"}); err != nil || !f.met {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := above(out, 10, []string{"list-2"}); err == nil {
		t.Error("a work without a line passes")
	}
}

func TestWithExample(t *testing.T) {
	t.Parallel()
	doc := `{"paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "object"},
		"examples": {"old": {"value": 1}}}}}}}}, "/b": {"post": {}}}}`
	out, err := withExample([]byte(doc), []byte(`{"new":1}`))
	want := `{"paths":{"/a":{"get":{"responses":{"200":{"content":{"application/json":{"example":{"new":1},` +
		`"schema":{"example":{"new":1},"type":"object"}}}}}}},"/b":{"post":{}}}}`
	if err != nil || string(out) != want {
		t.Errorf("%v: %s\nwant %s", err, out, want)
	}
	for name, doc := range map[string]string{"ErrNone": `{"paths": {}}`, "ErrBroken": `{`} {
		if _, err := withExample([]byte(doc), []byte(`{}`)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestRowsAreNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.id] || r.target == "" || r.work == "" || r.measure == nil {
			t.Errorf("row %+v", r.id)
		}
		seen[r.id] = true
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"List", []string{"--list"}, 0, "list-50-random"},
		{"Help", []string{"--help"}, 0, "--only list-1,create"},
		{"ErrRow", []string{"--only", "list-1,nothing"}, 2, `no row is named "nothing"`},
		{"ErrArgument", []string{"list-1"}, 2, `unexpected argument "list-1"`},
		{"ErrRounds", []string{"--rounds", "0"}, 2, "at least 1 round"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if code := run(context.Background(), tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.want) {
				t.Errorf("code %d: %s", code, &out)
			}
		})
	}
}

func TestResultsAreWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(file, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &report{Machine: "m", Date: "d", Lines: []line{{ID: "x", Value: "0.9", Verdict: "missed", Note: "a | b"}}}
	if err := r.write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n" + begin, "| `x` |", "**missed**: a \\| b", end + "after\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("lacks %q: %s", want, text)
		}
	}
	if strings.Contains(string(text), "old") {
		t.Error("keeps the old results")
	}
	if err := r.write(filepath.Join(t.TempDir(), "none.md")); err == nil {
		t.Error("a file that is not there is no error")
	}
}
