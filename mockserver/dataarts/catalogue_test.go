package dataarts

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// cause is how a test gets an entry of the catalogue: what it sets up, and the request that then meets it.
type cause struct {
	// state is a provider state with its parameters.
	state  string
	params mockserver.Params
	// choose are alternatives of the world.
	choose map[string]string
	// request makes the request; after is what the state answered.
	request func(c *client, after map[string]any) *sent
	// args fill the %s of code and message.
	args []any
}

func list(c *client, _ map[string]any) *sent { return c.request("GET", c.users(), "", "") }

func listByToken(c *client, _ map[string]any) *sent {
	return c.request("GET", c.users(), "", "").withToken(c.env.Token)
}

func createSelf(c *client, _ map[string]any) *sent {
	return c.request("POST", c.users(), "", documentedExample)
}

func remove(c *client, _ map[string]any) *sent {
	return c.request("DELETE", c.users(), "approver_ids=1", "")
}

// requestFor is an ordinary request of a vendor's operation.
func requestFor(operation string) func(*client, map[string]any) *sent {
	switch operation {
	case opCreateApprover:
		return createSelf
	case opDeleteApprover:
		return remove
	}
	return list
}

// causes has one for every entry, by operation and name.
var causes = map[string]cause{
	"/APIGW.0101": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", "/v2/"+c.env.ProjectID+"/nowhere", "", "")
	}},
	"/APIGW.0101/method": {request: func(c *client, _ map[string]any) *sent { return c.request("POST", "/v3/projects", "", "") }},
	"/APIGW.0201/400": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "approver_name=%zz", "")
	}},
	"/APIGW.0201/413": {request: func(c *client, _ map[string]any) *sent {
		return c.request("POST", c.users(), "", strings.Repeat(" ", 12<<20+1))
	}},
	"/APIGW.0201/414": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "approver_name="+strings.Repeat("a", 40000), "")
	}},
	"/APIGW.0201/494": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").set("X-Long", strings.Repeat("a", 40000))
	}},
	"/APIGW.0301": {request: func(c *client, _ map[string]any) *sent {
		s := c.request("GET", c.users(), "", "").without(headerDate)
		s.date = ""
		return s
	}},
	"/APIGW.0301/signature": {request: func(c *client, _ map[string]any) *sent {
		s := c.request("GET", c.users(), "", "")
		s.sk = "another"
		return s
	}},
	"/APIGW.0301/expired": {args: []any{"20240419T094457Z", "20240419T095958Z"}, request: func(c *client, _ map[string]any) *sent {
		s := c.request("GET", c.users(), "", "")
		s.date = "20240419T094457Z"
		return s
	}},
	"/APIGW.0301/ak-not-exist": {args: []any{"UNKNOWNAK"}, request: func(c *client, _ map[string]any) *sent {
		s := c.request("GET", c.users(), "", "")
		s.ak = "UNKNOWNAK"
		return s
	}},
	"/APIGW.0301/secret-key": {state: "temporary-access-key", args: []any{"<ak>"}, request: func(c *client, after map[string]any) *sent {
		s := c.request("GET", c.users(), "", "")
		s.ak, s.sk = after["ak"].(string), after["sk"].(string)
		return s
	}},
	"/APIGW.0301/locked": {state: "access-key-locked", request: list},
	"/APIGW.0301/decrypt-token": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").withToken("never issued")
	}},
	"/APIGW.0301/no-token": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").withToken("")
	}},
	"/APIGW.0301/token-expired": {state: "token-expired", choose: map[string]string{"DA-038": "APIGW.0301"},
		args: []any{"2024-04-19T09:59:57.000000Z"}, request: listByToken},
	"/APIGW.0302": {state: "caller-without-policy", request: list},
	"/APIGW.0305": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").withToken("").set("Authorization", "SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date")
	}},
	"/APIGW.0307": {state: "token-of-another-region", request: listByToken},
	"/APIGW.0310": {state: "project-unavailable", request: list},

	"/DS.60xx/parameter": {request: func(c *client, _ map[string]any) *sent { return c.request("GET", c.users(), "limit=101", "") }},
	"/DS.60xx/workspace": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").set("Workspace", "another")
	}},
	"/DLG.0818": {choose: map[string]string{"DA-002": "both"}, request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").set("Workspace", "another")
	}},
	"/DS.60xx/project-header": {state: "several-projects", request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").without(headerProjectID)
	}},
	"/DS.60xx/user":          {state: "caller-disabled", request: list},
	"/DS.60xx/token-project": {state: "token-of-another-project", request: listByToken},
	"/DS.60xx/project": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", c.users(), "", "").set(headerProjectID, "another")
	}},
	"/DS.60xx/api": {request: func(c *client, _ map[string]any) *sent {
		return c.request("GET", "/v2/"+c.env.ProjectID+"/design/approvals/nobody", "", "")
	}},

	opCreateApprover + "/DS.60xx/content-type": {request: func(c *client, _ map[string]any) *sent {
		return createSelf(c, nil).set("Content-Type", "text/plain")
	}},
	opCreateApprover + "/DS.60xx/member": {request: func(c *client, _ map[string]any) *sent {
		return c.request("POST", c.users(), "", `{"approver_name":"n","user_id":"nobody"}`)
	}},
	opCreateApprover + "/DS.60xx/role": {state: "member-exists", params: mockserver.Params{"role": "viewer"},
		request: func(c *client, after map[string]any) *sent {
			return c.request("POST", c.users(), "", fmt.Sprintf(`{"approver_name":"n","user_id":%q}`, after["user_id"]))
		}},
	opCreateApprover + "/DS.60xx/duplicate": {state: "approver-exists", request: createSelf},
	opCreateApprover + "/DS.60xx/admin":     {state: "caller-role", request: createSelf},
	opListApprovers + "/DS.60xx/caller":     {state: "caller-role", params: mockserver.Params{"role": "none"}, request: list},
	opDeleteApprover + "/DS.60xx/admin":     {state: "caller-role", request: remove},
	opDeleteApprover + "/DS.60xx/approver":  {choose: map[string]string{"DA-015": "refuse"}, request: remove},

	"/IAM.400": {request: func(c *client, _ map[string]any) *sent {
		return c.tokenRequest("not JSON").set("X-Countersign-World", c.world.Name())
	}},
	"/IAM.401/credential": {choose: map[string]string{"DA-053": "iam"}, request: func(c *client, _ map[string]any) *sent {
		// Nothing in this request names the world but the header: an unknown token belongs to none.
		return c.request("GET", "/v3/projects", "", "").withToken("never issued").set("X-Countersign-World", c.world.Name())
	}},
	opCreateToken + "/IAM.401": {request: func(c *client, _ map[string]any) *sent {
		return c.tokenRequest(c.login(c.env.UserName, "wrong", c.env.Domain, ""))
	}},
	opCreateToken + "/IAM.403": {state: "caller-disabled", request: func(c *client, _ map[string]any) *sent {
		return c.tokenRequest(c.login(c.env.UserName, c.env.Password, c.env.Domain, ""))
	}},
	opCreateToken + "/IAM.404": {request: func(c *client, _ map[string]any) *sent {
		return c.tokenRequest(c.login(c.env.UserName, c.env.Password, c.env.Domain, `"project":{"name":"cn-nowhere-1"}`))
	}},
}

func init() {
	for _, name := range gatewayConditions {
		causes["/"+name] = cause{state: "gateway-condition", params: mockserver.Params{"error": name}, request: list}
	}
}

// tokenRequest is a token request with a body.
func (c *client) tokenRequest(body string) *sent {
	s := c.request("POST", "/v3/auth/tokens", "", body)
	s.signed, s.header = nil, http.Header{"Content-Type": {"application/json"}}
	return s
}

func (c *client) login(user, password, domain, scope string) string {
	return fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"password":%q,"domain":{"name":%q}}}},"scope":{%s}}}`,
		user, password, domain, scope)
}

// TestCatalogue walks the whole catalogue: every entry is produced and answers as documented.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	vendor, err := specs.Load("dataarts")
	if err != nil {
		t.Fatal(err)
	}
	srv := server(t)
	seen := map[string]bool{}
	for _, entry := range vendor.Errors {
		key := entry.Operation + "/" + entry.Name
		seen[key] = true
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			how, ok := causes[key]
			if !ok {
				t.Fatal("no test causes this entry")
			}
			if how.state != entry.State && (entry.State != "" || how.state != "approver-exists") {
				t.Errorf("the test uses the state %q, the document names %q", how.state, entry.State)
			}
			meet(t, srv, entry, how)
		})
	}
	for key := range causes {
		if !seen[key] {
			t.Errorf("the catalogue has no entry %s", key)
		}
	}
}

func meet(t *testing.T, srv *mockserver.Running, entry *specs.Error, how cause) {
	t.Helper()
	c := open(t, srv, mockserver.WorldSetting{Clock: "2024-04-19T09:59:58Z", Assumptions: how.choose})
	var after map[string]any
	if how.state != "" {
		after = c.apply(how.state, how.params)
	}
	args := how.args
	if len(args) == 1 && args[0] == "<ak>" {
		args = []any{after["ak"]}
	}
	message := entry.Message
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	v := c.send(how.request(c, after)).want(t, entry.Status)
	code, text := v["error_code"], v["error_msg"]
	if strings.HasPrefix(entry.Name, "IAM.") {
		inner := v["error"].(map[string]any)
		code, text = fmt.Sprint(inner["code"]), inner["message"]
		if inner["title"] != http.StatusText(entry.Status) {
			t.Errorf("title %v", inner["title"])
		}
	}
	if code != entry.Code || text != message {
		t.Errorf("answers %v %q, want %s %q", code, text, entry.Code, message)
	}
	entries, _ := c.srv.Requests(mockserver.JournalQuery{World: c.world.Name()})
	if len(entries) == 0 || entries[0].Error == nil || entries[0].Error.Name != entry.Name {
		t.Errorf("the journal has another entry: %+v", entries)
	}
}

// TestServiceErrorsOnEveryOperation meets the four documented statuses on each of the three operations.
func TestServiceErrorsOnEveryOperation(t *testing.T) {
	t.Parallel()
	want := map[int]string{400: "The user request is illegal.", 401: "User authentication failed.",
		403: "The user does not have permission to call this API.", 404: "The User Request API does not exist."}
	srv := server(t)
	for _, operation := range []string{opCreateApprover, opListApprovers, opDeleteApprover} {
		for status, message := range want {
			t.Run(fmt.Sprintf("%s/%d", operation, status), func(t *testing.T) {
				t.Parallel()
				c := open(t, srv, mockserver.WorldSetting{})
				s := requestFor(operation)(c, nil)
				switch status {
				case 400:
					s.set("Workspace", "another")
				case 401:
					c.apply("caller-disabled", nil)
				case 403:
					s.set(headerProjectID, "another")
				case 404:
					s.path += "/x"
				}
				if v := c.send(s).want(t, status); v["error_code"] != "DS.60xx" || v["error_msg"] != message {
					t.Errorf("%v", v)
				}
			})
		}
	}
}

// TestNamesAreInTheCatalogue holds the constants of errors.go against the documents.
func TestNamesAreInTheCatalogue(t *testing.T) {
	t.Parallel()
	vendor, err := specs.Load("dataarts")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, e := range vendor.Errors {
		there[e.Name] = true
	}
	constants := append([]string{errNoAPI, errNoMethod, errUnreadable, errBodyTooLarge, errURITooLarge, errHeadersTooLarge, errIAM,
		errSignature, errSignatureExpired, errNoAccessKey, errNoSecretKey, errAccessKeyLocked, errDecryptToken, errNoToken,
		errTokenExpired, errNotAuthorized, errAuthentication, errTokenUpdate, errThrottled, errProjectGone, errInternal,
		errIAMUnavailable, errParameter, errContentType, errWorkspace, errWorkspaceDLG, errProjectHeader, errMember, errRole,
		errDuplicate, errApprover, errUser, errTokenProject, errAdmin, errCaller, errProject, errServiceAPI, errIAMRequest,
		errIAMPassword, errIAMCredential, errIAMDenied, errIAMNotFound}, gatewayConditions...)
	for _, name := range constants {
		if !there[name] {
			t.Errorf("%s is not in the catalogue", name)
		}
	}
	for _, name := range constants {
		delete(there, name)
	}
	for name := range there {
		t.Errorf("errors.go does not name %s", name)
	}
}
