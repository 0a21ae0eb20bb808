package mockserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestVerify has three calls of GetNote (one refused) and one of PutNote, and nothing evicted.
func TestVerify(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	send(t, "GET", srv.URL+"/acme/notes/demo?mode=a&size=3", "", demoKey())
	send(t, "GET", srv.URL+"/acme/notes/demo?mode=b&size=4", "", demoKey())
	send(t, "GET", srv.URL+"/acme/notes/none?mode=a", "", demoKey())
	send(t, "POST", srv.URL+"/acme/notes", `{"id":"a","text":"b","secret":"hushhush"}`, jsonKey())
	for _, tt := range []struct {
		name, body string
		status     int
		says       []string
	}{
		{"OKAtLeastOne", `{"operation":"GetNote"}`, 202, []string{"expected: at least 1 request with operation GetNote", "actual:   3 requests (#1, #2, #3)"}},
		{"OKExactly", `{"operation":"GetNote","status":200,"exactly":2}`, 202, nil},
		{"OKNone", `{"status":500,"exactly":0}`, 202, []string{"no request with status 500"}},
		{"OKBetween", `{"at_least":3,"at_most":4}`, 202, []string{"at least 3 and at most 4 requests"}},
		{"ErrTooMany", `{"operation":"GetNote","at_most":2}`, 406, []string{"at most 2 requests", "3 requests (#1, #2, #3)"}},
		{"ErrNone", `{"operation":"PutNote","exactly":0}`, 406, []string{"no request with operation PutNote", "1 request (#4)"}},
		{"ErrTooFew", `{"operation":"GetNote","parameters":[{"name":"mode","equals":"b"},{"name":"size","equals":"5"}]}`, 406,
			[]string{`parameter size that equals "5"`, "closest:  #2 GET /acme/notes/demo 200 GetNote", `parameter size is "4", want one that equals "5"`}},
		{"ErrStatus", `{"operation":"GetNote","status":404,"exactly":2}`, 406, []string{"1 request (#3)", "closest:  #2", "the status is 200, want 404"}},
		{"ErrAbsent", `{"parameters":[{"name":"mode","absent":true}],"operation":"GetNote"}`, 406, []string{`parameter mode is "a", want one that is absent`}},
		{"ErrSecretStaysHidden", `{"operation":"PutNote","parameters":[{"name":"secret","equals":"x"}]}`, 406, []string{`parameter secret is "[redacted]"`}},
		{"ErrSecretWithin", `{"operation":"PutNote","parameters":[{"name":"nothing","equals":"x"}]}`, 406, []string{"parameter nothing was not sent"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, "POST", srv.URL+"/__admin/requests/verify", tt.body, nil)
			if got.status != tt.status {
				t.Errorf("got %d %s, want %d", got.status, got.raw, tt.status)
			}
			text, _ := got.body["text"].(string)
			for _, s := range tt.says {
				if !strings.Contains(text, s) {
					t.Errorf("it does not say %q:\n%s", s, text)
				}
			}
			if strings.Contains(got.raw, "hush") {
				t.Errorf("a secret is shown: %s", got.raw)
			}
			if told := got.body["countersign"] != nil; told != (tt.status != 202) {
				t.Errorf("the key countersign is there: %v", told)
			}
		})
	}
}

// TestVerifyOverEvictedEntries fills two worlds, one of which loses entries, and holds every kind of bound against what
// is known then.
func TestVerifyOverEvictedEntries(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 64 << 10})
	quiet, noisy := world(t, srv, "quiet"), world(t, srv, "noisy")
	for i := range 3 {
		call(t, srv, quiet, i, 0)
	}
	const made = 100
	for i := range made {
		call(t, srv, noisy, i, 0)
	}
	list, evicted := srv.Requests(mockserver.JournalQuery{World: "noisy"})
	left, lost := len(list), int(evicted)
	if left == 0 || lost == 0 || left+lost != made {
		t.Fatalf("%d left and %d lost", left, lost)
	}
	newestLost := list[len(list)-1].ID - 1 // the noisy world was alone from its first request on
	scope := func(format string, args ...any) string {
		return `{"world":"noisy",` + fmt.Sprintf(format, args...) + "}"
	}
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"EnoughAreLeft":            {scope(`"at_least":%d`, left), 202},
		"EvictedMayHaveBeenEnough": {scope(`"at_least":%d`, left+1), 409},
		"EvictedAllNeeded":         {scope(`"at_least":%d`, made), 409},
		"EvictedAreTooFew":         {scope(`"at_least":%d`, made+1), 406},
		"Exactly":                  {scope(`"exactly":%d`, made), 409},
		"ExactlyWhatIsLeft":        {scope(`"exactly":%d`, left), 409},
		"ExactlyFewer":             {scope(`"exactly":%d`, left-1), 406},
		"None":                     {scope(`"status":500,"exactly":0`), 409},
		"AtMostBeyondAll":          {scope(`"at_most":%d`, 10*made), 409},
		"AtMostBroken":             {scope(`"at_most":%d`, left-1), 406},
		"Between":                  {scope(`"at_least":1,"at_most":%d`, 10*made), 409},
		"AllWorlds":                {`{"status":500,"exactly":0}`, 409},
		"QuietWorld":               {`{"world":"quiet","exactly":3}`, 202},
		"AfterTheEvicted":          {scope(`"after":%d,"exactly":%d`, newestLost, left), 202},
		"FromTheLastEvictedOn":     {scope(`"after":%d,"exactly":%d`, newestLost-1, left), 409},
	} {
		got := send(t, "POST", srv.URL+"/__admin/requests/verify", tt.body, nil)
		if got.status != tt.status {
			t.Errorf("%s: %s: got %d %s, want %d", name, tt.body, got.status, got.raw, tt.status)
		}
		if text, _ := got.body["text"].(string); (got.status == 409) != strings.Contains(text, "incomplete: up to") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if got := send(t, "POST", srv.URL+"/__admin/requests/count", `{"world":"noisy"}`, nil); got.status != 409 || got.body["count"] != float64(left) || got.body["missed"] != float64(lost) {
		t.Errorf("count: %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", srv.URL+"/__admin/requests/count", `{"world":"quiet"}`, nil); got.status != 200 || got.raw != `{"count":3,"missed":0}` {
		t.Errorf("count: %d %s", got.status, got.raw)
	}
}

// TestOversizedEntryIsMissed: what does not fit at all is as much a gap as what was pushed out.
func TestOversizedEntryIsMissed(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 16 << 10})
	call(t, srv, demoKey(), 0, 20_000)
	call(t, srv, demoKey(), 1, 0)
	if list, evicted := srv.Requests(mockserver.JournalQuery{}); len(list) != 1 || evicted != 1 {
		t.Errorf("%d entries, %d evicted", len(list), evicted)
	}
	v, err := srv.Verify(mockserver.Expectation{JournalQuery: mockserver.JournalQuery{After: 1}})
	if err != nil || v.Outcome != mockserver.Holds {
		t.Errorf("after the gap: %v %v", v, err)
	}
}

func TestVerifySequence(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for _, path := range []string{"demo?mode=a", "none?mode=", "demo?mode=b", "demo?mode=a&size=2"} {
		send(t, "GET", srv.URL+"/acme/notes/"+path, "", demoKey())
	}
	mode := func(s string) string { return fmt.Sprintf(`{"parameters":[{"name":"mode","equals":%q}]}`, s) }
	steps := func(s ...string) string { return `{"world":"default","steps":[` + strings.Join(s, ",") + `]}` }
	for _, tt := range []struct {
		name, body string
		status     int
		says       []string
	}{
		{"OK", steps(mode("a"), mode("b"), mode("a")), 202, []string{"all of them: #1, #3, #4"}},
		{"OKGaps", steps(mode("a"), `{"parameters":[{"name":"size","equals":"2"}]}`), 202, []string{"#1, #4"}},
		{"OKOneEach", steps(mode("a"), mode("a")), 202, []string{"#1, #4"}},
		{"ErrOrder", steps(mode("b"), `{"error":"NoNote"}`), 406,
			[]string{`step 2 (world default, error NoNote) has no request after #3, which is step 1`, "#2 would be one, but it came before #3", "closest:  #4", "it has no error, want NoNote"}},
		{"ErrFirst", steps(`{"status":500}`), 406, []string{"step 1 (world default, status 500) has no request", "closest:  #4"}},
		{"ErrThreeOfTwo", steps(mode("a"), mode("a"), mode("a")), 406, []string{"step 3", "so far #1, #4"}},
		{"ErrAfter", `{"after":1,"steps":[{"parameters":[{"name":"mode","equals":"a"}]},{"parameters":[{"name":"mode","equals":"b"}]}]}`, 406, []string{"step 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, "POST", srv.URL+"/__admin/requests/verify-sequence", tt.body, nil)
			text, _ := got.body["text"].(string)
			if got.status != tt.status {
				t.Errorf("got %d, want %d:\n%s", got.status, tt.status, text)
			}
			for _, s := range tt.says {
				if !strings.Contains(text, s) {
					t.Errorf("it does not say %q:\n%s", s, text)
				}
			}
		})
	}
}

func TestVerifySequenceOverEvictedEntries(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{JournalBytes: 32 << 10})
	for i := range 60 {
		call(t, srv, demoKey(), i, 0)
	}
	i := func(n int) mockserver.JournalQuery {
		text := fmt.Sprint(n)
		return mockserver.JournalQuery{Parameters: []mockserver.ParameterMatch{{Name: "i", Equals: &text}}}
	}
	list, _ := srv.Requests(mockserver.JournalQuery{})
	for name, tt := range map[string]struct {
		q    mockserver.Sequence
		want mockserver.Outcome
	}{
		"FoundInWhatIsLeft":   {mockserver.Sequence{Steps: []mockserver.JournalQuery{i(58), i(59)}}, mockserver.Holds},
		"TheFirstWasEvicted":  {mockserver.Sequence{Steps: []mockserver.JournalQuery{i(0), i(59)}}, mockserver.Incomplete},
		"WrongOrder":          {mockserver.Sequence{Steps: []mockserver.JournalQuery{i(59), i(58)}}, mockserver.Incomplete},
		"WrongOrderAfterGaps": {mockserver.Sequence{After: list[len(list)-1].ID, Steps: []mockserver.JournalQuery{i(59), i(58)}}, mockserver.Fails},
	} {
		if v, err := srv.VerifySequence(tt.q); err != nil || v.Outcome != tt.want {
			t.Errorf("%s: %v %v, want %s", name, v, err, tt.want)
		}
	}
}

func TestUnmatchedNameWhatWasMeant(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	for _, tt := range []struct{ name, method, path, operation, differs string }{
		{"Misspelt", "GET", "/acme/nots/demo?mode=", "GetNote", `segment 2 of the path is "nots", the operation has "notes"`},
		{"Case", "GET", "/acme/Notes/demo", "GetNote", `segment 2 of the path is "Notes"`},
		{"Method", "PUT", "/acme/notes", "PutNote", "the method is PUT, the operation is served with POST"},
		{"TooLong", "GET", "/acme/v1/notes/demo", "GetNote", `segment 2 of the path, "v1", is one too many`},
		{"TooShort", "GET", "/acme/demo", "GetNote", `segment 2 of the path, "notes", is missing`},
		{"NoVendor", "GET", "/acm/notes/demo", "GetNote", `segment 1 of the path is "acm", the operation has "acme"`},
		{"FinalSlash", "POST", "/acme/notes/", "PutNote", `segment 3 of the path, "", is one too many`},
		{"Nothing", "GET", "/what/ever/this/is/for", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			send(t, "DELETE", srv.URL+"/__admin/requests", "", nil)
			send(t, tt.method, srv.URL+tt.path, "", demoKey())
			list, _, err := srv.Unmatched(mockserver.JournalQuery{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%d entries, %v", len(list), err)
			}
			misses := list[0].NearMisses
			if tt.operation == "" {
				if len(misses) != 0 {
					t.Errorf("it is near %+v", misses)
				}
				return
			}
			if len(misses) == 0 || misses[0].Operation != tt.operation || !strings.Contains(strings.Join(misses[0].Differs, "; "), tt.differs) {
				t.Errorf("got %+v, want %s and %q", misses, tt.operation, tt.differs)
			}
		})
	}
	send(t, "GET", srv.URL+"/acme/nots/demo", "", http.Header{"Authorization": {"Bearer hush"}, "X-Key": {"demo-key"}})
	got := send(t, "GET", srv.URL+"/__admin/requests/unmatched?limit=1", "", nil)
	if !strings.Contains(got.raw, `"near_misses":[{"vendor":"acme","operation":"GetNote"`) || strings.Contains(got.raw, "hush") {
		t.Errorf("got %s", got.raw)
	}
}
