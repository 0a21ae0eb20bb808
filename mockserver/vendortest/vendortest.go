// Package vendortest holds every vendor's plug to the promises that all of them make. Each check says which promise it
// defends, so that a failure explains itself.
//
//	func TestPromises(t *testing.T) { vendortest.Run(t, wps.New) }
package vendortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
	"github.com/countersign/countersign/specs/compiled"
)

// suite is one vendor under test.
type suite struct {
	vendor mockserver.Vendor
	plug   *mockserver.Plug
}

// Run holds a vendor to the promises.
func Run(t *testing.T, vendor mockserver.Vendor) {
	t.Helper()
	plug, err := vendor(mockserver.Env{LoadSpec: compiled.Load})
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{vendor: vendor, plug: plug}
	for _, check := range []struct {
		name, promise string
		run           func(*testing.T)
	}{
		{"EveryErrorFitsTheDocuments", "every error of the catalogue can be answered on every operation that may meet it, and the reply is documented", s.errorsFit},
		{"ErrorTextsAreTheCatalogues", "an error carries the code and message that the catalogue prints", s.errorTexts},
		{"StatesApplyTwice", "a provider state needs no parameters and may be asked for again", s.statesApplyTwice},
		{"StatesAreRepeatable", "same seed, same states: same records", s.statesAreRepeatable},
		{"ResetUndoes", "a reset world is as it was made", s.resetUndoes},
		{"WorldsDoNotMeet", "worlds have credentials of their own", s.worldsDoNotMeet},
		{"ForksHaveTheirOwn", "a fork has credentials of its own, whatever state its parent is in, and neither sees the other", s.forksHaveTheirOwn},
		{"KeptWorldsComeBack", "a world that is kept is after a restart what it was", s.keptWorldsComeBack},
		{"ExportedWorldsComeBack", "an exported world is what was exported, wherever it is imported", s.exportedWorldsComeBack},
		{"EnvIsRepeatable", "same seed, same name: same credentials", s.envIsRepeatable},
		{"RecordsSurviveJSON", "what the admin API shows of a record can be loaded again", s.recordsSurviveJSON},
		{"RecordsFitTheirSchemas", "every record that a world begins with, or that a provider state makes, fits the schema of its collection", s.recordsFit},
		{"NothingBreaksIt", "no request, however odd, gets a 5xx, a hang or another vendor's envelope", s.nothingBreaksIt},
		{"TooLargeIsRefused", "a body over the limit is refused in the vendor's envelope", s.tooLarge},
		{"HalfSentIsHarmless", "a request cut short harms nobody", s.halfSent},
	} {
		t.Run(check.name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the promise: %s", check.promise)
				}
			})
			check.run(t)
		})
	}
}

func (s *suite) serve(t *testing.T, setting mockserver.WorldSetting) *mockserver.Running {
	t.Helper()
	return mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{s.vendor}, World: setting})
}

// eachError visits every error on every operation that can answer it.
func (s *suite) eachError(visit func(op *specs.OperationRules, e *specs.Error)) {
	for _, op := range s.plug.Spec.Operations {
		for _, e := range s.plug.Spec.Errors {
			if e.Operation == op.ID || e.Operation == "" && s.shares(op, e) {
				visit(op, e)
			}
		}
	}
}

// shares reports whether an error without an operation is for this one: it stands in the operation's document, or in
// one without operations, which speaks for all.
func (s *suite) shares(op *specs.OperationRules, e *specs.Error) bool {
	return e.File == op.File || !slices.ContainsFunc(s.plug.Spec.Operations, func(o *specs.OperationRules) bool { return o.File == e.File })
}

func (s *suite) errorsFit(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	s.eachError(func(op *specs.OperationRules, e *specs.Error) {
		got, err := srv.ErrorExample(s.plug.Name, op.ID, e.Name)
		if err != nil && e.Operation == "" && s.notForThis(op, e) {
			return
		}
		if err != nil || got.Status != e.Status {
			t.Errorf("%s, %s: status %d: %v", op.ID, e.Name, got.Status, err)
		}
	})
}

// notForThis reports that the operation's document does not have the status of a gateway error at all: then another of
// the vendor's services answers it. Some operation must have it.
func (s *suite) notForThis(op *specs.OperationRules, e *specs.Error) bool {
	documents := func(o *specs.OperationRules) bool { return o.Reply(e.Status) != nil }
	if documents(op) {
		return false
	}
	for _, o := range s.plug.Spec.Operations {
		if documents(o) {
			return true
		}
	}
	return false
}

func (s *suite) errorTexts(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	s.eachError(func(op *specs.OperationRules, e *specs.Error) {
		got, err := srv.ErrorExample(s.plug.Name, op.ID, e.Name)
		if err != nil {
			return // errorsFit reports it
		}
		for _, text := range []string{e.Code, e.Message} {
			want := bytes.ReplaceAll([]byte(text), []byte("%s"), []byte("Parameter"))
			quoted, err := json.Marshal(string(want))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(got.Body, bytes.Trim(quoted, `"`)) && !bytes.Contains(got.Body, want) {
				t.Errorf("%s, %s: %s does not say %q", op.ID, e.Name, got.Body, want)
			}
		}
	})
}

func (s *suite) statesApplyTwice(t *testing.T) {
	for _, state := range s.plug.States {
		if state.Doc == "" {
			t.Errorf("state %q has no doc", state.Name)
		}
		srv := s.serve(t, mockserver.WorldSetting{})
		w := must(srv.World(mockserver.DefaultWorld))(t)
		for range 2 {
			if _, err := w.Apply(t.Context(), state.Name, nil); err != nil {
				t.Errorf("state %q: %v", state.Name, err)
			}
		}
	}
}

func (s *suite) statesAreRepeatable(t *testing.T) {
	run := func() []byte {
		srv := s.serve(t, mockserver.WorldSetting{Seed: 5, Clock: "2026-02-03T04:05:06Z"})
		w := must(srv.World(mockserver.DefaultWorld))(t)
		var out bytes.Buffer
		for _, state := range s.plug.States {
			values, err := w.Apply(t.Context(), state.Name, nil)
			fmt.Fprintf(&out, "%s: %v %v\n", state.Name, values, err)
		}
		out.Write(dump(t, w))
		return out.Bytes()
	}
	if a, b := run(), run(); !bytes.Equal(a, b) {
		t.Errorf("two runs differ:\n%s", firstLine(a, b))
	}
}

func (s *suite) resetUndoes(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{Clock: "2026-02-03T04:05:06Z"})
	w := must(srv.World(mockserver.DefaultWorld))(t)
	before := dump(t, w)
	for _, state := range s.plug.States {
		if _, err := w.Apply(t.Context(), state.Name, nil); err != nil {
			t.Fatalf("state %q: %v", state.Name, err)
		}
	}
	if bytes.Equal(before, dump(t, w)) && len(s.plug.States) > 0 {
		t.Error("the states changed nothing, so this check proves nothing")
	}
	if err := srv.ResetWorld(t.Context(), mockserver.DefaultWorld); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, w); !bytes.Equal(before, after) {
		t.Errorf("records differ after a reset:\n%s", firstLine(before, after))
	}
}

func (s *suite) worldsDoNotMeet(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	seen := map[string]string{}
	for i := range 8 {
		w, err := srv.CreateWorld(t.Context(), mockserver.WorldSetting{Seed: uint64(i % 2)})
		if err != nil {
			t.Fatalf("world %d: %v", i, err)
		}
		env := must(w.Env(t.Context(), srv.URL))(t)
		text := string(must(json.Marshal(env))(t))
		if other, taken := seen[text]; taken {
			t.Errorf("worlds %s and %s have the same credentials", other, w.Name())
		}
		seen[text] = w.Name()
	}
}

func (s *suite) envIsRepeatable(t *testing.T) {
	run := func() string {
		srv := s.serve(t, mockserver.WorldSetting{})
		w := must(srv.CreateWorld(t.Context(), mockserver.WorldSetting{Name: "same", Seed: 9}))(t)
		return string(must(json.Marshal(must(w.Env(t.Context(), "http://host"))(t)))(t))
	}
	if a, b := run(), run(); a != b {
		t.Errorf("%s\nthen\n%s", a, b)
	}
}

func (s *suite) recordsSurviveJSON(t *testing.T) {
	srv := s.serve(t, mockserver.WorldSetting{})
	w := must(srv.World(mockserver.DefaultWorld))(t)
	for _, c := range s.plug.Collections {
		err := w.Records(t.Context(), s.plug.Name, c.Name(), func(rec any) {
			data := must(json.Marshal(rec))(t)
			again, err := c.Decode(data)
			if err != nil {
				t.Errorf("%s: %v\n%s", c.Name(), err, data)
				return
			}
			if data2 := must(json.Marshal(again))(t); !bytes.Equal(data, data2) || !reflect.DeepEqual(rec, again) {
				t.Errorf("%s: %s comes back as %s", c.Name(), data, data2)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// dump writes every record of the world's vendors.
func dump(t *testing.T, w *mockserver.World) []byte {
	t.Helper()
	var out bytes.Buffer
	err := w.AllRecords(t.Context(), func(vendor string, c *store.Collection, rec any) {
		fmt.Fprintf(&out, "%s.%s %s\n", vendor, c.Name(), must(json.Marshal(rec))(t))
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func firstLine(a, b []byte) string {
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(x), len(y)) {
		if !bytes.Equal(x[i], y[i]) {
			return fmt.Sprintf("line %d:\n- %s\n+ %s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines against %d", len(x), len(y))
}

// must returns a function that fails the test if there was an error, and the value otherwise.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
