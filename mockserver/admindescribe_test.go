package mockserver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

func adminDocument(t *testing.T) *openapi3.T {
	t.Helper()
	text, err := specs.File(specs.AdminFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestAdminDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc := adminDocument(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s %s: the operationId %q is empty or used twice", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
}

// What is served and what is described are the same operations.
func TestAdminDocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	srv, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, Debug: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	var served, described []string
	for _, r := range srv.AdminHandler().(*gin.Engine).Routes() {
		segments := strings.Split(r.Path, "/")
		for i, s := range segments {
			if strings.HasPrefix(s, ":") || strings.HasPrefix(s, "*") {
				segments[i] = "{" + s[1:] + "}"
			}
		}
		served = append(served, r.Method+" "+strings.Join(segments, "/"))
	}
	doc := adminDocument(t)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if len(served) < 40 || !slices.Equal(served, described) {
		for _, s := range served {
			if !slices.Contains(described, s) {
				t.Errorf("%s is served, not described", s)
			}
		}
		for _, s := range described {
			if !slices.Contains(served, s) {
				t.Errorf("%s is described, not served", s)
			}
		}
	}
}

func TestAdminDocumentIsServed(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	want, err := specs.File(specs.AdminFile)
	if got := get(t, srv.URL+"/__admin/openapi.yaml"); err != nil || got != string(want) {
		t.Errorf("%d bytes and %v, want the %d of the document", len(got), err, len(want))
	}
	got, err := openapi3.NewLoader().LoadFromData([]byte(get(t, srv.URL+"/__admin/openapi.json")))
	if err != nil || got.Validate(t.Context()) != nil || len(got.Paths.Map()) != len(adminDocument(t).Paths.Map()) {
		t.Errorf("as JSON: %v %v", got, err)
	}
}

// The schemas have the fields of the Go types, all the way down, and want those that are always there.
func TestAdminDocumentHasTheFields(t *testing.T) {
	t.Parallel()
	doc := adminDocument(t)
	for _, tt := range []struct {
		schema string
		v      any
		reply  bool
		also   []string // what only the admin API adds
	}{
		{"WorldSetting", mockserver.WorldSetting{}, false, nil},
		{"ClockChange", mockserver.ClockChange{}, false, nil},
		{"Query", mockserver.JournalQuery{}, false, nil},
		{"Expectation", mockserver.Expectation{}, false, nil},
		{"Sequence", mockserver.Sequence{}, false, nil},
		{"Clock", mockserver.ClockView{}, true, nil},
		{"Snapshot", mockserver.Snapshot{}, true, nil},
		{"Fixture", mockserver.FixtureView{}, true, nil},
		{"FaultStatus", mockserver.FaultStatus{}, true, nil},
		{"TransitionStatus", mockserver.TransitionStatus{}, true, nil},
		{"RecordName", mockserver.RecordName{}, true, nil},
		{"Counted", mockserver.Counted{}, true, []string{"countersign"}},
		{"Verdict", mockserver.Verdict{}, true, []string{"countersign", "text"}},
		{"Request", mockserver.EntryView{}, true, nil},
		{"UnmatchedRequest", mockserver.UnmatchedView{}, true, nil},
	} {
		t.Run(tt.schema, func(t *testing.T) {
			t.Parallel()
			ref := doc.Components.Schemas[tt.schema]
			if ref == nil {
				t.Fatal("no such schema")
			}
			compareFields(t, tt.schema, ref.Value, reflect.TypeOf(tt.v), tt.reply, tt.also)
		})
	}
}

// compareFields wants that an object schema and a struct have the same fields. Of a reply the required ones are those that
// are always written.
func compareFields(t *testing.T, at string, schema *openapi3.Schema, typ reflect.Type, reply bool, also []string) {
	t.Helper()
	want, always := map[string]reflect.Type{}, []string{}
	jsonFields(typ, want, &always)
	got := slices.DeleteFunc(slices.Sorted(maps.Keys(schema.Properties)), func(s string) bool { return slices.Contains(also, s) })
	if names := slices.Sorted(maps.Keys(want)); !slices.Equal(got, names) {
		t.Errorf("%s has %q, the Go type %q", at, got, names)
		return
	}
	required := slices.DeleteFunc(slices.Clone(schema.Required), func(s string) bool { return slices.Contains(also, s) })
	if no := schema.AdditionalProperties.Has; reply && (no == nil || *no) { // what is closed is also sent by clients
		slices.Sort(required)
		slices.Sort(always)
		if !slices.Equal(required, always) {
			t.Errorf("%s requires %q, always written are %q", at, required, always)
		}
	}
	for name, field := range want {
		compareType(t, at+"/"+name, schema.Properties[name].Value, field, reply)
	}
}

var textTypes = []reflect.Type{reflect.TypeFor[time.Time](), reflect.TypeFor[mockserver.Duration]()}

func compareType(t *testing.T, at string, schema *openapi3.Schema, typ reflect.Type, reply bool) {
	t.Helper()
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ == reflect.TypeFor[json.RawMessage]() {
		return
	}
	want := ""
	switch kind := typ.Kind(); {
	case slices.Contains(textTypes, typ) || kind == reflect.String:
		want = "string"
	case kind == reflect.Bool:
		want = "boolean"
	case kind == reflect.Float64:
		want = "number"
	case kind >= reflect.Int && kind <= reflect.Uint64:
		want = "integer"
	case kind == reflect.Slice:
		want = "array"
	case kind == reflect.Map || kind == reflect.Struct:
		want = "object"
	}
	if !schema.Type.Is(want) {
		t.Errorf("%s is %v, the Go type is %s", at, schema.Type, typ)
		return
	}
	switch want {
	case "array":
		compareType(t, at+"/items", schema.Items.Value, typ.Elem(), reply)
	case "object":
		if typ.Kind() == reflect.Struct {
			compareFields(t, at, schema, typ, reply, nil)
		}
	}
}

// jsonFields are the names under which a struct is written, with those of embedded ones, and which of them always are.
func jsonFields(typ reflect.Type, into map[string]reflect.Type, always *[]string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			jsonFields(f.Type, into, always)
		case f.IsExported() && name != "" && name != "-":
			into[name] = f.Type
			if options == "" {
				*always = append(*always, name)
			}
		}
	}
}

// The document and the schema of the world file say the same of a world's setting.
func TestAdminDocumentAgreesWithTheWorldFile(t *testing.T) {
	t.Parallel()
	text, err := specs.File(specs.WorldSchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	delete(file["properties"].(map[string]any), "$schema") // only in files
	compareSchemas(t, "WorldSetting", adminDocument(t).Components.Schemas["WorldSetting"].Value, file, file)
}

// compareSchemas wants the same names, types, required fields, enumerations and bounds.
func compareSchemas(t *testing.T, at string, api *openapi3.Schema, file, root map[string]any) {
	t.Helper()
	if ref, ok := file["$ref"].(string); ok {
		file = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if want, ok := file["type"].(string); ok && !api.Type.Is(want) {
		t.Errorf("%s: type %v, in the world file %v", at, api.Type, want)
	}
	if got, want := fmt.Sprint(api.Required), fmt.Sprint(list(file["required"])); got != want {
		t.Errorf("%s: required %s, in the world file %s", at, got, want)
	}
	if got, want := fmt.Sprint(api.Enum), fmt.Sprint(list(file["enum"])); got != want {
		t.Errorf("%s: enum %s, in the world file %s", at, got, want)
	}
	for name, got := range map[string]*float64{"minimum": api.Min, "maximum": api.Max} {
		if want, ok := file[name].(float64); ok && (got == nil || *got != want) {
			t.Errorf("%s: %s %v, in the world file %v", at, name, got, want)
		}
	}
	properties, _ := file["properties"].(map[string]any)
	got, want := slices.Sorted(maps.Keys(api.Properties)), slices.Sorted(maps.Keys(properties))
	if !slices.Equal(got, want) {
		t.Errorf("%s: properties %q, in the world file %q", at, got, want)
		return
	}
	for name, p := range properties {
		compareSchemas(t, at+"/"+name, api.Properties[name].Value, p.(map[string]any), root)
	}
	if items, ok := file["items"].(map[string]any); ok {
		compareSchemas(t, at+"/items", api.Items.Value, items, root)
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// Every parameter of the journal's query is described, and every one that is described is taken.
func TestAdminDocumentHasTheQueryParameters(t *testing.T) {
	t.Parallel()
	srv := start(t, mockserver.Options{})
	doc := adminDocument(t)
	var described []string
	for _, p := range doc.Paths.Value("/__admin/requests").Get.Parameters {
		described = append(described, p.Value.Name)
		got := send(t, "GET", srv.URL+"/__admin/requests?"+p.Value.Name+"=%21", "", nil)
		if strings.Contains(got.raw, "no such parameter") {
			t.Errorf("%s is described, not taken", p.Value.Name)
		}
	}
	unknown := send(t, "GET", srv.URL+"/__admin/requests?nothing=1", "", nil)
	_, known, _ := strings.Cut(unknown.body["countersign"].(string), "there are ")
	for _, name := range strings.Split(known, ", ") {
		name, _, _ = strings.Cut(name, " ")
		if !slices.Contains(described, name) {
			t.Errorf("%q is taken, not described", name)
		}
	}
}
