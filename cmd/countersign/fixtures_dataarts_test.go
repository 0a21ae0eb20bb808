package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign/countersign/contracts/client"
	clientpkg "github.com/countersign/countersign/contracts/client/dataarts"
	"github.com/countersign/countersign/fixtures/gen"
	dataartsgen "github.com/countersign/countersign/fixtures/gen/dataarts"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/specs"
)

func dataartsFixtures(t *testing.T) *gen.Vendor {
	t.Helper()
	spec, err := specs.Load("dataarts")
	if err != nil {
		t.Fatal(err)
	}
	v, err := dataartsgen.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// dataartsEnv is the vendor's section of `env`, as the client needs it.
type dataartsEnv struct {
	AK            string        `json:"ak"`
	SK            client.Secret `json:"sk"`
	Token         string        `json:"token"`
	ProjectID     string        `json:"project_id"`
	Workspace     string        `json:"workspace"`
	MemberUserIDs []string      `json:"member_user_ids"`
	ApproverIDs   []string      `json:"approver_ids"`
}

// serveDataArts starts a server on a world of n generated approvers.
func serveDataArts(t *testing.T, v *gen.Vendor, n uint64, o gen.Options) (*mockserver.Running, json.RawMessage) {
	t.Helper()
	// A world that compares the names of approvers and members (DA-009) is the harder one to please.
	setting := mockserver.WorldSetting{Assumptions: map[string]string{"DA-009": "refuse"}, Seed: o.Seed}
	if n > 0 {
		setting.Records = map[string]json.RawMessage{"dataarts": dataartsWorld(t, v, n, o)}
	}
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{dataarts.New}, World: setting})
	env, err := json.Marshal(srv.Env(t, mockserver.DefaultWorld)["dataarts"])
	if err != nil {
		t.Fatal(err)
	}
	return srv, env
}

// dataartsWorld makes the records of a world: {"users": [...], ...}.
func dataartsWorld(t *testing.T, v *gen.Vendor, n uint64, o gen.Options) json.RawMessage {
	t.Helper()
	all := map[string][]json.RawMessage{}
	for _, part := range v.World(n) {
		series, err := part.Kind.Series(o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range part.Count {
			all[part.Kind.Collection] = append(all[part.Kind.Collection], series.Append(nil, i))
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What the generator says of a world is what the reference client reads from a server that has loaded it.
func TestDataArtsWorldIsListedAsGenerated(t *testing.T) {
	t.Parallel()
	v := dataartsFixtures(t)
	const n, size = 200, 70
	o := gen.Options{Seed: 11}
	srv, raw := serveDataArts(t, v, n, o)
	var env dataartsEnv
	if err := json.Unmarshal(raw, &env); err != nil {
		t.Fatal(err)
	}
	if len(env.ApproverIDs) != 50 || env.ApproverIDs[0] != "1" {
		t.Errorf("env names the approvers %v", env.ApproverIDs)
	}
	c, err := clientpkg.New(clientpkg.Config{Endpoint: srv.URL, ProjectID: env.ProjectID, Workspace: env.Workspace,
		Credentials: clientpkg.Credentials{AccessKey: env.AK, SecretKey: env.SK}})
	if err != nil {
		t.Fatal(err)
	}
	replies, err := v.Operations["ListApprovers"].Replies(o, n, size)
	if err != nil {
		t.Fatal(err)
	}
	offset, pages := 0, 0
	for want := range replies {
		limit := size
		got, err := c.ListApprovers(context.Background(), clientpkg.ListApproversRequest{Limit: &limit, Offset: &offset})
		if err != nil {
			t.Fatal(err)
		}
		compareApprovers(t, got, want.Body)
		offset, pages = offset+size, pages+1
	}
	if pages != 3 {
		t.Errorf("%d pages", pages)
	}
}

// compareApprovers compares a page of the server with a generated one. What a world derives from its secret is compared
// in its shape: masks by length, topics without their end.
func compareApprovers(t *testing.T, got *clientpkg.ListApproversResponse, body json.RawMessage) {
	t.Helper()
	var want struct {
		Data struct {
			Value clientpkg.ListApproversResponse `json:"value"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	page := want.Data.Value
	if got.Total != page.Total || len(got.Records) != len(page.Records) {
		t.Fatalf("the server lists %d of %d approvers, generated are %d of %d", len(got.Records), got.Total, len(page.Records), page.Total)
	}
	for i := range page.Records {
		a, b := withoutDataArtsSecrets(got.Records[i]), withoutDataArtsSecrets(page.Records[i])
		if a != b {
			t.Fatalf("the server lists\n%+v, generated is\n%+v", a, b)
		}
	}
}

func withoutDataArtsSecrets(a clientpkg.Approver) clientpkg.Approver {
	hide := func(mask string, tail int) string {
		if mask == "" {
			return ""
		}
		shown := mask[len(mask)-tail:]
		return mask[:len(mask)-tail] + strings.Repeat("x", strings.IndexByte(shown+"=", '=')) // padding stays
	}
	a.Email, a.PhoneNumber = hide(a.Email, 4), hide(a.PhoneNumber, 1)
	if a.TopicURN != "" {
		a.TopicURN = a.TopicURN[:len(a.TopicURN)-8]
	}
	return a
}

func TestDataArtsRequestsSucceed(t *testing.T) {
	t.Parallel()
	v := dataartsFixtures(t)
	for name, n := range map[string]uint64{"Demo": 0, "Generated": 30} {
		for _, op := range v.Spec.Operations {
			t.Run(name+"/"+op.ID, func(t *testing.T) {
				t.Parallel()
				sendDataArts(t, v, op, n)
			})
		}
	}
}

func sendDataArts(t *testing.T, v *gen.Vendor, op *specs.Operation, n uint64) {
	t.Helper()
	srv, raw := serveDataArts(t, v, n, gen.Options{Seed: 5})
	var known dataartsEnv
	env, err := gen.NewEnvironment(raw)
	if err == nil {
		err = json.Unmarshal(raw, &known)
	}
	if err != nil {
		t.Fatal(err)
	}
	requests, err := v.Requests(op.ID, gen.RequestOptions{Base: srv.URL, Env: env, Sign: dataartsToken(env), At: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	count := 60
	if op.ID == "CreateApprover" {
		count = len(known.MemberUserIDs) // nobody is registered twice
	}
	for i := range uint64(count) { //nolint:gosec // not negative
		r, err := requests.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := answerOfDataArts(t, r); status != http.StatusOK && status != http.StatusCreated {
			t.Fatalf("request %d: %s %s %s is answered %d: %s", i, r.Method, r.URL, r.Body, status, body)
		}
	}
}

func answerOfDataArts(t *testing.T, r *gen.Request) (status int, body []byte) {
	t.Helper()
	req, err := r.NewHTTP()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

// For every catalogue entry the generated reply is the server's, but for the numbers of requests.
func TestDataArtsFailuresAreTheServers(t *testing.T) {
	t.Parallel()
	v := dataartsFixtures(t)
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{dataarts.New}})
	compared := map[string]bool{}
	for _, op := range v.Spec.Operations {
		replies, err := v.Failures(op.ID, gen.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range replies {
			if r.Error == "DLG.0818" {
				compared[r.Error] = true // TestDataArtsWorkspaceDLG
				continue
			}
			want, err := srv.ErrorExample("dataarts", op.ID, r.Error)
			if err != nil {
				t.Errorf("%s: %s: %v", op.ID, r.Error, err)
				continue
			}
			compareDataArtsFailure(t, v.Spec.Error(op.ID, r.Error), r, want)
			compared[r.Error] = true
		}
	}
	for _, e := range v.Spec.Errors {
		if !compared[e.Name] {
			t.Errorf("%s was not compared", e.Name)
		}
	}
}

// The one error that only worlds with the array errors (DA-002) answer with is generated as such a world sends it; what the
// server says of the one request (data) is left out.
func TestDataArtsWorkspaceDLG(t *testing.T) {
	t.Parallel()
	v := dataartsFixtures(t)
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{dataarts.New},
		World: mockserver.WorldSetting{Assumptions: map[string]string{"DA-002": "both"}}})
	raw, err := json.Marshal(srv.Env(t, mockserver.DefaultWorld)["dataarts"])
	if err != nil {
		t.Fatal(err)
	}
	env, err := gen.NewEnvironment(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, operation := range []string{"ListApprovers", "CreateApprover", "DeleteApprover"} {
		requests, err := v.Requests(operation, gen.RequestOptions{Base: srv.URL, Env: env, Sign: dataartsToken(env), At: time.Unix(0, 0),
			Options: gen.Options{Set: map[string]json.RawMessage{"header.workspace": json.RawMessage(`"00000000000000000000000000000000"`)}}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := requests.At(0)
		if err != nil {
			t.Fatal(err)
		}
		status, body := answerOfDataArts(t, r)
		var sent map[string]any
		if err := json.Unmarshal(body, &sent); err != nil || sent["data"] == nil {
			t.Fatalf("%s: %v", body, err)
		}
		delete(sent, "data")
		replies, err := v.Failures(operation, gen.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		made := replies[slices.IndexFunc(replies, func(r gen.Reply) bool { return r.Error == "DLG.0818" })]
		var generated map[string]any
		if err := json.Unmarshal(made.Body, &generated); err != nil {
			t.Fatal(err)
		}
		for _, m := range []map[string]any{sent, generated} {
			first := m["errors"].([]any)[0].(map[string]any)
			if id, _ := first["request_id"].(string); len(id) != 32 {
				t.Errorf("%s: request_id is %q", operation, id)
			}
			first["request_id"] = ""
		}
		if status != made.Status || !reflect.DeepEqual(sent, generated) {
			t.Errorf("%s: generated is %d %v, the server answers %d %v", operation, made.Status, generated, status, sent)
		}
	}
}

func compareDataArtsFailure(t *testing.T, e *specs.Error, got gen.Reply, want mockserver.Example) {
	t.Helper()
	var names, wantNames []string
	for _, h := range got.Headers {
		names = append(names, h.Name)
	}
	for name := range want.Header {
		wantNames = append(wantNames, name)
	}
	slices.Sort(names)
	slices.Sort(wantNames)
	if got.Status != want.Status || !slices.Equal(names, wantNames) || got.Headers[0].Value != want.Header.Get("Content-Type") {
		t.Errorf("%s: %d with %v, the server answers %d with %v", e.Name, got.Status, got.Headers, want.Status, want.Header)
	}
	filled := strings.Contains(e.Code+e.Message, "%s")
	if a, b := dataArtsShape(t, got.Body, filled), dataArtsShape(t, want.Body, filled); a != b {
		t.Errorf("%s: the body is\n%s, the server's is\n%s", e.Name, a, b)
	}
}

// dataArtsShape takes out of a body what differs between two replies of one kind: the request's number, and the texts that
// were filled.
func dataArtsShape(t *testing.T, body []byte, filled bool) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var out []string
	key := ""
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return strings.Join(out, " ")
		}
		if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		text, isText := token.(string)
		switch {
		case !isText:
			data, _ := json.Marshal(token)
			out, key = append(out, string(data)), ""
		case key == "request_id" && len(text) == 32:
			out, key = append(out, "number"), ""
		case filled && (key == "error_msg" || key == "message"):
			out, key = append(out, strings.Fields(text)[0]), ""
		default:
			out, key = append(out, text), text
		}
	}
}

// A delete request finds what its generated reply says, in the generated world of the same seed, one after the other.
func TestDataArtsDeletionsAreTheServers(t *testing.T) {
	t.Parallel()
	v := dataartsFixtures(t)
	const n = 20
	o := gen.Options{Seed: 8}
	srv, raw := serveDataArts(t, v, 4*n, o)
	env, err := gen.NewEnvironment(raw)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := v.Requests("DeleteApprover", gen.RequestOptions{Options: o, Base: srv.URL, Env: env, Sign: dataartsToken(env), At: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	replies, err := v.Operations["DeleteApprover"].Replies(o, n, 0)
	if err != nil {
		t.Fatal(err)
	}
	i := uint64(0)
	for want := range replies {
		r, err := requests.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := answerOfDataArts(t, asking(r, want.Request)); status != want.Status || strings.TrimSpace(string(body)) != string(want.Body) {
			t.Errorf("%s is answered %d %s, generated is %s", want.Request, status, body, want.Body)
		}
		i++
	}
	if i != n {
		t.Errorf("%d replies", i)
	}
}

// Who asks for more requests than the world has members left is told how many.
func TestFixturesNameWhatIsUsedUp(t *testing.T) {
	t.Parallel()
	for operation, size := range map[string]int{"CreateApprover": 13, "ResultCallback": 24} {
		for _, count := range []int{size, size + 1} {
			code, _, problems := try("fixtures", "--kind", "requests", "--operation", operation, "--count", strconv.Itoa(count), "--format", "ndjson")
			told := strings.Contains(problems, "lists "+strconv.Itoa(size)+" ") && strings.Contains(problems, "--kind world")
			if code != 0 || told != (count > size) {
				t.Errorf("%d requests of %s: %d, %q", count, operation, code, problems)
			}
		}
	}
}
