package quickbi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// told is what a reply says in one line: its code, or 200.
func told(r *reply) string {
	if r.code != "" {
		return r.code
	}
	return fmt.Sprint(r.status)
}

// switched shows what an alternative changes: run observes it in a world of defaults and in one that chose it.
type switched struct {
	run              func(g *rig) string
	byDefault, chose string
	// clock and also are more settings of both worlds.
	clock string
	also  map[string]string
	// records are put over the demo's.
	records string
}

func telling(send func(*rig) *reply) func(*rig) string {
	return func(g *rig) string { return told(send(g)) }
}

func messaging(send func(*rig) *reply) func(*rig) string {
	return func(g *rig) string { return send(g).message }
}

func many(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("nobody-%d", i)
	}
	return strings.Join(ids, ",")
}

// twoProblems is a key whose owner's profile is incomplete and whose organization's instance has expired.
const twoProblems = `{"organizations":[{"id":"o","name":"o","instance":{"edition":"professional","expires_at":1}}],
"users":[{"id":"u","name":"u","organization_id":"o","incomplete_profile":true}],
"access_keys":[{"id":"two-problems","secret":"s","name":"two","user_id":"u"}]}`

var switches = map[string]switched{
	"QB-001=after-signature": {telling(sends(call{at: "2026-01-15T07:00:00Z", secret: "x"})), "InvalidTimeStamp.Expired", "SignatureDoesNotMatch", "", nil, ""},
	"QB-002=31":              {telling(sends(call{at: "2026-01-15T08:20:00Z"})), "InvalidTimeStamp.Expired", "200", "", nil, ""},
	"QB-003=json": {func(g *rig) string {
		return g.send(call{v1: true, params: g.callback(), edit: func(p map[string]string) { delete(p, "Format") }}).header.Get("Content-Type")
	}, "text/xml;charset=utf-8", "application/json;charset=utf-8", "", nil, ""},
	"QB-004=accept": {func(g *rig) string {
		return g.send(call{params: g.callback(), edit: func(h map[string]string) { h["accept"] = "text/xml" }}).header.Get("Content-Type")
	}, "application/json;charset=utf-8", "text/xml;charset=utf-8", "", nil, ""},
	"QB-005=gateway": {telling(callingBack("HandleReason", "")), "System.Param.Empty", "MissingHandleReason", "", nil, ""},
	"QB-006=refuse":  {telling(sends(call{v1: true, edit: func(p map[string]string) { p["Status"] = "1" }})), "200", "InvalidStatus", "", nil, ""},
	"QB-007=shared": {func(g *rig) string {
		g.send(call{params: g.callback(), nonce: "n"})
		return told(g.send(call{params: g.callback(), nonce: "n", key: g.key("authorized")}))
	}, "200", "SignatureNonceUsed", "", nil, ""},
	"QB-008=refuse": {telling(sends(call{method: "GET"})), "200", "UnsupportedHTTPMethod", "", nil, ""},
	"QB-009=403":    {func(g *rig) string { return fmt.Sprint(sends(call{method: "PUT"})(g).status) }, "400", "403", "", nil, ""},
	"QB-010=refuse": {telling(authorizing()), "200", "InvalidProtocol.NeedSsl", "", nil, ""},
	"QB-011=404":    {func(g *rig) string { return fmt.Sprint(authorizing()(g).status) }, "400", "404", "", map[string]string{"QB-010": "refuse"}, ""},
	"QB-012=short": {func(g *rig) string {
		_, tail, _ := strings.Cut(sends(call{secret: "x"})(g).message, "calculation.")
		return tail[:min(len(tail), 41)]
	}, " server StringToSign is [ACS3-HMAC-SHA256", "", "", nil, ""},
	"QB-013=trust-header": {telling(sends(call{body: "x=1", spoil: func(r *http.Request) { r.Body = http.NoBody; r.ContentLength = 0 }})), "SignatureDoesNotMatch", "200", "", nil, ""},
	"QB-014=host":         {telling(sends(call{unlist: "x-acs-version"})), "IncompleteSignature", "200", "", nil, ""},
	"QB-015=accept":       {telling(sends(call{edit: func(h map[string]string) { delete(h, "x-acs-signature-nonce") }})), "MissingSignatureNonce", "200", "", nil, ""},
	"QB-016=header":       {telling(sends(call{edit: func(h map[string]string) { delete(h, "x-acs-date") }})), "MissingTimestamp", "Missingx-acs-date", "", nil, ""},
	"QB-017=malformed": {func(g *rig) string {
		return told(g.send(call{params: g.callback(), token: g.key("temporary").Token}))
	}, "InvalidSecurityToken.MismatchWithAccessKey", "InvalidSecurityToken.Malformed", "", nil, ""},
	"QB-018=Forbidden.RAM": {telling(as(authorizeAction, "ram-user")), "NoPermission", "Forbidden.RAM", "", nil, ""},
	"QB-019=item": {func(g *rig) string {
		body := g.send(call{v1: true, action: authorizeAction, params: but(g.authorize(), "UserIds", "nobody", "LlmCubeThemes", "-"),
			edit: func(p map[string]string) { p["Format"] = "xml" }}).body
		from := strings.Index(body, "<Result>")
		return body[from:strings.Index(body, "<UserId>")]
	}, "<Result>", "<Result><Item>", "", nil, ""},
	"QB-020=Quickbi": {func(g *rig) string {
		r := callingBack("Status", "9")(g)
		_, rest, _ := strings.Cut(r.members["Recommend"].(string), "product=")
		product, _, _ := strings.Cut(rest, "&")
		return product
	}, "quickbi-public", "Quickbi", "", nil, ""},
	"QB-021=InternalError":  {telling(sends(call{body: strings.Repeat("x", 1<<16+1)})), "InvalidParameter", "InternalError", "", nil, ""},
	"QB-022=instance-first": {telling(sends(call{key: &AccessKey{ID: "two-problems", Secret: "s"}})), "UserInfo.Error", "Instance.Expired", "", nil, twoProblems},

	"QB-030=Invalid.Param.Error":     {telling(callingBack("Status", "0")), "Invalid.Parameter.Error", "Invalid.Param.Error", "", nil, ""},
	"QB-030=Invalid.Parameter":       {telling(callingBack("Status", "0")), "Invalid.Parameter.Error", "Invalid.Parameter", "", nil, ""},
	"QB-031=Invalid.Parameter.Error": {messaging(callingBack("ApplicationId", "你")), "The parameter is invalid.", "The parameter is invalid:ApplicationId.", "", nil, ""},
	"QB-032=accept":                  {telling(callingBack("HandleReason", " \t ")), "System.Param.Empty", "200", "", nil, ""},
	"QB-033=same-is-success": {func(g *rig) string {
		params := g.callback()
		g.send(call{params: params})
		return told(g.send(call{params: params})) + " " + told(g.send(call{params: but(params, "Status", "2")}))
	}, "Application.RecordClosed Application.RecordClosed", "200 Application.RecordClosed", "", nil, ""},
	"QB-034=permission-first": {func(g *rig) string {
		params := but(g.callback(), "ApplicationId", g.given("application-for-organization-admin")[applicationParam].(string))
		g.send(call{params: params})
		return told(g.send(call{params: params, key: g.key("authorized")}))
	}, "Application.RecordClosed", "Invalid.User.Admin", "", nil, ""},
	"QB-035=none": {func(g *rig) string {
		id := g.given("application-for-workspace-admin")[applicationParam].(string)
		return told(callingBack("ApplicationId", id)(g))
	}, "User.Not.WorkspaceAdmin", "200", "", nil, ""},

	"QB-050=each":           {telling(authorizing("UserIds", strings.Repeat("u,", 60)+"u")), "200", "Invalid.Parameter.Error", "", nil, ""},
	"QB-051=Cube.Not.Exist": {telling(authorizing("CubeIds", "no-such-set")), "Invalid.Parameter.Error", "Cube.Not.Exist", "", nil, ""},
	"QB-051=result-entry": {func(g *rig) string {
		r := authorizing("CubeIds", "no-such-set", "UserIds", g.env.UserIDs[0])(g)
		return fmt.Sprintf("%s %d", told(r), entries(r))
	}, "Invalid.Parameter.Error 0", "200 1", "", nil, ""},
	"QB-052=ignore": {func(g *rig) string {
		return told(authorizing("UserIds", many(51), "LlmCubeThemes", "-", "CubeIds", g.env.CubeIDs[1])(g)) + " " +
			told(authorizing("UserIds", many(51), "LlmCubeThemes", "-", "LlmCubes", "-", "CubeIds", g.env.CubeIDs[0]+","+g.env.CubeIDs[1])(g))
	}, "Invalid.Parameter.Error Invalid.Parameter.Error", "200 200", "", nil, ""},
	"QB-053=Invalid.Parameter.Error/LlmCubes": {messaging(authorizing("UserIds", many(101))), "The parameter is invalid:UserIds.", "The parameter is invalid:LlmCubes.", "", nil, ""},
	"QB-054=accept":  {telling(authorizing("LlmCubes", "-", "LlmCubeThemes", "")), "Invalid.Parameter.Error", "200", "", nil, ""},
	"QB-055=UTC":     {telling(authorizing("ExpireDay", "2026-01-15")), "Share.ExpireDate.Error", "200", "2026-01-15T17:00:00Z", nil, ""},
	"QB-056=expired": {telling(authorizing("ExpireDay", "2020-01-01")), "Date.Exceed.Error", "Share.ExpireDate.Error", "2026-01-15T08:00:00Z", nil, ""},
	"QB-056=exceed":  {telling(authorizing("ExpireDay", "2026-01-14")), "Share.ExpireDate.Error", "Date.Exceed.Error", "2026-01-15T08:00:00Z", nil, ""},
	"QB-057=past":    {telling(authorizing("ExpireDay", "2026-01-15")), "200", "Share.ExpireDate.Error", "2026-01-15T08:00:00Z", nil, ""},
	"QB-058=checked": {telling(authorizing("OperationType", "1", "ExpireDay", "2020-01-01")), "200", "Date.Exceed.Error", "2026-01-15T08:00:00Z", nil, ""},
	"QB-059=6": {func(g *rig) string {
		authorizing("ExpireDay", "-", "UserIds", g.env.UserIDs[0], "LlmCubeThemes", "-")(g)
		return g.audit()[0][len(g.audit()[0])-10:]
	}, "2026-01-22", "2026-01-21", "2026-01-15T08:00:00Z", nil, ""},
	"QB-060=all-or-nothing": {func(g *rig) string {
		r := authorizing("UserIds", g.env.UserIDs[0]+",nobody")(g)
		return fmt.Sprintf("%d failed, %d granted", entries(r), len(g.audit()))
	}, "2 failed, 2 granted", "2 failed, 0 granted", "", nil, ""},
	"QB-061=sample": {func(g *rig) string { return entry(authorizing("UserIds", "nobody")(g))["DetailMessage"].(string) },
		"USER_NOT_EXIST", "INVALID_FILE_FORMAT", "", nil, ""},
	"QB-062=absent": {func(g *rig) string {
		e := entry(authorizing("UserIds", "nobody")(g))
		return fmt.Sprint(e["LlmCubeTheme"], " ", e["LlmCube"] == g.env.LlmCubeIDs[0])
	}, " true", "<nil> true", "", nil, ""},
	"QB-063=caller-first": {func(g *rig) string {
		g.given("caller-unknown")
		return told(authorizing("ExpireDay", "2026-02-30")(g)) + " " + told(authorizing("LlmCubes", "a,,b")(g)) + " " +
			told(authorizing("OperationType", "7")(g))
	}, "Date.Format.Error Invalid.Parameter.Error Invalid.Parameter.Error", "ApiUser.Not.Exists ApiUser.Not.Exists Invalid.Parameter.Error", "", nil, ""},
	"QB-063=date-first": {func(g *rig) string {
		g.given("caller-unknown")
		return told(authorizing("ExpireDay", "2020-01-01")(g)) + " " + told(authorizing("UserIds", many(101))(g))
	}, "ApiUser.Not.Exists ApiUser.Not.Exists", "Date.Exceed.Error ApiUser.Not.Exists", "", nil, ""},
	"QB-064=off":            {telling(as(authorizeAction, "caller-without-data-service")), "API.Not.Exist", "200", "", nil, ""},
	"QB-065=module":         {telling(as(authorizeAction, "caller-instance-expired")), "200", "RobotNl2sql.Moudle.NotPurchase", "", nil, ""},
	"QB-066=Invalid<Param>": {telling(authorizing("OperationType", "7")), "Invalid.Parameter.Error", "InvalidOperationType", "", nil, ""},
	"QB-067=skip": {func(g *rig) string {
		return told(authorizing("UserIds", " ,"+g.env.UserIDs[0]+",,")(g)) + " " + told(authorizing("UserIds", ", ,")(g))
	}, "Invalid.Parameter.Error Invalid.Parameter.Error", "200 MissingUserIds", "", nil, ""},
}

// entries counts the failed pairs of a reply.
func entries(r *reply) int {
	list, _ := r.members["Result"].([]any)
	return len(list)
}

// entry is the first failed pair.
func entry(r *reply) map[string]any { return r.members["Result"].([]any)[0].(map[string]any) }

// TestEverySwitchSwitches shows for every alternative of every assumption what choosing it changes.
func TestEverySwitchSwitches(t *testing.T) {
	t.Parallel()
	v, err := specs.Load("quickbi")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t)
	known := map[string]bool{}
	for _, a := range v.Assumptions {
		for _, alt := range a.Alternatives {
			name := a.ID + "=" + alt.Value
			known[name] = true
			if alt.Value == a.Default {
				continue
			}
			s, ok := switches[name]
			if !ok {
				t.Errorf("nothing shows what %s changes (%s)", name, a.Title)
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if got := s.run(s.world(t, srv, "", "")); got != s.byDefault {
					t.Errorf("by default %q, want %q", got, s.byDefault)
				}
				if got := s.run(s.world(t, srv, a.ID, alt.Value)); got != s.chose {
					t.Errorf("with %s %q, want %q", name, got, s.chose)
				}
			})
		}
	}
	for name := range switches {
		if !known[name] {
			t.Errorf("no assumption has the alternative %s", name)
		}
	}
}

func (s switched) world(t *testing.T, srv *mockserver.Running, id, value string) *rig {
	t.Helper()
	setting := mockserver.WorldSetting{Clock: s.clock, Assumptions: map[string]string{}}
	for k, v := range s.also {
		setting.Assumptions[k] = v
	}
	if id != "" {
		setting.Assumptions[id] = value
	}
	if s.records != "" {
		srv = newServer(t) // its credentials can be in one world only
		setting.Records = map[string]json.RawMessage{"quickbi": json.RawMessage(s.records)}
	}
	return rigOn(t, srv, setting)
}
