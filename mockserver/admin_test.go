package mockserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

func TestAdminWorlds(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	admin := srv.URL + "/__admin"
	made := send(t, "POST", admin+"/worlds", `{"name":"mine","seed":7}`, nil)
	if made.status != 201 {
		t.Fatalf("got %d %s", made.status, made.raw)
	}
	mine := made.body["env"].(map[string]any)["acme"].(map[string]any)["key"].(string)
	if mine == "demo-key" {
		t.Fatal("the new world has the demo world's credentials")
	}
	if got := send(t, "POST", srv.URL+"/acme/notes", `{"id":"only","text":"here"}`, func() http.Header { h := jsonKey(); return withKey(h, mine) }()); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/only?mode=", "", demoKey()); got.status != 404 {
		t.Errorf("the default world sees another world's record: %s", got.raw)
	}
	if got := send(t, "GET", admin+"/worlds/mine/notes/only", "", nil); got.body["text"] != "here" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	h := withKey(http.Header{}, mine)
	h.Set("X-Countersign-World", "default")
	if got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", h); got.body["code"] != "NoKey" {
		t.Errorf("got %s, want the header to select a world that does not know the key", got.raw)
	}
	if got := send(t, "POST", admin+"/worlds/mine/reset", "", nil); got.status != 200 {
		t.Errorf("reset: %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/only?mode=", "", withKey(http.Header{}, mine)); got.body["code"] != "NoNote" {
		t.Errorf("got %s, want the same key and no record after a reset", got.raw)
	}
	if got := send(t, "DELETE", admin+"/worlds/mine", "", nil); got.status != 204 {
		t.Errorf("delete: %d %s", got.status, got.raw)
	}
	if got := send(t, "GET", srv.URL+"/acme/notes/demo?mode=", "", withKey(http.Header{}, mine)); got.body["code"] != "NoKey" {
		t.Errorf("got %s, want the key of a deleted world unknown", got.raw)
	}
}

func TestAdminErrors(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	foreign := http.Header{"Origin": {"https://elsewhere.test"}}
	for _, tt := range []struct {
		method, path, body string
		header             http.Header
		status             int
		says               string
	}{
		{"GET", "/nothing", "", nil, 404, "no admin operation"},
		{"GET", "/worlds/none", "", nil, 404, `"none"`},
		{"POST", "/worlds", `{"name":"default"}`, nil, 409, "already"},
		{"POST", "/worlds", `{"nam":"x"}`, nil, 400, "nam"},
		{"POST", "/worlds", `{"keep_credentials":true}`, nil, 409, "belongs to"},
		{"POST", "/worlds", `{"name":"../x"}`, nil, 400, "letters"},
		{"DELETE", "/worlds/default", "", nil, 409, "reset"},
		{"GET", "/worlds/default/none", "", nil, 404, "acme.notes"},
		{"GET", "/worlds/default/notes/none", "", nil, 404, "none"},
		{"GET", "/worlds/default/notes?limit=x", "", nil, 400, "whole numbers"},
		{"POST", "/worlds/default/states", `{}`, nil, 400, "states lists"},
		{"POST", "/worlds/default/states", `{"name":"none"}`, nil, 404, "none"},
		{"POST", "/worlds/default/states", `{"name":"a note","params":{"x":1}}`, nil, 400, "takes"},
		{"POST", "/worlds/default/states", `{"name":"a note","params":{"count":"x"}}`, nil, 400, "whole number"},
		{"GET", "/requests?limit=x", "", nil, 400, "whole number"},
		{"GET", "/health", "", foreign, 403, "elsewhere"},
	} {
		t.Run(tt.method+tt.path+tt.body, func(t *testing.T) {
			t.Parallel()
			got := send(t, tt.method, srv.URL+"/__admin"+tt.path, tt.body, tt.header)
			text, _ := got.body["countersign"].(string)
			if got.status != tt.status || !strings.Contains(text, tt.says) {
				t.Errorf("got %d %s, want %d and %q", got.status, got.raw, tt.status, tt.says)
			}
		})
	}
}

func TestAdminToken(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{AdminToken: "open"})
	for token, want := range map[string]int{"": 401, "Bearer shut": 401, "Bearer open": 200} {
		if got := send(t, "GET", srv.URL+"/__admin/health", "", http.Header{"Authorization": {token}}); got.status != want {
			t.Errorf("token %q: %d, want %d", token, got.status, want)
		}
	}
}

func TestProviderStates(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	states := srv.URL + "/__admin/worlds/default/states"
	for _, body := range []string{
		`{"name":"a note","params":{"id":"n1"}}`,
		`{"state":"a note","params":{"id":"n1"},"action":"setup","consumer":"c"}`,
		`{"states":["a note"],"params":{"id":"n1"}}`,
	} {
		if got := send(t, "POST", states, body, nil); got.status != 200 || got.body["id"] != "n1" {
			t.Errorf("%s: got %d %s", body, got.status, got.raw)
		}
	}
	if got := send(t, "POST", states, `{"state":"a note","action":"teardown"}`, nil); got.status != 200 || len(got.body) != 0 {
		t.Errorf("teardown: %d %s", got.status, got.raw)
	}
	list := send(t, "GET", srv.URL+"/__admin/worlds/default/acme.notes?skip=1&limit=1", "", nil)
	if list.body["total"] != 2.0 || len(list.body["records"].([]any)) != 1 {
		t.Errorf("got %s, want one of two records", list.raw)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	send(t, "GET", srv.URL+"/acme/notes/demo?mode=&x=1", "", withKey(http.Header{}, "wrong"))
	h := jsonKey()
	h.Set("Authorization", "Bearer hush")
	send(t, "POST", srv.URL+"/acme/notes", `{"id":"a","text":"b","secret":"hush"}`, h)
	send(t, "GET", srv.URL+"/acme/notes/demo?mode=&x=1", "", demoKey())
	got := send(t, "GET", srv.URL+"/__admin/requests", "", nil)
	if strings.Contains(got.raw, "hush") {
		t.Errorf("the journal shows a secret: %s", got.raw)
	}
	list := requests(t, srv, mockserver.JournalQuery{})
	if len(list) != 3 {
		t.Fatalf("%d entries, want 3", len(list))
	}
	if e := list[0]; !e.Complete || e.Operation != "GetNote" || e.Reply.Status != 200 || len(e.Warnings) != 1 || !strings.Contains(e.Warnings[0], "x is not documented") {
		t.Errorf("entry %+v", e)
	}
	x := list[2].Explanation
	if x == nil || x.Mistake != "swapped" || x.FirstDifference == nil || x.FirstDifference.Offset != 2 || x.FirstDifference.Client != "è" {
		t.Errorf("explanation %+v, want the swapped byte at 2", x)
	}
	if only, _ := srv.Requests(mockserver.JournalQuery{Code: "NoKey", Status: 401, Vendor: "acme", World: "default", Operation: "GetNote"}); len(only) != 1 {
		t.Errorf("%d entries with NoKey, want 1", len(only))
	}
}

func TestJournalBudget(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 8 << 10})
	for i := range 40 {
		send(t, "GET", fmt.Sprintf("%s/acme/notes/demo?mode=&i=%d", srv.URL, i), "", demoKey())
	}
	list, evicted := srv.Requests(mockserver.JournalQuery{})
	if len(list) == 0 || len(list) > 16 || evicted != uint64(40-len(list)) {
		t.Errorf("%d entries and %d evicted, want a few and the rest", len(list), evicted)
	}
	if !strings.HasSuffix(list[0].Request.URI, "i=39") {
		t.Errorf("the newest entry is %s", list[0].Request.URI)
	}
}

// TestJournalChargesForExplanations wants that refused signatures, which keep more than their request, fill the budget
// sooner than others.
func TestJournalChargesForExplanations(t *testing.T) {
	t.Parallel()
	kept := func(key string) int {
		srv := start(t, mockserver.Options{JournalBytes: 64 << 10})
		for i := range 60 {
			target := fmt.Sprintf("%s/acme/notes/demo?mode=&i=%d&pad=%s", srv.URL, i, strings.Repeat("x", 1000))
			send(t, "GET", target, "", withKey(http.Header{}, key))
		}
		list, _ := srv.Requests(mockserver.JournalQuery{})
		return len(list)
	}
	if refused, served := kept("wrong"), kept("demo-key"); refused >= served || refused == 0 {
		t.Errorf("%d refused and %d served requests fit", refused, served)
	}
}
