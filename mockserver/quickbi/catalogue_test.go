package quickbi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// provoked says how an entry of the catalogue is caused and what fills its %s.
type provoked struct {
	send func(*rig) *reply
	fill string
	// world is what the world has chosen, where the default never answers this.
	world map[string]string
}

func sends(c call) func(*rig) *reply {
	return func(g *rig) *reply {
		if c.params == nil {
			c.params = g.callback()
		}
		return g.send(c)
	}
}

// callback sends a decision with some parameters changed, authorizing a grant.
func callingBack(changes ...string) func(*rig) *reply {
	return func(g *rig) *reply { return g.send(call{params: but(g.callback(), changes...)}) }
}

func authorizing(changes ...string) func(*rig) *reply {
	return func(g *rig) *reply {
		return g.send(call{action: authorizeAction, params: but(g.authorize(), changes...)})
	}
}

// given sends the operation's good call after a provider state; the state's answer fills ApplicationId or LlmCubes.
func given(action, state string) func(*rig) *reply {
	return func(g *rig) *reply {
		out := g.given(state)
		c := call{action: action, params: g.callback()}
		if action == authorizeAction {
			c.params = g.authorize()
		}
		if id, ok := out[applicationParam]; ok && action == callbackAction {
			c.params["ApplicationId"] = id.(string)
		}
		if id, ok := out[llmCubeParam]; ok && action == authorizeAction {
			c.params["LlmCubes"] = id.(string)
		}
		return g.send(c)
	}
}

// as sends the good call with one of the demo world's keys.
func as(action, key string) func(*rig) *reply {
	return func(g *rig) *reply {
		c := call{action: action, key: g.key(key), params: g.callback()}
		if action == authorizeAction {
			c.params = g.authorize()
		}
		return g.send(c)
	}
}

// provocations has every entry of the catalogue: "operation/name", or "/name" for the gateway's.
var provocations = map[string]provoked{
	"/Missing<Param>":              {send: sends(call{v1: true, edit: func(p map[string]string) { delete(p, "Timestamp") }}), fill: "Timestamp"},
	"/Invalid<Param>":              {send: sends(call{v1: true, edit: func(p map[string]string) { p["SignatureVersion"] = "2.0" }}), fill: "SignatureVersion"},
	"/InvalidVersion":              {send: sends(call{edit: func(h map[string]string) { h["x-acs-version"] = "2021-01-01" }})},
	"/InvalidAction.NotFound":      {send: sends(call{action: "NoSuchAction"})},
	"/InvalidProduct.NotFound":     {send: sends(call{host: "no-such-product.aliyuncs.com"})},
	"/InvalidProtocol.NeedSsl":     {send: authorizing(), world: map[string]string{"QB-010": "refuse"}},
	"/UnsupportedHTTPMethod":       {send: sends(call{method: "PUT"})},
	"/InvalidParameter.Format":     {send: sends(call{v1: true, edit: func(p map[string]string) { p["Format"] = "YAML" }}), fill: ""},
	"/InvalidParameter":            {send: sends(call{v1: true, spoil: func(r *http.Request) { r.URL.RawQuery += "&x=%zz"; r.URL.Opaque = "" }})},
	"/InvalidSignatureMethod":      {send: sends(call{v1: true, edit: func(p map[string]string) { p["SignatureMethod"] = "HMAC-MD5" }})},
	"/InvalidAccessKeyId.NotFound": {send: sends(call{key: &AccessKey{ID: "nobody", Secret: "x"}})},
	"/InvalidAccessKeyId.Inactive": {send: given(callbackAction, "access-key-disabled")},
	"/InvalidTimeStamp.Expired":    {send: sends(call{at: "2026-01-15T07:00:00Z"})},
	"/InvalidTimeStamp.Format":     {send: sends(call{v1: true, at: "2026-01-15 08:00:00"})},
	"/SignatureDoesNotMatch":       {send: sends(call{v1: true, secret: "another"})},
	"/SignatureDoesNotMatch/V3":    {send: sends(call{secret: "another"})},
	"/IncompleteSignature":         {send: sends(call{unlist: "host"})},
	"/SignatureNonceUsed": {send: func(g *rig) *reply {
		g.send(call{params: g.callback(), nonce: "once"})
		return g.send(call{params: g.callback(), nonce: "once"})
	}},
	"/MissingSecurityToken":           {send: as(callbackAction, "temporary")},
	"/InvalidSecurityToken.Expired":   {send: func(g *rig) *reply { return g.sendTemporary("temporary-credentials-expired", "") }},
	"/InvalidSecurityToken.Malformed": {send: func(g *rig) *reply { return g.sendTemporary("temporary-credentials", "invented") }},
	"/InvalidSecurityToken.MismatchWithAccessKey": {send: func(g *rig) *reply {
		return g.send(call{params: g.callback(), token: g.key("temporary").Token})
	}},
	"/NoPermission":       {send: given(authorizeAction, "ram-user-without-policy")},
	"/Forbidden.RAM":      {send: as(authorizeAction, "ram-user"), world: map[string]string{"QB-018": "Forbidden.RAM"}},
	"/Throttling.User":    {send: given(callbackAction, "throttled")},
	"/Throttling.Api":     {send: as(callbackAction, "throttled-api")},
	"/Throttling":         {send: as(authorizeAction, "throttled")},
	"/ServiceUnavailable": {send: given(callbackAction, "service-unavailable")},
	"/InternalError":      {send: given(authorizeAction, "gateway-failure")},
	"/Cube.Not.Exist": {world: map[string]string{"QB-051": "Cube.Not.Exist"}, send: func(g *rig) *reply {
		return g.send(call{action: authorizeAction, params: but(g.authorize(), "CubeIds", g.given("cube-without-resource")[cubeParam].(string))})
	}},

	"ResultCallback/Internal.System.Error":       {send: given(callbackAction, "internal-error")},
	"ResultCallback/Application.Object.NotExist": {send: given(callbackAction, "application-resource-deleted")},
	"ResultCallback/Application.RecordClosed":    {send: given(callbackAction, "application-closed")},
	"ResultCallback/Application.NotExist":        {send: callingBack("ApplicationId", "c5ea0db8-0000-4000-9081-04bc0df4c6a3")},
	"ResultCallback/Instance.Expired":            {send: given(callbackAction, "caller-instance-expired")},
	"ResultCallback/Instance.Not.Exist":          {send: given(callbackAction, "caller-without-instance")},
	"ResultCallback/Invalid.Organization":        {send: given(callbackAction, "caller-organization-gone")},
	"ResultCallback/User.Not.In.Organization":    {send: given(callbackAction, "caller-not-a-member")},
	"ResultCallback/Invalid.Parameter":           {send: callingBack("Status", "approved")},
	"ResultCallback/Invalid.Parameter.Error":     {send: callingBack("Status", "3"), fill: "Status"},
	"ResultCallback/Invalid.Param.Error":         {send: callingBack("ApplicationId", strings.Repeat("a", 65))},
	"ResultCallback/System.Param.Empty":          {send: callingBack("HandleReason", "-"), fill: "HandleReason"},
	"ResultCallback/Access.Forbidden":            {send: given(callbackAction, "caller-not-professional")},
	"ResultCallback/UserInfo.Error":              {send: given(callbackAction, "caller-profile-incomplete")},
	"ResultCallback/ApiUser.Not.Exists":          {send: given(callbackAction, "caller-unknown")},
	"ResultCallback/User.Not.WorkspaceAdmin":     {send: given(callbackAction, "application-for-workspace-admin")},
	"ResultCallback/Not.ApiCall.AuthUser":        {send: given(callbackAction, "caller-not-authorized")},
	"ResultCallback/Invalid.User.Admin": {send: func(g *rig) *reply {
		id := g.given("application-for-organization-admin")[applicationParam].(string)
		return g.send(call{key: g.key("authorized"), params: but(g.callback(), "ApplicationId", id)})
	}},

	"SmartqAuthorize/Internal.System.Error":              {send: given(authorizeAction, "internal-error")},
	"SmartqAuthorize/Invalid.Parameter.Error":            {send: authorizing("OperationType", "2"), fill: "OperationType"},
	"SmartqAuthorize/Date.Format.Error":                  {send: authorizing("ExpireDay", "31.12.2099")},
	"SmartqAuthorize/Date.Exceed.Error":                  {send: authorizing("ExpireDay", "2020-01-01")},
	"SmartqAuthorize/UserRoleConfig.NotContain.Function": {send: as(authorizeAction, "caller-role-without-function"), fill: "@caller-role-without-function"},
	"SmartqAuthorize/User.Not.In.Organization":           {send: as(authorizeAction, "caller-not-a-member")},
	"SmartqAuthorize/Query.Auth.Error":                   {send: given(authorizeAction, "llm-cube-not-managed")},
	"SmartqAuthorize/ApiUser.Not.Exists":                 {send: as(authorizeAction, "caller-unknown")},
	"SmartqAuthorize/Share.ExpireDate.Error":             {send: authorizing("ExpireDay", "2026-01-14")},
	"SmartqAuthorize/RobotNl2sql.Moudle.NotPurchase":     {send: given(authorizeAction, "caller-module-not-purchased")},
	"SmartqAuthorize/API.Not.Exist":                      {send: given(authorizeAction, "caller-without-data-service")},
}

func (g *rig) sendTemporary(state, token string) *reply {
	out := g.given(state)
	if token == "" {
		token = out["security_token"].(string)
	}
	key := &AccessKey{ID: out[accessKeyParam].(string), Secret: out["access_key_secret"].(string)}
	return g.send(call{params: g.callback(), key: key, token: token})
}

// TestCatalogue causes every error that the documents list and holds the reply to its status, code and message.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	v, err := specs.Load("quickbi")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t)
	done := map[string]bool{}
	for _, e := range v.Errors {
		name := e.Operation + "/" + e.Name
		done[name] = true
		p, ok := provocations[name]
		if !ok {
			t.Errorf("nothing here causes %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{Assumptions: p.world})
			if key, ok := strings.CutPrefix(p.fill, "@"); ok {
				p.fill = g.key(key).UserID
			}
			got := p.send(g)
			code, message := strings.ReplaceAll(e.Code, "%s", p.fill), e.Message
			if p.fill != "" {
				message = strings.ReplaceAll(message, "%s", p.fill)
			}
			start, _, _ := strings.Cut(message, "%s") // what follows differs from call to call
			if got.status != e.Status || got.code != code || !strings.HasPrefix(got.message, start) || start == message && got.message != message {
				t.Errorf("got %d %s %q\nwant %d %s %q", got.status, got.code, got.message, e.Status, code, message)
			}
		})
	}
	for name := range provocations {
		if !done[name] {
			t.Errorf("%s is in no document", name)
		}
	}
}

// TestDemoKeys walks the keys of the demo world: without any provider state each meets the problem it is named for.
func TestDemoKeys(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for key, want := range map[string]string{
		"administrator": "", "authorized": "", "ordinary": "Not.ApiCall.AuthUser", "temporary": "MissingSecurityToken",
		"temporary-expired": "MissingSecurityToken", "disabled": "InvalidAccessKeyId.Inactive", "ram-user": "",
		"throttled-user": "Throttling.User", "throttled-api": "Throttling.Api", "throttled": "Throttling", "unavailable": "ServiceUnavailable",
		"gateway-failure": "InternalError", "caller-unknown": "ApiUser.Not.Exists", "caller-profile-incomplete": "UserInfo.Error",
		"caller-organization-gone": "Invalid.Organization", "caller-not-a-member": "User.Not.In.Organization",
		"caller-without-instance": "Instance.Not.Exist", "caller-instance-expired": "Instance.Expired",
		"caller-not-professional": "Access.Forbidden", "caller-role-without-function": "",
		"caller-module-not-purchased": "Application.NotExist", "caller-without-data-service": "Application.NotExist",
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			if got := as(callbackAction, key)(rigOn(t, srv, mockserver.WorldSetting{})); got.code != want {
				t.Errorf("got %s, want %q", got.body, want)
			}
		})
	}
}
