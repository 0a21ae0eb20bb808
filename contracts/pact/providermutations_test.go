//go:build pact

package pact

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mutation makes another provider of the stand-in: what it is asked is changed before it is signed, so that it does not
// heed it, and what it answers afterwards.
type mutation struct {
	request func(*http.Request)
	status  int
	reply   func(body map[string]any)
}

// transport changes the replies on their way.
func (m mutation) transport(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		if m.reply != nil {
			var body map[string]any
			if err := json.Unmarshal(text, &body); err != nil {
				return nil, err
			}
			m.reply(body)
			if text, err = json.Marshal(body); err != nil {
				return nil, err
			}
		}
		if m.status != 0 {
			resp.StatusCode = m.status
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return resp, nil
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// unheeded changes a request's parameters where they stand, and leaves the rest as it is written.
func unheeded(change func(url.Values)) func(*http.Request) {
	return func(r *http.Request) {
		values := r.URL.Query()
		change(values)
		r.URL.RawQuery = values.Encode()
	}
}

// at finds a value in a reply: at(body, "data", "value") is an object there.
func at(body map[string]any, path ...string) map[string]any {
	for _, name := range path {
		body = body[name].(map[string]any)
	}
	return body
}

func listAt(body map[string]any, path ...string) []any {
	last := len(path) - 1
	return at(body, path[:last]...)[path[last]].([]any)
}

// A provider that does not do what the contract says is caught. Each mutation is held to one interaction, which the
// stand-in passes as it is.
func TestProviderMutations(t *testing.T) {
	const callback, authorize, list = "ResultCallback: ", "SmartqAuthorize: ", "getUserManageApprovalDefinitionList: "
	tests := []struct {
		name, provider, interaction string
		mutation                    mutation
	}{
		{"AnswersOKToAnError", "quickbi", callback + "an application that is decided", mutation{status: 200}},
		{"ChecksNoSignature", "quickbi", callback + "signed with another secret", mutation{status: 200, reply: succeeded}},
		{"DropsAField", "quickbi", callback + "approve an open application", mutation{reply: func(b map[string]any) { delete(b, "Result") }}},
		{"AnswersTrueInQuotes", "quickbi", callback + "reject an open application", mutation{reply: func(b map[string]any) { b["Success"] = "true" }}},
		{"NumbersItsRequestsOtherwise", "quickbi", callback + "approve an open application", mutation{reply: func(b map[string]any) { b["RequestId"] = "1" }}},
		{"AnswersAnotherCode", "quickbi", callback + "an application that is not there", mutation{reply: func(b map[string]any) { b["Code"] = "Application.RecordClosed" }}},
		{"KeepsFailuresBack", "quickbi", authorize + "grant, and some of it fails", mutation{reply: func(b map[string]any) { b["Result"] = []any{} }}},
		{"ForgetsATarget", "quickbi", authorize + "grant, and some of it fails", mutation{request: unheeded(func(v url.Values) { v.Del("LlmCubeThemes") })}},
		{"ReturnsOnePageTooFew", "wps", list + "a page in the middle", mutation{reply: func(b map[string]any) {
			at(b, "data")["has_more"], at(b, "data")["next_cursor"] = false, ""
		}}},
		{"IgnoresTheCursor", "wps", list + "the last page", mutation{request: unheeded(func(v url.Values) { v.Set("cursor", "") })}},
		{"IgnoresThePageSize", "wps", list + "the first page", mutation{request: unheeded(func(v url.Values) { v.Set("page", "30") })}},
		{"DropsANestedField", "wps", list + "the first page", mutation{reply: func(b map[string]any) {
			delete(listAt(b, "data", "items")[0].(map[string]any), "process_define")
		}}},
		{"HasAnotherEnumeration", "wps", list + "the first page", mutation{reply: func(b map[string]any) {
			listAt(listAt(b, "data", "items")[1].(map[string]any), "visible_scopes")[0].(map[string]any)["scope_type"] = "everybody"
		}}},
		{"AnswersOKWithACode", "wps", list + "wps-policy-denied", mutation{status: 200}},
		{"TurnsTheOrder", "wps", list + "the first page", mutation{reply: func(b map[string]any) {
			items := listAt(b, "data", "items")
			items[0], items[1] = items[1], items[0]
		}}},
		{"IgnoresAFilter", "dataarts", "ListApprovers: by name", mutation{request: unheeded(func(v url.Values) { v.Del("approver_name") })}},
		{"RoundsUp", "dataarts", "ListApprovers: an offset that is no multiple of limit is rounded down", mutation{request: unheeded(func(v url.Values) { v.Set("offset", "4") })}},
		{"IgnoresTheOffset", "dataarts", "ListApprovers: a page in the middle", mutation{request: unheeded(func(v url.Values) { v.Del("offset") })}},
		{"CountsThePage", "dataarts", "ListApprovers: the first page", mutation{reply: func(b map[string]any) { at(b, "data", "value")["total"] = 2 }}},
		{"KeepsOneBack", "dataarts", "ListApprovers: the last page", mutation{reply: func(b map[string]any) {
			at(b, "data", "value")["records"] = listAt(b, "data", "value", "records")[:1]
		}}},
		{"ShowsTheAddress", "dataarts", "CreateApprover: a member with everything", mutation{reply: func(b map[string]any) {
			at(b, "data", "value")["email"] = "wang.fang@example.com"
		}}},
		{"AnswersCreated", "dataarts", "CreateApprover: a member with nothing but name and id", mutation{status: 201}},
		{"AllowsEverybody", "dataarts", "CreateApprover: the caller is no administrator", mutation{status: 200}},
		{"LosesTheNotifications", "dataarts", "CreateApprover: a member with everything", mutation{reply: func(b map[string]any) {
			at(b, "data", "value")["topic_urn"] = nil
		}}},
	}
	srv := standIn(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join("pacts", contract{provider: tt.provider}.file())
			r := verify(t, srv, file, "^"+regexp.QuoteMeta(tt.interaction)+"$", &tt.mutation)
			if len(r.Interactions) != 1 || r.Problem != "" {
				t.Fatalf("not the one interaction was verified: %+v", r)
			}
			if one := r.Interactions[0]; one.Passed || len(one.Problems) == 0 {
				t.Errorf("verification does not notice: %+v", one)
			}
		})
	}
}

func succeeded(body map[string]any) {
	for name := range body {
		delete(body, name)
	}
	body["RequestId"], body["Result"], body["Success"] = "D787E1A3-A93C-424A-B626-C2B05DF8D885", true, true
}

// A state that the stand-in does not have, or a parameter that the state does not take, fails the verification.
func TestUnknownStateFails(t *testing.T) {
	srv := standIn(t)
	for name, replace := range map[string][2]string{
		"State":     {`"name": "wps-policy-denied"`, `"name": "wps-policy-in-doubt"`},
		"Parameter": {`"count": 5`, `"counts": 5`},
		"Mode":      {`"sign": "wrong-secret"`, `"sign": "wrong"`},
	} {
		t.Run(name, func(t *testing.T) {
			description := map[string]string{"State": "wps-policy-denied", "Parameter": "the first page", "Mode": "signed with another key"}[name]
			text := tidied(t, filepath.Join("pacts", wpsContract().file()))
			file := filepath.Join(t.TempDir(), "pact.json")
			changed := bytes.ReplaceAll(text, []byte(replace[0]), []byte(replace[1]))
			if bytes.Equal(changed, text) {
				t.Fatal("nothing to replace")
			}
			write(t, file, changed)
			r := verify(t, srv, file, regexp.QuoteMeta(description)+"$", nil)
			if r.Passed() || len(r.Interactions) == 0 || !strings.Contains(strings.Join(r.Interactions[0].Problems, " "), "state change") {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// Nothing verified is not a success.
func TestEmptyRunFails(t *testing.T) {
	r := verify(t, standIn(t), filepath.Join("pacts", wpsContract().file()), "^no such interaction$", nil)
	if r.Passed() || len(r.Interactions) != 0 || r.Problem == "" {
		t.Errorf("got %+v", r)
	}
}
