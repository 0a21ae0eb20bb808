package sdktest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alibabacloud-go/tea/dara"
	dataarts "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dataartsstudio/v1/model"
	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3/model"

	"github.com/countersign/countersign/mockserver"
)

// walks send requests of every kind to an operation through Prism: good ones and refused ones, in every provider state
// of the vendor. Prism looks at the replies, so that hardly anything is asserted here.
var walks = map[string]func(*testing.T, *validator){
	"ResultCallback":                      walkResultCallback,
	"SmartqAuthorize":                     walkSmartqAuthorize,
	"getUserManageApprovalDefinitionList": walkUserManage,
	"getAccessToken":                      walkAccessToken,
	"CreateApprover":                      walkCreateApprover,
	"ListApprovers":                       walkListApprovers,
	"DeleteApprover":                      walkDeleteApprover,
	"KeystoneCreateUserTokenByPassword":   walkCreateToken,
	"KeystoneListProjects":                walkListProjects,
	"KeystoneListAuthDomains":             walkListDomains,
}

// inEveryState visits a vendor's provider states, each in a world of its own, with what the state made.
func inEveryState(t *testing.T, vendor string, visit func(w *world, made map[string]string)) {
	t.Helper()
	for _, state := range statesOf(t, vendor) {
		w, made := newWorld(t, mockserver.WorldSetting{}), map[string]string{}
		if state != "" {
			made = w.state(t, state, nil)
		}
		visit(w, made)
	}
}

// with is a copy of params with some changed; an empty value goes.
func with(params map[string]string, changes ...string) map[string]string {
	out := maps.Clone(params)
	for i := 0; i < len(changes); i += 2 {
		out[changes[i]] = changes[i+1]
		if changes[i+1] == "" {
			delete(out, changes[i])
		}
	}
	return out
}

// quickbiWays are the ways in which both signature schemes and both places of the parameters come through Prism. The
// documents have POST only.
func quickbiWays(t *testing.T, env quickbiEnv) []caller {
	t.Helper()
	return []caller{darabonba(v3, "POST", inQuery)(t, env), darabonba(v1, "POST", inQuery)(t, env),
		darabonba(v3, "POST", inForm)(t, env), darabonba(v1, "POST", inForm)(t, env)}
}

// walkQuickBI calls an operation in every state, once in each way, and then with each of the bad parameters.
func walkQuickBI(t *testing.T, p *validator, action string, params func(*world, map[string]string) map[string]string, bad [][]string) {
	t.Helper()
	inEveryState(t, "quickbi", func(w *world, made map[string]string) {
		env := w.quickbi
		env.via = p
		if made["security_token"] != "" {
			env.AccessKeyID, env.AccessKeySecret, env.SecurityToken = made["access_key_id"], made["access_key_secret"], made["security_token"]
		}
		for _, call := range quickbiWays(t, env) {
			_, _ = call(t, action, params(w, made))
		}
	})
	w := newWorld(t, mockserver.WorldSetting{})
	env := w.quickbi
	env.via = p
	for i, changes := range bad {
		call := quickbiWays(t, env)[i%2] // the server takes a form as it takes a query, but Prism cannot know
		if _, err := call(t, action, with(params(w, nil), changes...)); err == nil {
			t.Errorf("%s with %v was not refused", action, changes)
		}
	}
	env.AccessKeySecret = "wrong"
	for _, call := range quickbiWays(t, env) {
		_, _ = call(t, action, params(w, nil))
	}
	env.AccessKeyID = "nobody"
	_, _ = quickbiWays(t, env)[0](t, action, params(w, nil))
	walkXML(t, p, w, action, params(w, nil))
}

// walkXML asks for a success and an error in XML, with both schemes.
func walkXML(t *testing.T, p *validator, w *world, action string, params map[string]string) {
	t.Helper()
	env := w.quickbi
	env.via = p
	for _, secret := range []string{env.AccessKeySecret, "wrong"} {
		env.AccessKeySecret = secret
		r := commonRequest(t, env, "POST", inQuery, action, params)
		r.AcceptFormat = "XML"
		_, _ = alibabaClient(t, env).ProcessCommonRequest(r)
	}
	accepting := newWorld(t, mockserver.WorldSetting{Assumptions: map[string]string{"QB-004": "accept"}}).quickbi
	accepting.via = p
	request := business(inQuery, params)
	request.Headers = map[string]*string{"accept": dara.String("text/xml")}
	_, _ = darabonbaClient(t, accepting, v3).CallApi(rpc(action, "POST"), request, &dara.RuntimeOptions{})
}

func walkResultCallback(t *testing.T, p *validator) {
	ordinary := func(w *world, made map[string]string) map[string]string {
		id := made["application_id"]
		if id == "" {
			id = w.quickbi.OpenApplications[0]
		}
		return decision(id, "1")
	}
	walkQuickBI(t, p, "ResultCallback", ordinary, [][]string{
		{"ApplicationId", "no-such-application"}, {"ApplicationId", ""}, {"ApplicationId", strings.Repeat("x", 65)},
		{"HandleReason", ""}, {"HandleReason", "  "}, {"HandleReason", strings.Repeat("长", 1001)},
		{"Status", ""}, {"Status", "3"}, {"Status", "approved"}, {"Status", "99999999999999999999"},
	})
	walkCallers(t, p)
}

// walkCallers lets every caller that the demo world has decide an application that wants an administrator of the
// organization, which not all of them are.
func walkCallers(t *testing.T, p *validator) {
	t.Helper()
	w := newWorld(t, mockserver.WorldSetting{})
	env := w.quickbi
	env.via = p
	for _, key := range w.records(t, "quickbi", "access_keys") {
		made := w.state(t, "application-for-organization-admin", nil)
		env.AccessKeyID, env.AccessKeySecret = fmt.Sprint(key["id"]), fmt.Sprint(key["secret"])
		_, _ = darabonba(v3, "POST", inQuery)(t, env)(t, "ResultCallback", decision(made["application_id"], "1"))
	}
}

func walkSmartqAuthorize(t *testing.T, p *validator) {
	ordinary := func(w *world, made map[string]string) map[string]string {
		params := with(w.grant(), "UserIds", w.quickbi.Users[0]+",nobody")
		if made["llm_cube_id"] != "" {
			params["LlmCubes"] = made["llm_cube_id"]
		}
		if made["cube_id"] != "" {
			params["CubeIds"] = made["cube_id"]
		}
		return params
	}
	walkQuickBI(t, p, "SmartqAuthorize", ordinary, [][]string{
		{"OperationType", ""}, {"OperationType", "2"}, {"OperationType", "grant"}, {"UserIds", ""}, {"UserIds", "a,,b"},
		{"UserIds", manyUsers()}, {"LlmCubes", "", "LlmCubeThemes", ""}, {"CubeIds", "no-such-cube"},
		{"ExpireDay", "31.12.2099"}, {"ExpireDay", "2099-02-30"}, {"ExpireDay", "2020-01-01"}, {"ExpireDay", yesterday()},
	})
}

// yesterday is a day that has passed in the vendor's time zone, and not long ago.
func yesterday() string { return time.Now().UTC().Add(-40 * time.Hour).Format(time.DateOnly) }

func walkUserManage(t *testing.T, p *validator) {
	inEveryState(t, "wps", func(w *world, made map[string]string) {
		w.wps.via = p
		c := ksoClient(w.wps)
		if made["app_key"] != "" { // the key of another app than the token's
			c.appID, c.appKey = made["app_id"], made["app_key"]
		}
		c.page(t, "cursor=&page=30")
	})
	for _, shape := range []string{"legacy", "current"} {
		w := newWorld(t, mockserver.WorldSetting{Assumptions: map[string]string{"WPS-016": shape}})
		if shape == "legacy" { // the document has the other shape beside its own, where Prism does not look
			w.wps.via = p
		}
		ksoClient(w.wps).all(t, 7)
	}
	w := newWorld(t, mockserver.WorldSetting{})
	w.wps.via = p
	for _, query := range []string{"", "cursor=", "page=1", "cursor=&page=", "cursor=&page=31", "cursor=&page=-1", "cursor=&page=ten",
		"cursor=assdas&page=10", "cursor=&page=10&from=standard", "cursor=" + strings.Repeat("c", 1025) + "&page=1"} {
		ksoClient(w.wps).page(t, query)
	}
	for _, spoil := range []func(*kso){func(k *kso) { k.appKey = "wrong" }, func(k *kso) { k.appID = "nobody" }, func(k *kso) { k.token = "" },
		func(k *kso) { k.token = "x" }, func(k *kso) { k.date = "2006" }, func(k *kso) { k.contentType = "" }} {
		c := ksoClient(w.wps)
		spoil(&c)
		c.page(t, "cursor=&page=10")
	}
}

func walkAccessToken(t *testing.T, p *validator) {
	inEveryState(t, "wps", func(w *world, _ map[string]string) {
		post := func(changes ...string) map[string]any { return postToken(t, p, w, changes...) }
		post("grant_type", "client_credentials")
		post("grant_type", "client_credentials", "app_ticket", "wrong", "company_id", "c1")
		consent := w.state(t, "wps-authorization-code", nil)
		exchange := []string{"grant_type", "authorization_code", "code", consent["code"], "redirect_uri", consent["redirect_uri"]}
		post(append(exchange, "redirect_uri", "https://elsewhere.example.com/")...)
		user := post(exchange...)
		post(exchange...)
		renew := []string{"grant_type", "refresh_token", "refresh_token", fmt.Sprint(user["refresh_token"])}
		post(renew...)
		post(renew...)
	})
	withdrawn := newWorld(t, mockserver.WorldSetting{})
	consent := withdrawn.state(t, "wps-authorization-code", nil)
	user := postToken(t, p, withdrawn, "grant_type", "authorization_code", "code", consent["code"], "redirect_uri", consent["redirect_uri"])
	withdrawn.state(t, "wps-consent-withdrawn", nil)
	postToken(t, p, withdrawn, "grant_type", "refresh_token", "refresh_token", fmt.Sprint(user["refresh_token"]))
	w := newWorld(t, mockserver.WorldSetting{})
	for _, changes := range [][]string{{}, {"grant_type", "password"}, {"grant_type", "authorization_code"}, {"grant_type", "refresh_token"},
		{"grant_type", "client_credentials", "client_secret", "wrong"}, {"grant_type", "client_credentials", "client_id", "nobody"},
		{"grant_type", "client_credentials", "scope", "kso.nothing"}, {"grant_type", "client_credentials", "client_id", strings.Repeat("x", 1025)},
		{"grant_type", "authorization_code", "code", "x", "redirect_uri", "https://app.example.com/callback"}} {
		postToken(t, p, w, changes...)
	}
	post(t, p, w.wps.URL+"/oauth2/token", "application/json", `{"grant_type":"client_credentials"}`, nil)
}

// postToken asks for a token with the app's credentials and the given parameters.
func postToken(t *testing.T, p *validator, w *world, params ...string) map[string]any {
	t.Helper()
	form := url.Values{"client_id": {w.wps.AppID}, "client_secret": {w.wps.AppKey}}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	_, body := post(t, p, w.wps.URL+"/oauth2/token", "application/x-www-form-urlencoded", form.Encode(), nil)
	var reply map[string]any
	unmarshal(t, body, &reply)
	return reply
}

// post sends a body with a content type and further headers.
func post(t *testing.T, p *validator, address, contentType, body string, header map[string]string) (int, string) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, reader)
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return send(t, p, r)
}

// approversURL is the path of the three operations on approvers.
func approversURL(env dataartsEnv) string {
	return env.URL + "/v2/" + env.Project + "/design/approvals/users"
}

// inEveryDataArtsState is inEveryState and every condition of the gateway that the catalogue has.
func inEveryDataArtsState(t *testing.T, p *validator, visit func(env dataartsEnv)) {
	t.Helper()
	open := func(w *world, made map[string]string) {
		env := w.dataarts
		env.via = p
		if made["security_token"] != "" {
			env.AK, env.SK, env.SecurityToken = made["ak"], made["sk"], made["security_token"]
		}
		visit(env)
	}
	inEveryState(t, "dataarts", open)
	for _, v := range server.Vendors() {
		for _, e := range v.Errors {
			if e.State != "gateway-condition" {
				continue
			}
			w := newWorld(t, mockserver.WorldSetting{})
			w.state(t, e.State, mockserver.Params{"error": e.Name})
			open(w, nil)
		}
	}
	for _, role := range []string{"developer", "operator", "viewer", "none"} {
		w := newWorld(t, mockserver.WorldSetting{})
		w.state(t, "caller-role", mockserver.Params{"role": role})
		open(w, nil)
	}
}

func walkCreateApprover(t *testing.T, p *validator) {
	create := func(env dataartsEnv, contentType, body string) {
		post(t, p, approversURL(env), contentType, body, map[string]string{"X-Auth-Token": env.Token, "workspace": env.Workspace})
	}
	inEveryDataArtsState(t, p, func(env dataartsEnv) {
		for _, more := range []string{`,"app_name":"dlg-ds","email":"a.b@example.com","phone_number":"17775558866","email_notify":true,"sms_notify":true`, ``} {
			create(env, "application/json", fmt.Sprintf(`{"approver_name":"审批人","user_id":%q%s}`, env.Members[0], more))
		}
	})
	w := newWorld(t, mockserver.WorldSetting{})
	env := w.dataarts
	viewer := w.state(t, "member-exists", mockserver.Params{"role": "viewer"})["user_id"]
	for _, body := range []string{"", "{}", "[]", "null", `{"approver_name":"","user_id":""}`, `{"approver_name":"n","user_id":"nobody"}`,
		fmt.Sprintf(`{"approver_name":"n","user_id":%q}`, viewer), `{"approver_name":1,"user_id":2}`,
		fmt.Sprintf(`{"approver_name":"n","user_id":%q,"email_notify":"yes"}`, env.Members[0])} {
		create(env, "application/json", body)
	}
	good := fmt.Sprintf(`{"approver_name":"n","user_id":%q}`, env.Members[0])
	create(env, "text/plain", good)
	env.Workspace = "unknown"
	create(env, "application/json", good)
	env.Workspace = ""
	create(env, "application/json", good)
	env.Token = "x"
	create(env, "application/json", good)
}

func walkListApprovers(t *testing.T, p *validator) {
	list := func(env dataartsEnv, r *dataarts.ListApproversRequest) {
		r.Workspace = env.Workspace
		_, _ = listApprovers(dataartsClient(t, env), r)
	}
	inEveryDataArtsState(t, p, func(env dataartsEnv) {
		list(env, &dataarts.ListApproversRequest{ApproverName: ptr("approver"), Limit: ptr(int32(2)), Offset: ptr(int32(3))})
		listWithToken(t, env, env.Token)
	})
	w := newWorld(t, mockserver.WorldSetting{})
	w.state(t, "approvers-exist", mockserver.Params{"email": "a@example.com", "phone_number": "17775558866"})
	env := w.dataarts
	env.via = p
	for _, r := range []*dataarts.ListApproversRequest{{}, {Limit: ptr(int32(0))}, {Limit: ptr(int32(101))}, {Offset: ptr(int32(-1))}, {ApproverName: ptr("")}} {
		list(env, r)
	}
	for _, shape := range []string{"cipher", "plain"} {
		shaped := newWorld(t, mockserver.WorldSetting{Assumptions: map[string]string{"DA-004": shape}})
		shaped.state(t, "approvers-exist", mockserver.Params{"email": "a@example.com"})
		shaped.dataarts.via = p
		list(shaped.dataarts, &dataarts.ListApproversRequest{})
	}
	env.Token = "x"
	listWithToken(t, env, env.Token)
	env.SK = "wrong"
	list(env, &dataarts.ListApproversRequest{})
	env.AK = "nobody"
	list(env, &dataarts.ListApproversRequest{})
	env.Workspace = "unknown"
	list(w.dataarts, &dataarts.ListApproversRequest{})
}

func walkDeleteApprover(t *testing.T, p *validator) {
	inEveryDataArtsState(t, p, func(env dataartsEnv) {
		for _, ids := range []string{"42821,42822", "x", ""} {
			_, _ = deleteApprover(dataartsClient(t, env), env.Workspace, ids)
		}
	})
}

func walkCreateToken(t *testing.T, p *validator) {
	ask := func(env dataartsEnv, change func(*iam.PwdAuth)) {
		r := passwordRequest(env)
		change(r.Body.Auth)
		text := string(marshal(t, r.Body))
		post(t, p, env.URL+"/v3/auth/tokens", "application/json;charset=utf8", text, nil)
		post(t, p, env.URL+"/v3/auth/tokens?nocatalog=1", "application/json;charset=utf8", text, nil)
	}
	inEveryDataArtsState(t, p, func(env dataartsEnv) { ask(env, func(*iam.PwdAuth) {}) })
	env := newWorld(t, mockserver.WorldSetting{}).dataarts
	for _, change := range []func(*iam.PwdAuth){
		func(a *iam.PwdAuth) { a.Scope = &iam.AuthScope{Domain: &iam.AuthScopeDomain{Name: &env.Domain}} },
		func(a *iam.PwdAuth) { a.Scope = nil },
		func(a *iam.PwdAuth) { a.Scope.Project.Id = ptr("nobody") },
		func(a *iam.PwdAuth) { a.Identity.Password.User.Password = "wrong" },
		func(a *iam.PwdAuth) { a.Identity.Password = nil },
		func(a *iam.PwdAuth) { a.Identity = nil },
	} {
		ask(env, change)
	}
	post(t, p, env.URL+"/v3/auth/tokens", "application/json", "", nil)
}

func walkListProjects(t *testing.T, p *validator) { walkLookups(t, p, "/v3/projects") }

func walkListDomains(t *testing.T, p *validator) { walkLookups(t, p, "/v3/auth/domains") }

// walkLookups lists projects or domains with tokens, and with signatures, which is how the SDK builds a client.
func walkLookups(t *testing.T, p *validator, path string) {
	t.Helper()
	get := func(env dataartsEnv, query, token string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, env.URL+path+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Auth-Token", token)
		send(t, p, r)
	}
	inEveryDataArtsState(t, p, func(env dataartsEnv) {
		get(env, "", env.Token)
		if path == "/v3/projects" {
			_, _ = discoveringClient(t, env)
		}
	})
	env := newWorld(t, mockserver.WorldSetting{}).dataarts
	for _, query := range []string{"?name=" + env.Region, "?name=nowhere", "?page=1&per_page=2", "?page=0&per_page=2", "?page=x", "?enabled=maybe", "?is_domain=true"} {
		get(env, query, env.Token)
	}
	get(env, "", "x")
	get(env, "", "")
}
