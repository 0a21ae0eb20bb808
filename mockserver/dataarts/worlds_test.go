package dataarts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

func TestWorldsHaveTheirOwnCredentials(t *testing.T) {
	t.Parallel()
	srv := server(t)
	a, b := open(t, srv, mockserver.WorldSetting{Seed: 1}), open(t, srv, mockserver.WorldSetting{Seed: 1})
	va, vb := reflect.ValueOf(a.env), reflect.ValueOf(b.env)
	for _, field := range []string{"AK", "SK", "ProjectID", "Token", "Domain"} {
		if va.FieldByName(field).String() == vb.FieldByName(field).String() || va.FieldByName(field).String() == "" {
			t.Errorf("two worlds have the same %s", field)
		}
	}
	a.create(map[string]any{"approver_name": "n", "user_id": demoUserID}).want(t, 200)
	if total, _ := b.list(""); total != 0 {
		t.Errorf("the other world sees %d approvers", total)
	}
	// The key of one world does not open the other's project: the key decides the world, which knows no such project.
	stolen := a.request("GET", b.users(), "", "").set(headerProjectID, b.env.ProjectID)
	a.send(stolen).want(t, 403)
	// Tokens, which are drawn by the same calls of both worlds, differ all the same.
	one := a.send(a.tokenRequest(a.scoped(""))).header.Get("X-Subject-Token")
	two := b.send(b.tokenRequest(b.scoped(""))).header.Get("X-Subject-Token")
	if one == two || one == "" {
		t.Errorf("tokens %q and %q", one, two)
	}
	for i := range 2 {
		a.apply("temporary-access-key", nil)
		b.apply([]string{"temporary-access-key", "several-projects"}[i], nil)
	}
	a.apply("several-projects", nil)
}

func TestDefaultWorldIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	c := inDefaultWorld(t)
	if c.env.ProjectID != demoProjectID || c.env.Workspace != demoWorkspaceID || c.env.AK != demoAK || len(c.env.MemberUserIDs) < 12 {
		t.Errorf("%+v", c.env)
	}
	made := c.send(c.request("POST", c.users(), "from=standard", documentedExample)).value(t).(map[string]any)
	if made["project_id"] != "0833a5737480d53b2f25c010dc1a7b88-workspace-9ce2cfd08fda4f3b95faa5ba65fa5ec3" ||
		!strings.HasPrefix(made["topic_urn"].(string), "urn:smn:cn-north-7:0833a5737480d53b2f25c010dc1a7b88:DataArts_Topic_Approver_cn-north-7_0833a5737480d53b2f25c010dc1a7b88_dlg_ds_") {
		t.Errorf("%v", made)
	}
	var taken *mockserver.ClaimError
	if _, err := c.srv.CreateWorld(context.Background(), mockserver.WorldSetting{KeepCredentials: true}); !errors.As(err, &taken) {
		t.Errorf("a second world with the same credentials: %v", err)
	}
}

func TestEveryMemberOfTheEnvCanBeRegistered(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	for _, id := range c.env.MemberUserIDs {
		c.create(map[string]any{"approver_name": "n", "user_id": id}).want(t, 200)
	}
	if left := connect(t, c.srv, c.world).env.MemberUserIDs; len(left) != 0 {
		t.Errorf("the env still names %v", left)
	}
}

// TestDeterminism makes the same calls in two worlds of one seed: everything but what identifies the world is the same.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	srv := server(t)
	var logs [2][]string
	for i := range logs {
		c := open(t, srv, mockserver.WorldSetting{Seed: 11, Clock: "2024-04-19T09:59:58Z"})
		neutral := strings.NewReplacer(c.env.ProjectID, "PROJECT", c.env.Domain, "DOMAIN", c.env.AK, "AK", strings.TrimPrefix(srv.URL, "http://"), "HOST")
		note := func(s *sent) {
			g := c.send(s)
			g.header.Del("Date")
			g.header.Del("X-Subject-Token")
			header, _ := json.Marshal(g.header)
			logs[i] = append(logs[i], neutral.Replace(fmt.Sprintf("%d %s %s", g.status, header, g.body)))
		}
		c.apply("approvers-exist", mockserver.Params{"count": 3, "email": "a@b.cn"})
		note(createSelf(c, nil))
		note(createSelf(c, nil))
		note(list(c, nil))
		note(remove(c, nil))
		note(c.request("GET", "/v3/auth/domains", "", ""))
		note(c.tokenRequest(c.scoped("")))
		note(c.request("GET", c.users(), "", "").withToken("x"))
	}
	for i := range logs[0] {
		if logs[0][i] != logs[1][i] {
			t.Errorf("reply %d differs:\n%s\n%s", i, logs[0][i], logs[1][i])
		}
	}
	if slices.Contains(logs[0], "") || len(logs[0]) != 7 {
		t.Errorf("%d replies", len(logs[0]))
	}
}

// TestJournalExplains makes mistakes as clients do and reads the explanation.
func TestJournalExplains(t *testing.T) {
	t.Parallel()
	srv := server(t)
	for _, name := range []string{"no final slash", "query as sent", "hash of an empty body", "content-type missing from SignedHeaders",
		"secret with a line feed", "another key's secret", ""} {
		t.Run("mistake "+name, func(t *testing.T) {
			t.Parallel()
			c := open(t, srv, mockserver.WorldSetting{})
			s := c.request("POST", c.users(), "x=b&from=standard", documentedExample)
			r := recipe{key: s.sk, signed: s.signed}
			other := c.apply("temporary-access-key", nil)
			switch name {
			case "no final slash":
				r.path = func(string) string { return s.path }
			case "query as sent":
				r.query = func(q string) string { return q }
			case "hash of an empty body":
				r.payload = func([]byte) string { return hexHash(nil) }
			case "content-type missing from SignedHeaders":
				r.signed = []string{"content-type", "workspace", "x-project-id", "x-sdk-date"}
			case "secret with a line feed":
				r.key += "\n"
			case "another key's secret":
				r.key = other["sk"].(string)
			case "":
				r.key = "nobody's"
			}
			v := c.explained(s, &r)
			if v.Mistake != name || v.Advice == "" || v.StringToSign == "" || v.CanonicalRequest == "" {
				t.Errorf("%+v", v)
			}
			if name == "no final slash" && (v.FirstDifference == nil || v.FirstDifference.Offset != len("POST\n"+s.path)) {
				t.Errorf("first difference %+v", v.FirstDifference)
			}
		})
	}
}

// explained sends a request signed by a recipe and returns the journal's explanation of its refusal.
func (c *client) explained(s *sent, r *recipe) *mockserver.Explanation {
	c.t.Helper()
	s.header.Set(headerDate, s.date)
	_, signature := r.sign(&message{Method: s.method, Path: s.path, Query: s.query, Host: c.srv.URL[len("http://"):], Header: s.header, Body: []byte(s.body)})
	s.header.Set("Authorization", "SDK-HMAC-SHA256 Access="+s.ak+", SignedHeaders="+strings.Join(s.signed, ";")+", Signature="+signature)
	s.signed = nil
	if v := c.send(s).want(c.t, http.StatusUnauthorized); v["error_msg"] != "Incorrect IAM authentication information: verify aksk signature fail" {
		c.t.Fatalf("%v", v)
	}
	entries, _ := c.srv.Requests(mockserver.JournalQuery{World: c.world.Name()})
	if entries[0].Explanation == nil {
		c.t.Fatal("the journal explains nothing")
	}
	return entries[0].Explanation
}

// TestJournalKeepsSecrets looks for every secret of a world in everything the journal shows.
func TestJournalKeepsSecrets(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	temporary := c.apply("temporary-access-key", nil)
	issued := c.send(c.tokenRequest(c.scoped(""))).header.Get("X-Subject-Token")
	c.send(listByToken(c, nil))
	s := c.request("GET", c.users(), "", "").set(headerSecurity, temporary["security_token"].(string))
	s.ak, s.sk, s.signed = temporary["ak"].(string), "wrong", []string{"workspace", "x-sdk-date", "x-security-token"}
	c.send(s).want(t, 401)
	signedToken := c.request("GET", c.users(), "", "").set(headerToken, c.env.Token)
	signedToken.signed = append(signedToken.signed, "x-auth-token")
	c.send(signedToken)
	entries, _ := c.srv.Requests(mockserver.JournalQuery{World: c.world.Name()})
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 4 || !strings.Contains(string(text), "canonical_request") {
		t.Fatalf("%d entries: %s", len(entries), text)
	}
	for name, secret := range map[string]string{"sk": c.env.SK, "token": c.env.Token, "password": c.env.Password, "issued token": issued,
		"temporary sk": temporary["sk"].(string), "security token": temporary["security_token"].(string)} {
		if secret == "" || strings.Contains(string(text), secret) {
			t.Errorf("the journal shows the %s", name)
		}
	}
}

func TestStatesRefuseBadParameters(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	for state, params := range map[string]mockserver.Params{
		"caller-role": {"role": "king"}, "member-exists": {"role": "none"}, "approvers-exist": {"count": -1}, "access-key-locked": {"minutes": 0},
		"temporary-access-key": {"minutes": "x"}, "gateway-condition": {"error": "DS.60xx/user"}, "no-approvers": {"count": 1},
	} {
		var wrong *mockserver.ParamError
		if _, err := c.world.Apply(context.Background(), state, params); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", state, err)
		}
	}
}

// TestStatesCanBeRepeated applies every state twice without parameters.
func TestStatesCanBeRepeated(t *testing.T) {
	t.Parallel()
	srv := server(t)
	for _, state := range states {
		c := open(t, srv, mockserver.WorldSetting{})
		for range 2 {
			c.apply(state.Name, nil)
		}
	}
	c := open(t, srv, mockserver.WorldSetting{})
	first, again := c.apply("approvers-exist", nil), c.apply("approvers-exist", nil)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("%v and %v", first, again)
	}
	c.apply("no-approvers", nil)
	if total, _ := c.list(""); total != 0 {
		t.Errorf("%d approvers are left", total)
	}
}
