package mockserver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// sole is acme with notes of which no two have the same text.
func sole(env mockserver.Env) (*mockserver.Plug, error) {
	p, err := acme(env)
	i := slices.IndexFunc(p.Collections, func(c *store.Collection) bool { return c.Name() == "notes" })
	p.Collections = slices.Clone(p.Collections)
	p.Collections[i] = store.NewTable("notes", func(n *note) string { return n.ID },
		store.Index[*note]{Name: "by_text", Unique: true, Key: func(n *note) (string, bool) { return store.Key(n.Text), true }}).
		Schema("StoredNote").Collection()
	p.Demo = func(*mockserver.Setup) error { return nil }
	return p, err
}

// TestManyRecords: of many records, made on every core, the first that is wrong is named, as it is of few.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{sole}})
	const n = 3000
	list := func(change map[int]string) string {
		all := make([]string, n)
		for i := range all {
			if all[i] = change[i]; all[i] == "" {
				all[i] = fmt.Sprintf(`{"id": "n%d", "text": "t%d"}`, i, i)
			}
		}
		return `{"notes": [` + strings.Join(all, ",\n") + `]}`
	}
	create := func(name, records string) error {
		_, err := srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: name, Records: map[string]json.RawMessage{"acme": json.RawMessage(records)}})
		return err
	}
	const same, bad, none = `{"id": "other", "text": "t7"}`, `{"id": "B", "text": ""}`, `{"id" 1}`
	for _, tt := range []struct{ name, records, says string }{
		{"OKAll", list(nil), ""},
		{"OKLaterOfTwo", `{"notes": [{"id": "A"}], "notes": [{"id": "a", "text": "t"}]}`, ""},
		{"OKNone", ` { "notes" : null, "keys": [ ] } `, ""},
		{"ErrSchema", list(map[int]string{2999: bad, 2000: bad}), "acme: notes[2000]: /id: does not match ^[a-z0-9]+$"},
		{"ErrTaken", list(map[int]string{1500: same}), `acme: notes[1500]: collection notes: record "n7" already has this by_text`},
		{"ErrTakenBeforeSchema", list(map[int]string{1500: same, 1501: bad}), `acme: notes[1500]: collection notes: record "n7" already has this by_text`},
		{"ErrSchemaBeforeTaken", list(map[int]string{1500: bad, 1501: same}), "acme: notes[1500]: /id"},
		{"ErrNotJSON", list(map[int]string{1: bad, 2500: none}), "records of acme: invalid character '1' after object key"},
		{"ErrNotClosed", strings.TrimSuffix(list(nil), "}"), "records of acme: unexpected end of JSON input"},
		{"ErrBehind", list(nil) + `}`, "records of acme: invalid character '}' after top-level value"},
		{"ErrNoList", `{"notes": {}}`, "records of acme: json: cannot unmarshal object into Go value of type []json.RawMessage"},
		{"ErrNoCollection", `{"x": [], "nots": []}`, `acme has no collection "nots"`},
	} {
		err := create(tt.name, tt.records)
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.says)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.says)
		}
		if strings.HasPrefix(tt.name, "ErrTaken") && !errors.As(err, new(*store.DuplicateError)) {
			t.Errorf("%s: error %#v", tt.name, err)
		}
	}
	w, err := srv.World("OKAll")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	if err := w.Records(t.Context(), "acme", "notes", func(rec any) {
		if n := rec.(*note); "n"+strings.TrimPrefix(n.Text, "t") == n.ID {
			seen[n.ID] = true
		}
	}); err != nil || len(seen) != n {
		t.Errorf("%d of %d records are there, error %v", len(seen), n, err)
	}
	if len(srv.Worlds()) != 4 {
		t.Errorf("%d worlds are there", len(srv.Worlds()))
	}
}
