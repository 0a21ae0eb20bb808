package check

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/countersign/countersign/specs"
)

var loaded = sync.OnceValues(func() (*Checker, error) {
	var vendors []*specs.Vendor
	for _, name := range specs.Vendors() {
		v, err := specs.Load(name)
		if err != nil {
			return nil, err
		}
		vendors = append(vendors, v)
	}
	return New(vendors...)
})

func checker(t testing.TB) *Checker {
	t.Helper()
	c, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readPacts(t testing.TB, paths ...string) []*Pact {
	t.Helper()
	pacts, err := ReadPaths(paths...)
	if err != nil {
		t.Fatal(err)
	}
	return pacts
}

// TestGoodPacts: contracts that agree with the documents, of each version, have no findings.
func TestGoodPacts(t *testing.T) {
	t.Parallel()
	pacts := readPacts(t, "testdata/good")
	versions := map[int]bool{}
	for _, p := range pacts {
		versions[p.Version] = true
		report := checker(t).Check(p)
		for _, f := range report.Findings {
			t.Errorf("%s:%d: %s: %s (%s)", f.File, f.Line, f.Interaction, f.Message, f.Rule)
		}
		if report.Interactions < 9 {
			t.Errorf("%s: only %d interactions checked", p.File, report.Interactions)
		}
	}
	for _, v := range []int{2, 3, 4} {
		if !versions[v] {
			t.Errorf("no contract of version %d", v)
		}
	}
}

// TestBrokenPacts compares every finding in testdata/broken with the file of the same name that ends in .want. With
// UPDATE_WANT set, these are written anew: read what changed.
func TestBrokenPacts(t *testing.T) {
	t.Parallel()
	for _, p := range readPacts(t, "testdata/broken") {
		name := filepath.Base(p.File)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := describe(t, p, checker(t).Check(p).Findings)
			file := strings.TrimSuffix(p.File, ".json") + ".want"
			if os.Getenv("UPDATE_WANT") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// describe writes findings so that one can judge them: the rule, the path, the line of the pact and that of the document,
// each with its text.
func describe(t *testing.T, p *Pact, findings []*Finding) string {
	t.Helper()
	data, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	pactLines := strings.Split(string(data), "\n")
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s: %s\n  %s\n", f.Severity, f.Rule, f.Interaction, f.Message)
		fmt.Fprintf(&b, "  %s | %d:%d %s\n", f.Path, f.Line, f.Column, strings.TrimSpace(pactLines[f.Line-1]))
		if f.Spec.File != "" {
			fmt.Fprintf(&b, "  %s | %s\n", f.Spec.File, specLine(t, f.Spec))
		}
	}
	return b.String()
}

func specLine(t *testing.T, s Spec) string {
	t.Helper()
	text, err := specs.File(s.File)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	if s.Line < 1 || s.Line > len(lines) {
		t.Fatalf("%s has no such line", s)
	}
	return strings.TrimSpace(lines[s.Line-1])
}

// TestEveryRuleIsFound: the broken contracts break every rule.
func TestEveryRuleIsFound(t *testing.T) {
	t.Parallel()
	report := checker(t).Check(readPacts(t, "testdata/broken")...)
	for _, r := range Rules() {
		i := slices.IndexFunc(report.Findings, func(f *Finding) bool { return f.Rule == r.ID })
		if i < 0 {
			t.Errorf("no contract breaks %s", r.ID)
			continue
		}
		if f := report.Findings[i]; f.Severity != r.Severity {
			t.Errorf("%s is found as %s, want %s", r.ID, f.Severity, r.Severity)
		}
		if r.Meaning == "" {
			t.Errorf("%s does not say what it means", r.ID)
		}
	}
	if report.Errors+report.Warnings != len(report.Findings) || report.Errors == 0 || report.Warnings == 0 {
		t.Errorf("%d errors and %d warnings in %d findings", report.Errors, report.Warnings, len(report.Findings))
	}
}

// change is a copy of a good contract with one interaction changed.
func change(t *testing.T, file, description string, edit func(interaction map[string]any)) *Pact {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, in := range doc["interactions"].([]any) {
		if in := in.(map[string]any); in["description"] == description {
			found = true
			edit(in)
		}
	}
	if !found {
		t.Fatalf("%s has no interaction %q", file, description)
	}
	data, err = json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return Read("changed.json", data)
}

type members = map[string]any

func at(in members, names ...string) members {
	for _, name := range names {
		in = in[name].(members)
	}
	return in
}

const (
	quickbiV4  = "testdata/good/quickbi-v4.json"
	wpsV3      = "testdata/good/wps-v3.json"
	dataartsV2 = "testdata/good/dataarts-v2.json"
)

// TestMutations: what clients get wrong is found in a contract that was good before.
func TestMutations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, interaction string
		edit                    func(members)
		want                    string // rules, joined by spaces
	}{
		{"StatusOfTheOtherOperation", quickbiV4, "approve", func(in members) { at(in, "request", "query")["Status"] = []any{"0"} }, "request.value"},
		{"ParameterForgotten", quickbiV4, "approve", func(in members) { delete(at(in, "request", "query"), "ApplicationId") }, "request.missing"},
		{"OptionalParameterMisspelt", quickbiV4, "grant with a form", func(in members) {
			at(in, "request", "body")["content"] = "LlmCubes=c1&ExpireDate=2099-12-31"
		}, "request.parameter.unknown"},
		{"DateOfAnotherForm", quickbiV4, "grant with a form", func(in members) {
			at(in, "request", "body")["content"] = "LlmCubes=c1&ExpireDay=31.12.2099"
		}, "request.value"},
		{"FormInBase64", quickbiV4, "grant with a form", func(in members) {
			body := at(in, "request", "body")
			body["content"], body["encoded"] = "TGxtQ3ViZT1jMQ==", "base64" // LlmCube=c1
		}, "request.parameter.unknown"},
		{"UnsignedSuccess", quickbiV4, "approve", func(in members) {
			delete(at(in, "request", "headers"), "Authorization")
			delete(at(in, "request"), "matchingRules")
		}, "request.credentials"},
		{"ErrorWithStatus200", quickbiV4, "an application that there is not", func(in members) { at(in, "response")["status"] = 200 },
			"response.field.unknown response.field.unknown response.field.unknown"},
		{"JSONInJSON", quickbiV4, "approve", func(in members) {
			body := at(in, "response", "body")
			body["content"], body["encoded"] = `{"Result": 1, "RequestId": "D787E1A3-A93C-424A-B626-C2B05DF8D885"}`, "JSON"
		}, "response.type matcher.example"},
		{"XMLErrorOfNobody", quickbiV4, "a decided application, reply in XML", func(in members) {
			at(in, "response", "body")["content"] = "<Error><Code>Application.Lost</Code></Error>"
		}, "response.error"},
		{"SignatureRefusalStays", quickbiV4, "a wrong signature", func(in members) { delete(at(in, "request", "query"), "Status") }, ""},
		{"CursorIgnored", wpsV3, "a middle page", func(in members) { delete(at(in, "request", "query"), "cursor") }, "request.missing"},
		{"PageAsNumber", wpsV3, "the first page", func(in members) { at(in, "request", "query")["page"] = []any{10} }, ""},
		{"NextCursorAsNumber", wpsV3, "the first page", func(in members) { at(in, "response", "body", "data")["next_cursor"] = 2 }, "response.type"},
		{"MoreAsText", wpsV3, "the last page", func(in members) { at(in, "response", "body", "data")["has_more"] = "false" }, "response.type"},
		{"RefusalBecomesGood", wpsV3, "a page that is too large", func(in members) { at(in, "request", "query")["page"] = []any{"30"} }, ""},
		{"RefusalOfBusiness", wpsV3, "a page that is too large", func(in members) { at(in, "response", "body")["code"] = 400000201 }, "response.refusal response.error.message"},
		{"HeaderRefusalWithoutExpectation", wpsV3, "no content type", func(in members) {
			in["response"] = members{"status": 401, "body": members{"code": 401000001}}
		}, ""},
		{"GatewayStatus", wpsV3, "no scope", func(in members) { at(in, "response")["status"] = 400 }, "response.error.status"},
		{"OffsetNegative", dataartsV2, "a middle page", func(in members) { at(in, "request")["query"] = "limit=10&offset=-20" }, "request.value"},
		{"UserForgotten", dataartsV2, "create", func(in members) { delete(at(in, "request", "body"), "user_id") }, "request.missing"},
		{"FlagAsText", dataartsV2, "create", func(in members) { at(in, "request", "body")["sms_notify"] = "false" }, "request.type"},
		{"CreatedInsteadOfOK", dataartsV2, "create", func(in members) { at(in, "response")["status"] = 201 }, "response.status"},
		{"FieldOfTheRequestInTheReply", dataartsV2, "create", func(in members) { at(in, "response", "body", "data", "value")["email_notify"] = true }, "response.field.unknown"},
		{"ErrorInAnArray", dataartsV2, "too many at once", func(in members) {
			at(in, "response")["body"] = members{"errors": []any{members{"error_code": "DS.9999", "error_msg": "x"}}}
		}, "response.error"},
		{"QueryInThePath", dataartsV2, "delete", func(in members) {
			r := at(in, "request")
			r["path"] = r["path"].(string) + "?approver_id=1"
			delete(r, "query")
		}, "request.parameter.unknown request.missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range checker(t).Check(change(t, tt.file, tt.interaction, tt.edit)).Findings {
				if f.Interaction != tt.interaction {
					t.Errorf("%q: %s", f.Interaction, f.Message)
				}
				got = append(got, f.Rule)
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("got %q, want %q", joined, tt.want)
			}
		})
	}
}

// TestVendors: the vendor is found by host, path, action or the provider's name.
func TestVendors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, provider, method, path, headers, query, want string
	}{
		{"Path", "x", "GET", "/v7/workflow/approval_defines/user_manage", "", "", "wps getUserManageApprovalDefinitionList"},
		{"PathWithParameter", "x", "POST", "/v2/p-1/design/approvals/users", "", "", "dataarts CreateApprover"},
		{"ParameterIsEmpty", "x", "POST", "/v2//design/approvals/users", "", "", "dataarts "},
		{"ActionInQuery", "x", "POST", "/", "", "Action=SmartqAuthorize", "quickbi SmartqAuthorize"},
		{"ActionInHeader", "x", "POST", "/", `"X-Acs-Action": "ResultCallback"`, "", "quickbi ResultCallback"},
		{"SignedActionCounts", "x", "POST", "/", `"x-acs-action": "ResultCallback"`, "Action=SmartqAuthorize", "quickbi SmartqAuthorize"},
		{"HeaderOfV3Counts", "x", "POST", "/", `"Authorization": "ACS3", "x-acs-action": "ResultCallback"`, "Action=SmartqAuthorize", "quickbi ResultCallback"},
		{"HostOfAnother", "x", "GET", "/v3/projects", `"Host": "openapi.wps.cn"`, "", "wps "},
		{"HostWithRegionAndPort", "x", "GET", "/nothing", `"Host": "dayu.cn-north-4.myhuaweicloud.com:443"`, "", "dataarts "},
		{"HostThatLooksLikeOne", "x", "GET", "/nothing", `"Host": "dayu.a.b.myhuaweicloud.com"`, "", " "},
		{"ProviderName", "Alibaba Quick-BI (public)", "GET", "/nothing", "", "", "quickbi "},
		{"ProviderOfTwo", "quickbi and wps", "GET", "/nothing", "", "", " "},
		{"Nobody", "x", "GET", "/nothing", "", "", " "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Read("p.json", fmt.Appendf(nil, `{"provider": {"name": %q}, "interactions": [{"description": "d", "request": {"method": %q, "path": %q,
				"headers": {%s}, "query": %q}, "response": {"status": 200}}]}`, tt.provider, tt.method, tt.path, tt.headers, tt.query))
			if len(p.problems) > 0 {
				t.Fatal(p.problems[0].Message)
			}
			f := checker(t).locate(p.interactions[0])
			got := " "
			if f.vendor != nil {
				got = f.vendor.Name + " "
			}
			if f.op != nil {
				got += f.op.ID
			}
			if got != tt.want {
				t.Errorf("got %q, want %q (%s)", got, tt.want, f.why)
			}
			if (f.op == nil) != (f.why != "") {
				t.Errorf("operation %v, why %q", f.op, f.why)
			}
		})
	}
}
