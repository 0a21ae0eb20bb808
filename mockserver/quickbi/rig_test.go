package quickbi

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the scheme is HMAC-SHA1
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
)

// wallTime is when every test of this package takes place.
var wallTime = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// rig is a server, one world of its own in it, and a client that signs by itself: with the slow functions of the fuzz
// tests, not with the code under test.
type rig struct {
	t     testing.TB
	srv   *mockserver.Running
	world *mockserver.World
	env   *environment
	calls int
}

func newRig(t testing.TB, setting mockserver.WorldSetting) *rig {
	t.Helper()
	return rigOn(t, newServer(t), setting)
}

// newServer is a server that tests share; each makes worlds of its own.
func newServer(t testing.TB) *mockserver.Running {
	t.Helper()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{New}, MaxBody: 1 << 16, Wall: wall})
	vendortest.CheckRecordsAtTheEnd(t, srv.Server)
	return srv
}

func rigOn(t testing.TB, srv *mockserver.Running, setting mockserver.WorldSetting) *rig {
	t.Helper()
	w, err := srv.CreateWorld(t.Context(), setting)
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{t: t, srv: srv, world: w}
	env, err := w.Env(t.Context(), srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	g.env = env["quickbi"].(*environment)
	return g
}

// given applies a provider state and returns what it says.
func (g *rig) given(state string) map[string]any {
	g.t.Helper()
	out, err := g.world.Apply(g.t.Context(), state, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return out
}

// key returns the world's access key of that name.
func (g *rig) key(name string) *AccessKey {
	g.t.Helper()
	var found *AccessKey
	g.records("access_keys", func(rec any) {
		if k := rec.(*AccessKey); k.Name == name {
			found = k
		}
	})
	if found == nil {
		g.t.Fatalf("the world has no access key named %q", name)
	}
	return found
}

func (g *rig) records(collection string, visit func(rec any)) {
	g.t.Helper()
	if err := g.world.Records(g.t.Context(), "quickbi", collection, visit); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) audit() []string {
	g.t.Helper()
	var out []string
	g.records("audit_log", func(rec any) {
		r := rec.(*AuditRecord)
		out = append(out, strings.TrimSpace(r.Action+" "+r.ApplicationID+r.UserID+" "+r.LlmCube+r.LlmCubeTheme+" "+r.ExpireDay))
	})
	return out
}

// call is a request to send. Its zero value is a good V3 call of the administrator's.
type call struct {
	v1     bool
	method string // POST
	action string // ResultCallback
	params map[string]string
	form   map[string]string
	body   string // in place of a form
	key    *AccessKey
	token  string
	at     string // wallTime
	nonce  string // a new one
	secret string
	path   string // "/"
	host   string
	// edit changes the common parameters (version 1.0) or the headers (V3) before they are signed.
	edit func(map[string]string)
	// unlist takes a header out of SignedHeaders, with V3.
	unlist string
	// spoil changes the request after it has been signed.
	spoil func(*http.Request)
}

type reply struct {
	status        int
	header        http.Header
	body          string
	code, message string
	requestID     string
	members       map[string]any
}

func (g *rig) send(c call) *reply {
	g.t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(g.request(c))
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return readReply(g.t, resp, string(body))
}

func readReply(t testing.TB, resp *http.Response, body string) *reply {
	t.Helper()
	r := &reply{status: resp.StatusCode, header: resp.Header, body: body}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") {
		var e struct {
			XMLName                  xml.Name
			RequestId, Code, Message string //nolint:revive // the vendor's names
		}
		if err := xml.Unmarshal([]byte(body), &e); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		r.requestID, r.code, r.message = e.RequestId, e.Code, e.Message
		return r
	}
	if err := json.Unmarshal([]byte(body), &r.members); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	r.code, _ = r.members["Code"].(string)
	r.message, _ = r.members["Message"].(string)
	r.requestID, _ = r.members["RequestId"].(string)
	return r
}

// request builds and signs.
func (g *rig) request(c call) *http.Request {
	g.t.Helper()
	g.calls++
	c = g.complete(c)
	var req *http.Request
	if c.v1 {
		req = g.signRPC(c)
	} else {
		req = g.signACS3(c)
	}
	if c.spoil != nil {
		c.spoil(req)
	}
	return req
}

func (g *rig) complete(c call) call {
	or := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	if c.key == nil {
		c.key = &AccessKey{ID: g.env.AccessKeyID, Secret: g.env.AccessKeySecret}
	}
	or(&c.method, "POST")
	or(&c.action, callbackAction)
	or(&c.at, wallTime.Format("2006-01-02T15:04:05Z"))
	or(&c.nonce, fmt.Sprintf("nonce-%d", g.calls))
	or(&c.secret, c.key.Secret)
	or(&c.path, "/")
	or(&c.host, strings.TrimPrefix(g.srv.URL, "http://"))
	if c.form != nil {
		c.body = slowCanonicalQuery(pairsOf(c.form), "")
	}
	return c
}

func pairsOf(m map[string]string) mockserver.Pairs {
	var out mockserver.Pairs
	for name, value := range m {
		out = append(out, mockserver.Pair{Name: name, Value: value})
	}
	slices.SortFunc(out, byNameThenValue)
	return out
}

func (g *rig) newRequest(c call, query string) *http.Request {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), c.method, g.srv.URL+c.path+"?"+query, strings.NewReader(c.body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Host = c.host
	if c.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

// wire writes a query as a client may: in another order and spelling than the one that is signed.
func wire(pairs mockserver.Pairs) string {
	var parts []string
	for _, p := range pairs {
		parts = append(parts, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
	}
	slices.Reverse(parts)
	return strings.Join(parts, "&")
}

func (g *rig) signRPC(c call) *http.Request {
	common := map[string]string{"Action": c.action, "Version": "2022-01-01", "Format": "JSON", "AccessKeyId": c.key.ID,
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": c.nonce, "Timestamp": c.at}
	if c.token != "" {
		common["SecurityToken"] = c.token
	}
	if c.edit != nil {
		c.edit(common)
	}
	query := append(pairsOf(common), pairsOf(c.params)...)
	all := append(slices.Clone(query), pairsOf(c.form)...)
	mac := hmac.New(sha1.New, []byte(c.secret+"&"))
	mac.Write([]byte(c.method + "&%2F&" + slowEncode(slowCanonicalQuery(all, "Signature"))))
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if !slices.ContainsFunc(query, func(p mockserver.Pair) bool { return p.Name == "Signature" }) {
		query = append(query, mockserver.Pair{Name: "Signature", Value: signature})
	}
	return g.newRequest(c, wire(query))
}

func (g *rig) signACS3(c call) *http.Request {
	query := slowCanonicalQuery(pairsOf(c.params), "")
	req := g.newRequest(c, wire(pairsOf(c.params)))
	sum := sha256.Sum256([]byte(c.body))
	headers := map[string]string{"host": c.host, "x-acs-action": c.action, "x-acs-version": "2022-01-01", "x-acs-date": c.at,
		"x-acs-signature-nonce": c.nonce, "x-acs-content-sha256": hex.EncodeToString(sum[:])}
	if c.token != "" {
		headers["x-acs-security-token"] = c.token
	}
	if c.edit != nil {
		c.edit(headers)
	}
	var names []string
	lines := ""
	for _, p := range pairsOf(headers) {
		if p.Name != "host" {
			req.Header.Set(p.Name, p.Value)
		}
		if p.Name != c.unlist {
			names = append(names, p.Name)
			lines += p.Name + ":" + strings.TrimSpace(p.Value) + "\n"
		}
	}
	list := strings.Join(names, ";")
	canonical := c.method + "\n/\n" + query + "\n" + lines + "\n" + list + "\n" + hex.EncodeToString(sum[:])
	hash := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(c.secret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(hash[:])))
	req.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+c.key.ID+",SignedHeaders="+list+",Signature="+hex.EncodeToString(mac.Sum(nil)))
	return req
}

// callback is a good decision about an open application.
func (g *rig) callback() map[string]string {
	g.t.Helper()
	if g.calls >= len(g.env.OpenApplicationIDs) {
		g.t.Fatal("no open application is left")
	}
	return map[string]string{"ApplicationId": g.env.OpenApplicationIDs[g.calls], "HandleReason": "同意。a b+c*d~", "Status": "1"}
}

// authorize is a good grant.
func (g *rig) authorize() map[string]string {
	return map[string]string{"OperationType": "0", "UserIds": g.env.UserIDs[0] + "," + g.env.UserIDs[1], "LlmCubes": g.env.LlmCubeIDs[0],
		"LlmCubeThemes": g.env.ThemeIDs[0], "ExpireDay": "2099-12-31"}
}

// but returns parameters with some changed; a value of "-" takes one out.
func but(params map[string]string, changes ...string) map[string]string {
	out := map[string]string{}
	for k, v := range params {
		out[k] = v
	}
	for i := 0; i < len(changes); i += 2 {
		if out[changes[i]] = changes[i+1]; changes[i+1] == "-" {
			delete(out, changes[i])
		}
	}
	return out
}

func wall() time.Time { return wallTime }

// constantsOf returns the values of a file's constants.
func constantsOf(t testing.TB, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, text)
		}
		return true
	})
	return out
}
