package mockserver_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

func TestCheckRecord(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	for _, tt := range []struct{ name, collection, record, says string }{
		{"OK", "notes", `{"id": "a", "text": "", "count": -2147483648}`, ""},
		{"Missing", "notes", `{"id": "a"}`, "/text: is required"},
		{"Pattern", "notes", `{"id": "A", "text": ""}`, "/id: does not match ^[a-z0-9]+$"},
		{"Type", "notes", `{"id": "a", "text": 1}`, "/text: is a number, want a string"},
		{"Unknown", "notes", `{"id": "a", "text": "", "Id": "a"}`, "/Id: is not a documented property"},
		{"Null", "notes", `null`, "is null, want object"},
		{"Array", "notes", `[]`, "is an array, want an object"},
		{"NotJSON", "notes", `{"id"`, "is not JSON: unexpected EOF"},
		{"Two", "notes", `{"id": "a", "text": ""} {}`, "has something behind its JSON value"},
		{"OtherCollection", "keys", `{"key": ""}`, "/key: has 0 characters, want at least 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := srv.CheckRecord("acme", tt.collection, []byte(tt.record))
			var bad *mockserver.RecordError
			switch {
			case tt.says == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &bad) || err.Error() != tt.says || bad.Collection != tt.collection:
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
	for says, err := range map[string]error{
		`no vendor is named "x"`:     srv.CheckRecord("x", "notes", nil),
		`acme has no collection "x"`: srv.CheckRecord("acme", "x", nil),
	} {
		var bad *mockserver.RecordError
		if err == nil || err.Error() != says || errors.As(err, &bad) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}

// TestWorldRecordsAreChecked: the message names vendor, collection, index and place; a world that is refused leaves no name.
func TestWorldRecordsAreChecked(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	create := func(records string) error {
		_, err := srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: "w", Base: "empty",
			Records: map[string]json.RawMessage{"acme": json.RawMessage(records)}})
		return err
	}
	err := create(`{"keys": [{"key": "k"}], "notes": [{"id": "a", "text": "t"}, {"id": "b", "text": "a text of 21 letters."}]}`)
	var bad *mockserver.RecordError
	if !errors.As(err, &bad) || bad.Schema != "StoredNote" || err.Error() != "acme: notes[1]: /text: has 21 characters, want at most 20" {
		t.Errorf("error %v", err)
	}
	if err := create(`{"keys": [{"key": "k"}], "notes": [{"id": "a", "text": "t"}]}`); err != nil {
		t.Error(err)
	}
}

// TestDemoRecordsAreTrusted: a start does not hold the program's own records against the schemas; vendortest does.
func TestDemoRecordsAreTrusted(t *testing.T) {
	t.Parallel()
	odd := func(env mockserver.Env) (*mockserver.Plug, error) {
		p, err := acme(env)
		p.Demo = func(s *mockserver.Setup) error {
			return s.Load([]byte(`{"notes": [{"id": "NOT OF THE SCHEMA", "text": "t"}], "keys": [{"key": "demo-key"}]}`))
		}
		return p, err
	}
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{odd}})
	if err := srv.CheckRecord("acme", "notes", []byte(`{"id": "NOT OF THE SCHEMA", "text": "t"}`)); err == nil {
		t.Error("the record fits, so this proves nothing")
	}
}

// TestCollectionsAndSchemasGoTogether starts servers whose documents and plug do not agree.
func TestCollectionsAndSchemasGoTogether(t *testing.T) {
	t.Parallel()
	type link struct {
		Key  string `json:"key"`
		Note string `json:"note"`
	}
	links := store.NewTable("keys", func(l *link) string { return l.Key }).Schema("StoredKey").
		References(store.Reference[*link]{Field: "note", To: "notes", IDs: func(l *link) []string { return []string{l.Note} }})
	unnamed := store.NewTable("keys", func(k *key) string { return k.Key })
	for _, tt := range []struct {
		name, old, new string
		keys           *store.Collection
		says           string
	}{
		{"OK", "title: Acme", "title: Acme", keys.Collection(), ""},
		{"NoSchema", "  - {name: keys, schema: StoredKey, key: [key]}\n", "", keys.Collection(), "vendor acme: collection keys: no document has a schema for it"},
		{"OtherSchema", "{name: keys, schema: StoredKey, key: [key]}", "{name: keys, schema: StoredNote, key: [id]}", keys.Collection(), `collection keys: its schema is "StoredKey", and "StoredNote" in acme/acme.yaml`},
		{"NamelessSchema", "title: Acme", "title: Acme", unnamed.Collection(), `collection keys: its schema is "", and "StoredKey"`},
		{"NoCollection", "  - {name: keys,", "  - {name: doors, schema: StoredKey, key: [key]}\n  - {name: keys,", keys.Collection(), "acme/acme.yaml has a schema for the collection doors, which the plug has not"},
		{"UnknownKeyword", "key: {type: string, minLength: 1}", "key: {type: string, minLength: 1, format: uuid}", keys.Collection(), `collection keys: .key: format "uuid" is not one the checks know`},
		{"Reference", "title: Acme", "title: Acme", links.Collection(), "collection keys: its records refer to notes, and acme/acme.yaml does not say so"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			vendor := func(env mockserver.Env) (*mockserver.Plug, error) {
				p, err := acme(env)
				if err != nil {
					return nil, err
				}
				p.Collections = []*store.Collection{notes.Collection(), tt.keys}
				p.Demo = func(*mockserver.Setup) error { return nil }
				p.Spec, err = specs.RulesFS(fstest.MapFS{"acme/acme.yaml": {Data: []byte(strings.Replace(acmeSpec, tt.old, tt.new, 1))}}, "acme")
				return p, err
			}
			_, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{vendor}})
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}
