package mockserver_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// samples reads the text form of Prometheus, strictly: every line is a sample or says what the next ones are.
func samples(t *testing.T, text string) map[string]float64 {
	t.Helper()
	line := regexp.MustCompile(`^([a-z_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (\S+)$`)
	out := map[string]float64{}
	typed := map[string]bool{}
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if rest, ok := strings.CutPrefix(l, "# TYPE "); ok {
			name, _, _ := strings.Cut(rest, " ")
			if typed[name] {
				t.Errorf("%s has two types", name)
			}
			typed[name] = true
			continue
		}
		if strings.HasPrefix(l, "# HELP ") {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("no sample: %s", l)
		}
		family, _, _ := strings.Cut(m[1], "{")
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(family, suffix); ok && typed[base] {
				family = base
			}
		}
		if !typed[family] {
			t.Errorf("%s has no type", family)
		}
		v, err := strconv.ParseFloat(m[2], 64)
		if _, twice := out[m[1]]; err != nil || twice {
			t.Errorf("%s: %v, twice %v", l, err, twice)
		}
		out[m[1]] = v
	}
	return out
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for range 70 { // the stages of one in 64 are timed
		send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", demoKey())
	}
	send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", nil)
	send(t, "GET", srv.URL+"/acme/nothing", "", demoKey())
	send(t, "GET", srv.URL+"/nobodys", "", nil)
	w, err := srv.World("default")
	if err == nil {
		_, err = w.AddFaults(mockserver.FaultRule{Vendor: "acme", Effect: mockserver.FaultEffect{Reset: true}})
	}
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/acme/notes/demo?mode=", http.NoBody)
	req.Header = demoKey()
	once := &http.Transport{DisableKeepAlives: true} // or the client would try again
	if resp, err := once.RoundTrip(req); err == nil {
		resp.Body.Close()
		t.Fatal("it was not reset")
	}
	send(t, "POST", srv.URL+"/__admin/worlds", `{"name":"more"}`, nil)
	got := samples(t, get(t, srv.URL+"/__admin/metrics"))
	for name, want := range map[string]float64{
		`countersign_http_requests_total{vendor="acme",operation="GetNote",status="200"}`:                            70,
		`countersign_http_requests_total{vendor="acme",operation="GetNote",status="401"}`:                            1,
		`countersign_http_requests_total{vendor="acme",operation="GetNote",status="0"}`:                              1,
		`countersign_http_requests_total{vendor="acme",operation="",status="404"}`:                                   1,
		`countersign_http_requests_total{vendor="",operation="",status="404"}`:                                       1,
		`countersign_http_request_duration_seconds_count{vendor="acme",operation="GetNote",status="200"}`:            70,
		`countersign_http_request_duration_seconds_bucket{vendor="acme",operation="GetNote",status="200",le="+Inf"}`: 70,
		`countersign_http_stage_duration_seconds_count{stage="receive"}`:                                             1,
		`countersign_http_stage_duration_seconds_count{stage="handle"}`:                                              1,
		`countersign_http_stage_duration_seconds_count{stage="write"}`:                                               1,
		`countersign_worlds`:                  2,
		`countersign_journal_entries`:         74,
		`countersign_journal_forgotten_total`: 0,
		`countersign_bugs_total`:              0,
		`countersign_panics_total`:            0,
		`countersign_journal_budget_bytes`:    mockserver.DefaultJournalBytes,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", name, v, ok, want)
		}
	}
	for _, name := range []string{"go_goroutines", "go_memstats_heap_alloc_bytes", "countersign_journal_bytes"} {
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	send(t, "DELETE", srv.URL+"/__admin/requests", "", nil)
	if got = samples(t, get(t, srv.URL+"/__admin/metrics")); got["countersign_journal_entries"] != 0 || got["countersign_journal_forgotten_total"] != 74 {
		t.Errorf("after the journal was cleared: %v entries, %v forgotten", got["countersign_journal_entries"], got["countersign_journal_forgotten_total"])
	}
}

// A call falls into the bucket of its duration, and into all above it.
func TestMetricsBuckets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	wall := func() time.Time { now = now.Add(30 * time.Millisecond); return now } // asked by one request at a time
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Wall: wall})
	if err != nil {
		t.Fatal(err)
	}
	serve := func(path string) string {
		w := &body{sink: sink{header: http.Header{}}}
		r, err := http.NewRequestWithContext(t.Context(), "GET", path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI, r.Header = path, demoKey()
		srv.Handler().ServeHTTP(w, r)
		return w.text.String()
	}
	serve("/acme/notes/demo?mode=")
	got := samples(t, serve("/__admin/metrics"))
	const series = `countersign_http_request_duration_seconds_%s{vendor="acme",operation="GetNote",status="200"%s}`
	took := got[fmt.Sprintf(series, "sum", "")]
	if took <= 0 {
		t.Fatalf("it took %v s", took)
	}
	for _, le := range []float64{0.00005, 0.005, 0.025, 0.1, 1, 10} {
		want := 0.0
		if took <= le {
			want = 1
		}
		name := fmt.Sprintf(series, "bucket", `,le="`+strconv.FormatFloat(le, 'g', -1, 64)+`"`)
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v: it took %v s", name, v, ok, want, took)
		}
	}
}

// body keeps what is written.
type body struct {
	sink
	text strings.Builder
}

func (b *body) Write(p []byte) (int, error) { return b.text.Write(p) }
