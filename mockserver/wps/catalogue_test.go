package wps_test

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// cause brings about one entry of the catalogue.
type cause struct {
	assume []string
	// state is applied first, with its default parameters. It has to be the one that the entry names, if it names one.
	state string
	// do sends the request that must be answered with the entry. told is what the state told.
	do func(c *client, told map[string]any) answer
}

func first(c *client, _ map[string]any) answer { return c.send(c.list("cursor=&page=10")) }

// altered sends the first page's request after a change that the signature does not know of.
func altered(edit func(*http.Request)) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer {
		req := c.list("cursor=&page=10")
		edit(req)
		return c.send(req)
	}
}

func header(name, value string) func(*client, map[string]any) answer {
	return altered(func(r *http.Request) {
		if value == "" {
			r.Header.Del(name)
			return
		}
		r.Header.Set(name, value)
	})
}

func query(q string) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer { return c.send(c.list(q)) }
}

func signedAt(ago time.Duration) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer {
		req := c.list("cursor=&page=10")
		c.sign(req, "", time.Now().Add(-ago))
		return c.send(req)
	}
}

func unsignedDate(c *client, _ map[string]any) answer {
	req := c.list("cursor=&page=10")
	req.Header.Set("X-Kso-Date", "2026-02-01T08:00:00Z")
	return c.send(req)
}

func withAppToken(c *client, _ map[string]any) answer {
	c.token = c.tokenCall(c.form("client_credentials")).fields["access_token"].(string)
	return first(c, nil)
}

func asSecondApp(c *client, told map[string]any) answer {
	c.appID, c.key = told["app_id"].(string), told["app_key"].(string)
	return first(c, nil)
}

func grant(grant string, more ...string) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer { return c.tokenCall(c.form(grant, more...)) }
}

// changed changes the code that the state issued, with other parameters.
func changed(more ...string) func(*client, map[string]any) answer {
	return func(c *client, told map[string]any) answer {
		form := c.form("authorization_code", append([]string{"code", told["code"].(string), "redirect_uri", told["redirect_uri"].(string)}, more...)...)
		return c.tokenCall(form)
	}
}

// freshCode has a code issued and changes it.
func freshCode(c *client, _ map[string]any) answer {
	return changed()(c, c.state("wps-authorization-code", nil))
}

func twice(do func(*client, map[string]any) answer) func(*client, map[string]any) answer {
	return func(c *client, told map[string]any) answer {
		if a := do(c, told); a.status != http.StatusOK {
			c.t.Fatalf("the first time: %d %s", a.status, a.body)
		}
		return do(c, told)
	}
}

func refreshTwice(c *client, _ map[string]any) answer {
	old := freshCode(c, nil).fields["refresh_token"].(string)
	return twice(grant("refresh_token", "refresh_token", old))(c, nil)
}

func withoutParam(name string) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer {
		form := c.form("client_credentials")
		form.Del(name)
		return c.tokenCall(form)
	}
}

func rawToken(contentType, body string) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer {
		req := c.request(http.MethodPost, tokenPath, body)
		req.Header.Set("Content-Type", contentType)
		return c.send(req)
	}
}

const overLimit = 12<<20 + 1

func bigList(c *client, _ map[string]any) answer {
	body := strings.Repeat("x", overLimit)
	req := c.request(http.MethodGet, listPath+"?cursor=&page=10", body)
	return c.send(req)
}

func halfToken(c *client, _ map[string]any) answer {
	addr := strings.TrimPrefix(c.url, "http://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nX-Countersign-World: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\nConnection: close\r\n\r\nclient_id=", tokenPath, addr, c.world.Name())
	if err != nil {
		c.t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
	return readAnswer(c.t, conn)
}

const form = "application/x-www-form-urlencoded"

// causes has one or more ways to every entry of the catalogue, by its name.
var causes = map[string][]cause{
	"401000001/token-missing":        {{do: header("Authorization", "")}, {do: header("Authorization", "Basic eDp5")}, {do: header("Authorization", "Bearer ")}},
	"401000001/token-unknown":        {{do: header("Authorization", "Bearer nobody-issued-this")}},
	"401000001/token-expired":        {{state: "wps-token-expired", do: first}},
	"401000001/date-missing":         {{do: header("X-Kso-Date", "")}},
	"401000001/date-malformed":       {{do: unsignedDate}, {assume: []string{"WPS-002=gmt"}, do: header("X-Kso-Date", "Sat, 21 Nov 2026 17:26:36 UTC")}},
	"401000001/date-skewed":          {{assume: []string{"WPS-003=5m"}, do: signedAt(6 * time.Minute)}, {assume: []string{"WPS-003=15m"}, do: signedAt(-16 * time.Minute)}},
	"401000001/signature-missing":    {{do: header("X-Kso-Authorization", "")}},
	"401000001/signature-malformed":  {{do: header("X-Kso-Authorization", "KSO-1 AK123456")}},
	"401000001/signature-version":    {{do: header("X-Kso-Authorization", "KSO-2 AK123456:00")}},
	"401000001/access-key-unknown":   {{do: header("X-Kso-Authorization", "KSO-1 AK123456:00")}},
	"401000001/access-key-other-app": {{state: "wps-second-app", do: asSecondApp}},
	"401000001/signature":            {{do: header("Content-Type", "application/json; charset=utf-8")}, {do: altered(func(r *http.Request) { r.URL.RawQuery = "cursor=&page=11" })}},
	"401000001/unauthorized": {{assume: []string{"WPS-021=plain"}, do: header("X-Kso-Authorization", "")}, {assume: []string{"WPS-021=plain"}, do: header("X-Kso-Date", "")},
		{assume: []string{"WPS-021=plain"}, do: unsignedDate}, {assume: []string{"WPS-021=plain"}, do: header("Content-Type", "text/plain")},
		{assume: []string{"WPS-021=plain"}, do: header("X-Kso-Authorization", "KSO-1 x")}, {assume: []string{"WPS-021=plain"}, do: header("X-Kso-Authorization", "x x:x")},
		{assume: []string{"WPS-021=plain"}, do: header("X-Kso-Authorization", "KSO-1 x:x")}},
	"401030001":            {{assume: []string{"WPS-004=session"}, state: "wps-token-expired", do: first}},
	"401030002":            {{state: "wps-session-suspended", do: first}},
	"401030003":            {{assume: []string{"WPS-004=session"}, do: header("Authorization", "Bearer nobody-issued-this")}},
	"40100011/token":       {{assume: []string{"WPS-004=oauth"}, do: header("Authorization", "Bearer nobody-issued-this")}, {assume: []string{"WPS-004=oauth"}, do: expired}},
	"400000003/scope":      {{state: "wps-scope-missing", do: first}},
	"400000003/app-token":  {{do: withAppToken}},
	"40300010/scope":       {{assume: []string{"WPS-006=insufficient-scope"}, state: "wps-scope-missing", do: first}},
	"403000001/denied":     {{state: "wps-user-disabled", do: first}},
	"403000001/user":       {{state: "wps-user-removed", do: first}},
	"403000001/capability": {{state: "wps-capability-missing", do: first}},
	"403000002":            {{state: "wps-policy-denied", do: first}},
	"400000007/missing":    {{do: query("cursor=")}, {do: query("page=1")}, {do: query("cursor=&page=")}, {assume: []string{"WPS-010=error"}, do: first}},
	"400000007/malformed":  {{do: query("cursor=&page=ten")}, {do: query("cursor=%zz&page=1")}, {do: query("cursor=&page=1.5")}, {do: query("cursor=%ff&page=1")}},
	"400000007/range": {{do: query("cursor=&page=31")}, {do: query("cursor=&page=-1")}, {do: query("cursor=&page=99999999999999999999")},
		{do: query("page=1&cursor=" + strings.Repeat("x", 1025))}, {do: header("X-Kso-Id-Type", "both")},
		{assume: []string{"WPS-011=error"}, do: query("cursor=&page=0")}, {assume: []string{"WPS-020=internal-only"}, do: header("X-Kso-Id-Type", "external")}},
	"400000007/cursor":    {{do: query("cursor=assdas&page=10")}, {do: query("page=10&cursor=" + strings.Repeat("x", 1024))}},
	"400000002/missing":   {{assume: []string{"WPS-009=param-format"}, do: query("cursor=")}},
	"400000002/malformed": {{assume: []string{"WPS-009=param-format"}, do: query("cursor=&page=ten")}},
	"400000002/range":     {{assume: []string{"WPS-009=param-format"}, do: query("cursor=&page=31")}},
	"400000002/cursor":    {{assume: []string{"WPS-009=param-format"}, do: query("cursor=assdas&page=10")}},
	"400000001":           {{state: "wps-app-over-quota", do: first}},
	"429000001":           {{state: "wps-app-throttled", do: first}},
	"400000106/body":      {{do: bigList}},
	"404000001/route":     {{do: unsigned(http.MethodGet, "/v7/workflow/nothing")}, {do: unsigned(http.MethodPost, listPath)}, {do: unsigned(http.MethodGet, tokenPath)}, {do: unsigned(http.MethodGet, "/oauth2/x")}},
	"415000001":           {{do: contentType("")}, {do: contentType("text/plain")}},
	"400000201":           {{state: "wps-remote-fail", do: first}},
	"500000001":           {{state: "wps-remote-error", do: first}},
	"500000002":           {{state: "wps-circuit-breaker-open", do: first}},
	"500000003":           {{state: "wps-store-error", do: first}},
	"500000004":           {{state: "wps-internal-error", do: first}},
	"503000001":           {{state: "wps-service-upgrading", do: first}},
	"999999999":           {{state: "wps-unknown-error", do: first}},

	"40000001/missing": {{do: withoutParam("grant_type")}, {do: withoutParam("client_id")}, {do: withoutParam("client_secret")}, {do: rawToken(form, "")},
		{do: grant("authorization_code", "redirect_uri", "https://client.example/callback")}, {do: grant("authorization_code", "code", "x")}, {do: grant("refresh_token")}, {do: grant("client_credentials", "client_id", "")}},
	"40000001/unreadable":    {{do: rawToken(form, "client_id=%zz")}, {do: rawToken(form, "client_id=%ff")}, {do: halfToken}},
	"40000001/range":         {{do: grant("client_credentials", "client_id", strings.Repeat("x", 1025))}},
	"40000001/redirect-uri":  {{state: "wps-authorization-code", do: changed("redirect_uri", "https://elsewhere.example/")}},
	"40000005/scope":         {{do: grant("client_credentials", "scope", "kso.nothing")}, {do: grant("client_credentials", "scope", "kso.workflow_approval_define.read kso.workflow_approval_define.readwrite")}},
	"40000005/app":           {{state: "wps-app-scope-withdrawn", do: freshCode}},
	"40000999/body":          {{do: rawToken(form, "scope="+strings.Repeat("x", overLimit))}},
	"40100002":               {{state: "wps-grant-not-allowed", do: grant("client_credentials")}},
	"40100002/secret":        {{assume: []string{"WPS-036=unauthorized-client"}, do: grant("client_credentials", "client_secret", "wrong")}},
	"40100008":               {{do: grant("client_credentials", "client_secret", "wrong")}, {do: grant("client_credentials", "client_id", "nobody")}},
	"40100009/code":          {{do: grant("authorization_code", "code", "x", "redirect_uri", "https://client.example/callback")}, {do: codeTwice}},
	"40100009/redirect-uri":  {{state: "wps-authorization-code", do: changed("redirect_uri", "https://client.example/other")}},
	"40100009/refresh-token": {{do: grant("refresh_token", "refresh_token", "x")}, {do: refreshTwice}},
	"40100009/app-ticket":    {{assume: []string{"WPS-038=invalid-grant"}, state: "wps-third-party-app", do: grant("client_credentials", "app_ticket", "x", "company_id", "c200")}},
	"40100010":               {{do: grant("password")}},
	"40100011/app-ticket":    {{state: "wps-third-party-app", do: grant("client_credentials", "app_ticket", "x", "company_id", "c200")}},
	"40300003": {{state: "wps-consent-withdrawn", do: freshCode}, {do: refreshAfterWithdrawal},
		{state: "wps-third-party-app", do: grant("client_credentials", "app_ticket", "ticket-1", "company_id", "c999")}},
	"41500001": {{do: rawToken("application/json", `{"grant_type":"client_credentials"}`)}, {do: rawToken("", "grant_type=client_credentials")}},
	"50000006": {{state: "wps-oauth-server-error", do: grant("client_credentials")}},
	"50300007": {{state: "wps-oauth-unavailable", do: grant("client_credentials")}},
}

func expired(c *client, _ map[string]any) answer {
	c.state("wps-token-expired", nil)
	return first(c, nil)
}

func codeTwice(c *client, _ map[string]any) answer {
	return twice(changed())(c, c.state("wps-authorization-code", nil))
}

func refreshAfterWithdrawal(c *client, _ map[string]any) answer {
	token := freshCode(c, nil).fields["refresh_token"].(string)
	c.state("wps-consent-withdrawn", nil)
	return c.tokenCall(c.form("refresh_token", "refresh_token", token))
}

func unsigned(method, target string) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer { return c.send(c.request(method, target, "")) }
}

// contentType signs a request with another Content-Type than the one that is wanted.
func contentType(value string) func(*client, map[string]any) answer {
	return func(c *client, _ map[string]any) answer {
		req := c.list("cursor=&page=10")
		req.Header.Del("Content-Type")
		if value != "" {
			req.Header.Set("Content-Type", value)
		}
		c.sign(req, "", time.Now())
		return c.send(req)
	}
}

// TestCatalogue brings about every entry of the catalogue and wants its status, code and message.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	spec, err := specs.Load("wps")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t)
	known := map[string]bool{}
	for _, e := range spec.Errors {
		known[e.Name] = true
		list := causes[e.Name]
		if len(list) == 0 {
			t.Errorf("nothing causes %s", e.Name)
		}
		if e.State != "" && !slices.ContainsFunc(list, func(x cause) bool { return x.state == e.State }) {
			t.Errorf("%s: its state %s is not among the causes", e.Name, e.State)
		}
		for i, x := range list {
			t.Run(fmt.Sprintf("%s/%d", e.Name, i), func(t *testing.T) {
				t.Parallel()
				holdCause(t, srv, e, x)
			})
		}
	}
	for name := range causes {
		if !known[name] {
			t.Errorf("the cause %s is for no entry of the catalogue", name)
		}
	}
}

func holdCause(t *testing.T, srv *mockserver.Running, e *specs.Error, x cause) {
	c := newClient(t, srv, x.assume...)
	c.pinned = true // some causes carry no credentials
	var told map[string]any
	if x.state != "" {
		told = c.state(x.state, nil)
	}
	a := x.do(c, told)
	if a.status != e.Status || a.code() != e.Code {
		t.Fatalf("status %d, code %s, want %d and %s\n%s", a.status, a.code(), e.Status, e.Code, a.body)
	}
	if !fits(a.msg(), e.Message) {
		t.Errorf("message %q, want %q", a.msg(), e.Message)
	}
	if _, data := a.fields["data"]; data {
		t.Errorf("an error with data: %s", a.body)
	}
	// Two entries with the same code and text are told apart in the journal.
	entries, _ := srv.Requests(mockserver.JournalQuery{World: c.world.Name(), Limit: 1})
	if len(entries) != 1 || entries[0].Error == nil || entries[0].Error.Name != e.Name || entries[0].Reply.Status != a.status {
		t.Errorf("the journal's last entry is not %s: %+v", e.Name, entries)
	}
}

// fits reports whether a message is the catalogue's, with something in the place of %s.
func fits(got, want string) bool {
	before, after, has := strings.Cut(want, "%s")
	if !has {
		return got == want
	}
	return strings.HasPrefix(got, before) && strings.HasSuffix(got, after) && len(got) > len(before)+len(after)
}

// TestStatusSwitch wants every refusal with status 400 where a world says so, and leaves failures of the service alone.
func TestStatusSwitch(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv, "WPS-005=bad-request", "WPS-037=bad-request")
	c.pinned = true
	for want, a := range map[string]answer{
		"401000001": header("Authorization", "Bearer x")(c, nil),
		"404000001": unsigned(http.MethodGet, "/v7/x")(c, nil),
		"40100008":  grant("client_credentials", "client_secret", "x")(c, nil),
		"41500001":  rawToken("application/json", "{}")(c, nil),
	} {
		if a.status != http.StatusBadRequest || a.code() != want {
			t.Errorf("status %d, code %s, want 400 and %s", a.status, a.code(), want)
		}
	}
	c.state("wps-internal-error", nil)
	if a := first(c, nil); a.status != http.StatusInternalServerError {
		t.Errorf("a failure of the service has status %d", a.status)
	}
}

// TestStatusSwitchOfOAuthCodes: what an API call answers is WPS-005's, with a code of the OAuth family too; WPS-037 is the
// token endpoint's alone.
func TestStatusSwitchOfOAuthCodes(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for choice, want := range map[string]int{"WPS-005=bad-request": http.StatusBadRequest, "WPS-037=bad-request": http.StatusForbidden} {
		c := newClient(t, srv, "WPS-006=insufficient-scope", choice)
		c.state("wps-scope-missing", nil)
		if a := first(c, nil); a.status != want || a.code() != "40300010" {
			t.Errorf("%s: status %d, code %s, want %d and 40300010", choice, a.status, a.code(), want)
		}
	}
}

// TestOAuthErrors wants the field debug in errors of the token endpoint, or not, as the world says.
func TestOAuthErrors(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for alternative, want := range map[string]bool{"present": true, "absent": false} {
		a := grant("password")(newClient(t, srv, "WPS-033="+alternative), nil)
		debug, has := a.fields["debug"].(map[string]any)
		if has != want || has && debug["desc"] == "" {
			t.Errorf("%s: %s", alternative, a.body)
		}
	}
	long := grant("client_credentials", "scope", strings.Repeat("x", 1024))(newClient(t, srv), nil)
	if debug, _ := long.fields["debug"].(map[string]any); long.code() != "40000005" || len(fmt.Sprint(debug["desc"])) != 1024 {
		t.Errorf("a long scope: %s", long.body)
	}
}
