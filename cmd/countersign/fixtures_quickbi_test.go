package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	quickbiclient "github.com/countersign/countersign/contracts/client/quickbi"
	"github.com/countersign/countersign/fixtures/gen"
	quickbigen "github.com/countersign/countersign/fixtures/gen/quickbi"
	"github.com/countersign/countersign/mockserver"
	quickbiplug "github.com/countersign/countersign/mockserver/quickbi"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// quickbiTime is when the tests of Quick BI's fixtures take place.
var quickbiTime = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// quickbiRig is a server with Quick BI's plug, and the generator.
type quickbiRig struct {
	srv *mockserver.Running
	gen *gen.Vendor
}

func newQuickbiRig(t *testing.T) *quickbiRig {
	t.Helper()
	spec, err := specs.Load("quickbi")
	if err != nil {
		t.Fatal(err)
	}
	v, err := quickbigen.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{quickbiplug.New}, CheckEveryReply: true,
		Wall: func() time.Time { return quickbiTime }})
	return &quickbiRig{srv, v}
}

// world loads a generated world of n and returns its environment.
func (g *quickbiRig) world(t *testing.T, n uint64) (*mockserver.World, *gen.Environment) {
	t.Helper()
	w, err := g.srv.CreateWorld(t.Context(), mockserver.WorldSetting{Records: map[string]json.RawMessage{"quickbi": g.records(t, n)}})
	if err != nil {
		t.Fatal(err)
	}
	section, err := w.Env(t.Context(), g.srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(section["quickbi"])
	if err != nil {
		t.Fatal(err)
	}
	env, err := gen.NewEnvironment(raw)
	if err != nil {
		t.Fatal(err)
	}
	return w, env
}

// records are a world's as they stand in a world file.
func (g *quickbiRig) records(t *testing.T, n uint64) []byte {
	t.Helper()
	all := map[string][]json.RawMessage{}
	for _, p := range g.gen.World(n) {
		s, err := p.Kind.Series(gen.Options{Seed: 21})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Count {
			all[p.Kind.Collection] = append(all[p.Kind.Collection], s.Append(nil, i))
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// quickbiSigner is the command's; with V1 no format is asked for.
func quickbiSigner(env *gen.Environment, scheme quickbiclient.Scheme) gen.Signer {
	if scheme == quickbiclient.V1 {
		return quickbiV1("")(env)
	}
	return quickbiV3(env)
}

// requests makes the signed requests of one operation.
func (g *quickbiRig) requests(t *testing.T, operation string, env *gen.Environment, scheme quickbiclient.Scheme) *gen.Requests {
	t.Helper()
	all, err := g.gen.Requests(operation, gen.RequestOptions{Options: gen.Options{Seed: 22}, Base: g.srv.URL, Env: env,
		Sign: quickbiSigner(env, scheme), At: quickbiTime})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// quickbiReply is a reply as it came.
type quickbiReply struct {
	status      int
	contentType string
	body        []byte
}

func (g *quickbiRig) send(t *testing.T, r *gen.Request) quickbiReply {
	t.Helper()
	req, err := r.NewHTTP()
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return quickbiReply{res.StatusCode, res.Header.Get("Content-Type"), body}
}

// strictly decodes JSON that has the fields of the type and no others.
func (g *quickbiRig) strictly(t *testing.T, raw []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s\n%v", raw, err)
	}
}

// A generated world loads, and shows its records as they were made.
func TestQuickbiWorldLoads(t *testing.T) {
	t.Parallel()
	g := newQuickbiRig(t)
	w, _ := g.world(t, 200)
	held := map[string]map[string]bool{}
	err := w.AllRecords(t.Context(), func(_ string, c *store.Collection, rec any) {
		raw, err := json.Marshal(rec)
		if err != nil {
			t.Error(err)
		}
		if held[c.Name()] == nil {
			held[c.Name()] = map[string]bool{}
		}
		held[c.Name()][g.inOrder(t, raw)] = true
	})
	if err != nil {
		t.Fatal(err)
	}
	var made map[string][]json.RawMessage
	g.strictly(t, g.records(t, 200), &made)
	if len(made) < 9 || len(made["applications"]) != 200 {
		t.Fatalf("a world of 200 has %d collections, %d applications", len(made), len(made["applications"]))
	}
	for name, list := range made {
		for _, raw := range list {
			if !held[name][g.inOrder(t, raw)] {
				t.Errorf("%s: the world does not hold %s", name, raw)
			}
		}
	}
	// Another seed would be another world; the same records again are not another's.
	if w2, _ := g.world(t, 200); w2.Name() == w.Name() {
		t.Error("a second world with the same records is the first")
	}
}

// inOrder writes a record with its fields sorted.
func (g *quickbiRig) inOrder(t *testing.T, raw []byte) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// What the generator calls valid the server carries out, with either signature, in the demo world and a generated one; and
// what it answers has the form of the generated reply, whose Content-Type it has too.
func TestQuickbiRequestsSucceed(t *testing.T) {
	t.Parallel()
	g := newQuickbiRig(t)
	for _, scheme := range []quickbiclient.Scheme{quickbiclient.V3, quickbiclient.V1} {
		for _, n := range []uint64{0, 200} {
			_, env := g.world(t, n)
			decisions, grants := g.requests(t, "ResultCallback", env, scheme), g.requests(t, "SmartqAuthorize", env, scheme)
			for i := range env.List("open_application_ids") {
				var got quickbigen.ResultCallbackResponse
				g.succeed(t, decisions, uint64(i), scheme, &got) //nolint:gosec // small
				if !got.Result || !got.Success {
					t.Errorf("got %+v", got)
				}
			}
			for i := range uint64(100) {
				var got quickbigen.SmartqAuthorizeResponse
				g.succeed(t, grants, i, scheme, &got)
				if !got.Success || len(got.Result) > 0 {
					t.Errorf("got %+v", got)
				}
			}
		}
	}
}

// succeed sends request i; what a V1 request gets is XML.
func (g *quickbiRig) succeed(t *testing.T, all *gen.Requests, i uint64, scheme quickbiclient.Scheme, into any) {
	t.Helper()
	r, err := all.At(i)
	if err != nil {
		t.Fatal(err)
	}
	got := g.send(t, r)
	if got.status != http.StatusOK {
		t.Fatalf("%s\ngot %d %s", r.URL, got.status, got.body)
	}
	want := "application/json;charset=utf-8"
	if scheme == quickbiclient.V1 {
		want = "text/xml;charset=utf-8"
		g.inXML(t, r.Operation, got.body, into)
	} else {
		g.strictly(t, got.body, into)
	}
	if got.contentType != want {
		t.Errorf("got %s, want %s", got.contentType, want)
	}
}

// inXML reads a reply in XML, and wants that the generator writes the same bytes for what it says.
func (g *quickbiRig) inXML(t *testing.T, operation string, body []byte, into any) {
	t.Helper()
	if err := xml.Unmarshal(body, into); err != nil {
		t.Fatalf("%s\n%v", body, err)
	}
	status := http.StatusOK
	if _, bad := into.(*quickbigen.Error); bad {
		status = http.StatusBadRequest
	}
	raw, err := json.Marshal(into)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := g.gen.XML(g.gen.Spec.Operation(operation), status, raw)
	if err != nil || !bytes.Equal(again, body) {
		t.Errorf("the server says\n%s, the generator\n%s, %v", body, again, err)
	}
}

// Pairs that fail are reported in the form of the generated entries, with the texts that these have, in JSON and XML.
func TestQuickbiFailedPairs(t *testing.T) {
	t.Parallel()
	g := newQuickbiRig(t)
	_, env := g.world(t, 50)
	set := map[string]json.RawMessage{}
	users := append(g.usersAt(t, 47, 48, 49), "nobody", env.List("user_ids")[0])
	for name, value := range map[string]string{"query.UserIds": strings.Join(users, ","), "query.LlmCubes": "none",
		"query.LlmCubeThemes": "none," + env.List("theme_ids")[0], "query.CubeIds": env.List("cube_ids")[0]} {
		set[name], _ = json.Marshal(value)
	}
	for seed, scheme := range []quickbiclient.Scheme{quickbiclient.V3, quickbiclient.V1} { // another seed, another nonce
		all, err := g.gen.Requests("SmartqAuthorize", gen.RequestOptions{Options: gen.Options{Seed: uint64(seed), Set: set}, Base: g.srv.URL, Env: env,
			Sign: quickbiSigner(env, scheme), At: quickbiTime})
		if err != nil {
			t.Fatal(err)
		}
		var got quickbigen.SmartqAuthorizeResponse
		g.succeed(t, all, 0, scheme, &got)
		texts := map[string]int{}
		for _, f := range got.Result {
			texts[f.DetailMessage]++
		}
		// Four of the five users fail with all four targets, the good one with the two that are none.
		want := map[string]int{"USER_NOT_EXIST": 8, "USER_NOT_IN_ORGANIZATION": 8, "LLM_CUBE_NOT_EXIST": 1, "LLM_CUBE_THEME_NOT_EXIST": 1}
		if !maps.Equal(texts, want) {
			t.Errorf("got %v, want %v", texts, want)
		}
	}
}

// usersAt are the ids of generated users.
func (g *quickbiRig) usersAt(t *testing.T, numbers ...uint64) []string {
	t.Helper()
	var out []string
	for _, k := range g.gen.Kinds {
		if k.Name != "users" {
			continue
		}
		s, err := k.Series(gen.Options{Seed: 21})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range numbers {
			var u quickbigen.User
			g.strictly(t, s.Append(nil, i), &u)
			out = append(out, u.ID)
		}
	}
	return out
}

// The reference client revokes what a generated world grants, and the audit log then has it.
func TestQuickbiGeneratedRightsAreRevoked(t *testing.T) {
	t.Parallel()
	g := newQuickbiRig(t)
	w, env := g.world(t, 20)
	c, err := quickbiclient.New(quickbiclient.Config{
		Endpoint:    g.srv.URL,
		Credentials: quickbiclient.Credentials{AccessKeyId: env.Text("access_key_id"), AccessKeySecret: client.Secret(env.Text("access_key_secret"))},
		Options:     client.Options{Clock: func() time.Time { return quickbiTime }},
	})
	if err != nil {
		t.Fatal(err)
	}
	var records struct{ Authorizations []quickbigen.Authorization }
	if err := json.Unmarshal(g.records(t, 20), &records); err != nil {
		t.Fatal(err)
	}
	for _, a := range records.Authorizations {
		got, err := c.SmartqAuthorize(t.Context(), quickbiclient.SmartqAuthorizeRequest{OperationType: quickbiclient.Revoke,
			UserIds: []string{a.UserID}, LlmCubes: g.present(a.LlmCube), LlmCubeThemes: g.present(a.LlmCubeTheme)})
		if err != nil || len(got.Result) > 0 {
			t.Fatalf("%+v: got %+v, %v", a, got, err)
		}
	}
	left, revoked := 0, 0
	count := func(collection string, into *int) {
		if err := w.Records(t.Context(), "quickbi", collection, func(any) { *into++ }); err != nil {
			t.Fatal(err)
		}
	}
	count("authorizations", &left)
	count("audit_log", &revoked)
	if left != 2 || revoked != 20 { // the demo world's two are nobody's here
		t.Errorf("%d authorizations are left, %d audit records there; want 2 and 20", left, revoked)
	}
}

func (g *quickbiRig) present(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}
