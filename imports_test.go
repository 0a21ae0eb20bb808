// Package countersign_test holds what the whole project keeps to: the import table, where time and chance may come
// from, and what must not be committed.
package countersign_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/countersign/countersign"

// row says what one package, or a tree of them, may import of this project.
type row struct {
	// pkg is a folder. VENDOR in it stands for every vendor (a folder of specs/), and then in mayImport for the same
	// one. "x/..." is x and all below it.
	pkg       string
	mayImport []string
	// inTests are allowed in _test.go files besides.
	inTests []string
}

// importTable is the table of the design. A new package starts with a line here; the first row that fits counts. A
// vendor's folders need none: that is why no vendor's name stands here.
var importTable = []row{
	{pkg: "specs"},
	{pkg: "specs/compiled", mayImport: []string{"specs"}},
	{pkg: "contracts/client"},
	{pkg: "contracts/client/clienttest", mayImport: []string{"contracts/client"}},
	{
		pkg:       "contracts/client/VENDOR",
		mayImport: []string{"contracts/client"},
		inTests:   []string{"contracts/client/clienttest", "mockserver", "mockserver/VENDOR"}, // through the front door, and for the examples
	},
	{pkg: "contracts/check", mayImport: []string{"specs"}},
	{pkg: "contracts/pact/ffi"},
	{pkg: "contracts/pact/resign", mayImport: []string{"contracts/client/..."}},
	{
		pkg:       "contracts/pact/replay",
		mayImport: []string{"contracts/pact/resign", "mockserver"}, // knows no vendor
		inTests:   []string{"contracts/client/...", "mockserver/..."},
	},
	{pkg: "contracts/pact/verifier", mayImport: []string{"contracts/pact/ffi"}},
	{pkg: "contracts/pact/...", mayImport: []string{"contracts/pact/...", "contracts/client/...", "mockserver/..."}},
	{pkg: "fixtures", mayImport: []string{"specs", "fixtures/gen/..."}},
	{pkg: "fixtures/demo"}, // what the stand-in embeds: knows nothing
	{pkg: "fixtures/gen", mayImport: []string{"specs"}},
	{pkg: "fixtures/gen/format", mayImport: []string{"fixtures/gen"}},
	{pkg: "fixtures/gen/VENDOR", mayImport: []string{"specs", "fixtures/gen"}},
	{pkg: "mockserver/shape"},                                          // reads JSON into types: knows none of them
	{pkg: "mockserver/store", mayImport: []string{"mockserver/shape"}}, // the core's state: knows no document
	{pkg: "mockserver/http1"},                                          // serves connections: knows no vendor, no world
	{pkg: "mockserver/disk"},                                           // the core's file: knows texts and bytes
	{
		pkg:       "mockserver",
		mayImport: []string{"specs", "specs/compiled", "mockserver/store", "mockserver/shape", "mockserver/disk", "mockserver/http1"},
		inTests:   []string{"mockserver/vendortest"}, // held to its own promises, with a vendor made for it
	},
	{pkg: "mockserver/vendortest", mayImport: []string{"specs", "specs/compiled", "mockserver", "mockserver/store"}},
	{
		pkg:       "mockserver/VENDOR",
		mayImport: []string{"specs", "fixtures/demo", "mockserver", "mockserver/store"},
		inTests:   []string{"mockserver/vendortest"},
	},
	{pkg: "cmd/...", mayImport: []string{"./..."}},
	{pkg: "scripts/readme", mayImport: []string{"specs"}},
	{pkg: "scripts/rules", mayImport: []string{"specs"}},
	{pkg: "scripts/fixtures", mayImport: []string{"specs", "fixtures/...", "mockserver/..."}}, // writes what is committed of all vendors
	{
		pkg:       "scripts/loadtest", // signs what it sends
		mayImport: []string{"contracts/client/..."},
		inTests:   []string{"mockserver/..."}, // counts allocations in process
	},
	{pkg: "scripts/..."},
	{pkg: "."}, // these tests
}

func TestImports(t *testing.T) {
	t.Parallel()
	vendors := vendors(t)
	for _, f := range sources(t) {
		pkg := path.Dir(f.name)
		r, ok := rowOf(pkg, vendors)
		if !ok {
			t.Errorf("%s: package %s has no line in the import table", f.name, pkg)
			continue
		}
		for _, spec := range f.ast.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			target, own := strings.CutPrefix(imported, module+"/")
			if own && target != pkg && !r.allows(target, strings.HasSuffix(f.name, "_test.go")) {
				t.Errorf("%s: %s may not import %s", f.name, pkg, target)
			}
		}
	}
}

func TestImportTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, pkg, target string
		inTest, want      bool
	}{
		{"OwnSpec", "mockserver/acme", "specs", false, true},
		{"ErrOtherVendor", "mockserver/acme", "mockserver/bolt", false, false},
		{"ErrOtherVendorInTest", "mockserver/acme", "mockserver/bolt", true, false},
		{"SuiteInTest", "mockserver/acme", "mockserver/vendortest", true, true},
		{"ErrSuiteOutsideTest", "mockserver/acme", "mockserver/vendortest", false, false},
		{"ErrCoreKnowsVendor", "mockserver", "mockserver/acme", false, false},
		{"ErrCoreTestKnowsVendor", "mockserver", "mockserver/acme", true, false},
		{"ErrClientKnowsFake", "contracts/client/acme", "mockserver/acme", false, false},
		{"ClientMeetsFakeInTest", "contracts/client/acme", "mockserver/acme", true, true},
		{"ErrClientMeetsOtherFakeInTest", "contracts/client/acme", "mockserver/bolt", true, false},
		{"ErrSharedClientMeetsFake", "contracts/client", "mockserver", true, false},
		{"ErrClientKnowsSpec", "contracts/client/acme", "specs", true, false},
		{"ClientTree", "contracts/pact", "contracts/client/acme", false, true},
		{"CommandMayAll", "cmd/countersign", "mockserver/bolt", false, true},
		{"ErrNothingAllowed", "specs", "mockserver", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, ok := rowOf(tt.pkg, []string{"acme", "bolt"})
			if !ok {
				t.Fatalf("no row for %s", tt.pkg)
			}
			if got := r.allows(tt.target, tt.inTest); got != tt.want {
				t.Errorf("%s imports %s: allowed %v, want %v", tt.pkg, tt.target, got, tt.want)
			}
		})
	}
	for _, pkg := range []string{"mockserver/nobody", "utils", "contracts"} {
		if r, ok := rowOf(pkg, []string{"acme"}); ok {
			t.Errorf("%s has a row: %+v", pkg, r)
		}
	}
}

// rowOf is the row for a package, with VENDOR replaced by the vendor that it is.
func rowOf(pkg string, vendors []string) (row, bool) {
	for _, r := range importTable {
		for _, v := range append([]string{"VENDOR"}, vendors...) {
			if within(strings.ReplaceAll(r.pkg, "VENDOR", v), pkg) {
				return row{pkg, named(r.mayImport, v), named(r.inTests, v)}, true
			}
		}
	}
	return row{}, false
}

func named(patterns []string, vendor string) []string {
	out := make([]string, len(patterns))
	for i, p := range patterns {
		out[i] = strings.ReplaceAll(p, "VENDOR", vendor)
	}
	return out
}

func (r row) allows(target string, inTest bool) bool {
	patterns := r.mayImport
	if inTest {
		patterns = slices.Concat(patterns, r.inTests)
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return within(p, target) })
}

// within says whether a pattern of the table names the package.
func within(pattern, pkg string) bool {
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return pattern == pkg || isTree && (tree == "." || tree == pkg || strings.HasPrefix(pkg, tree+"/"))
}

// The main binary needs no C: no package that it is made of has a cgo file, even where cgo is on.
func TestMainBinaryIsFreeOfCgo(t *testing.T) {
	t.Parallel()
	const command = "./cmd/countersign"
	if _, err := os.Stat(command); errors.Is(err, fs.ErrNotExist) {
		t.Skip(command + " is not there yet")
	}
	sources(t) // read here, so that the test's cached result is not used after they change
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	list := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,CgoFiles", command)
	list.Env = append(os.Environ(), "CGO_ENABLED=1")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	packages := 0
	for stream := json.NewDecoder(bytes.NewReader(out)); ; packages++ {
		var p struct {
			ImportPath string
			Standard   bool
			CgoFiles   []string
		}
		if err := stream.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !p.Standard && len(p.CgoFiles) > 0 {
			t.Errorf("%s uses cgo: %v", p.ImportPath, p.CgoFiles)
		}
	}
	if packages < 10 {
		t.Errorf("go list named %d packages only", packages)
	}
}

// source is a Go file of this module; name is relative to the root, with slashes.
type source struct {
	name  string
	lines int
	ast   *ast.File
	at    func(ast.Node) token.Position
}

// sources are all Go files of this module, whatever their build tags. They are read by this process and not by a
// child, so that the test cache sees them.
func sources(t *testing.T) []source {
	t.Helper()
	files, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("only %d Go files found", len(files))
	}
	return files
}

var readSources = sync.OnceValues(func() ([]source, error) {
	var files []source
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && foreign(name, d):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go":
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, source{filepath.ToSlash(name), bytes.Count(text, []byte("\n")), file,
			func(n ast.Node) token.Position { return set.Position(n.Pos()) }})
		return nil
	})
	return files, err
})

// foreign says whether a folder is none of this module's: hidden, of another module, or for the go tool no package.
func foreign(name string, d fs.DirEntry) bool {
	if name == "." {
		return false
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"
}

// vendors are the folders of specs/ that hold documents.
func vendors(t *testing.T) []string {
	t.Helper()
	documents, err := filepath.Glob("specs/*/*.yaml")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents under specs/: %v", err)
	}
	var names []string
	for _, d := range documents {
		names = append(names, filepath.Base(filepath.Dir(d)))
	}
	return slices.Compact(names)
}
