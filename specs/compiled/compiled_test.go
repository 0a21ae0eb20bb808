package compiled

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/countersign/countersign/specs"
)

func documented(t *testing.T, vendor string) *specs.Rules {
	t.Helper()
	v, err := specs.Load(vendor)
	if err != nil {
		t.Fatal(err)
	}
	return &v.Rules
}

func difference(want, got *specs.Rules) string {
	if same(want, got) {
		return "" // the usual case, and far quicker
	}
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(specs.Rules{}))
}

// same compares the exported fields.
func same(a, b *specs.Rules) bool {
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		if x.Type().Field(i).IsExported() && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			return false
		}
	}
	return true
}

// TestRulesAreThoseOfTheDocuments holds what is part of the program against what the documents say.
func TestRulesAreThoseOfTheDocuments(t *testing.T) {
	t.Parallel()
	for _, vendor := range specs.Vendors() {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			if got := of(vendor).sum; got != specs.Sum(vendor) {
				t.Errorf("made of documents with the sum %#x, they have %#x: run go generate ./specs/compiled", got, specs.Sum(vendor))
			}
			got, err := Load(vendor)
			if err != nil {
				t.Fatal(err)
			}
			if got != of(vendor).rules {
				t.Error("the rules were read from the documents")
			}
			if diff := difference(documented(t, vendor), got); diff != "" {
				t.Errorf("run go generate ./specs/compiled (-documents +program):\n%s", diff)
			}
		})
	}
}

// TestChangedDocumentsCount makes as if the documents had been changed since rules were made of them.
func TestChangedDocumentsCount(t *testing.T) {
	t.Parallel()
	const vendor = "wps"
	for name, m := range map[string]made{
		"OKOther": {specs.Sum(vendor) + 1, &specs.Rules{Name: "old"}},
		"OKNone":  {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := m.load(vendor)
			if err != nil {
				t.Fatal(err)
			}
			if diff := difference(documented(t, vendor), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := Load("acme"); err == nil {
		t.Error("rules of a vendor without documents")
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, vendor := range specs.Vendors() {
		b.Run(vendor, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(vendor); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
