package mockserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// exportedForms writes a world in both forms.
func exportedForms(t *testing.T, w *mockserver.World) (json, packed []byte) {
	t.Helper()
	var j, p bytes.Buffer
	if err := w.Export(t.Context(), &j); err != nil {
		t.Fatal(err)
	}
	if err := w.ExportPacked(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	return j.Bytes(), p.Bytes()
}

// manyNotes is a world with so many notes, which are generated, and one of its own.
func manyNotes(t *testing.T, srv *mockserver.Server, n int) *mockserver.World {
	t.Helper()
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"id":"n%d","text":"t%d","count":%d}`, i, i%7, -i)
	}
	w, err := srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: "many", Seed: 7, Clock: "2026-01-15T08:00:00Z",
		Records: map[string]json.RawMessage{"acme": json.RawMessage(`{"notes":[` + strings.Join(list, ",") + `]}`)}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// recordsIn is the part of an exported world that has the records.
func recordsIn(t *testing.T, exported []byte) string {
	t.Helper()
	_, records, found := strings.Cut(string(exported), `"vendors"`)
	if !found {
		t.Fatalf("%.200s: no world", exported)
	}
	return records
}

func TestImportBothForms(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	want, packed := exportedForms(t, manyNotes(t, srv.Server, 20_000))
	if len(packed)*2 > len(want) {
		t.Errorf("%d bytes of JSON are packed in %d", len(want), len(packed))
	}
	for name, from := range map[string]io.Reader{"json": bytes.NewReader(want), "packed": bytes.NewReader(packed),
		"json-in-halves": iotest.HalfReader(bytes.NewReader(want)), "packed-in-halves": iotest.HalfReader(bytes.NewReader(packed))} {
		other := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}, Data: t.TempDir()})
		w, err := other.ImportWorld(t.Context(), from, mockserver.ImportOptions{KeepCredentials: true, Name: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, gotPacked := exportedForms(t, w)
		if recordsIn(t, got) != recordsIn(t, want) {
			t.Errorf("%s: exported again the records are others", name)
		}
		if !w.Now().Equal(mustWorld(t, srv.Server, "many").Now()) || w.Seed() != 7 || len(gotPacked) < len(packed)/2 {
			t.Errorf("%s: it is %v in a world of seed %d", name, w.Now(), w.Seed())
		}
	}
}

func mustWorld(t *testing.T, srv *mockserver.Server, name string) *mockserver.World {
	t.Helper()
	w, err := srv.World(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestImportInAnyOrder: what encoding/json reads as the same document is the same world.
func TestImportInAnyOrder(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	const head, records = `"countersign_world":1,"setting":{"seed":3},"state":{"calls":5}`, `{"id":"a","text":"t"},{"id":"b","text":"t"}`
	for name, in := range map[string]string{
		"usual": `{` + head + `,"vendors":[{"vendor":"acme","sequences":{"n":7},"collections":[{"collection":"notes","records":[` + records + `]}]}]}`,
		"early": ` { "vendors" : [ { "collections" : [ { "records" : [ ` + records + ` ] , "collection" : "notes" } ] , "sequences" : {"n":7}, "vendor" : "acme" } ] , ` + head + ` } `,
		"late":  `{` + head + `,"vendors":[{"vendor":"acme","collections":[{"collection":"notes","records":[` + records + `]},{"collection":"keys","records":null}],"sequences":{"n":7}}]}`,
	} {
		w, err := srv.ImportWorld(t.Context(), strings.NewReader(in), mockserver.ImportOptions{Name: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, _ := exportedForms(t, w)
		for _, want := range []string{`"seed":3`, `"calls":5`, `"sequences": {"n":7}`, `{"id":"a","text":"t"},`} {
			if !strings.Contains(string(got), want) {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
	for name, in := range map[string]string{"NoVendors": `{` + head + `}`, "NullVendors": `{` + head + `,"vendors":null}`} {
		if _, err := srv.ImportWorld(t.Context(), strings.NewReader(in), mockserver.ImportOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tt := range map[string]struct{ in, says string }{
		"Nothing":      {``, "not an exported world: it is cut short"},
		"NoVersion":    {`{"setting":{},"state":{},"vendors":[]}`, "countersign_world is 0"},
		"Unknown":      {`{` + head + `,"x":1}`, `not an exported world: json: unknown field "x"`},
		"UnknownState": {strings.Replace(`{`+head+`}`, "calls", "clals", 1), `not an exported world: json: unknown field "clals"`},
		"Behind":       {`{` + head + `,"vendors":[]}x`, "not an exported world: there is something behind"},
		"FieldBehind":  {`{` + head + `,"vendors":[],"x":1}`, "not an exported world: there is a field behind the vendors"},
		"CutShort":     {`{` + head + `,"vendors":[{"vendor":"acme","collections":[{"collection":"notes","records":[` + records, "not an exported world: it is cut short"},
		"VendorField":  {`{` + head + `,"vendors":[{"name":"acme"}]}`, `not an exported world: json: unknown field "name"`},
		"List":         {`{` + head + `,"vendors":[{"vendor":"acme","collections":[{"collection":"notes","records":{}}]}]}`, "not an exported world: there is"},
		"Record":       {`{` + head + `,"vendors":[{"vendor":"acme","collections":[{"collection":"notes","records":[` + records + `,{"id":"a"}]}]}]}`, "acme: notes[2]: /text: is required"},
		"RecordEarly":  {`{"vendors":[{"vendor":"acme","collections":[{"records":[{"id":"a"}],"collection":"notes"}]}],` + head + `}`, "acme: notes[0]: /text: is required"},
	} {
		_, err := srv.ImportWorld(t.Context(), strings.NewReader(tt.in), mockserver.ImportOptions{Name: name})
		if err == nil || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%s: error %v, want %s", name, err, tt.says)
		}
		if _, err := srv.World(name); err == nil {
			t.Errorf("%s: a refused world is there", name)
		}
	}
}

// TestPackedWorldIsWhole: a packed world that was changed anywhere, or ends early, is none.
func TestPackedWorldIsWhole(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	_, packed := exportedForms(t, manyNotes(t, srv.Server, 300))
	read := func(b []byte) error {
		w, err := srv.ImportWorld(t.Context(), bytes.NewReader(b), mockserver.ImportOptions{})
		if err == nil {
			err = srv.DeleteWorld(w.Name())
			if err == nil {
				return nil
			}
		}
		return err
	}
	if err := read(packed); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(packed); i += 1 + i/40 {
		changed := bytes.Clone(packed)
		changed[i] ^= 0x55
		if read(changed) == nil {
			t.Errorf("it is read with another byte %d", i)
		}
		if read(packed[:i]) == nil {
			t.Errorf("it is read though it ends behind %d bytes", i)
		}
	}
	for name, tt := range map[string]struct {
		in   string
		says string
	}{
		"Version": {strings.Replace(string(packed), "packed 1", "packed 2", 1), `it begins with "countersign world, packed 2\n"; this countersign reads`},
		"Behind":  {string(packed) + "x", "the packed world is damaged: there is something behind its end"},
		"Short":   {string(packed[:len(packed)-1]), "the packed world is damaged: it is cut short"},
		"Sum":     {strings.Replace(string(packed), "demo", "deno", 1), "the packed world is damaged: a checksum is wrong"},
	} {
		if err := read([]byte(tt.in)); err == nil || !strings.HasPrefix(err.Error(), tt.says) {
			t.Errorf("%s: error %v, want %s", name, err, tt.says)
		}
	}
	if n := len(srv.Worlds()); n != 2 {
		t.Errorf("%d worlds are there, want 2", n)
	}
}

// withSchema is acme with another text in its document.
func withSchema(text, other string) mockserver.Vendor {
	return func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := acme(env)
		if err != nil {
			return nil, err
		}
		p.Spec, err = specs.RulesFS(fstest.MapFS{"acme/acme.yaml": {Data: []byte(strings.ReplaceAll(acmeSpec, text, other))}}, "acme")
		return p, err
	}
}

// TestPackedByAnother: records of another schema are checked, those of another form refused.
func TestPackedByAnother(t *testing.T) {
	t.Parallel()
	// wide is acme before its schema bounded the length of texts.
	wide := withSchema("maxLength: 20", "maxLength: 40")
	old := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wide}})
	pack := func(text string) []byte {
		w, err := old.CreateWorld(t.Context(), mockserver.WorldSetting{Records: map[string]json.RawMessage{
			"acme": json.RawMessage(`{"notes":[{"id":"a","text":"t"},{"id":"b","text":"` + text + `"}]}`)}})
		if err != nil {
			t.Fatal(err)
		}
		_, packed := exportedForms(t, w)
		return packed
	}
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	if _, err := srv.ImportWorld(t.Context(), bytes.NewReader(pack("short")), mockserver.ImportOptions{}); err != nil {
		t.Error(err)
	}
	const says = "acme: notes[1]: /text: has 21 characters, want at most 20"
	if _, err := srv.ImportWorld(t.Context(), bytes.NewReader(pack("a text of 21 letters.")), mockserver.ImportOptions{}); err == nil || err.Error() != says {
		t.Errorf("error %v, want %s", err, says)
	}
	type otherNote struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	others := func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := sole(env)
		for i, c := range p.Collections {
			if c.Name() == "notes" {
				p.Collections[i] = store.NewTable("notes", func(n *otherNote) string { return n.ID }).Schema("StoredNote").Collection()
			}
		}
		return p, err
	}
	other := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{others}})
	if _, err := other.ImportWorld(t.Context(), bytes.NewReader(pack("t")), mockserver.ImportOptions{}); err == nil || !strings.Contains(err.Error(), "has other records of acme.notes than this countersign") {
		t.Errorf("error %v", err)
	}
}

func TestPackedOverHTTP(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	manyNotes(t, srv.Server, 1000)
	at := srv.URL + "/__admin/worlds/"
	got := fetch(t, at+"many/export?form=packed")
	defer got.Body.Close()
	if got.Header.Get("Content-Type") != mockserver.PackedType || got.Header.Get("Content-Disposition") != `attachment; filename="many.world"` {
		t.Errorf("got %v", got.Header)
	}
	packed, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r := send(t, "GET", at+"many/export?form=yaml", "", nil); r.status != 400 {
		t.Errorf("got %d %s", r.status, r.raw)
	}
	for kind, status := range map[string]int{mockserver.PackedType: 201, "": 201, "application/octet-stream": 415, "text/plain": 415} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"import", bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s: got %d, want %d", kind, resp.StatusCode, status)
		}
	}
	if r := send(t, "POST", at+"import", string(packed[:len(packed)/2]), http.Header{"Content-Type": {mockserver.PackedType}}); r.status != 400 || !strings.Contains(r.raw, "cut short") {
		t.Errorf("got %d %s", r.status, r.raw)
	}
	if r := send(t, "POST", srv.URL+"/__admin/worlds", string(packed), http.Header{"Content-Type": {mockserver.PackedType}}); r.status != 415 {
		t.Errorf("got %d %s", r.status, r.raw)
	}
}

func fetch(t *testing.T, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
