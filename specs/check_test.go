package specs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/getkin/kin-openapi/openapi3"
)

func schemaOf(t testing.TB, text string) *openapi3.SchemaRef {
	t.Helper()
	doc := "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n    S:\n" + indent(text, "      ")
	loaded, err := (&openapi3.Loader{IncludeOrigin: true}).LoadFromData([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Components.Schemas["S"]
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by) + "\n"
}

func decodeJSON(t testing.TB, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const personSchema = `
type: object
required: [zip, name]
properties:
  zip: {type: string, pattern: "^[0-9]{5}$", example: "12345", x-refusals: {missing: NoZip, range: BadZip}}
  name: {type: string, minLength: 2, maxLength: 3, example: Ann}
  age: {type: integer, format: int32, minimum: 0}
  tags: {type: array, maxItems: 2, items: {type: string, enum: [a, b]}}
  note: {type: string, nullable: true}
  inner: {type: object, required: [x], properties: {x: {type: boolean}}, additionalProperties: false}
  any: {}
  map: {type: object, additionalProperties: {type: number, maximum: 1}}
`

func TestCheck(t *testing.T) {
	t.Parallel()
	schema, err := Compile(schemaOf(t, personSchema), ForRequest, Refusals{Missing: "M", Malformed: "T", Range: "R"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, value, pointer, refusal string }{
		{"OK", `{"zip":"12345","name":"Ann","age":1.0,"tags":["a"],"note":null,"inner":{"x":true},"any":[1],"map":{"y":0.5}}`, "", ""},
		{"OKUnknown", `{"zip":"12345","name":"Ann","else":1}`, "", ""},
		{"MissingOwnRefusal", `{"name":7}`, "/zip", "NoZip"},
		{"MissingInDocumentOrder", `{}`, "/zip", "NoZip"},
		{"MissingBeforeType", `{"zip":1}`, "/name", "M"},
		{"EmptyIsMissing", `{"zip":"12345","name":""}`, "/name", "M"},
		{"NullIsMissing", `{"zip":"12345","name":null}`, "/name", "M"},
		{"NestedMissing", `{"zip":"12345","name":"Ann","inner":{}}`, "/inner/x", "M"},
		{"TypeBeforeRange", `{"zip":"1","name":"Ann","age":"1"}`, "/age", "T"},
		{"Fraction", `{"zip":"12345","name":"Ann","age":1.5}`, "/age", "T"},
		{"Null", `{"zip":"12345","name":"Ann","age":null}`, "/age", "T"},
		{"Pattern", `{"zip":"1","name":"Ann"}`, "/zip", "BadZip"},
		{"MinLength", `{"zip":"12345","name":"é"}`, "/name", "R"},
		{"MaxLengthCountsCharacters", `{"zip":"12345","name":"ééé"}`, "", ""},
		{"MaxLength", `{"zip":"12345","name":"éééé"}`, "/name", "R"},
		{"Minimum", `{"zip":"12345","name":"Ann","age":-1}`, "/age", "R"},
		{"Format", `{"zip":"12345","name":"Ann","age":2147483648}`, "/age", "R"},
		{"Huge", `{"zip":"12345","name":"Ann","age":1e400}`, "/age", "R"},
		{"Items", `{"zip":"12345","name":"Ann","tags":["a","c"]}`, "/tags/1", "R"},
		{"MaxItems", `{"zip":"12345","name":"Ann","tags":["a","a","a"]}`, "/tags", "R"},
		{"Closed", `{"zip":"12345","name":"Ann","inner":{"x":true,"y/~":1}}`, "/inner/y~1~0", "R"},
		{"Extra", `{"zip":"12345","name":"Ann","map":{"y":2}}`, "/map/y", "R"},
		{"NotAnObject", `[]`, "", "T"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := schema.Check(decodeJSON(t, tt.value), Refusals{Missing: "M", Malformed: "T", Range: "R"}, nil)
			switch {
			case got == nil && tt.refusal != "":
				t.Errorf("accepted, want %s at %s", tt.refusal, tt.pointer)
			case got != nil && (got.Refusal != tt.refusal || got.Pointer != tt.pointer):
				t.Errorf("got %s at %q (%s), want %s at %q", got.Refusal, got.Pointer, got.Reason, tt.refusal, tt.pointer)
			}
		})
	}
}

// TestCheckAll finds everything at once, and what Check finds is the first of the least kind.
func TestCheckAll(t *testing.T) {
	t.Parallel()
	r := Refusals{Missing: "M", Malformed: "T", Range: "R"}
	schema, err := Compile(schemaOf(t, personSchema), ForRequest, r)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, value, want string }{
		{"OK", `{"zip":"12345","name":"Ann"}`, ""},
		{"Several", `{"zip":"1","age":"1","tags":["c","a","a"],"inner":{"y":1}}`, "/zip:BadZip /name:M /age:T /tags:R /tags/0:R /inner/x:M /inner/y:R"},
		{"SeveralOfOneValue", `{"zip":"12345","name":"éééé","age":-1.5}`, "/name:R /age:T"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			value := decodeJSON(t, tt.value)
			var got []string
			var first *Violation
			for _, v := range schema.CheckAll(value, r, nil) {
				got = append(got, v.Pointer+":"+v.Refusal)
				if first == nil || v.Kind < first.Kind {
					first = v
				}
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("got %s, want %s", joined, tt.want)
			}
			if one := schema.Check(value, r, nil); (one == nil) != (first == nil) || one != nil && *one != *first {
				t.Errorf("Check found %+v, the first of all is %+v", one, first)
			}
		})
	}
}

// TestErrorsKnowTheirFile: entries say which document has them.
func TestErrorsKnowTheirFile(t *testing.T) {
	t.Parallel()
	v, err := Load("quickbi")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[errorKey]string{
		{"", "InvalidVersion"}:                                "quickbi/common.yaml",
		{"ResultCallback", "Application.NotExist"}:            "quickbi/result-callback.yaml",
		{"SmartqAuthorize", "RobotNl2sql.Moudle.NotPurchase"}: "quickbi/smartq-authorize.yaml",
	} {
		if e := v.Error(name.operation, name.name); e == nil || e.File != want {
			t.Errorf("%v: got %+v, want file %s", name, e, want)
		}
	}
}

func TestCompileIsLoudOnWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"allOf: [{type: string}]", "type: array\nuniqueItems: true\nitems: {}", "type: object\nminProperties: 1",
		"type: number\nmultipleOf: 2", "type: object\nrequired: [x]", "type: integer\nminimum: 1\nexclusiveMinimum: true"} {
		if _, err := Compile(schemaOf(t, text), ForReply, Refusals{}); err == nil {
			t.Errorf("compiled without a word: %s", text)
		}
	}
}

// TestCheckAgreesWithKin holds the compiled checks against kin-openapi on generated values for every schema of every
// document. There are no deliberate differences for replies; for requests there is one: required and empty.
func TestCheckAgreesWithKin(t *testing.T) {
	t.Parallel()
	rounds := 300
	for _, vendor := range Vendors() {
		v, err := Load(vendor)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, d := range v.Documents {
			for _, name := range sortedKeys(d.T.Components.Schemas) {
				t.Run(d.File+"/"+name, func(t *testing.T) {
					t.Parallel()
					agree(t, d.T.Components.Schemas[name], rand.New(rand.NewPCG(1, uint64(len(name)))), rounds)
				})
			}
		}
	}
	t.Run("person", func(t *testing.T) {
		t.Parallel()
		agree(t, schemaOf(t, personSchema), rand.New(rand.NewPCG(3, 4)), 5000)
	})
}

func agree(t *testing.T, ref *openapi3.SchemaRef, r *rand.Rand, rounds int) {
	t.Helper()
	schema, err := Compile(ref, ForReply, Refusals{})
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for range rounds {
		value := generate(ref.Value, r, 0)
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(text, &plain); err != nil {
			t.Fatal(err)
		}
		kin := ref.Value.VisitJSON(plain, openapi3.EnableFormatValidation())
		ours := schema.Check(decodeJSON(t, string(text)), Refusals{}, nil)
		if (kin == nil) != (ours == nil) {
			t.Fatalf("kin-openapi accepts: %v, we: %v (%v)\n%s", kin == nil, ours == nil, ours, clip(string(text)))
		}
		if kin == nil {
			accepted++
		}
	}
	if accepted == 0 {
		t.Errorf("none of %d generated values was valid", rounds)
	}
}

// generate makes a value that mostly fits the schema and sometimes does not.
func generate(s *openapi3.Schema, r *rand.Rand, depth int) any {
	if r.IntN(60) == 0 {
		return []any{nil, "x", 1, 1.5, true, []any{}, map[string]any{}}[r.IntN(7)]
	}
	if s.Nullable && r.IntN(4) == 0 {
		return nil
	}
	if len(s.Enum) > 0 && r.IntN(30) > 0 {
		return s.Enum[r.IntN(len(s.Enum))]
	}
	switch {
	case s.Type == nil:
		return "free"
	case s.Type.Is("object"):
		return generateObject(s, r, depth)
	case s.Type.Is("array"):
		list := []any{}
		if s.Items != nil && depth < 6 {
			for range r.IntN(3) {
				list = append(list, generate(s.Items.Value, r, depth+1))
			}
		}
		return list
	case s.Type.Is("boolean"):
		return r.IntN(2) == 0
	case s.Type.Is("integer"):
		return generateInteger(s, r)
	case s.Type.Is("number"):
		return r.Float64()
	}
	return generateString(s, r)
}

func generateObject(s *openapi3.Schema, r *rand.Rand, depth int) any {
	obj := map[string]any{}
	for _, name := range sortedKeys(s.Properties) {
		required := false
		for _, q := range s.Required {
			required = required || q == name
		}
		if required && r.IntN(80) > 0 || !required && r.IntN(2) == 0 && depth < 6 {
			obj[name] = generate(s.Properties[name].Value, r, depth+1)
		}
	}
	if r.IntN(20) == 0 {
		obj["unknown"] = 1
	}
	return obj
}

func generateInteger(s *openapi3.Schema, r *rand.Rand) any {
	choices := []int64{0, 1, 2, 50, 100}
	if s.Min != nil {
		choices = append(choices, int64(*s.Min), int64(*s.Min)-1)
	}
	if s.Max != nil {
		choices = append(choices, int64(*s.Max), int64(*s.Max)+1)
	}
	return choices[r.IntN(len(choices))]
}

func generateString(s *openapi3.Schema, r *rand.Rand) string {
	n := int(s.MinLength) + r.IntN(4)
	if s.MaxLength != nil && r.IntN(8) == 0 {
		n = int(*s.MaxLength) + r.IntN(2)
	}
	if s.Format == "date-time" && r.IntN(10) > 0 {
		return []string{"2024-04-19T09:59:58.000Z", "2016-12-31T23:59:60Z", "1970-01-01T00:00:00+08:00"}[r.IntN(3)]
	}
	if s.Example != nil && r.IntN(2) == 0 {
		return fmt.Sprint(s.Example)
	}
	alphabet := []rune("0123456789")
	if r.IntN(4) == 0 {
		alphabet = []rune("aZ-_é审😀 \x00")
	}
	var b strings.Builder
	for range n {
		b.WriteRune(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "+1", "01", "1e2", "99999999999999999999", "-", "true", "１", "\xff"} {
		f.Add(s)
	}
	integer, err := Compile(schemaOf(f, "{type: integer, minimum: -5, maximum: 100}"), ForRequest, Refusals{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return // an empty value never gets there
		}
		n, v := integer.CheckText("p", text, Refusals{Malformed: "T", Range: "R"})
		var big json.Number
		isInt := json.Unmarshal([]byte(strings.TrimLeft(strings.TrimPrefix(text, "-"), "0")+""), &big) == nil
		if v == nil && (n < -5 || n > 100) {
			t.Errorf("%q is accepted as %d", text, n)
		}
		if v != nil && v.Refusal == "R" && !decimal(text) {
			t.Errorf("%q is out of range but no number (%v)", text, isInt)
		}
	})
}

func TestLoadReportsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	good, err := File("wps/oauth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFS(fstest.MapFS{"wps/oauth.yaml": {Data: good}}, "wps"); err != nil {
		t.Logf("the document leans on others: %v", err)
	}
	base := `openapi: 3.0.3
info: {title: t, version: "1"}
x-vendor: v
x-sources: {S: {title: s}}
x-assumptions: [{id: V-001, title: t, default: a, alternatives: [{value: a, meaning: m}], why: w}]
x-errors: [{code: E, status: 400, message: m, condition: c, grade: documented, sources: [S], cause: x}]
paths:
  /p: {get: {operationId: P, x-grade: documented, x-sources: [S], x-refusals: {missing: E}, responses: {"200": {description: d}}}}
`
	if _, err := LoadFS(fstest.MapFS{"v/v.yaml": {Data: []byte(base)}}, "v"); err != nil {
		t.Fatalf("the base document: %v", err)
	}
	for old, tt := range map[string]struct{ new, says string }{
		"x-vendor: v":              {"x-vendor: w", "x-vendor"},
		"default: a":               {"default: b", "none of its alternatives"},
		"documented, sources: [S]": {"documented, sources: [T]", `source "T"`},
		"grade: documented":        {"grade: guessed", "grade"},
		"status: 400":              {"status: 200", "status 200"},
		"missing: E":               {"missing: F", `"F"`},
		"operationId: P":           {"operationId: P, x-pagination: {stile: x}", "stile"},
		"x-refusals:":              {"x-refusal: {}, x-refusals:", "x-refusal"},
		"description: d":           {"description: d, x-odd: 1", "x-odd"},
		", cause: x":               {"", "cause"},
		"why: w":                   {`why: ""`, "why"},
		"[{code: E":                {"[{code: E, status: 400, message: m, condition: c, grade: assumed, cause: x}, {code: E", "twice"},
		"responses:":               {`parameters: [{name: q, in: query, schema: {type: string}, x-blank: V-001}], responses:`, `x-blank is "V-001"`},
		`{description: d}}}`:       {`{description: d, x-blank: V-001, x-assumption: [V-001]}}}`, "unknown extension x-blank"},
		`x-sources: {S: {`:         {`x-sources: {S: {titel: x, `, "titel"},
	} {
		t.Run(tt.says, func(t *testing.T) {
			t.Parallel()
			text := bytes.Replace([]byte(base), []byte(old), []byte(tt.new), 1)
			_, err := LoadFS(fstest.MapFS{"v/v.yaml": {Data: text}}, "v")
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}
