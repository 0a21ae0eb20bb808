package mockserver

import (
	"testing"

	"github.com/countersign/countersign/specs"
)

// Texts of the catalogue go out as they were quoted before, and as they are where anything became of them.
func TestTextsOfTheCatalogueAreQuoted(t *testing.T) {
	t.Parallel()
	e := newEntry(&specs.Error{Code: `Invalid"%s"`, Message: "not a <name>\n审"})
	for _, tt := range []struct {
		name          string
		refusal       *Refusal
		code, message string
	}{
		{"AsTheyAre", newRefusal(newEntry(&specs.Error{Code: "A\\B", Message: ""}), nil), `"A\\B"`, `""`},
		{"Filled", newRefusal(e, []string{"Na\tme"}), `"Invalid\"Na\tme\""`, `"not a <name>\n审"`},
		{"WithoutArguments", newRefusal(e, nil), `"Invalid\"\""`, `"not a <name>\n审"`},
		{"Revised", revised(newRefusal(e, nil)), `"\"B\""`, `"other"`},
		{"OfNoCatalogue", &Refusal{Code: `"`, Message: "m"}, `"\""`, `"m"`},
	} {
		if got := string(tt.refusal.AppendCode([]byte{})); got != tt.code {
			t.Errorf("%s: code %s, want %s", tt.name, got, tt.code)
		}
		if got := string(tt.refusal.AppendMessage([]byte{})); got != tt.message {
			t.Errorf("%s: message %s, want %s", tt.name, got, tt.message)
		}
	}
}

func revised(r *Refusal) *Refusal {
	r.Code, r.Message = `"B"`, "other"
	return r
}
