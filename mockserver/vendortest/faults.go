package vendortest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// Heard is what a client hears.
type Heard struct {
	Status int
	Header http.Header
	Body   string
}

// EveryErrorByName injects every error of a vendor's catalogue, by its name, into calls of every operation that can
// answer it, and holds what the client hears to the catalogue's status, code and message. calls sends one good request
// of each operation, by its id. The world must be one that has chosen nothing.
func EveryErrorByName(t *testing.T, w *mockserver.World, vendor string, calls map[string]func() Heard) {
	t.Helper()
	v, err := specs.Load(vendor)
	if err != nil {
		t.Fatal(err)
	}
	answered := map[*specs.Error]bool{}
	for _, op := range v.Operations {
		call := calls[op.ID]
		if call == nil {
			t.Errorf("no call of %s is given", op.ID)
			continue
		}
		for _, e := range v.Errors {
			if v.Error(op.ID, e.Name) == e && heardByName(t, w, vendor, op.ID, e, call) {
				answered[e] = true
			}
		}
	}
	for _, e := range v.Errors {
		if !answered[e] {
			t.Errorf("no operation can be made to answer %s (%s)", e.Name, e.File)
		}
	}
}

// heardByName returns false if a rule for the error is refused.
func heardByName(t *testing.T, w *mockserver.World, vendor, operation string, e *specs.Error, call func() Heard) bool {
	t.Helper()
	const parameter = "AnyParameter"
	_, _, err := w.PutFault(mockserver.FaultRule{ID: "by-name", Vendor: vendor, Operation: operation,
		Effect: mockserver.FaultEffect{Error: e.Name, Parameter: parameter}})
	if err != nil {
		if !strings.Contains(err.Error(), "has no error") {
			t.Errorf("%s, %s: %v", operation, e.Name, err)
		}
		return false
	}
	got := call()
	fill := strings.NewReplacer("%s", parameter)
	if got.Status != e.Status {
		t.Errorf("%s, %s: status %d, want %d: %s", operation, e.Name, got.Status, e.Status, got.Body)
	}
	for _, text := range []string{fill.Replace(e.Code), fill.Replace(e.Message)} {
		if inJSON := strings.Trim(fmt.Sprintf("%q", text), `"`); !strings.Contains(got.Body, inJSON) && !strings.Contains(got.Body, text) {
			t.Errorf("%s, %s: %s does not say %q", operation, e.Name, got.Body, text)
		}
	}
	return true
}
