package mockserver

import "testing"

func TestSwitches(t *testing.T) {
	t.Parallel()
	defaults := switches(nil).with("QB-003", "xml").with("QB-001", "before").with("odd", "never")
	chosen := defaults.with("QB-003", "json")
	for _, tt := range []struct {
		of       switches
		id, want string
		known    bool
	}{
		{defaults, "QB-003", "xml", true},
		{defaults, "QB-001", "before", true},
		{chosen, "QB-003", "json", true},
		{chosen, "QB-001", "before", true},
		{chosen, "QB-002", "", false},
		{chosen, "DA-003", "", false},
		{chosen, "QB-999", "", false},
		{chosen, "QB-0x3", "", false},
		{chosen, "odd", "", false},
		{chosen, "3", "", false},
		{nil, "QB-003", "", false},
	} {
		if got, known := tt.of.of(tt.id); got != tt.want || known != tt.known {
			t.Errorf("%q: got %q, %v, want %q, %v", tt.id, got, known, tt.want, tt.known)
		}
	}
}
