package mockserver_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

func text(s string) *string { return &s }

func TestMatcher(t *testing.T) {
	t.Parallel()
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	jsonBody := http.Header{"Content-Type": {"application/json"}, "X-Trace": {"t 1"}}
	tests := []struct {
		name   string
		match  mockserver.ParameterMatch
		query  string
		header http.Header
		body   string
		want   bool
	}{
		{"Equals", mockserver.ParameterMatch{Name: "a", Equals: text("1 2")}, "a=1+2", nil, "", true},
		{"ErrEquals", mockserver.ParameterMatch{Name: "a", Equals: text("1")}, "a=12", nil, "", false},
		{"FirstCounts", mockserver.ParameterMatch{Name: "a", Equals: text("2")}, "a=1&a=2", nil, "", false},
		{"EmptyIsSent", mockserver.ParameterMatch{Name: "a", Equals: text("")}, "a=", nil, "", true},
		{"Absent", mockserver.ParameterMatch{Name: "a", Absent: true}, "b=1", nil, "", true},
		{"ErrAbsent", mockserver.ParameterMatch{Name: "a", Absent: true}, "a=", nil, "", false},
		{"Contains", mockserver.ParameterMatch{Name: "a", Contains: text("é")}, "a=caf%C3%A9s", nil, "", true},
		{"Matches", mockserver.ParameterMatch{Name: "a", Matches: text("^[0-9]+$")}, "a=12", nil, "", true},
		{"ErrMatches", mockserver.ParameterMatch{Name: "a", Matches: text("^[0-9]+$")}, "a=12x", nil, "", false},
		{"Both", mockserver.ParameterMatch{Name: "a", Matches: text("^x"), Contains: text("y")}, "a=xz", nil, "", false},
		{"Form", mockserver.ParameterMatch{Name: "a", Equals: text("1")}, "", form, "b=2&a=1", true},
		{"QueryBeforeForm", mockserver.ParameterMatch{Name: "a", Equals: text("1")}, "a=0", form, "a=1", false},
		{"Body", mockserver.ParameterMatch{Name: "a", Equals: text("1")}, "", jsonBody, `{"a":"1"}`, true},
		{"BodyNumber", mockserver.ParameterMatch{Name: "a", Equals: text("1.50")}, "", jsonBody, `{"a":1.50}`, true},
		{"BodyNull", mockserver.ParameterMatch{Name: "a", Equals: text("null")}, "", jsonBody, `{"a":null}`, true},
		{"BodyList", mockserver.ParameterMatch{Name: "a", Equals: text(`[1,"<"]`)}, "", jsonBody, `{"a": [1, "<"]}`, true},
		{"BodyUndeclared", mockserver.ParameterMatch{Name: "a", Equals: text("1")}, "", nil, `{"a":"1"}`, true},
		{"ErrNotJSON", mockserver.ParameterMatch{Name: "a", Equals: text("1")}, "", jsonBody, `{"a":"1"} x`, false},
		{"Pointer", mockserver.ParameterMatch{Name: "/a/1/b~1c~0", Equals: text("1")}, "", jsonBody, `{"a":[0,{"b/c~":1}]}`, true},
		{"PointerNotQuery", mockserver.ParameterMatch{Name: "/a", Equals: text("1")}, "a=1", nil, "", false},
		{"ErrPointerIndex", mockserver.ParameterMatch{Name: "/a/01", Absent: true}, "", jsonBody, `{"a":[0,1]}`, true},
		{"ErrPointerPastEnd", mockserver.ParameterMatch{Name: "/a/2", Absent: true}, "", jsonBody, `{"a":[0,1]}`, true},
		{"ErrPointerScalar", mockserver.ParameterMatch{Name: "/a/b", Absent: true}, "", jsonBody, `{"a":1}`, true},
		{"Header", mockserver.ParameterMatch{Name: "x-trace", Equals: text("t 1")}, "", jsonBody, `{}`, true},
		{"Host", mockserver.ParameterMatch{Name: "host", Equals: text("acme.test")}, "", nil, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, err := mockserver.NewMatcher([]mockserver.ParameterMatch{tt.match})
			if err != nil {
				t.Fatal(err)
			}
			r := &mockserver.Request{RawPath: "/", RawQuery: tt.query, Host: "acme.test", Header: tt.header, Body: []byte(tt.body)}
			if got := m.Match(r, nil); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if missed := m.Mismatches(r, nil); (len(missed) == 0) != tt.want {
				t.Errorf("mismatches %+v though the match is %v", missed, tt.want)
			}
		})
	}
}

func TestMatcherErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		match mockserver.ParameterMatch
		says  string
	}{
		{"NoName", mockserver.ParameterMatch{Equals: text("1")}, "name is missing"},
		{"NoCondition", mockserver.ParameterMatch{Name: "a"}, "want one of"},
		{"AbsentAndEquals", mockserver.ParameterMatch{Name: "a", Absent: true, Equals: text("1")}, "absent cannot"},
		{"EqualsAndContains", mockserver.ParameterMatch{Name: "a", Equals: text("1"), Contains: text("1")}, "leave contains"},
		{"Expression", mockserver.ParameterMatch{Name: "a", Matches: text("(")}, "missing closing )"},
		{"Pointer", mockserver.ParameterMatch{Name: "/a/~2", Absent: true}, "~0"},
		{"PointerEnd", mockserver.ParameterMatch{Name: "/a~0b/c~", Absent: true}, "~0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fine := mockserver.ParameterMatch{Name: "fine", Absent: true}
			_, err := mockserver.NewMatcher([]mockserver.ParameterMatch{fine, tt.match})
			if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "parameters[1]") {
				t.Errorf("got %v, want the second condition and %q named", err, tt.says)
			}
		})
	}
}

func TestMatcherMismatches(t *testing.T) {
	t.Parallel()
	m, err := mockserver.NewMatcher([]mockserver.ParameterMatch{
		{Name: "a", Equals: text("1")}, {Name: "b", Equals: text("2")}, {Name: "c", Contains: text("x"), Matches: text("y$")}})
	if err != nil {
		t.Fatal(err)
	}
	got := m.Mismatches(&mockserver.Request{RawQuery: "a=1&b=3"}, nil)
	want := []mockserver.Mismatch{{Name: "b", Want: `equals "2"`, Got: "3", Sent: true}, {Name: "c", Want: `contains "x" and matches "y$"`}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestMatcherSharesNothing is for the race detector: one request of the journal, read by many.
func TestMatcherSharesNothing(t *testing.T) {
	t.Parallel()
	m, err := mockserver.NewMatcher([]mockserver.ParameterMatch{{Name: "a", Matches: text("1")}, {Name: "b", Equals: text("2")}})
	if err != nil {
		t.Fatal(err)
	}
	r := &mockserver.Request{RawQuery: "a=1", Header: http.Header{}, Body: []byte(`{"b":2}`)}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !m.Match(r, nil) {
				t.Error("no match")
			}
		})
	}
	wg.Wait()
}
