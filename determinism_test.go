package countersign_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// machineTimeAndChance are the places that may read the machine's clock and its source of chance. Everywhere else both
// are passed in, so that the same calls give the same answers. Tests may.
var machineTimeAndChance = map[string]string{
	"cmd/":                        "wires the machine's clock and chance in",
	"contracts/client/machine.go": "holds the defaults of the clients' clock, nonce, jitter and sleep, which Options replace",
	"scripts/":                    "measures how long checks take; nothing of it is in the server",
	"mockserver/http1/":           "does what net/http did: deadlines of connections, and the header Date",
	"mockserver/vendortest/":      "a suite of tests: sets deadlines on its connections",
	"mockserver/wall.go":          "makes the wall clock that everything else is given",
}

func TestTimeAndChanceArePassedIn(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if strings.HasSuffix(f.name, "_test.go") || mayReadMachine(f.name) {
			continue
		}
		for _, found := range readsMachine(f.ast) {
			t.Errorf("%s: %s: time and chance are passed in", f.at(found.node), found.what)
		}
	}
}

func mayReadMachine(name string) bool {
	for place := range machineTimeAndChance {
		if name == place || strings.HasSuffix(place, "/") && strings.HasPrefix(name, place) {
			return true
		}
	}
	return false
}

type finding struct {
	node ast.Node
	what string
}

// seeded are the names of math/rand and math/rand/v2 that take a seed or are types. Every other one is the global source.
var seeded = []string{"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf"}

// readsMachine finds the uses of the machine's clock and chance in a file.
func readsMachine(file *ast.File) (found []finding) {
	names := map[string]string{} // what a package is called in this file -> its path
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		switch {
		case imported == "crypto/rand":
			found = append(found, finding{spec, "import of crypto/rand"})
		case spec.Name != nil:
			names[spec.Name.Name] = imported
		case imported == "math/rand/v2":
			names["rand"] = imported
		default:
			names[imported[strings.LastIndex(imported, "/")+1:]] = imported
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		use, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := use.X.(*ast.Ident); ok && isMachine(names[pkg.Name], use.Sel.Name) {
			found = append(found, finding{use, pkg.Name + "." + use.Sel.Name})
		}
		return true
	})
	return found
}

func isMachine(pkg, name string) bool {
	switch pkg {
	case "time":
		return slices.Contains([]string{"Now", "Since", "Until"}, name)
	case "math/rand", "math/rand/v2":
		return !slices.Contains(seeded, name)
	}
	return false
}

func TestReadsMachine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       string // what is found, joined by spaces
	}{
		{"Clock", `import "time"; var a = time.Now(); var b = time.Since; var c = time.Unix(0, 0)`, "time.Now time.Since"},
		{"RenamedClock", `import t "time"; var a = t.Until(x)`, "t.Until"},
		{"GlobalChance", `import "math/rand"; var a = rand.Intn(3)`, "rand.Intn"},
		{"GlobalChanceV2", `import "math/rand/v2"; var a = rand.IntN(3)`, "rand.IntN"},
		{"SeededChance", `import "math/rand/v2"; var a *rand.Rand = rand.New(rand.NewPCG(1, 2))`, ""},
		{"CryptoChance", `import "crypto/rand"`, "import of crypto/rand"},
		{"OtherNow", `import "x/time"; func f(c clock) { c.Now() }`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+tt.body, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range readsMachine(file) {
				got = append(got, f.what)
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("got %q, want %q", joined, tt.want)
			}
		})
	}
}

// What the fixtures may use of gofakeit, and where: functions that read no clock, use no regular expression and no list
// of the library's own, so that a seed gives the same records whatever its release.
const fakerFile = "fixtures/gen/draw.go"

var fakerAllowed = []string{"Faker", "NewCustom", "IntRange"}

func TestFixturesUseOnlyWhatIsRepeatable(t *testing.T) {
	t.Parallel()
	used := false
	for _, f := range sources(t) {
		for _, name := range usesOfFaker(f.name, f.ast) {
			switch {
			case f.name != fakerFile:
				t.Errorf("%s: uses gofakeit; only %s may", f.name, fakerFile)
			case !slices.Contains(fakerAllowed, name):
				t.Errorf("%s: uses %s of gofakeit, which is not on the list of what is repeatable: %v", f.name, name, fakerAllowed)
			}
			used = true
		}
	}
	if !used {
		t.Errorf("nobody uses gofakeit: the test looks in the wrong place")
	}
}

// usesOfFaker are the names of gofakeit that a file of the generator uses: of the package, and of a field called fake.
func usesOfFaker(name string, file *ast.File) (names []string) {
	if !strings.HasPrefix(name, "fixtures/") {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		use, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		switch x := use.X.(type) {
		case *ast.Ident:
			if x.Name == "gofakeit" {
				names = append(names, use.Sel.Name)
			}
		case *ast.SelectorExpr:
			if x.Sel.Name == "fake" {
				names = append(names, use.Sel.Name)
			}
		}
		return true
	})
	return names
}
