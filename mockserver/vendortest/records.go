package vendortest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// mostRecords bounds how many records of a collection are looked at; tests of a million make them all alike.
const mostRecords = 500

// CheckRecords holds the records of every world of a server, the first 500 of each collection, against the schemas.
func CheckRecords(t testing.TB, srv *mockserver.Server) {
	t.Helper()
	for _, w := range srv.Worlds() {
		seen := map[*store.Collection]int{}
		err := w.AllRecords(context.Background(), func(vendor string, c *store.Collection, rec any) {
			if seen[c]++; seen[c] > mostRecords {
				return
			}
			data := must(json.Marshal(rec))(t)
			if err := srv.CheckRecord(vendor, c.Name(), data); err != nil {
				t.Errorf("%s: %s: %v\n%s", vendor, c.Name(), err, data)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// CheckRecordsAtTheEnd is CheckRecords at the end of a test that has run without failure.
func CheckRecordsAtTheEnd(t testing.TB, srv *mockserver.Server) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			CheckRecords(t, srv)
		}
	})
}

func (s *suite) recordsFit(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	w := must(srv.World(mockserver.DefaultWorld))(t)
	_ = must(srv.CreateWorld(t.Context(), mockserver.WorldSetting{}))(t) // with credentials of its own
	CheckRecords(t, srv.Server)
	s.checkKeys(t, w)
	for _, state := range s.plug.States {
		for range 2 {
			if _, err := w.Apply(t.Context(), state.Name, nil); err != nil {
				t.Fatalf("state %q: %v", state.Name, err)
			}
		}
		s.checkKeys(t, w)
		CheckRecords(t, srv.Server)
		if t.Failed() {
			t.Fatalf("after the state %q", state.Name)
		}
		if err := srv.ResetWorld(t.Context(), mockserver.DefaultWorld); err != nil {
			t.Fatal(err)
		}
	}
}

// checkKeys holds what the documents call a key, or unique, against the records.
func (s *suite) checkKeys(t *testing.T, w *mockserver.World) {
	t.Helper()
	for _, c := range s.plug.Spec.Collections {
		seen := map[string]any{}
		err := w.Records(t.Context(), s.plug.Name, c.Name, func(rec any) {
			for i, tuple := range tuples(t, c, rec) {
				key := fmt.Sprintf("%d %q", i, tuple)
				if other, taken := seen[key]; taken && tuple != nil {
					t.Errorf("%s: %+v and %+v share %q", c.Name, other, rec, tuple)
				}
				seen[key] = rec
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// tuples are the values of the record's key, then of each unique set; nil where a property of such a set is absent.
func tuples(t *testing.T, c *specs.CollectionRules, rec any) [][]string {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal(must(json.Marshal(rec))(t), &values); err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for i, set := range append([][]string{c.Key}, c.Unique...) {
		var tuple []string
		for _, name := range set {
			v, there := values[name]
			if !there && i > 0 {
				tuple = nil
				break
			}
			if !there {
				v = ""
			}
			tuple = append(tuple, fmt.Sprint(v))
		}
		all = append(all, tuple)
	}
	return all
}
