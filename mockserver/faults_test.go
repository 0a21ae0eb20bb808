package mockserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// troubled is a server whose default world has fault rules, and a client that keeps no connections: a kept one would
// let net/http send a request again by itself.
type troubled struct {
	*mockserver.Running
	world  *mockserver.World
	client *http.Client

	mu     sync.Mutex
	waited []time.Duration
}

func trouble(t *testing.T, setting mockserver.WorldSetting, rules ...mockserver.FaultRule) *troubled {
	t.Helper()
	tr := &troubled{client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	for i := range rules {
		if rules[i].Vendor == "" {
			rules[i].Vendor = "acme"
		}
	}
	tr.Running = start(t, mockserver.Options{World: setting, Sleep: tr.sleep})
	var err error
	if tr.world, err = tr.World(mockserver.DefaultWorld); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.world.AddFaults(rules...); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *troubled) sleep(_ context.Context, d time.Duration) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.waited = append(tr.waited, d)
	return nil
}

func (tr *troubled) waits() []time.Duration {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.waited
}

// heard is what a client hears.
type heard struct {
	status int
	header http.Header
	body   string
	err    error // of the call, or of reading the body
	length int64
}

func (h heard) code() string {
	var e struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(h.body), &e)
	return e.Code
}

func (tr *troubled) send(t *testing.T, method, path, body string, header http.Header) heard {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, tr.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := tr.client.Do(req)
	if err != nil {
		return heard{err: err}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return heard{resp.StatusCode, resp.Header, string(data), err, resp.ContentLength}
}

const getDemo = "/acme/notes/demo?mode=a"

func (tr *troubled) get(t *testing.T) heard {
	t.Helper()
	return tr.send(t, "GET", getDemo, "", demoKey())
}

func (tr *troubled) put(t *testing.T, id string) heard {
	t.Helper()
	return tr.send(t, "POST", "/acme/notes", `{"id":"`+id+`","text":"t"}`, jsonKey())
}

// newest is the last entry of the journal, which for a faulted call is complete when the client has heard all.
func (tr *troubled) newest(t *testing.T) mockserver.EntryView {
	t.Helper()
	entries := requests(t, tr.Running, mockserver.JournalQuery{Limit: 1})
	if len(entries) != 1 {
		t.Fatal("the journal is empty")
	}
	return entries[0]
}

const demoNote = `{"id":"demo","text":"hello"}`

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
}

func seconds(n float64) mockserver.Duration { return mockserver.Duration(n * float64(time.Second)) }

func number[T any](v T) *T { return &v }

func TestFaultEffects(t *testing.T) {
	t.Parallel()
	type effect = mockserver.FaultEffect
	tests := []struct {
		name    string
		effect  effect
		want    func(h heard) bool
		waits   []time.Duration
		effects []string
		wire    string
	}{
		{"Error", effect{Error: "NoNote"},
			func(h heard) bool {
				return h.status == 404 && h.code() == "NoNote" && strings.Contains(h.body, "No note mode.")
			},
			nil, []string{"error NoNote"}, ""},
		{"ErrorWithParameter", effect{Error: "Range", Parameter: "size"},
			func(h heard) bool { return h.status == 400 && strings.Contains(h.body, "size is out of range.") },
			nil, []string{"error Range"}, ""},
		{"ErrorOfTheGateway", effect{Error: "Broken"},
			func(h heard) bool { return h.status == 500 && h.code() == "Broken" },
			nil, []string{"error Broken"}, ""},
		{"Throttle", effect{Throttle: &mockserver.Throttling{}},
			func(h heard) bool {
				return h.status == 429 && h.code() == "Slow" && h.header.Get("Retry-After") == "" && h.header.Get("X-Wait") == "0s"
			},
			nil, []string{"throttle Slow"}, ""},
		{"ThrottleRetryAfter", effect{Throttle: &mockserver.Throttling{RetryAfter: seconds(90)}},
			func(h heard) bool {
				return h.status == 429 && h.header.Get("Retry-After") == "90" && h.header.Get("X-Wait") == "1m30s"
			},
			nil, []string{"throttle Slow"}, ""},
		{"LatencyFixed", effect{Latency: &mockserver.Latency{Fixed: seconds(1.5)}},
			func(h heard) bool { return h.status == 200 && h.body == demoNote },
			[]time.Duration{1500 * time.Millisecond}, []string{"latency 1.5s"}, ""},
		{"LatencyAndError", effect{Latency: &mockserver.Latency{Fixed: seconds(2)}, Error: "Broken"},
			func(h heard) bool { return h.code() == "Broken" },
			[]time.Duration{2 * time.Second}, []string{"latency 2s", "error Broken"}, ""},
		{"Reset", effect{Reset: true},
			func(h heard) bool { return isReset(h.err) },
			nil, []string{"reset"}, "connection reset"},
		{"LatencyAndReset", effect{Reset: true, Latency: &mockserver.Latency{Fixed: seconds(1)}},
			func(h heard) bool { return isReset(h.err) },
			[]time.Duration{time.Second}, []string{"latency 1s", "reset"}, "connection reset"},
		{"Cut", effect{Cut: &mockserver.Cut{}},
			func(h heard) bool {
				return errors.Is(h.err, io.ErrUnexpectedEOF) && h.length == 28 && h.body == demoNote[:14]
			},
			nil, []string{"cut"}, "cut after 14 of 28 bytes"},
		{"CutAtOnce", effect{Cut: &mockserver.Cut{After: number(0)}},
			func(h heard) bool {
				return h.status == 200 && errors.Is(h.err, io.ErrUnexpectedEOF) && h.length == 28 && h.body == ""
			},
			nil, []string{"cut"}, "cut after 0 of 28 bytes"},
		{"CutPastTheEnd", effect{Cut: &mockserver.Cut{After: number(1000)}},
			func(h heard) bool { return errors.Is(h.err, io.ErrUnexpectedEOF) && h.body == demoNote[:27] },
			nil, []string{"cut"}, "cut after 27 of 28 bytes"},
		{"CutError", effect{Error: "Broken", Cut: &mockserver.Cut{After: number(5)}},
			func(h heard) bool {
				return h.status == 500 && errors.Is(h.err, io.ErrUnexpectedEOF) && len(h.body) == 5
			},
			nil, []string{"error Broken", "cut"}, "cut after 5 of 37 bytes"},
		{"Drip", effect{Drip: &mockserver.Drip{Bytes: 10, Every: seconds(0.25)}},
			func(h heard) bool { return h.err == nil && h.body == demoNote && h.length == 28 },
			[]time.Duration{250 * time.Millisecond, 250 * time.Millisecond}, []string{"drip 10 bytes every 250ms"}, "28 bytes dripped in 3 pieces"},
		{"DripAndCut", effect{Drip: &mockserver.Drip{Bytes: 10, Every: seconds(1)}, Cut: &mockserver.Cut{After: number(20)}},
			func(h heard) bool { return errors.Is(h.err, io.ErrUnexpectedEOF) && h.body == demoNote[:20] },
			[]time.Duration{time.Second}, []string{"cut", "drip 10 bytes every 1s"}, "20 bytes dripped in 2 pieces; cut after 20 of 28 bytes"},
		{"MalformedTruncated", effect{Malformed: "truncated"},
			func(h heard) bool {
				return h.err == nil && h.status == 200 && h.length == 14 && h.body == demoNote[:14]
			},
			nil, []string{"malformed truncated"}, ""},
		{"MalformedGarbage", effect{Malformed: "garbage"},
			func(h heard) bool {
				return h.err == nil && h.status == 200 && len(h.body) == 28 && !json.Valid([]byte(h.body)) && h.header.Get("Content-Type") != ""
			},
			nil, []string{"malformed garbage"}, ""},
		{"ContentType", effect{ContentType: "text/html"},
			func(h heard) bool { return h.body == demoNote && h.header.Get("Content-Type") == "text/html" },
			nil, []string{"content_type text/html"}, ""},
		{"ContentTypeOfError", effect{Error: "Broken", ContentType: "text/html", Malformed: "truncated"},
			func(h heard) bool {
				return h.status == 500 && h.header.Get("Content-Type") == "text/html" && !json.Valid([]byte(h.body))
			},
			nil, []string{"error Broken", "malformed truncated", "content_type text/html"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{ID: "it", Operation: "GetNote", Times: 1, Effect: tt.effect})
			if h := tr.get(t); !tt.want(h) {
				t.Errorf("the client heard %+v", h)
			}
			if got := tr.waits(); !equal(got, tt.waits) {
				t.Errorf("waited %v, want %v", got, tt.waits)
			}
			e := tr.newest(t)
			if f := e.Fault; f == nil || f.ID != "it" || f.Preferred || !equal(f.Effects, tt.effects) || f.Wire != tt.wire || !e.Complete || e.ClientGone {
				t.Errorf("the journal says %+v of %+v, want %v, %q", f, e, tt.effects, tt.wire)
			}
			if h := tr.get(t); h.err != nil || h.body != demoNote {
				t.Errorf("the next call heard %+v", h)
			}
			if f := tr.newest(t).Fault; f != nil {
				t.Errorf("the journal says %+v of a call that no fault met", f)
			}
		})
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestFaultMoments wants nothing done before the handler, and everything done after it, whatever the client hears.
func TestFaultMoments(t *testing.T) {
	t.Parallel()
	type effect = mockserver.FaultEffect
	broken := func(h heard) bool { return h.code() == "Broken" }
	for _, tt := range []struct {
		name   string
		moment mockserver.Moment
		effect effect
		heard  func(heard) bool
		done   bool
		settle mockserver.Moment
	}{
		{"ErrorBefore", "before", effect{Error: "Broken"}, broken, false, "before"},
		{"ErrorBeforeByDefault", "", effect{Error: "Broken"}, broken, false, "before"},
		{"ErrorAfter", "after", effect{Error: "Broken"}, broken, true, "after"},
		{"ThrottleAfter", "after", effect{Throttle: &mockserver.Throttling{}}, func(h heard) bool { return h.status == 429 }, true, "after"},
		{"ResetBefore", "before", effect{Reset: true}, func(h heard) bool { return isReset(h.err) }, false, "before"},
		{"ResetAfter", "after", effect{Reset: true}, func(h heard) bool { return isReset(h.err) }, true, "after"},
		{"CutAfterByDefault", "", effect{Cut: &mockserver.Cut{}}, func(h heard) bool { return errors.Is(h.err, io.ErrUnexpectedEOF) }, true, "after"},
		{"LatencyBefore", "before", effect{Latency: &mockserver.Latency{Fixed: seconds(1)}}, func(h heard) bool { return h.status == 200 }, true, "before"},
		{"LatencyAfter", "after", effect{Latency: &mockserver.Latency{Fixed: seconds(1)}}, func(h heard) bool { return h.status == 200 }, true, "after"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{Operation: "PutNote", Moment: tt.moment, Effect: tt.effect})
			if h := tr.put(t, "mine"); !tt.heard(h) {
				t.Errorf("the client heard %+v", h)
			}
			if f := tr.newest(t).Fault; f == nil || f.Moment != tt.settle {
				t.Errorf("the journal says %+v, want the moment %s", f, tt.settle)
			}
			found := tr.send(t, "GET", "/acme/notes/mine?mode=", "", demoKey())
			if done := found.status == 200; done != tt.done {
				t.Errorf("the note is there: %v, want %v", done, tt.done)
			}
		})
	}
}

// TestFaultAfterRefusal wants that the journal tells what the caller did not hear, and that a bug is not hidden.
func TestFaultAfterRefusal(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{Moment: "after", Effect: mockserver.FaultEffect{Error: "Slow"}})
	if h := tr.send(t, "GET", "/acme/notes/nobody?mode=", "", demoKey()); h.code() != "Slow" {
		t.Errorf("heard %+v", h)
	}
	if f := tr.newest(t).Fault; f == nil || f.Hidden != "NoNote" {
		t.Errorf("the journal says %+v, want NoNote hidden", f)
	}
}

func TestFaultHidesNoBug(t *testing.T) {
	t.Parallel()
	bugs := 0
	srv := start(t, mockserver.Options{OnBug: func(error) { bugs++ }, World: mockserver.WorldSetting{
		Faults: []mockserver.FaultRule{{Vendor: "acme", Moment: "after", Effect: mockserver.FaultEffect{Error: "Slow", Malformed: "garbage"}}}}})
	if got := send(t, "GET", srv.URL+"/acme/notes/panic?mode=", "", demoKey()); got.body["code"] != "Broken" || bugs != 1 {
		t.Errorf("%d bugs and %s, want one and Broken", bugs, got.raw)
	}
}

// TestFaultsHideNoMistake wants that calls which fail authentication or validation neither meet a fault nor count.
func TestFaultsHideNoMistake(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{}, mockserver.FaultRule{ID: "it", Effect: mockserver.FaultEffect{Error: "Slow"}})
	for path, want := range map[string]string{"/acme/else": "NoPath", "/acme/notes/demo": "Missing", "/acme/notes/demo?mode=a&size=11": "Range"} {
		if h := tr.send(t, "GET", path, "", demoKey()); h.code() != want {
			t.Errorf("%s: heard %s, want %s", path, h.body, want)
		}
	}
	if h := tr.send(t, "GET", getDemo, "", withKey(http.Header{}, "wrong")); h.code() != "NoKey" {
		t.Errorf("heard %s, want NoKey", h.body)
	}
	if st, err := tr.world.Fault("it"); err != nil || st.Matched != 0 || st.Acted != 0 {
		t.Errorf("got %+v, %v", st, err)
	}
}
