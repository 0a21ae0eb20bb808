package dataarts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestOnlyDocumentedNamesCount: a field counts under its documented name alone, and of two fields of one name the last.
func TestOnlyDocumentedNamesCount(t *testing.T) {
	t.Parallel()
	srv := server(t)
	member := open(t, srv, mockserver.WorldSetting{}).env.MemberUserIDs[1]
	for name, tc := range map[string]struct{ body, userID string }{
		"another case, wrong type":       {`{"approver_name":"n","user_id":"` + demoUserID + `","EMAIL":5}`, demoUserID},
		"another case, no address":       {`{"approver_name":"n","user_id":"` + demoUserID + `","Email":"not an address"}`, demoUserID},
		"another case behind":            {`{"approver_name":"n","user_id":"` + demoUserID + `","USER_ID":"` + member + `"}`, demoUserID},
		"another case before":            {`{"USER_ID":"` + member + `","approver_name":"n","user_id":"` + demoUserID + `"}`, demoUserID},
		"twice":                          {`{"approver_name":"n","user_id":"` + demoUserID + `","user_id":"` + member + `"}`, member},
		"twice, the first of wrong type": {`{"approver_name":"n","email":{},"user_id":5,"email":"a@b.cn","user_id":"` + member + `"}`, member},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, srv, mockserver.WorldSetting{})
			v := c.send(c.request("POST", c.users(), "", tc.body)).value(t).(map[string]any)
			if v["user_id"] != tc.userID || (v["email"] != nil) != strings.Contains(tc.body, "a@b.cn") {
				t.Errorf("user_id %v, email %v", v["user_id"], v["email"])
			}
		})
	}
}

// TestTokenRequestNamesAreExact is the same for the nested body of a token request.
func TestTokenRequestNamesAreExact(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	good := c.scoped(`"project":{"name":"cn-north-7"}`)
	for name, body := range map[string]string{
		"at the top": strings.TrimSuffix(good, "}") + `,"AUTH":5}`,
		"nested":     strings.Replace(good, `"domain":{"name"`, `"PASSWORD":7,"domain":{"NAME":[],"name"`, 1),
		"twice":      `{"auth":{"scope":{"project":{"id":"nowhere"}}},` + strings.TrimPrefix(good, "{"),
	} {
		v := c.send(c.tokenRequest(body)).want(t, 201)
		if project := v["token"].(map[string]any)["project"].(map[string]any); project["name"] != "cn-north-7" {
			t.Errorf("%s: %v", name, project)
		}
	}
}

// TestReasonsNameThePlace: the reason in an error begins with what data.parameter names.
func TestReasonsNameThePlace(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	post := func(body string) *sent { return c.request("POST", c.users(), "", body) }
	for want, s := range map[string]*sent{
		"body: is an array, want an object":                       post(`[]`),
		"body: is not UTF-8":                                      post("{\"approver_name\":\"\xff\"}"),
		"approver_name: is required":                              post(`{}`),
		"workspace: is required":                                  c.request("GET", c.users(), "", "").without("Workspace"),
		"the path is served with DELETE, GET, POST, not with PUT": c.request("PUT", c.users(), "", ""),
	} {
		g := c.send(s)
		var v slowServiceError
		if err := json.Unmarshal([]byte(g.body), &v); err != nil || v.Data == nil || v.Data.Reason != want {
			t.Errorf("got  %s (%v)\nwant %s", g.body, err, want)
			continue
		}
		if place, _, ok := strings.Cut(want, ": "); ok && v.Data.Parameter != place {
			t.Errorf("%s: the parameter is %q", want, v.Data.Parameter)
		}
	}
}

// TestAnyContentTypeWhereLenient: in a world that does not mind the header, JSON is read whatever it says.
func TestAnyContentTypeWhereLenient(t *testing.T) {
	t.Parallel()
	srv := server(t)
	body := strings.Replace(documentedExample, "dlg-ds", "100%", 1) // which no form may hold
	for _, declared := range []string{"", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded", "application/json; charset=utf-8"} {
		c := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-030": "lenient"}})
		s := c.request("POST", c.users(), "", body).set("Content-Type", declared)
		if v := c.send(s).value(t).(map[string]any); v["app_name"] != "100%" {
			t.Errorf("%q: %v", declared, v)
		}
	}
}

// TestJournalKeepsPasswordsOfMislabelledBodies: whatever the client calls its JSON.
func TestJournalKeepsPasswordsOfMislabelledBodies(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	for _, declared := range []string{"application/json", "text/plain", "application/x-www-form-urlencoded"} {
		for _, body := range []string{c.scoped(""), " [" + c.scoped("") + "]", c.scoped("")[1:]} {
			c.send(c.tokenRequest(body).set("Content-Type", declared).set("X-Countersign-World", c.world.Name()))
		}
	}
	entries, _ := c.srv.Requests(mockserver.JournalQuery{World: c.world.Name()})
	text, err := json.Marshal(entries)
	if err != nil || len(entries) != 9 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if strings.Contains(string(text), c.env.Password) {
		t.Errorf("the journal shows the password: %s", text)
	}
}

// TestHostileInput never gets a server error, a hang or another's envelope.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	long := strings.Repeat("x", 5000)
	for name, s := range map[string]*sent{
		"no body":               c.request("POST", c.users(), "", "").set("Content-Type", "application/json"),
		"blank body":            c.request("POST", c.users(), "", " \n "),
		"broken JSON":           c.request("POST", c.users(), "", `{"approver_name":`),
		"two values":            c.request("POST", c.users(), "", documentedExample+documentedExample),
		"an array":              c.request("POST", c.users(), "", `[]`),
		"null":                  c.request("POST", c.users(), "", `null`),
		"wrong types":           c.request("POST", c.users(), "", `{"approver_name":{},"user_id":[1]}`),
		"null fields":           c.request("POST", c.users(), "", `{"approver_name":null,"user_id":null}`),
		"null option":           c.request("POST", c.users(), "", `{"approver_name":"n","user_id":"`+demoUserID+`","email":null}`),
		"bad UTF-8":             c.request("POST", c.users(), "", "{\"approver_name\":\"\xff\",\"user_id\":\"u\"}"),
		"name too long":         c.request("POST", c.users(), "", `{"approver_name":"`+strings.Repeat("审", 101)+`","user_id":"u"}`),
		"bad email":             c.request("POST", c.users(), "", `{"approver_name":"n","user_id":"u","email":"x"}`),
		"email too long":        c.request("POST", c.users(), "", `{"approver_name":"n","user_id":"u","email":"a@`+strings.Repeat("b", 500)+`.cn"}`),
		"deep nesting":          c.request("POST", c.users(), "", strings.Repeat("[", 5000)+strings.Repeat("]", 5000)),
		"huge number":           c.request("GET", c.users(), "limit=99999999999999999999", ""),
		"number below 32 bits":  c.request("GET", c.users(), "offset=2147483648", ""),
		"fraction":              c.request("GET", c.users(), "limit=1.5", ""),
		"negative":              c.request("GET", c.users(), "offset=-9223372036854775808", ""),
		"bad query":             c.request("GET", c.users(), "approver_name=%zz", ""),
		"query not UTF-8":       c.request("GET", c.users(), "approver_name=%ff", ""),
		"long workspace":        c.request("GET", c.users(), "", "").set("Workspace", long),
		"short project":         c.request("GET", "/v2/ab/design/approvals/users", "", ""),
		"placeholder":           c.request("GET", "/v2/%7Bproject_id%7D/design/approvals/users", "", ""),
		"empty project":         c.request("GET", "/v2//design/approvals/users", "", ""),
		"trailing slash":        c.request("GET", c.users()+"/", "", ""),
		"bad path":              c.request("GET", "/v2/%2F%2e%2e/design/approvals/users", "", ""),
		"no ids":                c.request("DELETE", c.users(), "approver_ids=", ""),
		"strange authorization": c.request("GET", c.users(), "", "").without("x").set("Authorization", "SDK-HMAC-SHA256 ,,=,Access").withToken(""),
		"long token":            c.request("GET", c.users(), "", "").withToken(long),
		"strange ak":            func() *sent { s := c.request("GET", c.users(), "", ""); s.ak = "%s%d\"<>"; return s }(),
		"strange date":          func() *sent { s := c.request("GET", c.users(), "", ""); s.date = "now"; return s }(),
	} {
		g := c.send(s)
		if g.status < 400 || g.status >= 500 {
			t.Errorf("%s: status %d: %s", name, g.status, g.body)
			continue
		}
		v := g.want(t, g.status)
		if code := fmt.Sprint(v["error_code"]); !strings.HasPrefix(code, "DS.") && !strings.HasPrefix(code, "APIGW.") || v["error_msg"] == "" {
			t.Errorf("%s: %s", name, g.body)
		}
	}
	if total, _ := c.list(""); total != 0 {
		t.Errorf("%d approvers were made", total)
	}
}

func TestUnusualButLegal(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	name := strings.Repeat("审", 99) + "😀"
	data, _ := json.Marshal(map[string]any{"approver_name": name, "user_id": demoUserID, "email": "a.b-c+d@e-f.g.museum", "unknown": []int{1}})
	made := c.send(c.request("POST", c.users(), "from=standard&x", string(data))).value(t).(map[string]any)
	if made["approver_name"] != name {
		t.Errorf("the name came back as %v", made["approver_name"])
	}
	if got := c.names(values("approver_name", "😀")); got != name {
		t.Errorf("found %q", got)
	}
	entries, _ := c.srv.Requests(mockserver.JournalQuery{World: c.world.Name(), Operation: opCreateApprover})
	if text := strings.Join(entries[0].Warnings, "; "); !strings.Contains(text, "from") || !strings.Contains(text, "/unknown") || !strings.Contains(text, "DA-009") {
		t.Errorf("warnings: %s", text)
	}
}

// TestRepeatedRefusalsAreTheirOwn: a refusal that was met before is answered as at first, and one that differs from it in a
// number, a parameter or the world's code is not mistaken for it.
func TestRepeatedRefusalsAreTheirOwn(t *testing.T) {
	t.Parallel()
	flat, coded := serve(t, mockserver.WorldSetting{}), serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-001": "DS.6000"}})
	for range 3 { // kept from the second time on
		for _, tt := range []struct {
			from               *client
			query, code, start string
		}{
			{flat, "limit=0", "DS.60xx", "limit: is 0"},
			{flat, "limit=101", "DS.60xx", "limit: is 101"},
			{flat, "offset=-1", "DS.60xx", "offset: is -1"},
			{coded, "limit=0", "DS.6000", "limit: is 0"},
		} {
			g := tt.from.send(tt.from.request("GET", tt.from.users(), tt.query, ""))
			var v slowServiceError
			if err := json.Unmarshal([]byte(g.body), &v); err != nil || v.Code != tt.code || v.Data == nil || !strings.HasPrefix(v.Data.Reason, tt.start+",") {
				t.Errorf("%s: %s (%v)", tt.query, g.body, err)
			}
		}
	}
}
