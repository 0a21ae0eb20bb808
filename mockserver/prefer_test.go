package mockserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

func preferring(values ...string) http.Header {
	h := demoKey()
	h["Prefer"] = values
	return h
}

func TestPrefer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prefer  []string
		status  int
		code    string
		applied string
	}{
		{"ByName", []string{"code=NoNote"}, 404, "NoNote", `code="NoNote"`},
		{"Quoted", []string{`wait=5, code="NoNote"; x=1`}, 404, "NoNote", `code="NoNote"`},
		{"SecondHeader", []string{"return=minimal", "Code = Slow"}, 429, "Slow", `code="Slow"`},
		{"FirstCounts", []string{"code=Slow, code=NoNote"}, 429, "Slow", `code="Slow"`},
		{"ByStatus", []string{"code=429"}, 429, "Slow", `code="429"`},
		{"FirstOfStatus", []string{"code=404"}, 404, "NoPath", `code="404"`},
		{"OtherPreference", []string{"return=minimal"}, 200, "", ""},
		{"WithinQuotes", []string{`x="code=Slow", y`}, 200, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := trouble(t, mockserver.WorldSetting{Prefer: true})
			h := tr.send(t, "GET", getDemo, "", preferring(tt.prefer...))
			if h.status != tt.status || h.code() != tt.code || h.header.Get("Preference-Applied") != tt.applied {
				t.Errorf("heard %+v, want %d %s", h, tt.status, tt.code)
			}
			if f := tr.newest(t).Fault; (f != nil && f.Preferred && f.ID == "") != (tt.applied != "") {
				t.Errorf("the journal says %+v", f)
			}
			if h := tr.get(t); h.status != 200 {
				t.Errorf("the next call heard %+v", h)
			}
		})
	}
}

func TestPreferUnknown(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{Prefer: true}, mockserver.FaultRule{ID: "it", Effect: mockserver.FaultEffect{Error: "Broken"}})
	h := tr.send(t, "GET", getDemo, "", preferring("code=NoNot"))
	if h.status != 400 || !strings.Contains(h.body, `"countersign"`) || !strings.Contains(h.body, "NoNote") || h.header.Get("Preference-Applied") != "" {
		t.Errorf("heard %+v, want countersign's own answer with the names", h)
	}
	if h := tr.send(t, "GET", getDemo, "", preferring("code=Slow")); h.code() != "Slow" {
		t.Errorf("heard %+v, want the header before the rule", h)
	}
	if st, err := tr.world.Fault("it"); err != nil || st.Matched != 0 {
		t.Errorf("the rule counted: %+v, %v", st, err)
	}
	if h := tr.send(t, "GET", "/acme/notes/demo?mode=c", "", preferring("code=Slow")); h.code() != "Range" {
		t.Errorf("heard %+v, want the client's own mistake", h)
	}
}

// TestPreferNotAllowed wants the header without effect but for a warning, in a strict world too.
func TestPreferNotAllowed(t *testing.T) {
	t.Parallel()
	tr := trouble(t, mockserver.WorldSetting{Strict: true})
	if h := tr.send(t, "GET", getDemo, "", preferring("code=Slow")); h.status != 200 || h.header.Get("Preference-Applied") != "" {
		t.Errorf("heard %+v", h)
	}
	if e := tr.newest(t); len(e.Warnings) != 1 || !strings.Contains(e.Warnings[0], "prefer: true") || e.Fault != nil {
		t.Errorf("the journal says %+v", e)
	}
	tr.send(t, "GET", getDemo, "", preferring("return=minimal"))
	if e := tr.newest(t); len(e.Warnings) != 0 {
		t.Errorf("warned of another preference: %v", e.Warnings)
	}
}
