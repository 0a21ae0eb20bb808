package dataarts

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

// TestCaptures replays what the vendor's SDKs put on the wire against the default world, whose key and ids the captures use.
func TestCaptures(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 17, 26, 36, 0, time.UTC)
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{New}, Wall: func() time.Time { return at }})
	want := map[string]struct {
		status int
		code   string
	}{
		"wire-go-create":               {200, ""},
		"wire-go-create-required":      {400, "DS.60xx"}, // "u" is no member
		"wire-go-create-empty-strings": {400, "DS.60xx"},
		"wire-go-create-no-body":       {400, "DS.60xx"},
		"wire-go-list":                 {200, ""},
		"wire-go-list-filtered":        {200, ""},
		"wire-go-list-empty-filter":    {200, ""},
		"wire-go-list-empty-workspace": {400, "DS.60xx"},
		"wire-go-list-temporary":       {200, ""},
		"wire-go-list-prefix":          {200, ""},
		"wire-go-project-discovery":    {200, ""},
		"wire-node-create":             {200, ""},
		"wire-node-list-filtered":      {200, ""},
		"wire-node-list-prefix":        {404, "APIGW.0101"},
	}
	replayed := 0
	for name, v := range vectors(t) {
		if !strings.HasPrefix(name, "wire-") {
			continue
		}
		replayed++
		expect, ok := want[name]
		if !ok {
			t.Errorf("no expectation for %s", name)
		}
		reset(t, srv)
		g := replay(t, srv, v)
		if g.status != expect.status {
			t.Errorf("%s: status %d, want %d: %s", name, g.status, expect.status, g.body)
		}
		if expect.code != "" && !strings.Contains(g.body, `"error_code":"`+expect.code+`"`) {
			t.Errorf("%s: %s", name, g.body)
		}
	}
	if replayed != len(want) {
		t.Errorf("%d captures were replayed, want %d", replayed, len(want))
	}
}

func reset(t *testing.T, srv *mockserver.Running) {
	t.Helper()
	if err := srv.ResetWorld(context.Background(), mockserver.DefaultWorld); err != nil {
		t.Fatal(err)
	}
}

// replay sends a vector exactly as it was captured.
func replay(t *testing.T, srv *mockserver.Running, v *vector) got {
	t.Helper()
	c := &client{t: t, srv: srv}
	m := v.message()
	return c.send(&sent{method: v.Method, path: m.Path, query: m.Query, body: v.Body, header: m.Header,
		last: func(r *http.Request) { r.Host = m.Host }})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	c.send(listByToken(c, nil)).want(t, 200)
	g := c.send(c.tokenRequest(c.login(c.env.UserName, c.env.Password, c.env.Domain, `"project":{"name":"cn-north-7"}`)))
	v := g.want(t, 201)
	token := g.header.Get("X-Subject-Token")
	if token == "" || token == c.env.Token {
		t.Fatalf("token %q", token)
	}
	body := v["token"].(map[string]any)
	if body["issued_at"] != "2024-04-19T09:59:58.000000Z" || body["expires_at"] != "2024-04-20T09:59:58.000000Z" {
		t.Errorf("issued %v, expires %v", body["issued_at"], body["expires_at"])
	}
	if project := body["project"].(map[string]any); project["id"] != c.env.ProjectID || project["name"] != "cn-north-7" {
		t.Errorf("project %v", project)
	}
	if g.header.Get("X-IAM-Trace-Id") == "" || body["catalog"] == nil {
		t.Errorf("trace id %q, catalog %v", g.header.Get("X-IAM-Trace-Id"), body["catalog"])
	}
	// The new token works, and the old one still does.
	for _, tok := range []string{token, c.env.Token} {
		c.send(c.request("POST", c.users(), "", documentedExample).withToken(tok))
		if s := c.send(c.request("GET", c.users(), "", "").withToken(tok)); s.status != 200 {
			t.Errorf("token: %s", s.body)
		}
	}
	again := c.send(c.tokenRequest(c.login(c.env.UserName, c.env.Password, c.env.Domain, "")))
	if unscoped := again.header.Get("X-Subject-Token"); unscoped == token {
		t.Error("the same token was issued twice")
	} else {
		c.send(c.request("GET", c.users(), "", "").withToken(unscoped)).want(t, 401)
		c.send(c.request("GET", "/v3/projects", "", "").withToken(unscoped)).want(t, 200)
	}
}

func TestTokenRequests(t *testing.T) {
	t.Parallel()
	srv := server(t)
	for name, tc := range map[string]struct {
		body   func(c *client) string
		query  string
		status int
	}{
		"by project id":           {func(c *client) string { return c.scoped(`"project":{"id":"` + c.env.ProjectID + `"}`) }, "", 201},
		"by id and wrong name":    {func(c *client) string { return c.scoped(`"project":{"id":"` + c.env.ProjectID + `","name":"x"}`) }, "", 404},
		"empty reference":         {func(c *client) string { return c.scoped(`"project":{}`) }, "", 404},
		"own domain":              {func(c *client) string { return c.scoped(`"domain":{"name":"` + c.env.Domain + `"}`) }, "", 201},
		"another domain":          {func(c *client) string { return c.scoped(`"domain":{"name":"x"}`) }, "", 404},
		"without catalog":         {func(c *client) string { return c.scoped("") }, "nocatalog=true", 201},
		"without catalog, empty":  {func(c *client) string { return c.scoped("") }, "nocatalog", 201},
		"unknown user":            {func(c *client) string { return c.login("x", c.env.Password, c.env.Domain, "") }, "", 401},
		"user without a password": {func(c *client) string { return c.login("viewer", "", c.env.Domain, "") }, "", 400},
		"unknown domain":          {func(c *client) string { return c.login(c.env.UserName, c.env.Password, "x", "") }, "", 401},
		"another method":          {func(c *client) string { return strings.Replace(c.scoped(""), `["password"]`, `["token"]`, 1) }, "", 400},
		"no method":               {func(c *client) string { return strings.Replace(c.scoped(""), `["password"]`, `[]`, 1) }, "", 400},
		"no identity":             {func(*client) string { return `{"auth":{}}` }, "", 400},
		"an array":                {func(*client) string { return `[]` }, "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, srv, mockserver.WorldSetting{})
			s := c.tokenRequest(tc.body(c))
			s.query = tc.query
			g := c.send(s.set("X-Countersign-World", c.world.Name()))
			v := g.want(t, tc.status)
			if tc.status == 201 {
				if _, there := v["token"].(map[string]any)["catalog"]; there != (tc.query == "") {
					t.Errorf("catalog: %v", there)
				}
			} else if inner := v["error"].(map[string]any); inner["code"] != float64(tc.status) || g.header.Get("X-IAM-Trace-Id") == "" {
				t.Errorf("%s", g.body)
			}
		})
	}
}

func (c *client) scoped(scope string) string {
	return c.login(c.env.UserName, c.env.Password, c.env.Domain, scope)
}

func TestTokenSwitches(t *testing.T) {
	t.Parallel()
	srv := server(t)
	c := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-050": "401", "DA-051": "401", "DA-054": "refuse", "DA-055": "none"}})
	c.send(c.tokenRequest(c.scoped(`"project":{"id":"x"}`))).want(t, 401)
	c.send(c.tokenRequest(c.scoped(""))).want(t, 400)
	v := c.send(c.tokenRequest(c.scoped(`"project":{"name":"cn-north-7"}`))).want(t, 201)
	if roles := v["token"].(map[string]any)["roles"].([]any); len(roles) != 0 {
		t.Errorf("roles %v", roles)
	}
	c.apply("caller-disabled", nil)
	c.send(c.tokenRequest(c.scoped(`"project":{"name":"cn-north-7"}`))).want(t, 401)
	texts := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-052": "status"}})
	v = texts.send(texts.tokenRequest(texts.scoped(`"project":{"id":"x"}`))).want(t, 404)
	if v["error"].(map[string]any)["message"] != "Not Found" {
		t.Errorf("%v", v)
	}
}

func TestTokenExpiry(t *testing.T) {
	t.Parallel()
	srv := server(t)
	c := open(t, srv, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z"})
	token := c.send(c.tokenRequest(c.scoped(`"project":{"name":"cn-north-7"}`))).header.Get("X-Subject-Token")
	c.send(c.request("GET", c.users(), "", "").withToken(token)).want(t, 200)
	c.apply("token-expired", nil)
	if v := c.send(listByToken(c, nil)).want(t, 401); v["error_code"] != "APIGW.0307" || v["error_msg"] != "The token must be updated." {
		t.Errorf("%v", v)
	}
	c.send(c.request("GET", c.users(), "", "").withToken(token)).want(t, 200)
	other := open(t, srv, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z", Assumptions: map[string]string{"DA-038": "APIGW.0301"}})
	other.apply("token-expired", nil)
	v := other.send(listByToken(other, nil)).want(t, 401)
	if v["error_msg"] != "Incorrect IAM authentication information: token expires, expires_at: 2024-04-19T09:59:57.000000Z" {
		t.Errorf("%v", v["error_msg"])
	}
}

func TestTokenAndSignatureTogether(t *testing.T) {
	t.Parallel()
	srv := server(t)
	for choice, want := range map[string][2]int{"token": {200, 401}, "signature": {401, 200}} {
		c := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-017": choice}})
		badSignature := c.request("GET", c.users(), "", "").set(headerToken, c.env.Token)
		badSignature.sk = "wrong"
		badToken := c.request("GET", c.users(), "", "").set(headerToken, "wrong")
		if got := [2]int{c.send(badSignature).status, c.send(badToken).status}; got != want {
			t.Errorf("%s counts: bad signature %d, bad token %d, want %v", choice, got[0], got[1], want)
		}
	}
}

func TestTemporaryCredentials(t *testing.T) {
	t.Parallel()
	srv := server(t)
	c := open(t, srv, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z"})
	temporary := func(c *client, minutes int) *sent {
		out := c.apply("temporary-access-key", mockserver.Params{"minutes": minutes})
		s := c.request("GET", c.users(), "", "").set(headerSecurity, out["security_token"].(string))
		s.ak, s.sk, s.signed = out["ak"].(string), out["sk"].(string), append(s.signed, "x-security-token")
		return s
	}
	c.send(temporary(c, 60)).want(t, 200)
	wrong := temporary(c, 60)
	wrong.set(headerSecurity, "another")
	if v := c.send(wrong).want(t, 401); !strings.HasSuffix(v["error_msg"].(string), "decrypt token fail") {
		t.Errorf("%v", v)
	}
	old := open(t, srv, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z"})
	s := temporary(old, 1)
	if err := old.srv.ResetWorld(context.Background(), old.world.Name()); err != nil {
		t.Fatal(err)
	}
	old.send(s).want(t, 401) // a reset takes them away
	lax := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-039": "signature"}})
	s = temporary(lax, 1).without(headerSecurity)
	if v := lax.send(s).want(t, 401); !strings.HasSuffix(v["error_msg"].(string), "verify aksk signature fail") {
		t.Errorf("%v", v)
	}
}

func TestProjectHeader(t *testing.T) {
	t.Parallel()
	srv := server(t)
	c := open(t, srv, mockserver.WorldSetting{})
	c.send(c.request("GET", c.users(), "", "").without(headerProjectID)).want(t, 200)
	second := c.apply("several-projects", nil)["project_id"].(string)
	if again := c.apply("several-projects", nil)["project_id"]; again != second {
		t.Errorf("the state makes a project each time: %v", again)
	}
	c.send(list(c, nil)).want(t, 200)
	c.send(c.request("GET", c.users(), "", "").withToken(c.env.Token).without(headerProjectID)).want(t, 200)
	path := "/v2/" + second + "/design/approvals/users"
	if v := c.send(c.request("GET", path, "", "").set(headerProjectID, second)).want(t, 400); v["data"].(map[string]any)["parameter"] != "workspace" {
		t.Errorf("the second project has no workspace, but: %v", v)
	}
	found := c.send(c.request("GET", "/v3/projects", "name=cn-north-7", "")).want(t, 200)["projects"].([]any)
	if len(found) != 1 {
		t.Errorf("a region's name finds %d projects, and SDKs want one", len(found))
	}
	lax := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-020": "ignore", "DA-031": "ignore"}})
	lax.apply("several-projects", nil)
	lax.send(lax.request("GET", lax.users(), "", "").without(headerProjectID)).want(t, 200)
	lax.send(lax.request("GET", lax.users(), "", "").set(headerProjectID, "another")).want(t, 200)
}

func TestOtherSwitchesOfAuthentication(t *testing.T) {
	t.Parallel()
	srv := server(t)
	c := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-037": "APIGW.0301", "DA-040": "signature", "DA-041": "none",
		"DA-042": "before-authentication", "DA-019": "gateway", "DA-023": "gateway"}})
	code := func(s *sent) string {
		t.Helper()
		var v map[string]any
		if err := json.Unmarshal([]byte(c.send(s).body), &v); err != nil {
			t.Fatal(err)
		}
		return v["error_code"].(string)
	}
	if got := code(c.request("GET", c.users(), "", "").withToken("").set("Authorization", "Basic x")); got != "APIGW.0301" {
		t.Error(got)
	}
	c.send(c.request("GET", c.users(), "approver_name="+strings.Repeat("a", 40000), "")).want(t, 200)
	stranger := c.request("GET", "/v2/unknown-project/design/approvals/users", "", "")
	if got := code(stranger); got != "APIGW.0302" {
		t.Error(got)
	}
	c.apply("caller-disabled", nil)
	if got := code(list(c, nil)); got != "APIGW.0301" {
		t.Error(got)
	}
	c.apply("gateway-condition", nil)
	wrong := c.request("GET", c.users(), "", "")
	wrong.sk = "wrong"
	if got := code(wrong); got != "APIGW.0308" {
		t.Error(got)
	}
	c.apply("gateway-condition", mockserver.Params{"error": "none"})
	if got := code(wrong); got != "APIGW.0301" {
		t.Error(got)
	}
}

func TestProjects(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	ask := func(query string) map[string]any {
		t.Helper()
		return c.send(c.request("GET", "/v3/projects", query, "")).want(t, 200)
	}
	all := ask("")["projects"].([]any)
	if len(all) != len(demoRegions) {
		t.Fatalf("%d projects", len(all))
	}
	names := map[string]int{}
	for _, p := range all {
		names[p.(map[string]any)["name"].(string)]++
	}
	for _, region := range demoRegions {
		if names[region] != 1 {
			t.Errorf("%d projects in %s", names[region], region)
		}
	}
	domain := all[0].(map[string]any)["domain_id"].(string)
	for query, want := range map[string]int{"name=cn-north-7": 1, "name=nowhere": 0, "name": len(all), "enabled=true": len(all), "enabled=false": 0,
		"domain_id=" + domain: len(all), "domain_id=x": 0, "parent_id=" + domain: len(all), "is_domain=true": 0,
		"page=1&per_page=10": 10, "page=3&per_page=10": len(all) - 20, "page=9&per_page=10": 0, "page=2147483647&per_page=5000": 0} {
		if got := len(ask(query)["projects"].([]any)); got != want {
			t.Errorf("%s: %d projects, want %d", query, got, want)
		}
	}
	links := ask("per_page=10&page=2")["links"].(map[string]any)
	if next := links["next"].(string); !strings.HasSuffix(next, "page=3&per_page=10") || links["previous"] == nil || !strings.HasSuffix(links["self"].(string), "?per_page=10&page=2") {
		t.Errorf("%v", links)
	}
	for _, query := range []string{"page=1", "per_page=1", "page=0&per_page=1", "page=1&per_page=5001", "enabled=yes"} {
		c.send(c.request("GET", "/v3/projects", query, "")).want(t, 400)
	}
	d := c.send(c.request("GET", "/v3/auth/domains", "", "")).want(t, 200)["domains"].([]any)[0].(map[string]any)
	if d["name"] != c.env.Domain || d["id"] != domain {
		t.Errorf("%v", d)
	}
	c.apply("caller-disabled", nil)
	if v := c.send(c.request("GET", "/v3/auth/domains", "", "")).want(t, 401); v["error_code"] != "APIGW.0301" {
		t.Errorf("%v", v)
	}
}
