package quickbi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

func roundTrip(t testing.TB, req *http.Request) *reply {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return &reply{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return readReply(t, resp, string(body))
}

// TestEveryWayToSign: both schemes, both methods, parameters in query and form in every mixture, permanent and
// temporary keys.
func TestEveryWayToSign(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]call{
		"V3 query": {}, "V1 query": {v1: true}, "V3 GET": {method: "GET"}, "V1 GET": {method: "GET", v1: true},
	} {
		for _, form := range []bool{false, true} {
			for _, temporary := range []bool{false, true} {
				if c.method == "GET" && form {
					continue
				}
				t.Run(fmt.Sprintf("%s form=%v temporary=%v", name, form, temporary), func(t *testing.T) {
					t.Parallel()
					g, c := rigOn(t, srv, mockserver.WorldSetting{}), c // the other sub-tests use it too
					if c.params = g.callback(); form {
						c.form = map[string]string{"HandleReason": c.params["HandleReason"], "Status": "2"}
						c.params = but(c.params, "HandleReason", "-", "Status", "-")
					}
					if temporary {
						c.key = g.key("temporary")
						c.token = c.key.Token
					}
					if got := g.send(c); got.status != 200 || got.members["Result"] != true {
						t.Errorf("got %d %s", got.status, got.body)
					}
				})
			}
		}
	}
}

// TestEverythingInTheForm is the shape of pop-core's POST: nothing in the query, Signature and Action in the form.
func TestEverythingInTheForm(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	req := g.request(call{v1: true, params: g.callback()})
	query := req.URL.RawQuery
	req.URL.RawQuery, req.Body, req.ContentLength = "", io.NopCloser(strings.NewReader(query)), int64(len(query))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	req.Header.Set("x-acs-action", "resultCallback") // not signed, and it does not count
	if got := roundTrip(t, req); got.status != 200 {
		t.Errorf("got %s", got.body)
	}
}

// TestCapturesOfSDKs replays what unmodified SDKs put on the wire, byte by byte.
func TestCapturesOfSDKs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 17, 26, 36, 0, time.UTC)
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{New}, Wall: func() time.Time { return at },
		World: mockserver.WorldSetting{Records: map[string]json.RawMessage{"quickbi": json.RawMessage(capturedKeys)}}})
	n := 0
	for _, v := range vectors(t) {
		if v.Grade != "observed" {
			continue
		}
		n++
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			want := errApplicationNotExist // it is the right signature for an application that nobody made
			switch {
			case v.Token != "":
				want = errTokenMismatch // these credentials are permanent here
			case strings.Contains(v.URL, "/prefix/"):
				want = errNoSuchAction
			case strings.Contains(v.URL+v.Body+v.Headers["x-acs-action"], authorizeAction):
				want = ""
			}
			if got := replay(t, srv.URL, v); got.code != want {
				t.Errorf("got %d %s, want %q", got.status, got.body, want)
			}
		})
	}
	if n != 25 {
		t.Errorf("%d captures were replayed, want 25", n)
	}
}

const capturedKeys = `{"organizations":[{"id":"o","name":"o","instance":{"edition":"professional","expires_at":4102358400000},"data_service":true,"smartq_module":true}],
"users":[{"id":"u","name":"u","organization_id":"o","administrator":true,"functions":["smartq"]}],
"access_keys":[{"id":"LTAI5tExampleAccessKeyId","secret":"ExampleAccessKeySecret0000000","name":"captured","user_id":"u"}]}`

func replay(t *testing.T, base string, v vector) *reply {
	t.Helper()
	var raw bytes.Buffer
	fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\n", v.Method, v.URL)
	for name, value := range v.Headers {
		fmt.Fprintf(&raw, "%s: %s\r\n", name, value)
	}
	raw.WriteString("\r\n")
	if v.Headers["Transfer-Encoding"] == "chunked" { // in two chunks
		for _, chunk := range []string{v.Body[:50], v.Body[50:]} {
			fmt.Fprintf(&raw, "%x\r\n%s\r\n", len(chunk), chunk)
		}
		raw.WriteString("0\r\n\r\n")
	} else {
		raw.WriteString(v.Body)
	}
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return readReply(t, resp, string(body))
}

// TestGatewayOrder spoils several things at once: the first check decides.
func TestGatewayOrder(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	old, unknown := "2020-01-01T00:00:00Z", &AccessKey{ID: "nobody", Secret: "x"}
	for name, c := range map[string]struct {
		call call
		want string
	}{
		"format before action":     {call{v1: true, action: "X", edit: func(p map[string]string) { p["Format"] = "csv" }}, errFormat},
		"version before action":    {call{action: "X", edit: func(h map[string]string) { h["x-acs-version"] = "1" }}, errInvalidVersion},
		"action before key":        {call{action: "X", key: unknown}, errNoSuchAction},
		"action is case-sensitive": {call{action: "resultCallback"}, errNoSuchAction},
		"missing key":              {call{v1: true, at: old, edit: func(p map[string]string) { p["AccessKeyId"] = "" }}, "MissingAccessKeyId"},
		"key before timestamp":     {call{key: unknown, at: old, secret: "x"}, errKeyNotFound},
		"key before all presence":  {call{v1: true, key: unknown, edit: func(p map[string]string) { p["Timestamp"], p["SignatureNonce"] = "", "" }}, errKeyNotFound},
		"key before method":        {call{v1: true, key: unknown, edit: func(p map[string]string) { p["SignatureMethod"] = "HMAC-MD5" }}, errKeyNotFound},
		"timestamp before method":  {call{v1: true, at: old, edit: func(p map[string]string) { p["SignatureMethod"] = "HMAC-MD5" }}, errTimestampExpired},
		"timestamp before hash":    {call{at: old, edit: func(h map[string]string) { delete(h, "x-acs-content-sha256") }}, errTimestampExpired},
		"signature before nonce":   {call{secret: "x", edit: func(h map[string]string) { delete(h, "x-acs-signature-nonce") }}, errSignatureV3},
		"nonce before parameters":  {call{params: map[string]string{}, edit: func(h map[string]string) { delete(h, "x-acs-signature-nonce") }}, "MissingSignatureNonce"},
		"timestamp before secret":  {call{at: old, secret: "x"}, errTimestampExpired},
		"future":                   {call{at: "2026-01-15T08:15:01Z"}, errTimestampExpired},
		"just in time":             {call{at: "2026-01-15T08:15:00Z"}, ""},
		"just not too old":         {call{at: "2026-01-15T07:45:00Z"}, ""},
		"fraction of a second":     {call{at: "2026-01-15T08:00:00.5Z"}, errTimestampFormat},
		"offset":                   {call{at: "2026-01-15T16:00:00+08:00"}, errTimestampFormat},
		"secret before parameters": {call{secret: "x", params: map[string]string{}}, errSignatureV3},
		"RAM before parameters":    {call{action: authorizeAction, params: map[string]string{}}, errNoPermission},
		"missing nonce":            {call{v1: true, edit: func(p map[string]string) { delete(p, "SignatureNonce") }}, "MissingSignatureNonce"},
		"missing signature":        {call{v1: true, edit: func(p map[string]string) { p["Signature"] = "" }}, "MissingSignature"},
		"unsigned acs header":      {call{unlist: "x-acs-date"}, errIncompleteSignature},
		"no hash":                  {call{edit: func(h map[string]string) { delete(h, "x-acs-content-sha256") }}, errIncompleteSignature},
		"hash of another body":     {call{edit: func(h map[string]string) { h["x-acs-content-sha256"] = sha256Hex([]byte("x")) }}, errSignatureV3},
		"no Authorization":         {call{spoil: func(r *http.Request) { r.Header.Del("Authorization") }}, "MissingAccessKeyId"},
		"bearer":                   {call{spoil: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }}, "MissingAccessKeyId"},
		"odd Authorization":        {call{spoil: func(r *http.Request) { r.Header.Set("Authorization", acs3Scheme+" x") }}, errIncompleteSignature},
		"V3 without action":        {call{edit: func(h map[string]string) { h["x-acs-action"] = "" }}, "MissingAction"},
		"other path":               {call{path: "/v1", host: "quickbi-public.cn-shanghai.aliyuncs.com"}, errNoSuchAction},
		"own host":                 {call{host: "quickbi-public.cn-shanghai.aliyuncs.com"}, ""},
		"changed after signing":    {call{spoil: func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Status=1", "Status=2", 1) }}, errSignatureV3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{})
			if c.want == errNoPermission {
				c.call.key = g.key("ram-user")
			}
			if c.call.params == nil {
				c.call.params = g.callback()
			}
			code, _, _ := strings.Cut(c.want, "/")
			if got := g.send(c.call); got.code != code {
				t.Errorf("got %s, want %q", got.body, code)
			}
		})
	}
}

// TestRefusedNonceIsNotUsed: a nonce counts as used only once everything else about the signature was right.
func TestRefusedNonceIsNotUsed(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	if got := g.send(call{params: g.callback(), nonce: "n", secret: "x"}); got.code != "SignatureDoesNotMatch" {
		t.Errorf("wrong secret: %s", got.body)
	}
	for i, want := range []string{"", errNonceUsed} {
		if got := g.send(call{params: g.callback(), nonce: "n"}); got.code != want {
			t.Errorf("call %d: %s, want %q", i, got.body, want)
		}
	}
	long := strings.Repeat("n", 5000)
	for i, want := range []string{"", errNonceUsed} {
		if got := g.send(call{params: g.callback(), nonce: long}); got.code != want {
			t.Errorf("long nonce, call %d: %s, want %q", i, got.body, want)
		}
	}
}

// TestV1MismatchQuotesTheStringToSign: alibaba-cloud-sdk-go compares what follows the colon with its own.
func TestV1MismatchQuotesTheStringToSign(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	req := g.request(call{v1: true, params: g.callback(), secret: "x"})
	want := "POST&%2F&" + slowEncode(slowCanonicalQuery(received(t, req).Pairs(), "Signature"))
	got := roundTrip(t, req)
	if _, quoted, _ := strings.Cut(got.message, "server string to sign is:"); quoted != want {
		t.Errorf("got %s\nwant …%s", got.message, want)
	}
}

func TestErrorEnvelope(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	got := callingBack("ApplicationId", "none")(g)
	want := fmt.Sprintf(`{"RequestId":%q,"HostId":"127.0.0.1","Code":"Application.NotExist","Message":"The application is not exists.",`+
		`"Recommend":"https://api.aliyun.com/troubleshoot?q=Application.NotExist&product=quickbi-public&requestId=%s"}`, got.requestID, got.requestID)
	if got.body != want || got.header.Get("Content-Type") != "application/json;charset=utf-8" {
		t.Errorf("got %s %s\nwant %s", got.header.Get("Content-Type"), got.body, want)
	}
}

func TestXML(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	asXML := func(p map[string]string) { p["Format"] = "xml" }
	ok := g.send(call{v1: true, params: g.callback(), edit: func(p map[string]string) { delete(p, "Format") }})
	failed := g.send(call{v1: true, action: authorizeAction, edit: asXML, params: but(g.authorize(), "UserIds", "<a&b>", "LlmCubeThemes", "-")})
	none := g.send(call{v1: true, action: authorizeAction, edit: asXML, params: g.authorize()})
	bad := g.send(call{v1: true, params: but(g.callback(), "Status", "3"), edit: asXML})
	head := `<?xml version="1.0" encoding="UTF-8"?>`
	for _, c := range []struct {
		got  *reply
		want string
	}{
		{ok, `<ResultCallbackResponse><RequestId>ID</RequestId><Result>true</Result><Success>true</Success></ResultCallbackResponse>`},
		{failed, `<SmartqAuthorizeResponse><RequestId>ID</RequestId><Result><UserId>&lt;a&amp;b&gt;</UserId><LlmCube>` + g.env.LlmCubeIDs[0] +
			`</LlmCube><LlmCubeTheme></LlmCubeTheme><DetailMessage>USER_NOT_EXIST</DetailMessage></Result><Success>true</Success></SmartqAuthorizeResponse>`},
		{none, `<SmartqAuthorizeResponse><RequestId>ID</RequestId><Success>true</Success></SmartqAuthorizeResponse>`},
		{bad, `<Error><RequestId>ID</RequestId><HostId>127.0.0.1</HostId><Code>Invalid.Parameter.Error</Code><Message>The parameter is invalid:Status.</Message>` +
			`<Recommend>https://api.aliyun.com/troubleshoot?q=Invalid.Parameter.Error&amp;product=quickbi-public&amp;requestId=ID</Recommend></Error>`},
	} {
		want := head + strings.ReplaceAll(c.want, "ID<", c.got.requestID+"<")
		if c.got.body != want || c.got.header.Get("Content-Type") != "text/xml;charset=utf-8" {
			t.Errorf("got %s %s\nwant %s", c.got.header.Get("Content-Type"), c.got.body, want)
		}
	}
}

func TestAccessDenied(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	got := as(authorizeAction, "ram-user")(g)
	detail, _ := got.members["AccessDeniedDetail"].(map[string]any)
	if detail["AuthAction"] != "quickbi-public:SmartqAuthorize" || detail["AuthPrincipalType"] != "SubUser" || detail["NoPermissionType"] != "ImplicitDeny" {
		t.Errorf("got %s", got.body)
	}
}

func TestThrottlingHeaders(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	for key, header := range map[string]string{"throttled-user": "x-ratelimit-user", "throttled-api": "x-ratelimit-user-api"} {
		if got := as(callbackAction, key)(g); !strings.Contains(got.header.Get(header), "TimeLeft:1000") {
			t.Errorf("%s: headers %v", key, got.header)
		}
	}
	if _, err := g.world.Apply(t.Context(), "throttled", mockserver.Params{"limit": "sideways"}); err == nil {
		t.Error("the state takes a limit that there is not")
	}
}

// TestUnreadable: a body over the limit, bytes that are signed but no UTF-8, a broken escape.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]call{
		"too large":          {body: strings.Repeat("x", 1<<16+1)},
		"not UTF-8":          {params: map[string]string{"HandleReason": "\xff"}},
		"name not UTF-8":     {params: map[string]string{"\xfe": "x"}},
		"form not UTF-8":     {form: map[string]string{"x": "\xff"}},
		"not UTF-8, V1":      {v1: true, params: map[string]string{"HandleReason": "\xff"}},
		"form not UTF-8, V1": {v1: true, form: map[string]string{"x": "\xff"}},
		"half escape":        {v1: true, spoil: func(r *http.Request) { r.URL.RawQuery += "&x=%e" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := rigOn(t, srv, mockserver.WorldSetting{})
			params := g.callback()
			maps.Copy(params, c.params)
			c.params = params
			if got := g.send(c); got.code != errUnreadable || got.status != 400 {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

// TestDeterminism makes the same calls in two worlds of the same seed on two servers.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	var runs [2][]string
	for i := range runs {
		g := newRig(t, mockserver.WorldSetting{Name: "same", Seed: 42, Clock: "2026-01-15T08:00:00Z"})
		port := g.srv.URL
		for _, send := range []func(*rig) *reply{callingBack(), callingBack("Status", "9"), authorizing(), authorizing("UserIds", "nobody"), as(authorizeAction, "ram-user")} {
			r := send(g)
			runs[i] = append(runs[i], fmt.Sprint(r.status, strings.ReplaceAll(r.body, port, "")))
		}
		runs[i] = append(runs[i], g.audit()...)
	}
	if !slices.Equal(runs[0], runs[1]) {
		t.Errorf("two runs differ:\n%s\n%s", strings.Join(runs[0], "\n"), strings.Join(runs[1], "\n"))
	}
}

// TestWorldsAreApart: a decision in one world is none in another, and a key leads to its own world.
func TestWorldsAreApart(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	a, b := rigOn(t, srv, mockserver.WorldSetting{}), rigOn(t, srv, mockserver.WorldSetting{})
	params := a.callback()
	if got := a.send(call{params: params}); got.status != 200 {
		t.Fatal(got.body)
	}
	if got := a.send(call{params: params}); got.code != errRecordClosed {
		t.Errorf("again in the same world: %s", got.body)
	}
	if got := b.send(call{params: params}); got.status != 200 {
		t.Errorf("in the other world: %s", got.body)
	}
	key := a.key("temporary") // found by its token alone
	if got := a.send(call{params: params, key: key, token: key.Token}); got.code != errRecordClosed {
		t.Errorf("by token: %s", got.body)
	}
}

// TestErrorNames holds the names of errors.go and the catalogue together.
func TestErrorNames(t *testing.T) {
	t.Parallel()
	v, err := specs.Load("quickbi")
	if err != nil {
		t.Fatal(err)
	}
	inCatalogue, inCode := map[string]bool{}, map[string]bool{}
	for _, e := range v.Errors {
		inCatalogue[e.Name] = true
	}
	for _, name := range constantsOf(t, "errors.go") {
		if inCode[name] = true; !inCatalogue[name] {
			t.Errorf("errors.go names %q, which no document has", name)
		}
	}
	for name := range inCatalogue {
		if !inCode[name] {
			t.Errorf("the catalogue has %q, which errors.go does not name", name)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	g := newRig(t, mockserver.WorldSetting{})
	e := g.env
	if len(e.OpenApplicationIDs) < 12 || e.ClosedApplicationID == "" || len(e.UserIDs) < 5 || len(e.LlmCubeIDs) < 5 || len(e.ThemeIDs) < 3 || len(e.CubeIDs) < 5 {
		t.Errorf("the environment is too small: %+v", e)
	}
	for _, id := range e.OpenApplicationIDs { // each of them can be decided
		if got := g.send(call{params: map[string]string{"ApplicationId": id, "HandleReason": "ok", "Status": "1"}}); got.status != 200 {
			t.Errorf("%s: %s", id, got.body)
		}
	}
	if got := callingBack("ApplicationId", e.ClosedApplicationID); got(newRig(t, mockserver.WorldSetting{})).code != errRecordClosed {
		t.Error("the closed application is not closed")
	}
	all := map[string]string{"OperationType": "0", "UserIds": e.UserIDs[0], "LlmCubes": strings.Join(e.LlmCubeIDs, ","),
		"LlmCubeThemes": strings.Join(e.ThemeIDs, ","), "CubeIds": strings.Join(e.CubeIDs, ",")}
	if got := g.send(call{action: authorizeAction, params: all}); got.status != 200 || entries(got) != 0 {
		t.Errorf("granting all of it: %s", got.body)
	}
	all = map[string]string{"OperationType": "0", "UserIds": strings.Join(e.UserIDs, ","), "LlmCubes": e.LlmCubeIDs[0]}
	if got := g.send(call{action: authorizeAction, params: all}); got.status != 200 || entries(got) != 0 {
		t.Errorf("granting to everybody: %s", got.body)
	}
}
