package specs

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

const collections = `openapi: 3.0.3
info: {title: t, version: "1"}
paths: {}
x-vendor: v
x-sources: {S: {title: s}}
x-collections:
  - {name: teams, schema: Team, key: [id], unique: [[code], [id, code]]}
  - {name: pairs, schema: Pair, key: [a, b]}
  - {name: people, schema: Person, key: [id]}
components:
  schemas:
    Team:
      type: object
      x-grade: assumed
      additionalProperties: false
      properties: {id: {type: string}, code: {type: string}}
    Pair:
      type: object
      x-grade: assumed
      additionalProperties: false
      properties: {a: {type: string}, b: {type: string}}
    Person:
      type: object
      x-grade: documented
      x-sources: [S]
      additionalProperties: false
      properties:
        id: {type: string}
        team: {type: string, x-references: [teams]}
        friends: {type: array, items: {type: string, x-references: [people, teams.code]}}
        odd~/name: {$ref: "#/components/schemas/TeamOf"}
    TeamOf: {type: string, x-grade: assumed, x-references: [teams]}
`

func load(text string) (*Vendor, error) {
	return LoadFS(fstest.MapFS{"v/records.yaml": {Data: []byte(text)}}, "v")
}

func TestCollections(t *testing.T) {
	t.Parallel()
	v, err := load(collections)
	if err != nil {
		t.Fatal(err)
	}
	if v.Collection("x") != nil || len(v.Collections) != 3 {
		t.Errorf("%d collections", len(v.Collections))
	}
	teams, people := v.Collection("teams"), v.Collection("people")
	if teams.SchemaName != "Team" || teams.File != "v/records.yaml" || !reflect.DeepEqual(teams.Unique, [][]string{{"code"}, {"id", "code"}}) {
		t.Errorf("%+v", teams)
	}
	if people != v.Collections[2] || people.Property("team") == nil || people.Property("code") != nil {
		t.Errorf("%+v", people)
	}
	want := []Reference{{"/team", []Target{{"teams", "id"}}}, {"/friends/*", []Target{{"people", "id"}, {"teams", "code"}}},
		{"/odd~0~1name", []Target{{"teams", "id"}}}}
	if !reflect.DeepEqual(people.References, want) {
		t.Errorf("references %v, want %v", people.References, want)
	}
	if len(v.Documents) != 0 {
		t.Error("a document without operations is listed among those with some")
	}
}

func TestCollectionsReportWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, says string }{
		{"NoSuchSchema", "schema: Team", "schema: Gang", `collection teams: schema "Gang" is not in components/schemas`},
		{"NoSchema", ", schema: Team", "", `schema "" is not in components/schemas`},
		{"NotAnObject", "schema: Team,", "schema: TeamOf,", "schema \"TeamOf\" is not of an object"},
		{"Twice", "name: pairs", "name: teams", "collection teams: wants a name of its own"},
		{"NoName", "{name: pairs, ", "{", "collection : wants a name of its own"},
		{"Misspelt", "unique: [[code]", "uniqe: [[code]", "uniqe"},
		{"NoKey", ", key: [a, b]", "", "collection pairs: has no key"},
		{"KeyUnknown", "key: [a, b]", "key: [a, c]", `names "c", which is no property`},
		{"UniqueUnknown", "[[code],", "[[cod],", `names "cod", which is no property`},
		{"Open", "additionalProperties: false", "additionalProperties: true", "schema Team does not refuse other properties"},
		{"ReferenceUnknown", "team: {type: string, x-references: [teams]", "team: {type: string, x-references: [gangs]", "collection people: /team: x-references gangs: no collection of that name stands before it"},
		{"ReferenceForward", "code: {type: string}", "code: {type: string, x-references: [people]}", "collection teams: /code: x-references people: no collection of that name stands before it"},
		{"ReferenceToPair", "x-references: [people, ", "x-references: [pairs, ", "its key has several properties"},
		{"ReferenceNotUnique", "teams.code", "pairs.a", "a is not unique there"},
		{"ReferenceForm", "x-references: [people, teams.code]", "x-references: people", "x-references"},
		{"ReferenceOutside", `$ref: "#/components/schemas/TeamOf"`, "type: string", "schema TeamOf: has x-references but is no part of a collection's records"},
		{"SourceUnknown", "x-sources: [S]", "x-sources: [T]", `source "T" is not in x-sources`},
		{"NoGrade", "x-grade: documented", "nullable: false", "schema Person: neither it nor what contains it has x-grade and x-sources"},
		{"NoSource", "      x-sources: [S]\n", "", "schema Person: neither it nor what contains it has x-grade and x-sources"},
		{"Extension", "x-grade: documented", "x-grad: documented", "unknown extension x-grad"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(collections, tt.old, tt.new, 1)
			if text == collections {
				t.Fatalf("%q is not in the document", tt.old)
			}
			_, err := load(text)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one that says %q", err, tt.says)
			}
		})
	}
}

// TestEveryCollectionCompiles compiles what the server compiles when it starts.
func TestEveryCollectionCompiles(t *testing.T) {
	t.Parallel()
	for _, name := range Vendors() {
		v, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Collections) == 0 {
			t.Errorf("%s has no collections", name)
		}
		for _, c := range v.Collections {
			if _, err := Compile(c.Schema, ForReply, Refusals{}); err != nil {
				t.Errorf("%s: %s: %v", name, c.Name, err)
			}
		}
	}
}
