package wps_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/wps"
)

// TestTwins: worlds of one seed give the same replies, and no credentials in common.
func TestTwins(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	setting := mockserver.WorldSetting{Seed: 5, Clock: worldDay}
	a, b := newClientIn(t, srv, setting), newClientIn(t, srv, setting)
	if a.appID == b.appID || a.key == b.key || a.token == b.token {
		t.Errorf("the twins share credentials: %s %s", a.appID, b.appID)
	}
	for i, step := range []func(*client) answer{
		func(c *client) answer { return first(c, nil) },
		func(c *client) answer { c.state("wps-definition-added", nil); return first(c, nil) },
		func(c *client) answer { return query("page=7&cursor="+c.pageOf("", 3).NextCursor)(c, nil) },
		func(c *client) answer { return query("cursor=x&page=1")(c, nil) },
	} {
		if x, y := step(a), step(b); x.status != y.status || x.body != y.body {
			t.Errorf("step %d differs:\n%s\n%s", i, x.body, y.body)
		}
	}
	x, y := freshCode(a, nil), freshCode(b, nil)
	if x.status != http.StatusOK || x.text("access_token") == y.text("access_token") || x.text("refresh_token") == y.text("refresh_token") {
		t.Errorf("tokens of twins: %s %s", x.body, y.body)
	}
}

// TestFirstTokenStaysTheDemoUsers: in the default world, at the hour that the first token bears, the first call of all
// issues a token of its own and leaves the demo user's alone.
func TestFirstTokenStaysTheDemoUsers(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wps.New}, World: mockserver.WorldSetting{Clock: "2026-01-15T08:00:00Z"}})
	w, err := srv.World(mockserver.DefaultWorld)
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, srv, w)
	if a := grant("client_credentials")(c, nil); a.status != http.StatusOK || a.text("access_token") == c.token {
		t.Errorf("the first call: %d %s", a.status, a.body)
	}
	if a := first(c, nil); a.status != http.StatusOK {
		t.Errorf("the demo user's token afterwards: %d %s", a.status, a.body)
	}
}

// TestReset puts a world back: its credentials live, its changes do not.
func TestReset(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	before := c.pageOf("", 30).ids()
	c.state("wps-definitions", mockserver.Params{"count": 2})
	c.state("wps-capability-missing", nil)
	if err := srv.ResetWorld(context.Background(), c.world.Name()); err != nil {
		t.Fatal(err)
	}
	if after := c.pageOf("", 30).ids(); !slices.Equal(after, before) {
		t.Errorf("after the reset %v, before %v", after, before)
	}
}

// TestWorldsDoNotMeet: what one world does, no other sees; requests find their world by token, app, code and refresh token.
func TestWorldsDoNotMeet(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c := newClient(t, srv)
			c.state("wps-definitions", mockserver.Params{"count": i})
			if got := len(c.walk(7)); got != i {
				t.Errorf("world %d has %d definitions", i, got)
			}
			if a := freshCode(c, nil); a.status != http.StatusOK {
				t.Errorf("world %d: %s", i, a.body)
			}
		})
	}
	wg.Wait()
	other := newClient(t, srv)
	c := newClient(t, srv)
	c.token = other.token // the token names the world, where the app is unknown
	if a := first(c, nil); a.code() != "401000001" {
		t.Errorf("another world's token: %s", a.body)
	}
}

// TestEmptyWorld has no records: every credential is unknown, nothing breaks.
func TestEmptyWorld(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	w, err := srv.CreateWorld(context.Background(), mockserver.WorldSetting{Base: "empty"})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, srv)
	c.world, c.pinned = w, true
	if a := first(c, nil); a.code() != "401000001" {
		t.Error(a.body)
	}
	if a := grant("client_credentials")(c, nil); a.code() != "40100008" {
		t.Error(a.body)
	}
	for _, state := range []string{"wps-token-expired", "wps-app-throttled", "wps-user-removed", "wps-remote-fail", "wps-definitions", "wps-authorization-code", "wps-second-app"} {
		if _, err := w.Apply(context.Background(), state, nil); err == nil {
			t.Errorf("state %s passes in an empty world", state)
		}
	}
	if env := srv.Env(t, w.Name()); !strings.Contains(fmt.Sprint(env["wps"]), srv.URL) {
		t.Errorf("env %v", env)
	}
}

// TestRecordsAreChecked: a world file cannot bring a definition that contradicts itself, or credentials that are taken.
func TestRecordsAreChecked(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	for want, records := range map[string]string{
		"no node has the id of the root": `{"approval_defines":[{"id":"1","name":"x","icon":"tmp1","ctime":0,"created_by":{"type":"sp","id":"a"},"process_define":{"root":"x","nodes":[]}}]}`,
		"names \"nobody\"":               `{"approval_defines":[{"id":"1","name":"x","icon":"tmp1","ctime":0,"created_by":{"type":"user","id":"nobody"},"process_define":{"root":"a","nodes":[{"id":"a","type":"sequence","name":"n"}]}}]}`,
		"wps: approval_defines[0]: /process_define/nodes/0/type: is \"loop\", want one of": `{"approval_defines":[{"id":"1","name":"x","icon":"tmp1","ctime":0,"created_by":{"type":"sp","id":"a"},"process_define":{"root":"a","nodes":[{"id":"a","type":"loop","name":"n"}]}}]}`,
		"users[0]: /nickname: is not a documented":                                         `{"users":[{"id":"1","company_id":"c100","nickname":"x"}]}`,
		"users[0]: /company_id: is required":                                               `{"users":[{"id":"1"}]}`,
		"users[1]: is a string, want an object":                                            `{"users":[{"id":"1","company_id":"c100"},"1"]}`,
		"no collection":                                                                    `{"forms":[]}`,
		"/outage: is \"rain\", want":                                                       `{"companies":[{"id":"c1","outage":"rain"}]}`,
		"/trouble: is \"rain\", want":                                                      `{"apps":[{"id":"a1","key":"k","company_id":"c100","trouble":"rain"}]}`,
		"already belongs to world":                                                         fmt.Sprintf(`{"apps":[{"id":%q,"key":"k","company_id":"c100"}]}`, c.appID),
	} {
		_, err := srv.CreateWorld(context.Background(), mockserver.WorldSetting{Records: map[string]json.RawMessage{"wps": json.RawMessage(records)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", records, err, want)
		}
	}
}

// TestStateParameters: wrong parameters of states are told as such.
func TestStateParameters(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	for _, tt := range []struct {
		state  string
		params mockserver.Params
	}{
		{"wps-definitions", mockserver.Params{"count": -1}}, {"wps-definitions", mockserver.Params{"count": "many"}},
		{"wps-definitions", mockserver.Params{"user_id": "nobody"}}, {"wps-definition-added", mockserver.Params{"name": strings.Repeat("x", 51)}},
		{"wps-definition-deleted", mockserver.Params{"id": "nothing"}}, {"wps-internal-error", mockserver.Params{"user_id": "nobody"}},
		{"wps-authorization-code", mockserver.Params{"redirect_uri": "https://elsewhere.example/"}}, {"wps-token-expired", mockserver.Params{"x": 1}},
	} {
		_, err := c.world.Apply(context.Background(), tt.state, tt.params)
		var param *mockserver.ParamError
		if !asParam(err, &param) {
			t.Errorf("%s %v: got %v", tt.state, tt.params, err)
		}
	}
	c.state("wps-definitions", mockserver.Params{"count": 0})
	if _, err := c.world.Apply(context.Background(), "wps-internal-error", nil); err == nil {
		t.Error("a user without definitions has one that breaks")
	}
}

// TestJournalExplains: a refused signature is explained when the journal is read, and no secret is in the journal.
func TestJournalExplains(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	req := c.list("page=10&cursor=")
	date := req.Header.Get("X-Kso-Date")
	sorted := "KSO-1GET" + listPath + "?cursor=&page=10application/json" + date
	req.Header.Set("X-Kso-Authorization", "KSO-1 "+c.appID+":"+hexHMAC(c.key, sorted))
	if a := c.send(req); a.code() != "401000001" {
		t.Fatal(a.body)
	}
	e := c.last().Explanation
	if e == nil || e.Scheme != "KSO-1" || e.Mistake != "query-order" || e.FirstDifference == nil ||
		e.StringToSign != strings.Replace(sorted, "cursor=&page=10", "page=10&cursor=", 1) {
		t.Errorf("explanation %+v", e)
	}
	second := c.state("wps-second-app", nil)
	req = c.list("cursor=&page=10")
	text := "KSO-1GET" + req.URL.RequestURI() + "application/json" + req.Header.Get("X-Kso-Date")
	req.Header.Set("X-Kso-Authorization", "KSO-1 "+c.appID+":"+hexHMAC(second["app_key"].(string), text))
	c.send(req)
	if e := c.last().Explanation; e == nil || e.Mistake != "other-key" || !strings.Contains(e.Advice, second["app_id"].(string)) {
		t.Errorf("explanation %+v", e)
	}
	c.holdNoSecrets(second["app_key"].(string))
}

func (c *client) last() mockserver.EntryView {
	c.t.Helper()
	entries, _ := c.srv.Requests(mockserver.JournalQuery{World: c.world.Name(), Limit: 1})
	if len(entries) != 1 {
		c.t.Fatal("the journal is empty")
	}
	return entries[0]
}

// holdNoSecrets makes every kind of call that carries a secret and looks for it in the journal.
func (c *client) holdNoSecrets(more ...string) {
	c.t.Helper()
	told := c.state("wps-authorization-code", nil)
	a := changed()(c, told)
	b := grant("refresh_token", "refresh_token", a.text("refresh_token"))(c, nil)
	grant("client_credentials", "app_ticket", "ticket-secret", "client_secret", "wrong-but-typed-secret")(c, nil)
	rawToken("application/json", `{"client_secret":"`+c.key+`"}`)(c, nil)
	secrets := append([]string{c.key, c.token, told["code"].(string), "ticket-secret", "wrong-but-typed-secret"}, more...)
	for _, reply := range []answer{a, b} {
		secrets = append(secrets, reply.text("access_token"), reply.text("refresh_token"))
	}
	entries, _ := c.srv.Requests(mockserver.JournalQuery{})
	journal, err := json.Marshal(entries)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, s := range secrets {
		if s == "" || strings.Contains(string(journal), s) {
			c.t.Errorf("the journal holds the secret %q", s)
		}
	}
}

// TestHostile sends what no client should: there is always an answer in the vendor's form, never a failure of ours.
func TestHostile(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"cursor", "page", "=", "&", "%", "%zz", "%00", "+", "\"", "10", "-1", "1e9", "𠮷", "\xff", "?", "#", ";", "99999999999999999999999", strings.Repeat("a", 2000)}
	for i := range 400 {
		var q strings.Builder
		for range r.IntN(8) {
			q.WriteString(pieces[r.IntN(len(pieces))])
		}
		a := c.raw("GET", listPath+"?"+wire(q.String()), "", i%2 == 0)
		if a.status >= 500 || a.fields["code"] == nil || a.fields["msg"] == nil {
			t.Errorf("query %q: %d %s", q.String(), a.status, a.body)
		}
		b := c.raw("POST", tokenPath, q.String(), false)
		if b.status >= 500 || b.fields["code"] == nil || b.fields["msg"] == nil {
			t.Errorf("form %q: %d %s", q.String(), b.status, b.body)
		}
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"} {
		if a := c.raw(method, listPath, "{", false); a.code() != "404000001" {
			t.Errorf("%s: %s", method, a.body)
		}
	}
}

// wire is what of a text may stand on a request line.
func wire(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// raw writes a request by hand, so that no library cleans it up.
func (c *client) raw(method, target, body string, signed bool) answer {
	c.t.Helper()
	addr := strings.TrimPrefix(c.url, "http://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	date := time.Now().UTC().Format(http.TimeFormat)
	contentType := form
	if signed {
		contentType = "application/json"
	}
	hash := ""
	if body != "" {
		hash = hexSHA256(body)
	}
	signature := hexHMAC(c.key, "KSO-1"+method+target+contentType+date+hash)
	w := bufio.NewWriter(conn)
	_, _ = fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nX-Countersign-World: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", method, target, addr, c.world.Name(), contentType, len(body))
	_, _ = fmt.Fprintf(w, "Authorization: Bearer %s\r\nX-Kso-Date: %s\r\nX-Kso-Authorization: KSO-1 %s:%s\r\n\r\n%s", c.token, date, c.appID, signature, body)
	if err := w.Flush(); err != nil {
		c.t.Fatal(err)
	}
	return readAnswer(c.t, conn)
}

// TestStrict refuses unknown parameters in a strict world, which only warns of them otherwise.
func TestStrict(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	if a := query("cursor=&page=1&x=1")(newClientIn(t, srv, mockserver.WorldSetting{Strict: true}), nil); a.code() != "400000007" {
		t.Error(a.body)
	}
	c := newClient(t, srv)
	if a := query("cursor=&page=1&x=1")(c, nil); a.status != http.StatusOK || len(c.last().Warnings) != 1 {
		t.Errorf("%s %v", a.body, c.last().Warnings)
	}
}

// TestManyAtOnce: one code is changed once, one refresh token once, however many try.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	race := func(do func() answer) answer {
		var mu sync.Mutex
		var won []answer
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if a := do(); a.status == http.StatusOK {
					mu.Lock()
					won = append(won, a)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(won) != 1 {
			t.Fatalf("%d of 16 succeeded", len(won))
		}
		return won[0]
	}
	told := c.state("wps-authorization-code", nil)
	a := race(func() answer { return changed()(c, told) })
	race(func() answer { return grant("refresh_token", "refresh_token", a.text("refresh_token"))(c, nil) })
}

// sink is a ResponseWriter that costs nothing to speak of.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkList asks for pages through the whole pipeline, without a network, and is refused for each of the reasons.
func BenchmarkList(b *testing.B) {
	for _, bb := range []struct {
		name, query string
		status      int
		spoil       func(*http.Request)
	}{
		{"page=1", "cursor=&page=1", 200, nil},
		{"page=10", "cursor=&page=10", 200, nil},
		{"page=30", "cursor=&page=30", 200, nil},
		{"PageTooLarge", "cursor=&page=31", 400, nil},
		{"CursorAltered", "cursor=x&page=30", 400, nil},
		{"SignatureWrong", "cursor=&page=30", 401, func(r *http.Request) { r.Header.Set("X-Kso-Authorization", r.Header.Get("X-Kso-Authorization")+"0") }},
		{"TokenUnknown", "cursor=&page=30", 401, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{wps.New}, JournalBytes: 4 << 20})
			if err != nil {
				b.Fatal(err)
			}
			w, err := srv.World(mockserver.DefaultWorld)
			if err != nil {
				b.Fatal(err)
			}
			c := clientOf(b, &mockserver.Running{Server: srv, URL: "http://127.0.0.1"}, w)
			req := c.list(bb.query)
			if bb.spoil != nil {
				bb.spoil(req)
			}
			req.RequestURI = req.URL.RequestURI()
			benchmark(b, srv.Handler(), req, bb.status)
		})
	}
}

func benchmark(b *testing.B, h http.Handler, req *http.Request, status int) {
	b.Helper()
	b.ReportAllocs()
	w := &sink{}
	for b.Loop() {
		w.header = http.Header{}
		req.Body = http.NoBody
		h.ServeHTTP(w, req)
		if w.status != status {
			b.Fatalf("status %d, want %d", w.status, status)
		}
	}
}
