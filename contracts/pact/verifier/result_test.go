package verifier

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	t.Parallel()
	mismatch := `{"interaction":"Verifying a pact between c and p Given s - two","mismatch":{"type":"mismatches","mismatches":[` +
		`{"type":"BodyMismatch","path":"$.Code","mismatch":"Expected 'a' to be equal to 'b'"},{"type":"StatusMismatch","mismatch":"expected 400 but was 200"}]}}`
	tests := []struct {
		name, text string
		passed     bool
		want       Result
	}{
		{"OK", `{"result":true,"interactionResults":[{"description":"one","result":"OK","duration":"66ms"}]}`, true,
			Result{Interactions: []Interaction{{Description: "one", Passed: true, Took: 66}}}},
		{"Mismatch", `{"result":false,"errors":[` + mismatch + `],"interactionResults":[{"description":"one","result":"OK","duration":"1.5s"},{"description":"two","result":"Error","duration":"9µs"}]}`, false,
			Result{Interactions: []Interaction{{Description: "one", Passed: true, Took: 1500},
				{Description: "two", Problems: []string{"Body $.Code: Expected 'a' to be equal to 'b'", "Status: expected 400 but was 200"}}}}},
		{"ErrorWithoutInteraction", `{"result":false,"errors":[{"interaction":"a pact","mismatch":{"type":"error","message":"cannot be read"}}]}`, false,
			Result{Problem: "a pact cannot be read"}},
		{"FailedWithoutReason", `{"result":false,"interactionResults":[{"description":"one","result":"Error"}]}`, false,
			Result{Interactions: []Interaction{{Description: "one", Problems: []string{"the library gives no reason"}}}}},
		{"Nothing", `{"result":true}`, true, Result{Problem: NothingVerified}},
		{"NoReport", ``, false, Result{Problem: NothingVerified}},
		{"LibraryDisagrees", `{"result":true,"interactionResults":[{"description":"one","result":"OK"}]}`, false,
			Result{Interactions: []Interaction{{Description: "one", Passed: true}}, Problem: "the library says that the verification failed, and not at what"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got Result
			if err := got.read(tt.text, tt.passed); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
			if got.Passed() != (tt.name == "OK") {
				t.Errorf("passed: %v", got.Passed())
			}
		})
	}
	if err := new(Result).read("{", true); err == nil || !strings.Contains(err.Error(), "report") {
		t.Errorf("got %v", err)
	}
}
