package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/oasdiff/yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/countersign/countersign/mockserver"
)

const worldSchemaFile = "../../specs/world.schema.json"

func worldSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(worldSchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("world.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("world.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The schema has the fields that are read, no more and no less, in the same order.
func TestWorldSchemaHasTheFields(t *testing.T) {
	t.Parallel()
	var doc struct {
		Properties json.RawMessage
	}
	text, err := os.ReadFile(worldSchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	want := append([]string{"$schema"}, worldFieldNames()...)
	if got := keysInOrder(t, doc.Properties); !slices.Equal(got, want) {
		t.Errorf("properties %q, want %q", got, want)
	}
}

func keysInOrder(t *testing.T, object json.RawMessage) (keys []string) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// What the schema says of a file and what a server makes of it agree.
func TestWorldSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema, most := worldSchema(t), "1000000"
	if raced { // so many are made all the same where the race detector does not watch
		most = "1000"
	}
	tests := []struct {
		name, text string
		ok         bool
	}{
		{"OKNothing", `{}`, true},
		{"OKAll", "name: a.b-c_1\nseed: 7\nclock: 2026-01-15T08:00:00Z+\nsigning_clock: world\nstrict: true\n" +
			"assumptions: {QB-003: json}\nbase: empty\nrecords: {quickbi: {}}\nkeep_credentials: true\n", true},
		{"OKLargestSeed", `{"seed": 18446744073709551615}`, true},
		{"OKClockWall", `clock: wall`, true},
		{"OKClockOffset", `clock: 2026-01-15T08:00:00.5+08:00+`, true},
		{"OKSchemaOfEditors", `{"$schema": "world.schema.json", "seed": 1}`, true},
		{"ErrUnknownField", `sede: 1`, false},
		{"ErrSeedText", `seed: "1"`, false},
		{"ErrSeedNegative", `seed: -1`, false},
		{"ErrSeedTooLarge", `seed: 18446744073709551616`, false},
		{"ErrSeedFraction", `seed: 1.5`, false},
		{"ErrClock", `clock: noon`, false},
		{"ErrClockDate", `clock: "2026-01-15"`, false},
		{"ErrSigningClock", `signing_clock: moon`, false},
		{"ErrStrictText", `strict: "yes"`, false},
		{"OKGenerate", `generate: {seed: 18446744073709551615, count: 3}`, true},
		{"OKGenerateCounts", `generate: {counts: {wps: 10, dataarts.approvers: ` + most + `}}`, true},
		{"ErrGenerateCount", `generate: {counts: {dataarts.approvers: 1000001}}`, false},
		{"ErrGenerateNoCounts", `generate: {counts: {}}`, false},
		{"OKTransitionPatch", `transitions: [{id: a, collection: quickbi.applications, record: x, patch: {flag_status: 1}, after: 30s}]`, true},
		{"OKTransitionDelete", `transitions: [{collection: applications, record: x, delete: true, cascade: true, after_calls: {vendor: dataarts, operation: ListApprovers, n: 3}}]`, true},
		{"ErrBase", `base: -a`, false},
		{"ErrGenerateNothing", `generate: {seed: 1}`, false},
		{"ErrGenerateTooMany", `generate: {seed: 1, count: 1000001}`, false},
		{"ErrGenerateField", `generate: {size: 1, count: 1}`, false},
		{"ErrTransitionNoChange", `transitions: [{collection: applications, record: x, after: 30s}]`, false},
		{"ErrTransitionTwoChanges", `transitions: [{collection: applications, record: x, delete: true, patch: {}, after: 30s}]`, false},
		{"ErrTransitionNoWait", `transitions: [{collection: applications, record: x, delete: true}]`, false},
		{"ErrTransitionTwoWaits", `transitions: [{collection: applications, record: x, delete: true, after: 1s, after_calls: {operation: ResultCallback, n: 1}}]`, false},
		{"ErrTransitionNoRecord", `transitions: [{collection: applications, delete: true, after: 30s}]`, false},
		{"ErrTransitionNoCalls", `transitions: [{collection: applications, record: x, delete: true, after_calls: {operation: ResultCallback, n: 0}}]`, false},
		{"ErrTransitionField", `transitions: [{collection: applications, recorded: x, delete: true, after: 30s}]`, false},
		{"ErrName", `name: -a`, false},
		{"ErrNameTooLong", "name: " + strings.Repeat("a", 65), false},
		{"ErrAssumptionNumber", `assumptions: {qb3: json}`, false},
		{"ErrAssumptionValue", `assumptions: {QB-003: 1}`, false},
		{"ErrRecordsList", `records: []`, false},
		{"ErrRecordsOfCollection", `records: {quickbi: {users: {}}}`, false},
		{"OKPrefer", `prefer: true`, true},
		{"ErrPreferText", `prefer: "429"`, false},
		{"OKFaults", "faults:\n- {id: a, vendor: wps, operation: getAccessToken, parameters: [{name: code, equals: x}], from: 2, times: 3,\n" +
			"   probability: 0.5, seed: 7, ttl: 1h30m, moment: after, effect: {error: '50000006', latency: {min: 1s, max: 2.5s}, drip: {bytes: 1, every: 10ms}}}\n" +
			"- {vendor: quickbi, nth: 1, effect: {throttle: {retry_after: 2s}, content_type: text/html}}\n" +
			"- {vendor: dataarts, effect: {reset: true, latency: {median: 1s, sigma: 0.5}}}\n", true},
		{"ErrFaultsObject", `faults: {}`, false},
		{"ErrFaultField", `faults: [{vendor: wps, effect: {reset: true}, nht: 1}]`, false},
		{"ErrFaultNoVendor", `faults: [{effect: {reset: true}}]`, false},
		{"ErrFaultNoEffect", `faults: [{vendor: wps}]`, false},
		{"ErrFaultEmptyEffect", `faults: [{vendor: wps, effect: {}}]`, false},
		{"ErrFaultEffect", `faults: [{vendor: wps, effect: {delay: 1s}}]`, false},
		{"ErrFaultNth", `faults: [{vendor: wps, nth: 1, times: 2, effect: {reset: true}}]`, false},
		{"ErrFaultProbability", `faults: [{vendor: wps, probability: 2, effect: {reset: true}}]`, false},
		{"ErrFaultTTL", `faults: [{vendor: wps, ttl: soon, effect: {reset: true}}]`, false},
		{"ErrFaultMoment", `faults: [{vendor: wps, moment: during, effect: {reset: true}}]`, false},
		{"ErrFaultParameter", `faults: [{vendor: wps, parameters: [{name: a}], effect: {reset: true}}]`, false},
		{"ErrFaultParameterTwice", `faults: [{vendor: wps, parameters: [{name: a, absent: true, equals: b}], effect: {reset: true}}]`, false},
		{"ErrFaultErrorAndThrottle", `faults: [{vendor: wps, effect: {error: '429000001', throttle: {}}}]`, false},
		{"ErrFaultResetAndCut", `faults: [{vendor: wps, effect: {reset: true, cut: {}}}]`, false},
		{"ErrFaultNoReset", `faults: [{vendor: wps, effect: {reset: false}}]`, false},
		{"ErrFaultLatency", `faults: [{vendor: wps, effect: {latency: {}}}]`, false},
		{"ErrFaultLatencies", `faults: [{vendor: wps, effect: {latency: {fixed: 1s, max: 2s}}}]`, false},
		{"ErrFaultDrip", `faults: [{vendor: wps, effect: {drip: {bytes: 1}}}]`, false},
		{"ErrFaultMalformed", `faults: [{vendor: wps, effect: {malformed: a bit}}]`, false},
		{"ErrFaultContentType", `faults: [{vendor: wps, effect: {content_type: ""}}]`, false},
		{"ErrList", `[]`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := schema.Validate(asJSON(t, tt.text)); (err == nil) != tt.ok {
				t.Errorf("schema: %v, want ok %v", err, tt.ok)
			}
			if err := startWith(tt.text); (err == nil) != tt.ok {
				t.Errorf("server: %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func asJSON(t *testing.T, text string) any {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// startWith makes a world of the text. The name counts too, which serve's own world does not take from it.
func startWith(text string) error {
	setting, err := parseWorld([]byte(text))
	if err != nil {
		return err
	}
	srv, err := worldServer()
	if err != nil {
		return err
	}
	setting.KeepCredentials = false // many worlds, one server
	w, err := srv.CreateWorld(context.Background(), setting)
	if err != nil {
		return err
	}
	return srv.DeleteWorld(w.Name())
}

var worldServer = sync.OnceValues(func() (*mockserver.Server, error) {
	a := &app{vendors: vendors}
	return mockserver.New(mockserver.Options{Vendors: a.plugs(), Generate: a.generate})
})

func FuzzParseWorld(f *testing.F) {
	for _, seed := range []string{"", "seed: 7\nstrict: true\n", `{"clock":null,"records":{}}`, `{"clock":"wall","records":{"wps":{"x":[{"a":1}]}}}`, "assumptions:\n  QB-003: json\n",
		"- 1", "seed: [", "a: &a [*a]", "? {a: b}\n: c", "\x00", "seed: 1\n---\nseed: 2", "!!binary aGk=", "<<: {seed: 1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		setting, err := parseWorld([]byte(text))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		again, err := json.Marshal(setting)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseWorld(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if diff := cmp.Diff(setting, back, cmpopts.EquateEmpty(), byMeaning); diff != "" {
			t.Errorf("read, written and read again (-first +second):\n%s", diff)
		}
	})
}

// byMeaning compares JSON by what it means.
var byMeaning = cmp.Transformer("meaning", func(raw json.RawMessage) (v any) {
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	return v
})

// TestJSONWorld: JSON is read as YAML is, or left to be read as YAML.
func TestJSONWorld(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"OKNothing", ` { } `, true},
		{"OKAll", `{"$schema": "world.schema.json", "name": "w", "seed": 18446744073709551615, "strict": true, "assumptions": {"QB-003": "json"},
			"records": {"wps": {"x": [{"a": "\"\u00e9\n", "b": [1, -2.5e1, true, null, {}, []]}, {"a": "审批"}]}, "quickbi": null},
			"faults": [{"vendor": "wps", "effect": {"reset": true}}]}`, true},
		{"OKNoRecords", `{"records": null, "base": "empty"}`, true},
		{"ErrYAML", "seed: 7", false},
		{"ErrFlow", `{"seed": 7,}`, false},
		{"ErrUnknown", `{"sede": 7}`, false},
		{"ErrOtherCase", `{"Seed": 7}`, false},
		{"ErrTwice", `{"seed": 7, "seed": 7}`, false},
		{"ErrTwiceInRecord", `{"records": {"wps": {"x": [{"a": 1, "b": {"a": 1}, "a": 1}]}}}`, false},
		{"ErrEscapedName", `{"records": {"wps": {"x": [{"a": 1, "\u0061": 1}]}}}`, false},
		{"ErrWrongType", `{"seed": "7"}`, false},
		{"ErrRecordsList", `{"records": []}`, false},
		{"ErrBehind", `{} {}`, false},
		{"ErrZero", "{}\x00", false},
		{"ErrNumber", `{"records": {"wps": {"x": [{"a": 01}]}}}`, false},
		{"ErrWord", `{"records": {"wps": {"x": [{"a": nul}]}}}`, false},
		{"ErrEscape", `{"records": {"wps": {"x": [{"a": "\q"}]}}}`, false},
		{"ErrText", "{\"name\": \"a\nb\"}", false},
		{"ErrUTF8", "{\"name\": \"\xff\"}", false},
		{"ErrCutShort", `{"records": {"wps": {"x": [{"a"`, false},
		{"ErrDeep", `{"records": {"wps": ` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}}`, false},
		{"ErrNoObject", `[]`, false},
		{"ErrEmpty", ``, false},
	} {
		got, ok := jsonWorld([]byte(tt.text))
		if ok != tt.ok {
			t.Errorf("%s: read: %v, want %v", tt.name, ok, tt.ok)
		}
		if want, err := yamlWorld([]byte(tt.text)); ok && (err != nil || !cmp.Equal(got, want, byMeaning)) {
			t.Errorf("%s (-got +want), error %v:\n%s", tt.name, err, cmp.Diff(got, want, byMeaning))
		}
	}
}

// FuzzJSONWorld: what is read as JSON means what it means as YAML, which refuses some of what JSON may hold.
func FuzzJSONWorld(f *testing.F) {
	for _, seed := range []string{`{"seed":7,"records":{"wps":{"x":[{"a":"b\n","c":[1,2.5,null,true]}]}}}`, `{"records":null}`, `{"records":{"a":{"a":1,"a":2}}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := jsonWorld([]byte(text))
		if !ok {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%q is not JSON", text)
		}
		if want, err := yamlWorld([]byte(text)); err == nil && !cmp.Equal(got, want, byMeaning) {
			t.Errorf("%q (-JSON +YAML):\n%s", text, cmp.Diff(got, want, byMeaning))
		}
	})
}
