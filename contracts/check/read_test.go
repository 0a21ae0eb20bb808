package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const doc = "{\n \"a\" : [1, {\"b~/\":null}, \"x\"],\n\t\"a\": [true , -1.5e3]}"
	n, err := parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]struct {
		offset int
		value  any
	}{
		"/a/0": {strings.Index(doc, "true"), true},
		"/a/1": {strings.Index(doc, "-1.5"), json.Number("-1.5e3")},
	} {
		if got := n.pointer(pointer); got == nil || got.offset != want.offset || got.scalar != want.value {
			t.Errorf("%s: got %+v, want %v at %d", pointer, got, want.value, want.offset)
		}
	}
	for _, pointer := range []string{"/b", "/a/2", "/a/x", "/a/-1", "/a/0/c"} {
		if got := n.pointer(pointer); got != nil {
			t.Errorf("%s: got %+v", pointer, got)
		}
	}
}

func TestParseSaysWhereItStops(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text   string
		offset int
	}{
		{"", 0}, {"{", 1}, {"[1", 2}, {"[1,]", 3}, {`{"a" 1}`, 5}, {"nul", 3}, {"1 2", 2}, {`{"a":1} x`, 8}, {`{1:2}`, 1}, {`"a`, 2}, {"]", 0},
		{strings.Repeat("[", maxDepth+2), maxDepth + 1},
	}
	for _, tt := range tests {
		_, err := parse([]byte(tt.text))
		var syntax *syntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.20q: got %v, want a syntax error", tt.text, err)
			continue
		}
		if syntax.offset != tt.offset {
			t.Errorf("%.20q: stops at %d, want %d (%v)", tt.text, syntax.offset, tt.offset, err)
		}
	}
}

func TestPosition(t *testing.T) {
	t.Parallel()
	p := &Pact{lines: lineStarts([]byte("ab\n\nc"))}
	for offset, want := range [][2]int{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {3, 1}, {3, 2}} {
		if line, column := p.position(offset); line != want[0] || column != want[1] {
			t.Errorf("byte %d: got %d:%d, want %d:%d", offset, line, column, want[0], want[1])
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	doc, err := parse([]byte(`{"a": [{"b": 1}, {"b": 2}], "Content-Type": "x", "it's]": {"c": []}, "d": 5}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, want string
		open       bool
	}{
		{"$", "$", false},
		{"$.a", "$.a", false},
		{"$.a[1].b", "$.a[1].b", false},
		{"$.a[*].b", "$.a[0].b $.a[1].b", false},
		{"$['a'][0]['b']", "$.a[0].b", false},
		{`$["a"][0].*`, "$.a[0].b", false},
		{"$.Content-Type", "$['Content-Type']", false},
		{`$['it\'s]'].c[*]`, "", true},
		{"$.d[*]", "", true},
		{"$.d.e", "", false},
		{"$.a[7]", "", false},
		{"$.a.b", "", false},
		{"$.*", "$.a $['Content-Type'] $['it\\'s]'] $.d", false},
	}
	for _, tt := range tests {
		path, err := steps(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		found, open := find(place{doc, "$"}, path)
		var got []string
		for _, f := range found {
			got = append(got, f.path)
		}
		if joined := strings.Join(got, " "); joined != tt.want || open != tt.open {
			t.Errorf("%s: got %q open %v, want %q open %v", tt.path, joined, open, tt.want, tt.open)
		}
	}
	for _, bad := range []string{"", "a", "$a", "$.", "$..a", "$[", "$[x]", "$[-1]", "$['a", "$['a'", `$['a\`, "$[]"} {
		if got, err := steps(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

// TestMatchers: each matcher with an example that satisfies it and one that does not.
func TestMatchers(t *testing.T) {
	t.Parallel()
	tests := []struct{ matcher, good, bad string }{
		{`{"match": "regex", "regex": "^[a-z]+$"}`, `"abc"`, `"Abc"`},
		{`{"match": "regex", "regex": "b"}`, `"abc"`, `"xyz"`},
		{`{"match": "regex", "regex": "^[0-9]+$"}`, `12`, `[12]`},
		{`{"match": "type"}`, `null`, ``},
		{`{"match": "type", "min": 1}`, `[1]`, `[]`},
		{`{"match": "type", "max": 1}`, `[1]`, `[1, 2]`},
		{`{"match": "type", "min": 1}`, `"not an array"`, ``},
		{`{"match": "include", "value": "bc"}`, `"abcd"`, `"acbd"`},
		{`{"match": "number"}`, `1.5`, `"1.5"`},
		{`{"match": "decimal"}`, `1.5`, `true`},
		{`{"match": "integer"}`, `-15`, `1.5`},
		{`{"match": "integer"}`, `0`, `1e3`},
		{`{"match": "boolean"}`, `false`, `"false"`},
		{`{"match": "null"}`, `null`, `0`},
		{`{"match": "notEmpty"}`, `[0]`, `[]`},
		{`{"match": "notEmpty"}`, `0`, `""`},
		{`{"match": "notEmpty"}`, `{"a": 1}`, `null`},
		{`{"match": "statusCode", "status": "success"}`, `204`, `300`},
		{`{"match": "statusCode", "status": "nonError"}`, `302`, `400`},
		{`{"match": "statusCode", "status": [400, 404]}`, `404`, `403`},
		{`{"match": "statusCode", "status": "strange"}`, `404`, ``},
		{`{"match": "equality"}`, `1`, ``},
		{`{"match": "datetime", "format": "yyyy"}`, `"x"`, ``},
	}
	for _, tt := range tests {
		at, err := parse([]byte(tt.matcher))
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := at.fields["match"].string()
		m := matcher{place{at, "$"}, kind}
		for _, text := range []string{tt.good, tt.bad} {
			if text == "" {
				continue
			}
			n, err := parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got := m.judge(example{place: place{n, "$"}}); (got.rule == nil) != (text == tt.good) {
				t.Errorf("%s of %s: %q", tt.matcher, text, got.text)
			}
		}
	}
	for kind, text := range map[string]string{"integer": "10", "number": "1.5", "boolean": "true"} { // a query has only texts
		m := matcher{place{&node{}, "$"}, kind}
		if got := m.judge(textExample(textOf(text))); got.rule != nil {
			t.Errorf("%s of the text %q: %s", kind, text, got.text)
		}
		if got := m.judge(textExample(textOf("x"))); got.rule != ruleExample {
			t.Errorf("%s of the text x: fine", kind)
		}
	}
}

func textOf(s string) text { return text{place{&node{}, "$"}, s} }

// TestVersions: the same request written as each version writes it reads the same.
func TestVersions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, version, interaction string }{
		{"V2", `"metadata": {"pactSpecification": {"version": "2.0.0"}},`, `"request": {"method": "post", "path": "/a b", "query": "x=1&y=a%20b&x=2",
			"headers": {"X-A": "1"}, "body": {"k": 1}, "matchingRules": {"$.body.k": {"match": "type"}, "$.query.x": {"match": "regex", "regex": "[0-9]"}}}`},
		{"NoVersion", ``, `"request": {"method": "post", "path": "/a b", "query": "x=1&y=a+b&x=2",
			"headers": {"X-A": "1"}, "body": {"k": 1}, "matchingRules": {"$.body['k']": {"match": "type"}, "$.query.x[*]": {"regex": "[0-9]"}}}`},
		{"V3", `"metadata": {"pactSpecificationVersion": "3.0.0"},`, `"request": {"method": "POST", "path": "/a b", "query": {"x": ["1", "2"], "y": ["a b"]},
			"headers": {"X-A": "1"}, "body": {"k": 1}, "matchingRules": {"body": {"$.k": {"matchers": [{"match": "type"}]}}, "query": {"x": {"matchers": [{"match": "regex", "regex": "[0-9]"}]}}}}`},
		{"V4", `"metadata": {"pactSpecification": {"version": "4.0"}},`, `"request": {"method": "POST", "path": "/a b", "query": {"x": ["1", "2"], "y": "a b"},
			"headers": {"X-A": ["1"]}, "body": {"content": {"k": 1}, "contentType": "application/json", "encoded": false},
			"matchingRules": {"body": {"$.k": {"matchers": [{"match": "type"}]}}, "query": {"$.x": {"matchers": [{"match": "regex", "regex": "[0-9]"}]}}}}`},
		{"V4Base64", `"metadata": {"pactSpecification": {"version": "4.0"}},`, `"request": {"method": "POST", "path": "/a b", "query": {"x": ["1", "2"], "y": "a b"},
			"headers": {"X-A": ["1"]}, "body": {"content": "eyJrIjogMX0=", "contentType": "application/json", "encoded": "base64"},
			"matchingRules": {"body": {"$.k": {"matchers": [{"match": "type"}]}}, "query": {"x": {"matchers": [{"match": "regex", "regex": "[0-9]"}]}}}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Read("p.json", []byte("\uFEFF{"+tt.version+`"interactions": [{`+tt.interaction+`, "response": {}}]}`))
			if len(p.problems) > 0 || len(p.interactions) != 1 {
				t.Fatalf("%d interactions, problems %v", len(p.interactions), p.problems)
			}
			in := p.interactions[0]
			r := in.request
			got := []any{r.method.value, r.path.value, first(r.query, "x").value, first(r.query, "y").value, len(r.query), r.headers[0].value, r.body.plain(), in.response.status}
			want := []any{"POST", "/a b", "1", "a b", 3, "1", map[string]any{"k": json.Number("1")}, 200}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			var judged []string
			for _, rule := range r.rules {
				found, _ := in.requestExamples(rule)
				for _, e := range found {
					value, _ := e.text()
					judged = append(judged, rule.matchers[0].kind+" "+value)
				}
			}
			if joined := strings.Join(judged, ", "); joined != "type 1, regex 1, regex 2" {
				t.Errorf("the rules are for %s", joined)
			}
		})
	}
}

// TestTornHeaders: a header that was torn apart at its commas counts as one, for its matcher too.
func TestTornHeaders(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, regex, want string }{
		{"Whole", "^A b, c,d$", "matcher.example matcher.example matcher.example"},
		{"WholeAsHTTPJoinsIt", "^A b, c, d$", ""},
		{"WholeWithoutBlanks", "^A b,c,d$", ""},
		{"Parts", "^(A b|c|d)$", ""},
		{"Neither", "^(A b|c)$", "matcher.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Read("p.json", fmt.Appendf(nil, `{"interactions": [{"request": {"path": "/v3/projects", "headers": {"Authorization": ["A b", "c", "d"]},
				"matchingRules": {"header": {"authorization": {"matchers": [{"match": "regex", "regex": %q}]}}}}, "response": {}}]}`, tt.regex))
			if h, ok := header(p.interactions[0].request.headers, "AUTHORIZATION"); !ok || h.value != "A b, c, d" {
				t.Errorf("the header is %q", h.value)
			}
			var got []string
			for _, f := range checker(t).Check(p).Findings {
				got = append(got, f.Rule)
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("got %q, want %q", joined, tt.want)
			}
		})
	}
}

func TestReadPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": "{}", "sub/b.JSON": "{}", "c.txt": "{}", "sub/d.yaml": ""} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		paths []string
		want  string
	}{
		{"Folder", []string{"."}, "a.json sub/b.JSON"},
		{"FileOnce", []string{"a.json", ".", "./a.json"}, "a.json sub/b.JSON"},
		{"AnyFileThatIsNamed", []string{"c.txt"}, "c.txt"},
		{"ErrMissing", []string{"a.json", "nowhere"}, "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var paths, got []string
			for _, p := range tt.paths {
				paths = append(paths, filepath.Join(dir, p))
			}
			pacts, err := ReadPaths(paths...)
			if err != nil {
				got = []string{"error"}
			}
			for _, p := range pacts {
				got = append(got, strings.TrimPrefix(p.File, filepath.ToSlash(dir)+"/"))
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("got %s, want %s", joined, tt.want)
			}
		})
	}
}

// FuzzRead: whatever a file holds, reading and checking it neither panics nor hangs, and findings lie within the file.
func FuzzRead(f *testing.F) {
	for _, folder := range []string{"testdata/good", "testdata/broken"} {
		for _, p := range readPacts(f, folder) {
			data, err := os.ReadFile(p.File)
			if err != nil {
				f.Fatal(err)
			}
			for _, one := range apart(data) {
				f.Add(one)
			}
		}
	}
	c := checker(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		started := time.Now()
		p := Read("fuzz.json", data)
		report := c.Check(p)
		for _, found := range report.Findings {
			if lines := bytes.Count(data, []byte("\n")) + 1; found.Line < 1 || found.Line > lines || found.Column < 1 {
				t.Errorf("%s at %d:%d of %d lines", found.Rule, found.Line, found.Column, lines)
			}
			if found.Message == "" || !strings.HasPrefix(found.Path, "$") {
				t.Errorf("finding %+v", *found)
			}
		}
		if report.Interactions == 0 && len(report.Findings) == 0 {
			t.Error("nothing was checked and nothing is said of it")
		}
		_ = report.Cover(Scope{}) // nothing to cover is no fault here
		if err := report.WriteJUnit(&bytes.Buffer{}, []*Pact{p}, SeverityError, nil); err != nil {
			t.Error(err)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// apart makes a file of each interaction: small seeds are what a fuzzer gets somewhere with. Others it returns whole.
func apart(data []byte) (files [][]byte) {
	var doc map[string]any
	if json.Unmarshal(data, &doc) != nil {
		return [][]byte{data}
	}
	list, _ := doc["interactions"].([]any)
	for _, in := range list {
		doc["interactions"] = []any{in}
		if one, err := json.Marshal(doc); err == nil {
			files = append(files, one)
		}
	}
	if len(list) == 0 {
		files = append(files, data)
	}
	return files
}

// FuzzParse: the tree holds what encoding/json decodes, and says no where encoding/json does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a": [1, 2.5e3, "x", null, true], "b": {}}`, `[]`, `"\ud800"`, `{"a":1,"a":2}`, `1e999`, ` [ { } ] `, `{"a":}`, `[1,]`, "[1 2]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := parse(data)
		var want any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		slow := dec.Decode(&want)
		if slow == nil && !json.Valid(data) {
			slow = errors.New("more than one value")
		}
		if (err == nil) != (slow == nil) && !strings.Contains(string(data), strings.Repeat("[", maxDepth/2)) && bytes.Count(data, []byte("{")) < maxDepth/2 {
			t.Fatalf("%q: %v, encoding/json: %v", data, err, slow)
		}
		if err == nil && !reflect.DeepEqual(n.plain(), want) {
			t.Errorf("%q: got %v, want %v", data, n.plain(), want)
		}
	})
}
