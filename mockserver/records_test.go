package mockserver_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// comment is a record with a composite id, references, one to its own collection, and a unique label.
type comment struct {
	Note   string `json:"note"`
	N      string `json:"n"`
	Parent string `json:"parent,omitempty"`
	Label  string `json:"label,omitempty"`
	Likes  int    `json:"likes,omitempty"`
	Hidden *bool  `json:"hidden,omitempty"`
}

var comments = store.NewTable("comments", func(c *comment) string { return c.Note + "/" + c.N },
	store.Index[*comment]{Name: "by_label", Unique: true, Key: func(c *comment) (string, bool) { return store.Key(c.Label), c.Label != "" }}).
	References(store.Reference[*comment]{Field: "note", To: "notes", IDs: func(c *comment) []string { return []string{c.Note} }},
		store.Reference[*comment]{Field: "parent", To: "comments", IDs: func(c *comment) []string { return []string{c.Parent} }}).
	Check(func(c *comment) error {
		if c.Likes > 1000 {
			return errors.New("nobody has that many likes")
		}
		return nil
	}).
	Schema("StoredComment")

// library is acme with comments on notes.
func library(env mockserver.Env) (*mockserver.Plug, error) {
	p, err := acme(env)
	if err != nil {
		return nil, err
	}
	text := strings.Replace(acmeSpec, "x-assumptions:", "  - {name: comments, schema: StoredComment, key: [n]}\nx-assumptions:", 1)
	text = strings.Replace(text, "    StoredKey:", `    StoredComment:
      type: object
      x-grade: assumed
      required: [note, n]
      additionalProperties: false
      properties:
        note: {type: string, x-references: [notes]}
        n: {type: string, minLength: 1}
        parent: {type: string, x-references: [comments]}
        label: {type: string}
        likes: {type: integer, format: int32}
        hidden: {type: boolean}
    StoredKey:`, 1)
	p.Spec, err = specs.RulesFS(fstest.MapFS{"acme/acme.yaml": {Data: []byte(text)}}, "acme")
	p.Collections = append(p.Collections, comments.Collection())
	return p, err
}

func startLibrary(t *testing.T, opts mockserver.Options) *mockserver.Running {
	t.Helper()
	opts.Vendors = []mockserver.Vendor{library}
	return mockserver.Run(t, opts)
}

// thread is a note with two comments and an answer to the first.
const thread = `{"acme": {"notes": [{"id": "n", "text": "x"}, {"id": "m", "text": "y", "count": 3}],
	"comments": [{"note": "n", "n": "1", "label": "a", "hidden": true}, {"note": "n", "n": "2", "likes": 5}, {"note": "m", "n": "1", "parent": "n/1", "likes": 5}]}}`

func withThread() mockserver.WorldSetting {
	w := mockserver.WorldSetting{}
	if err := json.Unmarshal([]byte(thread), &w.Records); err != nil {
		panic(err)
	}
	return w
}

func TestRecordsOverHTTP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		says                     string // of what is answered
		there                    string // what the record is then, "" for none; "-" if that is not looked at
	}{
		{"OKGet", "GET", "comments/n/1", "", 200, `{"note":"n","n":"1","label":"a","hidden":true}`, "-"},
		{"OKGetEscaped", "GET", "acme.comments/n%2F1", "", 200, `"label":"a"`, "-"},
		{"ErrGetUnknown", "GET", "comments/n/9", "", 404, `acme.comments has no record \"n/9\"`, "-"},
		{"ErrGetNoID", "GET", "comments/", "", 404, `no record \"\"`, "-"},
		{"ErrGetCollection", "GET", "remarks/1", "", 404, "there are acme.comments", "-"},
		{"OKPutNew", "PUT", "comments/n/3", `{"note":"n","n":"3"}`, 201, `{"note":"n","n":"3"}`, `{"note":"n","n":"3"}`},
		{"OKPutOver", "PUT", "comments/n/1", `{"note":"n","n":"1"}`, 200, `{"note":"n","n":"1"}`, `{"note":"n","n":"1"}`},
		{"OKPutStrange", "PUT", "comments/n/" + url.PathEscape("a b:/é%"), `{"note":"n","n":"a b:/é%"}`, 201, "é%", `{"note":"n","n":"a b:/é%"}`},
		{"ErrPutOtherID", "PUT", "comments/n/1", `{"note":"n","n":"2"}`, 400, `the id of the record is \"n/2\", but the path names \"n/1\"`, "-"},
		{"ErrPutNotJSON", "PUT", "comments/n/1", `{"note"`, 400, "want a record", "-"},
		{"ErrPutNothing", "PUT", "comments/n/1", ``, 400, "want a record", "-"},
		{"ErrPutSchema", "PUT", "comments/n/1", `{"note":"n","n":1}`, 422, "record of comments: /n: is a number", "-"},
		{"ErrPutUnknownField", "PUT", "comments/n/1", `{"note":"n","n":"1","x":1}`, 422, "/x", "-"},
		{"ErrPutCheck", "PUT", "comments/n/1", `{"note":"n","n":"1","likes":1001}`, 422, "that many likes", `{"note":"n","n":"1","label":"a","hidden":true}`},
		{"ErrPutReference", "PUT", "comments/x/1", `{"note":"x","n":"1"}`, 422, `note names \"x\", which collection notes does not have`, ""},
		{"ErrPutUnique", "PUT", "comments/n/2", `{"note":"n","n":"2","label":"a"}`, 409, `record \"n/1\" already has this by_label`, `{"note":"n","n":"2","likes":5}`},
		{"OKPost", "POST", "comments", `{"note":"n","n":"3"}`, 201, `"n":"3"`, "-"},
		{"ErrPostTaken", "POST", "comments", `{"note":"n","n":"1"}`, 409, "PUT replaces it", "-"},
		{"ErrPostReference", "POST", "comments", `{"note":"n","n":"3","parent":"n/9"}`, 422, "parent names", "-"},
		{"ErrPostID", "POST", "comments/n/3", `{"note":"n","n":"3"}`, 405, "is served with", ""},
		{"OKPatch", "PATCH", "comments/n/1", `{"likes":7,"hidden":null}`, 200, `"likes":7`, `{"note":"n","n":"1","label":"a","likes":7}`},
		{"OKPatchNothing", "PATCH", "comments/n/2", `{}`, 200, `"likes":5`, `{"note":"n","n":"2","likes":5}`},
		{"ErrPatchID", "PATCH", "comments/n/2", `{"n":"4"}`, 422, "put another record", `{"note":"n","n":"2","likes":5}`},
		{"ErrPatchSchema", "PATCH", "comments/n/2", `{"likes":"many"}`, 422, "/likes", `{"note":"n","n":"2","likes":5}`},
		{"ErrPatchReference", "PATCH", "comments/n/2", `{"parent":"n/9"}`, 422, "n/9", `{"note":"n","n":"2","likes":5}`},
		{"ErrPatchUnknown", "PATCH", "comments/n/9", `{}`, 404, "no record", ""},
		{"ErrPatchList", "PATCH", "comments/n/2", `[]`, 400, "JSON object", "-"},
		{"ErrPatchNull", "PATCH", "comments/n/2", `null`, 400, "JSON object", "-"},
		{"OKDelete", "DELETE", "comments/n/2", "", 200, `{"deleted":[{"collection":"acme.comments","id":"n/2"}]}`, ""},
		{"ErrDeleteUnknown", "DELETE", "comments/n/9", "", 404, "no record", ""},
		{"ErrDeleteReferred", "DELETE", "comments/n/1", "", 409, `referred to by acme.comments/m/1: delete those first`, `{"note":"n","n":"1","label":"a","hidden":true}`},
		{"ErrDeleteCascadeWord", "DELETE", "comments/n/1?cascade=yes", "", 400, "want true or false", "-"},
		{"OKDeleteCascade", "DELETE", "notes/n?cascade=true", "", 200,
			`{"deleted":[{"collection":"acme.notes","id":"n"},{"collection":"acme.comments","id":"n/1"},{"collection":"acme.comments","id":"n/2"},{"collection":"acme.comments","id":"m/1"}]}`, ""},
		{"ErrMethod", "OPTIONS", "notes/n", "", 405, "is served with", "-"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := startLibrary(t, mockserver.Options{World: withThread()})
			at := srv.URL + "/__admin/worlds/default/"
			got := send(t, tt.method, at+tt.path, tt.body, nil)
			if got.status != tt.status || !strings.Contains(got.raw, tt.says) {
				t.Errorf("got %d %s, want %d and %s", got.status, got.raw, tt.status, tt.says)
			}
			path, _, _ := strings.Cut(tt.path, "?")
			after := send(t, "GET", at+path, "", nil)
			switch {
			case tt.there == "-":
			case tt.there == "" && after.status != 404, tt.there != "" && after.raw != tt.there:
				t.Errorf("the record is %d %s, want %s", after.status, after.raw, tt.there)
			}
		})
	}
}

func TestRecordsList(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{World: withThread()})
	for _, tt := range []struct {
		query  string
		status int
		want   string
	}{
		{"comments", 200, "m/1 n/1 n/2 of 3"},
		{"comments?skip=1", 200, "n/1 n/2 of 3"},
		{"comments?skip=1&limit=1", 200, "n/1 of 3"},
		{"comments?skip=9", 200, " of 3"},
		{"comments?limit=0", 200, "m/1 n/1 n/2 of 3"},
		{"comments?likes=5", 200, "m/1 n/2 of 2"},
		{"comments?likes=5&skip=1", 200, "n/2 of 2"},
		{"comments?likes=5&limit=1", 200, "m/1 of 2"},
		{"comments?likes=5&note=n", 200, "n/2 of 1"},
		{"comments?hidden=true", 200, "n/1 of 1"},
		{"comments?note=x", 200, " of 0"},
		{"comments?note=n&note=m", 200, " of 0"},
		{"comments?colour=red", 400, "acme.comments have no \"colour\""},
		{"comments?limit=-1", 400, "whole numbers"},
	} {
		t.Run(tt.query, func(t *testing.T) {
			t.Parallel()
			got := send(t, "GET", srv.URL+"/__admin/worlds/default/"+tt.query, "", nil)
			if got.status != tt.status {
				t.Fatalf("got %d %s", got.status, got.raw)
			}
			if got.status != 200 {
				if text := got.body["countersign"].(string); !strings.Contains(text, tt.want) {
					t.Errorf("got %s, want %s", text, tt.want)
				}
				return
			}
			var ids []string
			for _, rec := range got.body["records"].([]any) {
				fields := rec.(map[string]any)
				ids = append(ids, fields["note"].(string)+"/"+fields["n"].(string))
			}
			if list := fmt.Sprintf("%s of %v", strings.Join(ids, " "), got.body["total"]); list != tt.want {
				t.Errorf("got %q, want %q", list, tt.want)
			}
		})
	}
}

// A credential that is put over the admin API opens its world at once, and can be no other world's.
func TestRecordsClaim(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{})
	admin := srv.URL + "/__admin/worlds"
	keyOf(t, send(t, "POST", admin, `{"name":"w"}`, nil))
	if got := send(t, "POST", admin+"/w/keys", `{"key":"demo-key"}`, nil); got.status != 409 || !strings.Contains(got.raw, "default") {
		t.Errorf("a second owner: %d %s", got.status, got.raw)
	}
	if got := send(t, "POST", admin+"/w/keys", `{"key":"mine"}`, nil); got.status != 201 {
		t.Fatalf("got %d %s", got.status, got.raw)
	}
	send(t, "PUT", admin+"/w/notes/w", `{"id":"w","text":"of w"}`, nil)
	if got := noteText(t, srv, "mine", "w"); got != "of w" {
		t.Errorf("got %q", got)
	}
	if got := send(t, "DELETE", admin+"/w/keys/mine", "", nil); got.status != 200 || noteText(t, srv, "mine", "w") != "NoKey" {
		t.Errorf("got %d %s; the key opens %q", got.status, got.raw, noteText(t, srv, "mine", "w"))
	}
}

func TestRecordsInProcess(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{World: withThread()})
	w, err := srv.World("default")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	rec, err := w.Record(ctx, "acme", "comments", "n/2")
	if c, ok := rec.(*comment); err != nil || !ok || c.Likes != 5 {
		t.Errorf("got %v, %v", rec, err)
	}
	if _, created, err := w.PutRecord(ctx, "acme", "comments", []byte(`{"note":"n","n":"2"}`)); err != nil || created {
		t.Errorf("created %v, %v", created, err)
	}
	rec, err = w.PatchRecord(ctx, "acme", "comments", "n/2", []byte(`{"likes":8}`))
	if c, ok := rec.(*comment); err != nil || !ok || c.Likes != 8 {
		t.Errorf("got %v, %v", rec, err)
	}
	var referred *mockserver.ReferredError
	if _, err := w.DeleteRecord(ctx, "acme", "notes", "n", false); !errors.As(err, &referred) || len(referred.By) != 2 || referred.More {
		t.Errorf("got %v", err)
	}
	if _, err := w.CreateRecord(ctx, "acme", "notes", []byte(`{"id":"n","text":""}`)); !errors.Is(err, mockserver.ErrRecordTaken) {
		t.Errorf("got %v", err)
	}
	for _, err := range []error{
		second(w.Record(ctx, "acme", "no", "1")), second(w.Record(ctx, "no", "notes", "1")), second(w.CreateRecord(ctx, "no", "notes", nil)),
		second(w.PatchRecord(ctx, "acme", "no", "1", nil)), second(w.DeleteRecord(ctx, "acme", "no", "1", true)),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Many comments on one note: the refusal names a few.
func TestDeleteNamesAFew(t *testing.T) {
	t.Parallel()
	srv := startLibrary(t, mockserver.Options{World: withThread()})
	at := srv.URL + "/__admin/worlds/default/"
	for i := range 20 {
		send(t, "POST", at+"comments", fmt.Sprintf(`{"note":"m","n":"x%02d"}`, i), nil)
	}
	got := send(t, "DELETE", at+"notes/m", "", nil)
	if got.status != 409 || !strings.Contains(got.raw, "acme.comments/m/x03, others: delete") || strings.Contains(got.raw, "x04") {
		t.Errorf("got %d %s", got.status, got.raw)
	}
}

// The examples of RFC 7396, appendix A, whose targets and patches are objects.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ target, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"n":12345678901234567890}`, `{"m":1.50}`, `{"m":1.50,"n":12345678901234567890}`},
	} {
		got, err := mockserver.MergePatch([]byte(tt.target), []byte(tt.patch))
		if err != nil || string(got) != tt.want {
			t.Errorf("%s with %s: got %s, %v, want %s", tt.target, tt.patch, got, err, tt.want)
		}
	}
}

// A patch that is applied twice is as good as applied once, and never makes anything else than an object.
func FuzzMergePatch(f *testing.F) {
	f.Add(`{"a":{"b":1}}`, `{"a":{"b":null,"c":[{}]}}`)
	f.Add(`{}`, `{"":{"":null}}`)
	f.Fuzz(func(t *testing.T, target, patch string) {
		once, err := mockserver.MergePatch([]byte(target), []byte(patch))
		if err != nil {
			return
		}
		twice, err := mockserver.MergePatch(once, []byte(patch))
		if err != nil || !bytes.Equal(twice, once) {
			t.Errorf("once %s, twice %s, %v", once, twice, err)
		}
	})
}

// A list of many records comes whole; one whose reader goes away ends.
func TestRecordsListIsStreamed(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprintf(`{"id":"n%d","text":"%d"}`, i, i))
	}
	setting := mockserver.WorldSetting{Records: map[string]json.RawMessage{"acme": json.RawMessage(`{"notes":[` + strings.Join(many, ",") + `]}`)}}
	srv := startLibrary(t, mockserver.Options{World: setting})
	got := send(t, "GET", srv.URL+"/__admin/worlds/default/notes?limit=0", "", nil)
	if n := len(got.body["records"].([]any)); got.status != http.StatusOK || n != 5001 || got.body["total"] != 5001.0 {
		t.Errorf("got %d with %d records of %v", got.status, n, got.body["total"])
	}
}
