package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

const acme = `{
  "security": [{"sig": []}],
  "components": {"securitySchemes": {"sig": {"type": "apiKey", "in": "query", "name": "Signature"}, "token": {"type": "http", "scheme": "bearer"}}},
  "paths": {
    "/v1/{project}/users": {
      "parameters": [{"name": "project", "in": "path", "required": true, "schema": {"type": "string", "example": "a b"}}],
      "get": {
        "security": [{"token": []}],
        "parameters": [
          {"name": "limit", "in": "query", "required": true, "schema": {"type": "integer", "minimum": 1000000}},
          {"name": "ids", "in": "query", "required": true, "schema": {"type": "array", "minItems": 2, "items": {"type": "string", "enum": ["x", "y"]}}},
          {"name": "joined", "in": "query", "required": true, "explode": false, "example": ["p", "q"], "schema": {"type": "array", "items": {"type": "string"}}},
          {"name": "cursor", "in": "query", "required": true, "example": "", "schema": {"type": "string", "minLength": 3}},
          {"name": "left-out", "in": "query", "schema": {"type": "string", "pattern": "^z$"}}
        ],
        "responses": {"404": {}, "200": {"content": {"application/json": {}}}}
      },
      "post": {
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["name", "on"], "properties": {
          "name": {"type": "string", "example": "Ada"}, "on": {"type": "string", "format": "date"}, "optional": {"type": "string"}}}}}},
        "responses": {"201": {}}
      }
    }
  }
}`

func TestExampleRequests(t *testing.T) {
	t.Parallel()
	var doc openAPI
	if err := json.Unmarshal([]byte(acme), &doc); err != nil {
		t.Fatal(err)
	}
	ops := doc.operations()
	if len(ops) != 2 || ops[0].method != "GET" || ops[0].success() != 200 || ops[1].success() != 201 {
		t.Fatalf("operations: %+v", ops)
	}
	get, err := ops[0].request(context.Background(), "http://h")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := get.URL.String(), "http://h/v1/a%20b/users?cursor=aaa&ids=x&ids=x&joined=p%2Cq&limit=1000000"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := get.Header.Get("Authorization"); got != "Bearer example" {
		t.Errorf("Authorization %q", got)
	}
	post, err := ops[1].request(context.Background(), "http://h")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(post.Body)
	if got, want := string(body), `{"name":"Ada","on":"2030-01-02"}`; got != want || post.URL.RawQuery != "Signature=example" {
		t.Errorf("body %s, want %s; query %s", got, want, post.URL.RawQuery)
	}
}

func TestSampleSaysWhatItCannotMake(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]schema{
		"pattern":        {Type: "string", Pattern: "^x$"},
		"format email":   {Type: "string", Format: "email"},
		"inner: has a p": {Type: "object", Required: []string{"inner"}, Properties: map[string]schema{"inner": {Pattern: "x"}}},
	} {
		if _, err := s.sample(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// A server that answers as it should passes; each way of not doing so is found.
func TestAskFindsAServerThatDoesNotFit(t *testing.T) {
	t.Parallel()
	var doc openAPI
	if err := json.Unmarshal([]byte(acme), &doc); err != nil {
		t.Fatal(err)
	}
	op := doc.operations()[0]
	tests := map[string]struct {
		good, empty int
		body        string
		violations  string
		want        string // in the error; "" for none
	}{
		"OK":                  {200, 401, "{}", "", ""},
		"ErrOtherStatus":      {422, 401, "{}", "", "answered 422, not 200"},
		"ErrNotJSON":          {200, 401, "{", "", "broken JSON"},
		"ErrViolations":       {200, 401, "{}", "[limit]", "prism finds: [limit]"},
		"ErrEmptyIsAccepted":  {200, 200, "{}", "", "answered 200, not 4xx"},
		"ErrEmptyBreaksPrism": {200, 500, "{}", "", "answered 500, not 4xx"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				status := tt.empty
				if r.URL.RawQuery != "" {
					status = tt.good
				}
				if tt.violations != "" {
					w.Header().Set("sl-violations", tt.violations)
				}
				w.WriteHeader(status)
				fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			err := ask(context.Background(), op, server.URL)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLintProblems(t *testing.T) {
	t.Parallel()
	out := `{"totals": {"errors": 0}, "problems": []}
{"problems": [{"ruleId": "struct", "severity": "error", "message": "No.", "location": [{"source": {"ref": "a.yaml"}, "pointer": "#/info", "start": {"line": 6, "col": 31}}]}]}`
	results, problems, err := lintProblems([]byte(out))
	if err != nil || results != 2 || len(problems) != 1 {
		t.Fatalf("%d results, %v, %v", results, problems, err)
	}
	if got, want := problems[0].String(), "a.yaml:6:31 #/info error: No. (struct)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, _, err := lintProblems([]byte("Something went wrong")); err == nil {
		t.Error("a result that is no JSON passes")
	}
}

func TestDocumentsAreThoseWithPaths(t *testing.T) {
	t.Parallel()
	p, _ := repository(t, map[string]string{
		"specs/a/one.yaml":    "openapi: 3.0.3\npaths: # of one\n  /:\n",
		"specs/a/common.yaml": "openapi: 3.0.3\npaths: {}\ncomponents:\n",
		"specs/world.yaml":    "type: object\nproperties:\n  paths:\n",
	})
	got, err := p.documents(context.Background())
	if want := []string{"specs/a/one.yaml"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
