package dataarts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
)

// wall is the time at which the tests' servers stand.
var wall = time.Date(2024, 4, 19, 9, 59, 58, 0, time.UTC)

func server(t *testing.T) *mockserver.Running {
	t.Helper()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{New}, Wall: func() time.Time { return wall }})
	vendortest.CheckRecordsAtTheEnd(t, srv.Server)
	return srv
}

// serve starts a server and makes a world on it.
func serve(t *testing.T, world mockserver.WorldSetting) *client {
	t.Helper()
	return open(t, server(t), world)
}

// open makes a world of its own on the server.
func open(t *testing.T, srv *mockserver.Running, world mockserver.WorldSetting) *client {
	t.Helper()
	w, err := srv.CreateWorld(context.Background(), world)
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, srv, w)
}

func connect(t *testing.T, srv *mockserver.Running, w *mockserver.World) *client {
	t.Helper()
	c := &client{t: t, srv: srv, world: w}
	data, err := json.Marshal(srv.Env(t, w.Name())["dataarts"])
	if err == nil {
		err = json.Unmarshal(data, &c.env)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inDefaultWorld is a client of the default world of a server of its own.
func inDefaultWorld(t *testing.T) *client {
	t.Helper()
	srv := server(t)
	w, err := srv.World(mockserver.DefaultWorld)
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, srv, w)
}

// client speaks to one world as an SDK does: it signs, unless it is told otherwise.
type client struct {
	t     *testing.T
	srv   *mockserver.Running
	world *mockserver.World
	env   environment
}

// sent is a request on its way; the fields are what tests spoil.
type sent struct {
	method, path, query, body string
	header                    http.Header
	// signed are the signed headers; none: no signature is made.
	signed []string
	ak, sk string
	date   string
	// last changes the request after it was signed.
	last func(*http.Request)
}

type got struct {
	status int
	header http.Header
	body   string
}

func (c *client) users() string { return "/v2/" + c.env.ProjectID + "/design/approvals/users" }

// request is a good request of the caller.
func (c *client) request(method, path, query, body string) *sent {
	s := &sent{method: method, path: path, query: query, body: body, header: http.Header{}, ak: c.env.AK, sk: c.env.SK,
		date: wall.Format(dateLayout), signed: []string{"workspace", "x-project-id", "x-sdk-date"}}
	s.header.Set("Workspace", c.env.Workspace)
	s.header.Set(headerProjectID, c.env.ProjectID)
	if body != "" {
		s.header.Set("Content-Type", "application/json")
	}
	return s
}

// withToken makes the request prove itself by token instead of a signature.
func (s *sent) withToken(token string) *sent {
	s.signed = nil
	s.header.Set(headerToken, token)
	return s
}

func (s *sent) set(name, value string) *sent {
	s.header.Set(name, value)
	return s
}

func (s *sent) without(name string) *sent {
	s.header.Del(name)
	s.signed = slices.DeleteFunc(s.signed, func(h string) bool { return strings.EqualFold(h, name) })
	return s
}

// sign signs with the slow canonical form of the tests.
func (s *sent) sign(host string) {
	if len(s.signed) == 0 {
		return
	}
	if s.date != "" {
		s.header.Set(headerDate, s.date)
	}
	m := &message{Method: s.method, Path: s.path, Query: s.query, Host: host, Header: s.header, Body: []byte(s.body)}
	sum := sha256.Sum256([]byte(slowCanonical(m, s.signed)))
	signature := hexMAC(s.sk, fmt.Sprintf("SDK-HMAC-SHA256\n%s\n%x", s.header.Get(headerDate), sum))
	s.header.Set("Authorization", fmt.Sprintf("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s", s.ak, strings.Join(s.signed, ";"), signature))
}

func (c *client) send(s *sent) got {
	c.t.Helper()
	host := strings.TrimPrefix(c.srv.URL, "http://")
	s.sign(host)
	target := c.srv.URL + s.path
	req, err := http.NewRequest(s.method, target, bytes.NewReader([]byte(s.body)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.URL.Opaque, req.URL.RawQuery = s.path, s.query
	req.Header = s.header
	if s.last != nil {
		s.last(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return got{resp.StatusCode, resp.Header, string(body)}
}

func (c *client) apply(state string, params mockserver.Params) map[string]any {
	c.t.Helper()
	out, err := c.world.Apply(context.Background(), state, params)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// want checks the status and returns the decoded body.
func (g got) want(t *testing.T, status int) map[string]any {
	t.Helper()
	if g.status != status {
		t.Fatalf("status %d, want %d: %s", g.status, status, g.body)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(g.body), &v); err != nil {
		t.Fatalf("%v: %s", err, g.body)
	}
	if id := g.header.Get("X-Request-Id"); len(id) != 32 {
		t.Errorf("X-Request-Id is %q", id)
	}
	return v
}

func (g got) value(t *testing.T) any {
	t.Helper()
	return g.want(t, 200)["data"].(map[string]any)["value"]
}

// create registers a member under his user id and returns the record.
func (c *client) create(body map[string]any) got {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(c.request("POST", c.users(), "", string(data)+"\n"))
}

func (c *client) list(query string) (total int, records []map[string]any) {
	c.t.Helper()
	v := c.send(c.request("GET", c.users(), query, "")).value(c.t).(map[string]any)
	for _, r := range v["records"].([]any) {
		records = append(records, r.(map[string]any))
	}
	return int(v["total"].(float64)), records
}

func (c *client) names(query string) string {
	c.t.Helper()
	_, records := c.list(query)
	var names []string
	for _, r := range records {
		names = append(names, r["approver_name"].(string))
	}
	return strings.Join(names, " ")
}

func values(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const documentedExample = `{
"app_name" : "dlg-ds",
"approver_name" : "test_uesr",
"user_id" : "0833a573fe80d5401f6dc010a775569a",
"email" : "88664488@hw.com",
"phone_number" : "17775558866",
"email_notify" : true,
"sms_notify" : true
}`
