package specs

import (
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestPatternsOfTheDocumentsAreTables: none of them takes the slow way for plain texts.
func TestPatternsOfTheDocumentsAreTables(t *testing.T) {
	t.Parallel()
	for _, expr := range append(documentPatterns(t), dateTime.String()) {
		if p := mustPattern(expr); !p.match(nil) && p.next == nil {
			t.Errorf("%s: no table", expr)
		}
	}
}

func documentPatterns(t testing.TB) []string {
	t.Helper()
	found := map[string]bool{}
	for _, vendor := range Vendors() {
		v, err := Load(vendor)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range v.Documents {
			for _, ref := range d.T.Components.Schemas {
				patternsIn(ref, found)
			}
		}
		for _, op := range v.Operations {
			for _, p := range op.Parameters {
				patternsIn(p.Schema, found)
			}
		}
	}
	return sortedKeys(found)
}

func patternsIn(ref *openapi3.SchemaRef, found map[string]bool) {
	if ref == nil || ref.Value == nil {
		return
	}
	if ref.Value.Pattern != "" {
		found[ref.Value.Pattern] = true
	}
	patternsIn(ref.Value.Items, found)
	for _, p := range ref.Value.Properties {
		patternsIn(p, found)
	}
}

var patternTexts = []string{"", "a", "ab", "abc", "0", "12345", "cn-north-7", "a@b.c", "a.b-c+d@e-f.g.h", "a@b", "@", "a@@b.c", "é", "aé", "éa@b.c", "a b", "a\n", "\n", "x,y", "2026-01-15",
	"2026-01-15T08:00:00Z", "2026-01-15T08:00:60.5+23:59", "2026-13-15T08:00:00Z", "\x00", "\x7f", "\xff", "A", "K", "ſ", strings.Repeat("0", 70)}

func samePattern(t *testing.T, expr, text string) {
	t.Helper()
	p, err := compilePattern(expr)
	if err != nil {
		return
	}
	if got, want := p.match([]byte(text)), regexp.MustCompile(expr).MatchString(text); got != want {
		t.Errorf("%s, %q: got %v, want %v", expr, text, got, want)
	}
}

func patternExprs(t testing.TB) []string {
	return append(documentPatterns(t), dateTime.String(), "", "^", "$", "^$", "a", "a|b", "^a", "a$", "^a|b$", "(^a|b)$", "^(a|ab)(c|bcd)?$", "a*b+?c{2,4}", "(?i)k", "(?i)^s$", "[^a]", ".", "(?s).",
		`\bx`, "(?m)^a$", `^\w+$`, "a{0}", "^a{60}$", "^a{100}$", "x^", "$x", "(a*)*", "()|a", `\p{Han}`, "^[^\\s,]+$", `\Aab\z`)
}

func TestPatternAgreesWithRegexp(t *testing.T) {
	t.Parallel()
	for _, expr := range patternExprs(t) {
		for _, text := range patternTexts {
			samePattern(t, expr, text)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for i, expr := range patternExprs(f) {
		f.Add(expr, patternTexts[i%len(patternTexts)])
	}
	f.Fuzz(samePattern)
}

func BenchmarkPattern(b *testing.B) {
	for name, tt := range map[string]struct{ expr, text string }{
		"Word":     {`^[0-9A-Za-z_-]+$`, "0833a5737480d53b2f25c010dc1a7b88"},
		"Mail":     {`^\w+([-+.]\w+)*@\w+([-.]\w+)*\.\w+([-.]\w+)*$`, "somebody@mail.example.com"},
		"DateTime": {dateTime.String(), "2024-04-19T09:59:58.000Z"},
	} {
		p, text := mustPattern(tt.expr), []byte(tt.text)
		b.Run(name+"/Table", func(b *testing.B) {
			for b.Loop() {
				if !p.match(text) {
					b.Fatal("no match")
				}
			}
		})
		b.Run(name+"/Regexp", func(b *testing.B) {
			for b.Loop() {
				if !p.slow.Match(text) {
					b.Fatal("no match")
				}
			}
		})
		b.Run(name+"/Make", func(b *testing.B) {
			for b.Loop() {
				(&pattern{slow: p.slow}).tabulate()
			}
		})
	}
}
