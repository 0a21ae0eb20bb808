package wps_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
	"github.com/countersign/countersign/mockserver/wps"
)

const (
	listPath  = "/v7/workflow/approval_defines/user_manage"
	tokenPath = "/oauth2/token"
	worldDay  = "2026-02-01T08:00:00Z"
)

// client signs and sends as an application does that was written from the vendor's pages.
type client struct {
	t     testing.TB
	world *mockserver.World
	srv   *mockserver.Running
	url   string
	appID string
	key   string
	token string
	// pinned names the world in a header, as nothing else in an anonymous request does.
	pinned bool
}

func newServer(t testing.TB) *mockserver.Running {
	t.Helper()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wps.New}})
	vendortest.CheckRecordsAtTheEnd(t, srv.Server)
	return srv
}

// newClient makes a world of its own on the server, with assumptions given as "WPS-001=off", and a client for it.
func newClient(t testing.TB, srv *mockserver.Running, assumptions ...string) *client {
	t.Helper()
	setting := mockserver.WorldSetting{Clock: worldDay, Assumptions: map[string]string{}}
	for _, a := range assumptions {
		id, value, _ := strings.Cut(a, "=")
		setting.Assumptions[id] = value
	}
	return newClientIn(t, srv, setting)
}

func newClientIn(t testing.TB, srv *mockserver.Running, setting mockserver.WorldSetting) *client {
	t.Helper()
	w, err := srv.CreateWorld(context.Background(), setting)
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, srv, w)
}

func clientOf(t testing.TB, srv *mockserver.Running, w *mockserver.World) *client {
	t.Helper()
	env := srv.Env(t, w.Name())
	data, err := json.Marshal(env["wps"])
	if err != nil {
		t.Fatal(err)
	}
	var section struct {
		URL         string `json:"url"`
		AppID       string `json:"app_id"`
		AppKey      string `json:"app_key"`
		AccessToken string `json:"access_token"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&section); err != nil {
		t.Fatal(err)
	}
	if section.AppID == "" || section.AppKey == "" || section.AccessToken == "" || section.URL == "" {
		t.Fatalf("env lacks something: %s", data)
	}
	return &client{t: t, world: w, srv: srv, url: section.URL, appID: section.AppID, key: section.AppKey, token: section.AccessToken}
}

func (c *client) state(name string, params mockserver.Params) map[string]any {
	c.t.Helper()
	out, err := c.world.Apply(context.Background(), name, params)
	if err != nil {
		c.t.Fatalf("state %s: %v", name, err)
	}
	return out
}

// answer is a reply as the client sees it.
type answer struct {
	status int
	header http.Header
	body   string
	fields map[string]any
}

func (a answer) code() string { return fmt.Sprint(a.fields["code"]) }
func (a answer) msg() string  { return fmt.Sprint(a.fields["msg"]) }

func (c *client) send(req *http.Request) answer {
	c.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&a.fields); err != nil {
		c.t.Fatalf("reply %d is not JSON: %v\n%s", resp.StatusCode, err, body)
	}
	return a
}

// request makes an unsigned request; target is path and query.
func (c *client) request(method, target, body string) *http.Request {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, c.url+target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.pinned {
		req.Header.Set("X-Countersign-World", c.world.Name())
	}
	return req
}

// list makes the signed request of a page.
func (c *client) list(query string) *http.Request {
	c.t.Helper()
	req := c.request(http.MethodGet, listPath+"?"+query, "")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	c.sign(req, "", time.Now())
	return req
}

// sign signs a request as it stands, with a body that the request already has.
func (c *client) sign(req *http.Request, body string, at time.Time) {
	req.Header.Set("X-Kso-Date", at.UTC().Format(http.TimeFormat))
	hash := ""
	if body != "" {
		hash = hexSHA256(body)
	}
	text := "KSO-1" + req.Method + req.URL.RequestURI() + req.Header.Get("Content-Type") + req.Header.Get("X-Kso-Date") + hash
	req.Header.Set("X-Kso-Authorization", "KSO-1 "+c.appID+":"+hexHMAC(c.key, text))
}

func (c *client) tokenCall(form url.Values) answer {
	c.t.Helper()
	req := c.request(http.MethodPost, tokenPath, form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.send(req)
}

// form are the parameters of a grant, with the app's id and key; more are name, value, name, value, ...
func (c *client) form(grant string, more ...string) url.Values {
	v := url.Values{"grant_type": {grant}, "client_id": {c.appID}, "client_secret": {c.key}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// pageOf asks for a page and wants it.
func (c *client) pageOf(cursor string, size int) listPage {
	c.t.Helper()
	a := c.send(c.list(url.Values{"cursor": {cursor}, "page": {fmt.Sprint(size)}}.Encode()))
	if a.status != http.StatusOK {
		c.t.Fatalf("page behind %q: %d %s", cursor, a.status, a.body)
	}
	var reply struct {
		Data *listPage       `json:"data"`
		Code *int            `json:"code"`
		More json.RawMessage `json:"more"`
		Msg  *string         `json:"msg"`
	}
	dec := json.NewDecoder(strings.NewReader(a.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&reply); err != nil {
		c.t.Fatal(err)
	}
	if reply.Data == nil || reply.Code == nil || *reply.Code != 0 || reply.Msg == nil || *reply.Msg != "" || string(reply.More) != "{}" {
		c.t.Fatalf("envelope %s", a.body)
	}
	return *reply.Data
}

type listPage struct {
	Items      []map[string]any `json:"items"`
	HasMore    bool             `json:"has_more"`
	NextCursor string           `json:"next_cursor"`
}

func (p listPage) ids() []string {
	ids := make([]string, len(p.Items))
	for i, d := range p.Items {
		ids[i] = d["id"].(string)
	}
	return ids
}

// walk reads all pages and returns the ids in their order.
func (c *client) walk(size int) []string {
	c.t.Helper()
	var ids []string
	cursor := ""
	for range 1000 {
		p := c.pageOf(cursor, size)
		ids = append(ids, p.ids()...)
		if !p.HasMore {
			if p.NextCursor != "" {
				c.t.Errorf("the last page has the cursor %q", p.NextCursor)
			}
			return ids
		}
		if p.NextCursor == "" || p.NextCursor == cursor {
			c.t.Fatalf("the cursor %q does not move on", p.NextCursor)
		}
		cursor = p.NextCursor
	}
	c.t.Fatal("a thousand pages and no end")
	return nil
}

func hexSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func hexHMAC(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// readAnswer reads a reply off a connection.
func readAnswer(t testing.TB, conn io.Reader) answer {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if err := json.Unmarshal(body, &a.fields); err != nil {
		t.Fatalf("reply %d is not JSON: %v\n%s", resp.StatusCode, err, body)
	}
	if code, ok := a.fields["code"].(float64); ok {
		a.fields["code"] = int64(code)
	}
	return a
}

func digest(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

func asParam(err error, target **mockserver.ParamError) bool { return errors.As(err, target) }
