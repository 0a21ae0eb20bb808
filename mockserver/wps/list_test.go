package wps_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
)

const demoCount = 41 // definitions that the demo user manages; there have to be more than one page of 30

// TestPages walks the demo user's list with every page size and wants the same definitions, newest first.
func TestPages(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	want := c.walk(30)
	if len(want) != demoCount {
		t.Fatalf("%d definitions, want %d", len(want), demoCount)
	}
	if s := slices.Clone(want); len(slices.Compact(slicesSorted(s))) != demoCount {
		t.Errorf("a definition stands there twice: %v", want)
	}
	for size := 1; size <= 29; size++ {
		if got := c.walk(size); !slices.Equal(got, want) {
			t.Errorf("pages of %d give %v, want %v", size, got, want)
		}
	}
	c.holdOrder(30)
}

func slicesSorted(s []string) []string {
	sort.Strings(s)
	return s
}

// holdOrder wants every page sorted by ctime, then id, descending, and ties among them.
func (c *client) holdOrder(size int) {
	c.t.Helper()
	ties := 0
	var before [2]string
	for _, d := range c.pageOf("", size).Items {
		now := [2]string{d["ctime"].(string), d["id"].(string)}
		if before[0] != "" && (now[0] > before[0] || now[0] == before[0] && now[1] >= before[1]) {
			c.t.Errorf("%v stands behind %v", now, before)
		}
		if now[0] == before[0] {
			ties++
		}
		before = now
	}
	if ties == 0 {
		c.t.Error("no two definitions of one moment: the order of ties is not tested")
	}
}

// TestPageBranches: a full last page, an empty list, the default size.
func TestPageBranches(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for _, tt := range []struct{ count, size, items int }{
		{0, 10, 0}, {1, 10, 1}, {10, 10, 10}, {11, 10, 10}, {30, 30, 30}, {31, 30, 30}, {25, 0, 10}, {3, 0, 3}, {60, 30, 30},
	} {
		t.Run(fmt.Sprintf("%d of %d", tt.size, tt.count), func(t *testing.T) {
			t.Parallel()
			c := newClient(t, srv)
			c.state("wps-definitions", mockserver.Params{"count": tt.count})
			p := c.pageOf("", tt.size)
			if len(p.Items) != tt.items || p.HasMore != (tt.count > tt.items) || (p.NextCursor != "") != p.HasMore {
				t.Errorf("%d items, more %v, cursor %q", len(p.Items), p.HasMore, p.NextCursor)
			}
			if got := c.walk(max(tt.size, 1)); len(got) != tt.count {
				t.Errorf("%d definitions in all, want %d", len(got), tt.count)
			}
		})
	}
}

// TestChangesBetweenPages: nothing is shown twice and nothing is lost while definitions come and go.
func TestChangesBetweenPages(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	all := c.walk(30)
	p := c.pageOf("", 10)
	c.state("wps-definition-added", mockserver.Params{"name": "在翻页之间新建"})
	c.state("wps-definition-deleted", mockserver.Params{"id": all[9]})  // the one that the cursor stands at
	c.state("wps-definition-deleted", mockserver.Params{"id": all[10]}) // the first of the next page
	c.state("wps-definition-deleted", mockserver.Params{"id": all[3]})  // seen before
	seen := p.ids()
	for p.HasMore {
		p = c.pageOf(p.NextCursor, 7)
		seen = append(seen, p.ids()...)
	}
	want := slices.Delete(slices.Clone(all), 10, 11)
	if !slices.Equal(seen, want) {
		t.Errorf("saw\n%v, want\n%v", seen, want)
	}
	if again := c.walk(30); len(again) != demoCount-2 || slices.Contains(again, all[3]) {
		t.Errorf("a second walk sees %d definitions", len(again))
	}
}

// TestOwnDefinitionsOnly: every user sees what he manages and nothing else.
func TestOwnDefinitionsOnly(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	seen := map[string][]string{}
	for _, user := range []string{"u1001", "u1002", "u1003", "u1004", "u2001"} {
		c := newClient(t, srv)
		c.token = c.tokenOf(user)
		seen[user] = c.walk(30)
		for _, d := range c.pageOf("", 30).Items {
			if !manages(user, d) {
				t.Errorf("%s sees %v", user, d["name"])
			}
		}
	}
	if len(seen["u2001"]) == 0 || len(seen["u1002"]) == 0 || len(seen["u1004"]) == 0 {
		t.Fatalf("a decoy user has nothing: %v", seen)
	}
	for _, id := range seen["u2001"] {
		if slices.Contains(seen["u1001"], id) {
			t.Errorf("definition %s is in two companies", id)
		}
	}
}

// manages reads the rule of WPS-015 off a reply.
func manages(user string, d map[string]any) bool {
	by := d["created_by"].(map[string]any)
	if by["type"] == "user" && by["id"] == user {
		return true
	}
	return slices.ContainsFunc(d["visible_scopes"].([]any), func(s any) bool {
		scope := s.(map[string]any)
		return scope["scope_type"] == "user" && scope["scope_id"] == user && scope["is_admin"] == true
	})
}

// tokenOf has a user consent and returns his token.
func (c *client) tokenOf(user string) string {
	c.t.Helper()
	told := c.state("wps-authorization-code", mockserver.Params{"user_id": user})
	a := changed()(c, told)
	token, ok := a.fields["access_token"].(string)
	if !ok {
		c.t.Fatalf("no token for %s: %s", user, a.body)
	}
	return token
}

// TestCursorIsSealed: a cursor with any bit turned, cut short, made longer, of another user or of nobody is refused.
func TestCursorIsSealed(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	good := c.pageOf("", 5).NextCursor
	if len(good) > 1024 || good != url.QueryEscape(good) {
		t.Errorf("the cursor %q is too long or needs escapes", good)
	}
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	bad := []string{"x", "assdas", good[1:], good[:len(good)-1], good + "A", good + "=", " " + good, strings.ToLower(good), base64.RawURLEncoding.EncodeToString(raw[:23])}
	for i := range raw {
		b := slices.Clone(raw)
		b[i] ^= 1
		bad = append(bad, base64.RawURLEncoding.EncodeToString(b))
	}
	for _, cursor := range bad {
		if a := c.send(c.list(url.Values{"cursor": {cursor}, "page": {"5"}}.Encode())); a.code() != "400000007" || a.status != http.StatusBadRequest {
			t.Errorf("cursor %q: %d %s", cursor, a.status, a.body)
		}
	}
	c.token = c.tokenOf("u1002")
	if a := query("page=5&cursor="+good)(c, nil); a.code() != "400000007" {
		t.Errorf("another user's cursor: %s", a.body)
	}
	if a := query("page=5&cursor="+good)(newClientIn(t, srv, mockserver.WorldSetting{Seed: 99}), nil); a.code() != "400000007" {
		t.Errorf("another seed's cursor: %s", a.body)
	}
}

// TestSwitches holds what the switches of the list do.
func TestSwitches(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	want := newClient(t, srv).walk(30)
	tests := map[string]func(*testing.T, *client){
		"WPS-001=if-sent": func(t *testing.T, c *client) {
			req := c.list("cursor=&page=1")
			req.Header.Del("X-Kso-Authorization")
			req.Header.Del("X-Kso-Date")
			if a := c.send(req); a.status != http.StatusOK {
				t.Errorf("unsigned: %s", a.body)
			}
			if a := header("X-Kso-Authorization", "KSO-1 "+c.appID+":00")(c, nil); a.code() != "401000001" {
				t.Errorf("wrongly signed: %s", a.body)
			}
		},
		"WPS-001=off": func(t *testing.T, c *client) {
			if a := header("X-Kso-Authorization", "nonsense")(c, nil); a.status != http.StatusOK {
				t.Errorf("wrongly signed: %s", a.body)
			}
		},
		"WPS-007=ignored": func(t *testing.T, c *client) {
			if a := asSecondApp(c, c.state("wps-second-app", nil)); a.status != http.StatusOK {
				t.Errorf("signed by another app: %s", a.body)
			}
		},
		"WPS-008=lenient": func(t *testing.T, c *client) {
			if a := contentType("")(c, nil); a.status != http.StatusOK {
				t.Errorf("without Content-Type: %s", a.body)
			}
		},
		"WPS-011=empty": func(t *testing.T, c *client) {
			if p := c.pageOf("", 0); len(p.Items) != 0 || !p.HasMore || p.NextCursor != "" {
				t.Errorf("page 0: %+v", p)
			}
			cursor := c.pageOf("", 3).NextCursor
			if p := c.pageOf(cursor, 0); len(p.Items) != 0 || !p.HasMore || p.NextCursor != cursor {
				t.Errorf("page 0 behind %q: %+v", cursor, p)
			}
		},
		"WPS-012=position": func(t *testing.T, c *client) {
			c.state("wps-definitions", mockserver.Params{"count": 3})
			p := c.pageOf("", 10)
			if p.HasMore || p.NextCursor == "" {
				t.Fatalf("last page: more %v, cursor %q", p.HasMore, p.NextCursor)
			}
			if last := c.pageOf(p.NextCursor, 10); len(last.Items) != 0 || last.HasMore || last.NextCursor != p.NextCursor {
				t.Errorf("behind the last page: %+v", last)
			}
		},
		"WPS-013=first-page": func(t *testing.T, c *client) {
			if p := c.pageOf("assdas", 30); !slices.Equal(p.ids(), want[:30]) {
				t.Errorf("a garbage cursor gives %v", p.ids())
			}
		},
		"WPS-014=oldest-first": func(t *testing.T, c *client) {
			got := c.walk(7)
			slices.Reverse(got)
			if !slices.Equal(got, want) {
				t.Errorf("reversed: %v", got)
			}
		},
		"WPS-015=admin": func(t *testing.T, c *client) {
			for _, d := range c.pageOf("", 30).Items {
				delete(d["created_by"].(map[string]any), "id")
				if !manages("u1001", d) {
					t.Errorf("%v is not administered", d["name"])
				}
			}
			if n := len(c.walk(30)); n == 0 || n >= demoCount {
				t.Errorf("%d definitions", n)
			}
		},
	}
	for assumption, hold := range tests {
		t.Run(assumption, func(t *testing.T) {
			t.Parallel()
			hold(t, newClient(t, srv, assumption))
		})
	}
}

// TestShapes holds the two forms of a reply, and the switches of the fields, beyond what the schemas say.
func TestShapes(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	later := []string{`"group_id":`, `"setting":`, `"elem_biz_key":`, `"extra":`, `"date_range":`, `"is_allow_add_cc":`, `"user_empty_policy":`,
		`"select_ranges":`}
	for shape, want := range map[string]bool{"legacy": false, "current": true} {
		a := first(newClient(t, srv, "WPS-016="+shape), nil)
		a.body += query("cursor=&page=30")(newClient(t, srv, "WPS-016="+shape), nil).body
		for _, field := range later {
			if strings.Contains(a.body, field) != want {
				t.Errorf("%s: the field %s is there: %v", shape, field, !want)
			}
		}
		for _, field := range []string{`"task":null`, `"task_cc":null`, `"select_type":null`} {
			if !strings.Contains(a.body, field) {
				t.Errorf("%s: no %s", shape, field)
			}
		}
	}
	if a := query("cursor=&page=30")(newClient(t, srv, "WPS-019=omit", "WPS-016=current"), nil); strings.Contains(strings.ReplaceAll(a.body, `"setting":null`, ""), "null") {
		t.Error("WPS-019=omit: there is a null")
	}
	if a := query("cursor=&page=30")(newClient(t, srv, "WPS-017=optional-names"), nil); !strings.Contains(a.body, `"user_ids":["u1004"],"user_type":"optional"`) {
		t.Error("WPS-017=optional-names: named people are not optional")
	}
	holdFirstSteps(t, newClient(t, srv, "WPS-018=first-step"))
}

// holdFirstSteps walks the nodes by child and next, which has to reach all of them.
func holdFirstSteps(t *testing.T, c *client) {
	t.Helper()
	for _, d := range c.pageOf("", 30).Items {
		process := d["process_define"].(map[string]any)
		nodes := map[string]map[string]any{}
		for _, n := range process["nodes"].([]any) {
			node := n.(map[string]any)
			nodes[node["id"].(string)] = node
			if children, _ := node["child_nodes"].([]any); node["type"] != "select" && len(children) > 1 {
				t.Errorf("%v: node %v has %d children", d["name"], node["id"], len(children))
			}
		}
		reached := map[string]bool{}
		var walk func(id string)
		walk = func(id string) {
			if id == "" || reached[id] {
				return
			}
			reached[id] = true
			children, _ := nodes[id]["child_nodes"].([]any)
			for _, child := range children {
				walk(child.(string))
			}
			next, _ := nodes[id]["next_node_id"].(string)
			walk(next)
		}
		walk(process["root"].(string))
		if len(reached) != len(nodes) {
			t.Errorf("%v: %d of %d nodes are reached", d["name"], len(reached), len(nodes))
		}
	}
}

// TestTextsComeThrough: emoji, rare characters and quotes reach the client as they are.
func TestTextsComeThrough(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	var names []string
	cursor := ""
	for range 2 {
		p := c.pageOf(cursor, 30)
		for _, d := range p.Items {
			names = append(names, d["name"].(string))
		}
		cursor = p.NextCursor
	}
	for _, want := range []string{"𠮷野家工作餐报销 🍣", "龘靐齉𪚥采购", "👨‍👩‍👧‍👦 家庭日活动", `R&D <draft> "权限"`, "Équipement – demande n° 1"} {
		if !slices.Contains(names, want) {
			t.Errorf("no definition is named %s", want)
		}
	}
	if !slices.ContainsFunc(names, func(s string) bool { return len([]rune(s)) == 50 }) {
		t.Error("no name of 50 characters")
	}
}

// TestDocumentedExample sends the page's own example; only its cursor, a placeholder, is not one of ours.
func TestDocumentedExample(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t), "WPS-013=first-page")
	p := c.pageOf("assdas", 10)
	if len(p.Items) != 10 || !p.HasMore || p.NextCursor == "" {
		t.Errorf("%d items, more %v, cursor %q", len(p.Items), p.HasMore, p.NextCursor)
	}
}

// TestAcceptedHeaders: dates with other zones, other spellings and unknown parameters pass.
func TestAcceptedHeaders(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	now := time.Now().UTC()
	for _, date := range []string{now.Format(http.TimeFormat), now.Format(time.RFC1123), now.Format(time.RFC1123Z),
		now.In(time.FixedZone("", 8*3600)).Format(time.RFC1123Z), "Mon, 02 Jan 2006 15:04:05 GMT"} {
		req := c.list("cursor=&page=1")
		req.Header.Set("X-Kso-Date", date)
		text := "KSO-1GET" + req.URL.RequestURI() + "application/json" + date
		req.Header.Set("X-Kso-Authorization", "KSO-1 "+c.appID+":"+hexHMAC(c.key, text))
		if a := c.send(req); a.status != http.StatusOK {
			t.Errorf("date %s: %s", date, a.body)
		}
	}
	for _, id := range []string{"internal", "external"} {
		if a := header("X-Kso-Id-Type", id)(c, nil); a.status != http.StatusOK {
			t.Errorf("X-Kso-Id-Type %s: %s", id, a.body)
		}
	}
	for _, q := range []string{"page=1&cursor=", "cursor&page=1", "page=1&cursor=&from=standard", "cursor=&page=1&page=99", "cursor=&page=%31", "&cursor=&&page=1"} {
		if a := query(q)(c, nil); a.status != http.StatusOK {
			t.Errorf("query %s: %s", q, a.body)
		}
	}
	if a := header("Authorization", "bearer "+c.token)(c, nil); a.status != http.StatusOK {
		t.Errorf("bearer in small letters: %s", a.body)
	}
}

// TestOrderOfChecks: signature before token before scope before parameters before states.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	c.state("wps-service-upgrading", nil)
	c.state("wps-scope-missing", nil)
	send := func(edit func(*http.Request), q string) string {
		req := c.list(q)
		edit(req)
		a := c.send(req)
		return a.code() + " " + strconv.Itoa(a.status)
	}
	all := func(r *http.Request) { r.Header.Set("X-Kso-Date", "x"); r.Header.Del("Authorization") }
	if got := send(all, "page=x"); got != "401000001 401" {
		t.Errorf("everything wrong: %s", got)
	}
	if got := send(func(*http.Request) {}, "page=x"); got != "400000003 403" {
		t.Errorf("scope and parameter wrong: %s", got)
	}
	c.token = c.tokenOf("u1002")
	if got := send(func(*http.Request) {}, "page=x"); got != "400000007 400" {
		t.Errorf("parameter wrong while the service is down: %s", got)
	}
	if got := send(func(*http.Request) {}, "cursor=&page=1"); got != "503000001 503" {
		t.Errorf("nothing wrong while the service is down: %s", got)
	}
}
