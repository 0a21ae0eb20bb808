package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/countersign/countersign/contracts/client"
	wpsclient "github.com/countersign/countersign/contracts/client/wps"
	"github.com/countersign/countersign/fixtures/gen"
	wpsgen "github.com/countersign/countersign/fixtures/gen/wps"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/wps"
	"github.com/countersign/countersign/specs"
)

const wpsList = "getUserManageApprovalDefinitionList"

func wpsFixtures(t *testing.T) *gen.Vendor {
	t.Helper()
	spec, err := specs.Load("wps")
	if err != nil {
		t.Fatal(err)
	}
	v, err := wpsgen.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// recordsOf makes the records of a world file's section: collection -> records.
func recordsOf(t *testing.T, parts []gen.Part, o gen.Options) json.RawMessage {
	t.Helper()
	all := map[string][]json.RawMessage{}
	for _, part := range parts {
		s, err := part.Kind.Series(o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range part.Count {
			all[part.Kind.Collection] = append(all[part.Kind.Collection], s.Append(nil, i))
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// serveWPS starts a server on a world with more records than the demo's, and returns a client of its demo user which
// keeps what the last reply said.
func serveWPS(t *testing.T, setting mockserver.WorldSetting) (*wpsclient.Client, *keeper) {
	t.Helper()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wps.New}, World: setting})
	raw, err := json.Marshal(srv.Env(t, mockserver.DefaultWorld)["wps"])
	if err != nil {
		t.Fatal(err)
	}
	env, err := gen.NewEnvironment(raw)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{}
	c, err := wpsclient.New(wpsclient.Config{Endpoint: srv.URL, Options: client.Options{HTTPClient: &http.Client{Transport: k}},
		Credentials: wpsclient.Credentials{AppID: env.Text("app_id"), AppKey: client.Secret(env.Text("app_key")), AccessToken: client.Secret(env.Text("access_token"))}})
	if err != nil {
		t.Fatal(err)
	}
	return c, k
}

// keeper keeps the body of the last reply.
type keeper struct{ body []byte }

func (k *keeper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if k.body, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(k.body))
	return resp, nil
}

// wpsPage is a page with its definitions as they were written.
type wpsPage struct {
	Data struct {
		Items      []json.RawMessage `json:"items"`
		HasMore    bool              `json:"has_more"`
		NextCursor string            `json:"next_cursor"`
	} `json:"data"`
}

// TestWPSWorldIsListedAsGenerated: what the generator says of a world is what the reference client reads from a server
// that has loaded it, newest first and page by page; the demo definitions, which are older, follow.
func TestWPSWorldIsListedAsGenerated(t *testing.T) {
	t.Parallel()
	v := wpsFixtures(t)
	const n = 200
	size := 30
	o := gen.Options{Seed: 9}
	c, kept := serveWPS(t, mockserver.WorldSetting{Records: map[string]json.RawMessage{"wps": recordsOf(t, v.World(n), o)}})
	replies, err := v.Operations[wpsList].Replies(o, n, size)
	if err != nil {
		t.Fatal(err)
	}
	cursor, shown := "", 0
	for want := range replies {
		page, err := c.GetUserManageApprovalDefinitionList(t.Context(), wpsclient.ListRequest{Cursor: cursor, Page: &size})
		if err != nil {
			t.Fatal(err)
		}
		shown += compareWPSPages(t, kept.body, want.Body)
		cursor = page.NextCursor
	}
	if shown != n {
		t.Errorf("%d definitions were compared, want %d", shown, n)
	}
}

// compareWPSPages wants the generated definitions at the head of the server's page, byte by byte, and returns how many.
// Cursors are compared by length: the server's are under a seal of its world.
func compareWPSPages(t *testing.T, served, generated []byte) int {
	t.Helper()
	var got, want wpsPage
	if err := json.Unmarshal(served, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(generated, &want); err != nil {
		t.Fatal(err)
	}
	if len(got.Data.Items) < len(want.Data.Items) {
		t.Fatalf("%d definitions were served, %d generated", len(got.Data.Items), len(want.Data.Items))
	}
	for i := range want.Data.Items {
		if !bytes.Equal(got.Data.Items[i], want.Data.Items[i]) {
			t.Fatalf("definition %d was served as\n%s\nand generated as\n%s", i, got.Data.Items[i], want.Data.Items[i])
		}
	}
	if want.Data.HasMore && (!got.Data.HasMore || len(got.Data.NextCursor) != len(want.Data.NextCursor)) {
		t.Errorf("served %t %q, generated %t %q", got.Data.HasMore, got.Data.NextCursor, want.Data.HasMore, want.Data.NextCursor)
	}
	return len(want.Data.Items)
}

// TestWPSCurrentFormIsServedAsGenerated is the same for worlds whose replies have the later fields.
func TestWPSCurrentFormIsServedAsGenerated(t *testing.T) {
	t.Parallel()
	v := wpsFixtures(t)
	n := 30
	o := gen.Options{Seed: 10, Locale: gen.English}
	c, kept := serveWPS(t, mockserver.WorldSetting{Records: map[string]json.RawMessage{"wps": recordsOf(t, v.World(30), o)},
		Assumptions: map[string]string{"WPS-016": "current"}})
	if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), wpsclient.ListRequest{Page: &n}); err != nil {
		t.Fatal(err)
	}
	var got wpsPage
	if err := json.Unmarshal(kept.body, &got); err != nil {
		t.Fatal(err)
	}
	s, err := wpsKind(t, v, "approval_defines_current").Series(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, served := range got.Data.Items {
		if want := s.Append(nil, uint64(i)); !sameJSON(t, served, want) { //nolint:gosec // an index
			t.Fatalf("definition %d was served as\n%s\nand generated as\n%s", i, served, want)
		}
	}
	if len(got.Data.Items) != n {
		t.Errorf("%d definitions were served", len(got.Data.Items))
	}
}

func wpsKind(t *testing.T, v *gen.Vendor, name string) *gen.Kind {
	t.Helper()
	for _, k := range v.Kinds {
		if k.Name == name {
			return k
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}

// TestWPSRecordsLoad: records of every collection pass the server's own checks, of schema, references and consistency.
func TestWPSRecordsLoad(t *testing.T) {
	t.Parallel()
	v := wpsFixtures(t)
	for _, locale := range gen.Locales() {
		n := uint64(1000)
		if testing.Short() || raced || locale != gen.Mixed {
			n = 150
		}
		parts := v.World(n)
		for _, name := range []string{"apps", "tokens", "codes", "refresh_tokens"} {
			parts = append(parts, gen.Part{Kind: wpsKind(t, v, name), Count: n})
		}
		o := gen.Options{Seed: 12, Locale: locale}
		c, _ := serveWPS(t, mockserver.WorldSetting{Records: map[string]json.RawMessage{"wps": recordsOf(t, parts, o)}})
		listed := uint64(0)
		for _, err := range c.AllUserManageApprovalDefinitions(t.Context(), 30) {
			if err != nil {
				t.Fatal(err)
			}
			listed++
		}
		if listed != n+demoManaged {
			t.Errorf("%s: the demo user manages %d definitions, want %d", locale, listed, n+demoManaged)
		}
	}
}

// demoManaged is how many of the demo definitions the demo user manages.
const demoManaged = 41

// TestWPSFailuresAreTheServers: every error of the catalogue is generated as the server would answer it, body and
// Content-Type.
func TestWPSFailuresAreTheServers(t *testing.T) {
	t.Parallel()
	v := wpsFixtures(t)
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wps.New}})
	compared := map[string]bool{}
	for _, op := range v.Spec.Operations {
		replies, err := v.Failures(op.ID, gen.Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range replies {
			want, err := srv.ErrorExample("wps", op.ID, r.Error)
			if err != nil {
				t.Errorf("%s %s: %v", op.ID, r.Error, err)
				continue
			}
			e := v.Spec.Error(op.ID, r.Error)
			const name = "Parameter" // what the server's example names
			body, more := v.Failure(gen.NewDraw(3, ""), op, e, strings.ReplaceAll(e.Code, "%s", name), strings.ReplaceAll(e.Message, "%s", name))
			if r.Status != want.Status || !bytes.Equal(body, want.Body) || len(more) != 0 {
				t.Errorf("%s %s: generated %d %s, served %d %s", op.ID, r.Error, r.Status, body, want.Status, want.Body)
			}
			if len(r.Headers) != 1 || r.Headers[0].Value != want.Header.Get("Content-Type") {
				t.Errorf("%s %s: generated %v, served %v", op.ID, r.Error, r.Headers, want.Header)
			}
			compared[r.Error] = true
		}
	}
	for _, e := range v.Spec.Errors {
		if !compared[e.Name] {
			t.Errorf("%s is generated for no operation", e.Name)
		}
	}
}
