package dataarts

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// TestDocumentedExample sends what the page sends and wants what the page prints, but for what changes with every call.
func TestDocumentedExample(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z"})
	project := c.env.ProjectID
	changing := map[string]string{
		"email":        `^BBBBAAAAUAAAAAAAAAAHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAABytUyVSWMg67[A-Za-z0-9+/]{32}AQAAAQAAAAAAAAAQ[A-Za-z0-9+/]{64}$`,
		"phone_number": `^BBBBAAAAUAAAAAAAAAAHAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAABAAAABytUyVSWMg67[A-Za-z0-9+/]{32}AQAAAQAAAAAAAAAQ[A-Za-z0-9+/]{64}$`,
		"topic_urn":    "^urn:smn:cn-north-7:" + project + ":DataArts_Topic_Approver_cn-north-7_" + project + "_dlg_ds_[A-Za-z0-9]{8}$",
	}
	want := map[string]any{
		"id": "42821", "approver_name": "test_uesr", "user_id": "0833a573fe80d5401f6dc010a775569a", "user_name": "test_uesr",
		"user_type": nil, "create_by": "0833a573fe80d5401f6dc010a775569a", "create_time": "2024-04-19T09:59:58.000Z", "app_name": "dlg_ds",
		"project_id": project + "-workspace-9ce2cfd08fda4f3b95faa5ba65fa5ec3",
	}
	made := c.send(c.request("POST", c.users(), "from=standard", documentedExample)).value(t).(map[string]any)
	hold(t, "created", made, want, changing)

	total, records := c.list("")
	if total != 1 || len(records) != 1 {
		t.Fatalf("the list has %d of %d records", len(records), total)
	}
	want["create_by"] = "test_uesr"
	changing["email"] = `^B\*{191}[A-Za-z0-9+/]{4}$`
	changing["phone_number"] = `^B\*{194}[A-Za-z0-9+/]$`
	hold(t, "listed", records[0], want, changing)
	if made["topic_urn"] != records[0]["topic_urn"] {
		t.Error("the topic changes from reply to reply")
	}
	email := made["email"].(string)
	if mask := records[0]["email"].(string); !strings.HasSuffix(email, mask[len(mask)-4:]) {
		t.Errorf("the mask %s does not end like the cipher %s", mask, email)
	}
}

// hold compares a record with fixed values and patterns, which together are all of its fields.
func hold(t *testing.T, what string, record, want map[string]any, patterns map[string]string) {
	t.Helper()
	for field, value := range record {
		pattern, changes := patterns[field]
		switch {
		case changes && !regexp.MustCompile(pattern).MatchString(fmt.Sprint(value)):
			t.Errorf("%s: %s is %v, want %s", what, field, value, pattern)
		case !changes && value != want[field]:
			t.Errorf("%s: %s is %v, want %v", what, field, value, want[field])
		}
	}
	if len(record) != len(want)+len(patterns) {
		t.Errorf("%s: fields %v", what, slices.Sorted(maps.Keys(record)))
	}
}

func TestReplyKeyOrder(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	body := c.create(map[string]any{"approver_name": "test_uesr", "user_id": demoUserID}).body
	place := -1
	for _, key := range []string{"data", "value", "id", "approver_name", "user_id", "user_name", "email", "user_type", "phone_number",
		"create_by", "create_time", "app_name", "topic_urn", "project_id"} {
		i := strings.Index(body, `"`+key+`":`)
		if i <= place {
			t.Errorf("%s stands at %d, after the key at %d in %s", key, i, place, body)
		}
		place = i
	}
}

// TestSwitches chooses the other alternatives and looks at what they change.
func TestSwitches(t *testing.T) {
	t.Parallel()
	full := map[string]any{"app_name": "a-b", "approver_name": "somebody", "user_id": demoUserID, "email": "a@b.cn", "phone_number": "1"}
	srv := server(t)
	for _, tc := range []struct {
		name, switchID, value string
		body                  map[string]any
		created, listed       map[string]any
	}{
		{"no addresses", "DA-003", "cipher", map[string]any{"approver_name": "n", "user_id": demoUserID},
			map[string]any{"email": nil, "phone_number": nil, "app_name": "dlg_ds"}, map[string]any{"email": nil, "phone_number": nil}},
		{"plain create", "DA-003", "plain", full, map[string]any{"email": "a@b.cn", "phone_number": "1", "app_name": "a_b"}, nil},
		{"plain list", "DA-004", "plain", full, nil, map[string]any{"email": "a@b.cn", "phone_number": "1"}},
		{"verbatim app name", "DA-005", "verbatim", full, map[string]any{"app_name": "a-b"}, map[string]any{"app_name": "a-b"}},
		{"creator by id", "DA-006", "id", full, map[string]any{"create_by": demoUserID}, map[string]any{"create_by": demoUserID}},
		{"creator by name", "DA-006", "name", full, map[string]any{"create_by": "test_uesr"}, map[string]any{"create_by": "test_uesr"}},
		{"name of the member", "DA-008", "member", full, map[string]any{"user_name": "test_uesr", "approver_name": "somebody"}, map[string]any{"user_name": "test_uesr"}},
		{"seconds", "DA-028", "seconds", full, map[string]any{"create_time": "2024-04-19T09:59:58Z"}, map[string]any{"create_time": "2024-04-19T09:59:58Z"}},
		{"notifications off", "DA-007", "null", plus(full, "email_notify", false, "sms_notify", false), map[string]any{"topic_urn": nil}, map[string]any{"topic_urn": nil}},
		{"off by default", "DA-027", "false", full, map[string]any{"topic_urn": nil}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := open(t, srv, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z", Assumptions: map[string]string{tc.switchID: tc.value}})
			made := c.create(tc.body).value(t).(map[string]any)
			_, records := c.list("")
			holdSome(t, "created", made, tc.created)
			holdSome(t, "listed", records[0], tc.listed)
		})
	}
}

func plus(m map[string]any, pairs ...any) map[string]any {
	out := maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func holdSome(t *testing.T, what string, record, want map[string]any) {
	t.Helper()
	for field, value := range want {
		if record[field] != value {
			t.Errorf("%s: %s is %v, want %v", what, field, record[field], value)
		}
	}
}

func TestSwitchesOfComposedFields(t *testing.T) {
	t.Parallel()
	body := map[string]any{"app_name": "名 x", "approver_name": "n", "user_id": demoUserID, "email": "a@b.cn", "phone_number": "1", "email_notify": false, "sms_notify": false}
	c := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-007": "always", "DA-024": "uniform", "DA-025": "salted", "DA-029": "project"}})
	made := c.create(body).value(t).(map[string]any)
	if made["project_id"] != c.env.ProjectID {
		t.Errorf("project_id is %v", made["project_id"])
	}
	urn := fmt.Sprint(made["topic_urn"])
	if !regexp.MustCompile(`_____[A-Za-z0-9]{8}$`).MatchString(urn) && !regexp.MustCompile(`___x_[A-Za-z0-9]{8}$`).MatchString(urn) {
		t.Errorf("topic_urn is %s", urn)
	}
	_, records := c.list("")
	if phone := fmt.Sprint(records[0]["phone_number"]); strings.Count(phone, "*") != len(phone)-5 {
		t.Errorf("the mask of a phone number is %s", phone)
	}
	body["user_id"] = c.env.MemberUserIDs[3]
	again := c.create(body).value(t).(map[string]any)
	if again["email"] == made["email"] {
		t.Error("equal addresses have equal ciphers though they are salted")
	}
}

func TestCipherIsDerived(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{Seed: 3})
	body := map[string]any{"approver_name": "n", "user_id": c.env.MemberUserIDs[1], "email": "a@b.cn", "phone_number": strings.Repeat("1", 40)}
	one := c.create(body).value(t).(map[string]any)
	body["user_id"] = c.env.MemberUserIDs[2]
	two := c.create(body).value(t).(map[string]any)
	if one["email"] != two["email"] {
		t.Error("equal addresses have different ciphers in one world")
	}
	if one["email"] == one["phone_number"] || len(fmt.Sprint(one["phone_number"])) <= 196 {
		t.Errorf("the cipher of a long number is %v", one["phone_number"])
	}
	other := serve(t, mockserver.WorldSetting{Seed: 4})
	body["user_id"] = other.env.MemberUserIDs[1]
	if three := other.create(body).value(t).(map[string]any); three["email"] == one["email"] {
		t.Error("the cipher does not depend on the world")
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	c.apply("approvers-exist", mockserver.Params{"count": 130, "approver_name": "a"})
	for query, want := range map[string]string{
		"":                   "a-1..a-50",
		"limit=100":          "a-1..a-100",
		"limit=100&offset=1": "a-1..a-100", // rounded down
		"limit=10&offset=25": "a-21..a-30",
		"limit=10&offset=29": "a-21..a-30",
		"limit=10&offset=30": "a-31..a-40",
		"offset=100":         "a-101..a-130",
		"offset=149":         "a-101..a-130",
		"offset=150":         "",
		"limit=1&offset=129": "a-130..a-130",
		"offset=2147483647":  "",
		"limit=&offset=":     "a-1..a-50", // empty is not sent
	} {
		total, records := c.list(query)
		got := ""
		if n := len(records); n > 0 {
			got = fmt.Sprintf("%v..%v", records[0]["approver_name"], records[n-1]["approver_name"])
		}
		if got != want || total != 130 {
			t.Errorf("%s: %s of %d, want %s", query, got, total, want)
		}
	}
}

func TestPagesWhileRecordsComeAndGo(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	c.apply("approvers-exist", mockserver.Params{"count": 6, "approver_name": "a"})
	if got := c.names("limit=2"); got != "a-1 a-2" {
		t.Fatalf("first page %q", got)
	}
	_, all := c.list("")
	c.send(c.request("DELETE", c.users(), "approver_ids="+all[0]["id"].(string), "")).want(t, 200)
	if got := c.names("limit=2&offset=2"); got != "a-4 a-5" {
		t.Errorf("after a deletion the second page is %q: an offset counts what is there", got)
	}
	c.create(map[string]any{"approver_name": "late", "user_id": demoUserID}).want(t, 200)
	if got := c.names("limit=2&offset=4"); got != "a-6 late" {
		t.Errorf("after an insertion the last page is %q", got)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	names := []string{"anna", "ann", "joanne", "bob", "ann", "ANN", "安 a+b"}
	for switchValue, wants := range map[string]map[string]string{
		"contains": {"ann": "ann ann anna joanne", "anna": "anna", "x": "", "n": "anna ann joanne ann", "安 a+b": "安 a+b", "NN": "ANN"},
		"exact":    {"ann": "ann ann", "anna": "anna", "n": "", "安 a+b": "安 a+b"},
	} {
		t.Run(switchValue, func(t *testing.T) {
			t.Parallel()
			c := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-012": switchValue}})
			for i, name := range names {
				c.create(map[string]any{"approver_name": name, "user_id": c.env.MemberUserIDs[i]}).want(t, 200)
			}
			for name, want := range wants {
				query := strings.ReplaceAll(values("approver_name", name), "+", "%20")
				total, records := c.list(query)
				if got := c.names(query); got != want || total != len(records) {
					t.Errorf("%q: %q of %d, want %q", name, got, total, want)
				}
			}
			if switchValue == "contains" {
				for offset, want := range []string{"ann ann", "ann ann", "anna joanne", "anna joanne", ""} {
					if got := c.names(fmt.Sprintf("approver_name=ann&limit=2&offset=%d", offset)); got != want {
						t.Errorf("offset %d: %q, want %q", offset, got, want)
					}
				}
				if got := c.names("approver_name=ann&limit=3"); got != "ann ann anna" {
					t.Errorf("a page over the seam is %q", got)
				}
			}
		})
	}
}

func TestNewestFirst(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-013": "newest-first"}})
	c.apply("approvers-exist", mockserver.Params{"count": 12, "approver_name": "a"})
	if got := c.names("limit=3"); got != "a-12 a-11 a-10" {
		t.Errorf("first page %q", got)
	}
	if got := c.names("limit=3&offset=9"); got != "a-3 a-2 a-1" {
		t.Errorf("last page %q", got)
	}
	if got := c.names("approver_name=a-1"); got != "a-1 a-12 a-11 a-10" {
		t.Errorf("filtered %q", got)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	ids := c.apply("approvers-exist", mockserver.Params{"count": 5})["ids"].([]string)
	for query, want := range map[string]int{
		"approver_ids=" + ids[0]:                                   1,
		"approver_ids=" + ids[1] + "%2C" + ids[2]:                  2,
		"approver_ids=" + ids[3] + ",%20" + ids[3] + ",,nonsense,": 1,
		"approver_ids=40001":                                       0, // of another workspace
		"approver_ids=40004":                                       0, // of another account
		"approver_ids=,":                                           0,
	} {
		if got := c.send(c.request("DELETE", c.users(), query, "")).value(t); got != float64(want) {
			t.Errorf("%s: %v, want %d", query, got, want)
		}
	}
	if total, records := c.list(""); total != 1 || records[0]["id"] != ids[4] {
		t.Errorf("%d are left: %v", total, records)
	}
	single := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-016": "single"}})
	ids = single.apply("approvers-exist", nil)["ids"].([]string)
	if got := single.send(single.request("DELETE", single.users(), "approver_ids="+ids[0]+","+ids[1], "")).value(t); got != 0.0 {
		t.Errorf("a list counts %v where one id is meant", got)
	}
}

func TestDeletedUserCanBeRegisteredAgain(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	id := c.create(map[string]any{"approver_name": "n", "user_id": demoUserID}).value(t).(map[string]any)["id"].(string)
	c.send(c.request("DELETE", c.users(), "approver_ids="+id, "")).want(t, 200)
	if again := c.create(map[string]any{"approver_name": "n", "user_id": demoUserID}).value(t).(map[string]any); again["id"] == id {
		t.Error("an id was given out twice")
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for role, want := range map[string][3]int{"admin": {200, 200, 200}, "developer": {403, 200, 403}, "operator": {403, 200, 403},
		"viewer": {403, 200, 403}, "none": {403, 403, 403}} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			c := serve(t, mockserver.WorldSetting{})
			c.apply("caller-role", mockserver.Params{"role": role})
			got := [3]int{
				c.create(map[string]any{"approver_name": "n", "user_id": c.env.MemberUserIDs[1]}).status,
				c.send(c.request("GET", c.users(), "", "")).status,
				c.send(c.request("DELETE", c.users(), "approver_ids=1", "")).status,
			}
			if got != want {
				t.Errorf("create, list, delete answer %v, want %v", got, want)
			}
		})
	}
	off := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-022": "off"}})
	off.apply("caller-role", mockserver.Params{"role": "none"})
	off.create(map[string]any{"approver_name": "n", "user_id": off.env.MemberUserIDs[1]}).want(t, 200)
	off.send(off.request("GET", off.users(), "", "")).want(t, 200)
}

func TestWorkspacesAndProjectsAreApart(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	c.create(map[string]any{"approver_name": "n", "user_id": demoUserID}).want(t, 200)
	other := c.send(c.request("GET", "/v3/projects", "name=cn-north-4", "")).want(t, 200)
	id := other["projects"].([]any)[0].(map[string]any)["id"].(string)
	path := "/v2/" + id + "/design/approvals/users"
	v := c.send(c.request("GET", path, "", "").set(headerProjectID, id)).value(t).(map[string]any)
	if v["total"] != 0.0 {
		t.Errorf("the workspace of another project shows %v", v)
	}
	made := c.send(c.request("POST", path, "", documentedExample).set(headerProjectID, id)).value(t).(map[string]any)
	if urn := fmt.Sprint(made["topic_urn"]); !strings.HasPrefix(urn, "urn:smn:cn-north-4:"+id+":") {
		t.Errorf("the topic of the other project is %s", urn)
	}
	if total, _ := c.list(""); total != 1 {
		t.Errorf("the first project has %d approvers", total)
	}
}

// TestValidationOrder has several things wrong at once; the document's order decides which is named.
func TestValidationOrder(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{})
	for name, tc := range map[string]struct {
		s         *sent
		status    int
		parameter string
	}{
		"signature before everything":    {c.request("GET", c.users(), "limit=0", "").without("Workspace").set("Authorization", "x").withToken("no"), 401, ""},
		"missing before malformed":       {c.request("GET", c.users(), "limit=x", "").without("Workspace"), 400, "workspace"},
		"malformed before out of range":  {c.request("GET", c.users(), "limit=0&offset=x", ""), 400, "offset"},
		"first in the document":          {c.request("GET", c.users(), "offset=-1&limit=0", ""), 400, "limit"},
		"missing field before type":      {c.request("POST", c.users(), "", `{"app_name":1,"approver_name":""}`), 400, "approver_name"},
		"type before range":              {c.request("POST", c.users(), "", `{"approver_name":"n","user_id":"u","email":"bad","sms_notify":"x"}`), 400, "sms_notify"},
		"parameters before the business": {c.request("GET", c.users(), "limit=101", "").set("Workspace", "unknown"), 400, "limit"},
		"header before parameters":       {c.request("POST", c.users(), "", `{}`).set("Content-Type", "text/plain").without("Workspace"), 400, "Content-Type"},
	} {
		v := c.send(tc.s).want(t, tc.status)
		data, _ := v["data"].(map[string]any)
		if got, _ := data["parameter"].(string); got != tc.parameter {
			t.Errorf("%s: the parameter at fault is %q, want %q: %v", name, got, tc.parameter, v)
		}
	}
}

// TestEnvelopes looks at the same refusals in the three forms.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"flat":   `{"error_code":"DS.60xx","error_msg":"The user request is illegal.","data":{"reason":"the project has no workspace \"unknown\"","parameter":"workspace"}}`,
		"errors": `{"errors":[{"error_code":"DLG.0818","error_msg":"Workspace does not exists","request_id":"ID"}]}`,
		"both":   `{"error_code":"DLG.0818","error_msg":"Workspace does not exists","data":{"reason":"the project has no workspace \"unknown\"","parameter":"workspace"},"errors":[{"error_code":"DLG.0818","error_msg":"Workspace does not exists","request_id":"ID"}]}`,
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			c := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": form}})
			g := c.send(c.request("GET", c.users(), "", "").set("Workspace", "unknown"))
			g.want(t, 400)
			if got := strings.ReplaceAll(g.body, g.header.Get("X-Request-Id"), "ID"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			for status, s := range map[int]*sent{
				400: c.request("GET", c.users(), "limit=0", ""), 401: c.request("GET", c.users(), "", "").withToken("x"),
				403: c.request("GET", c.users(), "", "").set(headerProjectID, "another"), 404: c.request("PATCH", c.users(), "", ""),
			} {
				c.send(s).want(t, status)
			}
		})
	}
}

func TestEnvelopeSwitches(t *testing.T) {
	t.Parallel()
	c := serve(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-001": "DS.6000", "DA-018": "APIG", "DA-032": "absent", "DA-021": "gateway"}})
	if got := c.send(c.request("GET", c.users(), "limit=0", "")).body; got != `{"error_code":"DS.6000","error_msg":"The user request is illegal."}` {
		t.Error(got)
	}
	v := c.send(c.request("GET", c.users()+"/more", "", "")).want(t, 404)
	if v["error_code"] != "APIG.0101" || v["request_id"] == "" {
		t.Errorf("%v", v)
	}
}

func TestSwitchesOfRefusals(t *testing.T) {
	t.Parallel()
	srv := server(t)
	twice := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-014": "allow"}})
	one := twice.send(createSelf(twice, nil)).value(t).(map[string]any)
	two := twice.send(createSelf(twice, nil)).value(t).(map[string]any)
	if total, _ := twice.list(""); total != 2 || one["id"] == two["id"] {
		t.Errorf("%d records of the same user", total)
	}
	names := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-009": "refuse"}})
	names.create(map[string]any{"approver_name": "somebody", "user_id": demoUserID}).want(t, 400)
	names.create(map[string]any{"approver_name": "test_uesr", "user_id": demoUserID}).want(t, 200)
	texts := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": "both", "DA-033": "documented"}})
	v := texts.send(texts.request("GET", texts.users(), "", "").set("Workspace", "unknown")).want(t, 400)
	if v["error_code"] != "DLG.0818" || v["error_msg"] != "The user request is illegal." {
		t.Errorf("%v", v)
	}
}

// TestTopicNamesTheProject uses a project that is not named like its region.
func TestTopicNamesTheProject(t *testing.T) {
	t.Parallel()
	srv := server(t)
	for choice, want := range map[string]string{"region": "Approver_cn-north-7_", "project": "Approver_cn-north-7_second_"} {
		c := open(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"DA-026": choice},
			Records: map[string]json.RawMessage{"dataarts": json.RawMessage(`{
				"projects": [{"key": "second", "id": "second-` + choice + `", "domain": "demo", "name": "cn-north-7_second", "region": "cn-north-7", "parent": "project-cn-north-7"}],
				"workspaces": [{"key": "second", "id": "my-workspace", "project": "second"}],
				"members": [{"workspace": "second", "user": "caller", "role": "r00001"}]}`)}})
		s := c.request("POST", "/v2/second-"+choice+"/design/approvals/users", "", documentedExample).set(headerProjectID, "second-"+choice).set("Workspace", "my-workspace")
		made := c.send(s).value(t).(map[string]any)
		if urn := made["topic_urn"].(string); !strings.Contains(urn, want) {
			t.Errorf("%s: %s lacks %s", choice, urn, want)
		}
	}
}

// TestNewApproversComeLast brings approvers in a world file: nobody's id is given out again, and the list goes on behind
// the greatest.
func TestNewApproversComeLast(t *testing.T) {
	t.Parallel()
	const record = `{"id": %q, "workspace": %q, "approver_name": "old", "user_id": %q, "app_name": "dlg_ds", "creator": "caller", "create_time": "2024-04-19T09:59:58Z"}`
	for _, tt := range []struct {
		name, id, workspace string
		want                []string
	}{
		{"TakenElsewhere", "42821", "workspace-other", []string{"42822", "42823"}},
		{"NextInOrder", "42821", demoWorkspace, []string{"42822", "42823"}},
		{"FarAhead", "1000000007", demoWorkspace, []string{"1000000008", "1000000009"}},
		{"Older", "7", demoWorkspace, []string{"42821", "42822"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			old := fmt.Sprintf(record, tt.id, tt.workspace, "0833a573fe80d5401f6dc010a775569b")
			c := serve(t, mockserver.WorldSetting{Records: map[string]json.RawMessage{"dataarts": json.RawMessage(`{"approvers": [` + old + `]}`)}})
			for i, want := range tt.want {
				made := c.create(map[string]any{"approver_name": fmt.Sprint("new-", i), "user_id": c.env.MemberUserIDs[i]}).value(t).(map[string]any)
				if made["id"] != want {
					t.Errorf("approver %d has the id %v, want %s", i, made["id"], want)
				}
			}
			if names := c.names(""); !strings.HasSuffix(names, "new-0 new-1") {
				t.Errorf("listed are %s", names)
			}
		})
	}
}
