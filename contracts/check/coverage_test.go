package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func cover(t *testing.T, scope Scope, pacts ...*Pact) *Coverage {
	t.Helper()
	report := checker(t).Check(pacts...)
	if err := report.Cover(scope); err != nil {
		t.Fatal(err)
	}
	return report.Coverage
}

// touched lists what is touched, and what is not, of an operation.
func touched(parts []Part) (yes, no []string) {
	for _, p := range parts {
		if p.Covered() {
			yes = append(yes, p.Name)
		} else {
			no = append(no, p.Name)
		}
	}
	return yes, no
}

func of(t *testing.T, c *Coverage, operation string) *OperationCoverage {
	t.Helper()
	i := slices.IndexFunc(c.Operations, func(o *OperationCoverage) bool { return o.Operation == operation })
	if i < 0 {
		t.Fatalf("%s is not covered", operation)
	}
	return c.Operations[i]
}

func TestCoverageOfTheGoodPacts(t *testing.T) {
	t.Parallel()
	c := cover(t, Scope{}, readPacts(t, "testdata/good")...)
	tests := []struct{ operation, parametersMissing, errors, pages string }{
		{"ResultCallback", "", "Application.RecordClosed Application.NotExist Invalid.Parameter.Error System.Param.Empty", ""},
		{"SmartqAuthorize", "", "", ""},
		{"getUserManageApprovalDefinitionList", "", "", "first middle last empty default size"},
		{"getAccessToken", "app_ticket code company_id redirect_uri refresh_token scope", "", ""},
		{"ListApprovers", "X-Security-Token", "", "first middle last empty rounding default size"},
		{"CreateApprover", "X-Security-Token", "DS.60xx/member DS.60xx/role DS.60xx/admin", ""},
		{"KeystoneCreateUserTokenByPassword", "auth.scope.domain.id auth.scope.domain.name auth.scope.project.id", "IAM.401", ""},
		{"KeystoneListAuthDomains", "X-Auth-Token X-Security-Token", "", ""},
	}
	for _, tt := range tests {
		o := of(t, c, tt.operation)
		_, missing := touched(o.Parameters)
		errors, _ := touched(o.Errors)
		pages, _ := touched(o.Pages)
		for what, got := range map[string][2]string{"parameters not sent": {strings.Join(missing, " "), tt.parametersMissing},
			"errors": {strings.Join(errors, " "), tt.errors}, "pages": {strings.Join(pages, " "), tt.pages}} {
			if got[0] != got[1] {
				t.Errorf("%s: %s: got %q, want %q", tt.operation, what, got[0], got[1])
			}
		}
		if called := tt.operation != "KeystoneListAuthDomains"; o.Called.Covered() != called {
			t.Errorf("%s: called %v, want %v", tt.operation, o.Called.Covered(), called)
		}
	}
	for file, want := range map[string]string{"quickbi/common.yaml": "InvalidAction.NotFound SignatureDoesNotMatch/V3", "dataarts/common.yaml": "APIGW.0308",
		"dataarts/approvers.yaml": "DS.60xx/parameter", "wps/approval-defines.yaml": "400000003/scope 404000001/route"} {
		i := slices.IndexFunc(c.Shared, func(s *SharedCoverage) bool { return s.File == file })
		if i < 0 {
			t.Errorf("the errors of %s are not there", file)
			continue
		}
		got, _ := touched(c.Shared[i].Errors)
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%s: got %q, want %q", file, joined, want)
		}
		if gateway := strings.HasSuffix(file, "/common.yaml"); c.Shared[i].Gateway != gateway || c.Shared[i].Counted == gateway {
			t.Errorf("%s: gateway %v, counted %v", file, c.Shared[i].Gateway, c.Shared[i].Counted)
		}
	}
	if len(c.Ambiguous) > 0 {
		t.Errorf("ambiguous: %+v", *c.Ambiguous[0])
	}
}

// TestCoverageCounts adds up by hand what the report adds up.
func TestCoverageCounts(t *testing.T) {
	t.Parallel()
	for _, gateway := range []bool{false, true} {
		c := cover(t, Scope{Gateway: gateway}, readPacts(t, "testdata/good")...)
		var parts []Part
		for _, o := range c.Operations {
			parts = slices.Concat(parts, []Part{o.Called}, o.Parameters, o.Errors, o.Pages)
		}
		for _, s := range c.Shared {
			if !s.Gateway || gateway {
				parts = append(parts, s.Errors...)
			}
		}
		yes, no := touched(parts)
		if c.Covered != len(yes) || c.Total != len(yes)+len(no) || c.Total == 0 {
			t.Errorf("gateway %v: %d of %d, want %d of %d", gateway, c.Covered, c.Total, len(yes), len(yes)+len(no))
		}
		if want := float64(c.Covered) / float64(c.Total); c.Percent/100 != want && c.Percent != want*100 {
			t.Errorf("percent %v, want %v", c.Percent, want*100)
		}
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	all := readPacts(t, "testdata/good")
	tests := []struct {
		name  string
		pacts []*Pact
		scope []string
		want  string // operations, or the error
	}{
		{"CalledVendors", readPacts(t, wpsV3), nil, "getUserManageApprovalDefinitionList getAccessToken"},
		{"Operation", all, []string{"ListApprovers"}, "ListApprovers"},
		{"VendorAndOperation", all, []string{"ResultCallback", "wps"}, "ResultCallback getUserManageApprovalDefinitionList getAccessToken"},
		{"NotCalled", readPacts(t, wpsV3), []string{"ResultCallback"}, "ResultCallback"},
		{"ErrUnknown", all, []string{"ResultCallbak"}, `no operation or vendor is named "ResultCallbak"`},
		{"ErrNothing", []*Pact{Read("x", []byte(`{"interactions": [{"request": {"path": "/nowhere"}, "response": {}}]}`))}, nil, "nothing to cover"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			report := checker(t).Check(tt.pacts...)
			err := report.Cover(Scope{Names: tt.scope})
			if err != nil {
				if !strings.HasPrefix(tt.name, "Err") || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %s", err, tt.want)
				}
				return
			}
			var got []string
			for _, o := range report.Coverage.Operations {
				got = append(got, o.Operation)
			}
			if joined := strings.Join(got, " "); joined != tt.want {
				t.Errorf("got %s, want %s", joined, tt.want)
			}
		})
	}
}

// TestLessIsCovered: what a changed contract no longer does is no longer covered.
func TestLessIsCovered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, interaction string
		edit                    func(members)
		operation, lost         string
	}{
		{"ParameterNotSent", quickbiV4, "grant with a form", func(in members) { at(in, "request", "body")["content"] = "LlmCubes=c1&CubeIds=" },
			"SmartqAuthorize", "LlmCubeThemes ExpireDay CubeIds"},
		{"ParameterRefused", quickbiV4, "grant with a form", func(in members) {
			at(in, "request", "body")["content"] = "LlmCubes=c&LlmCubeThemes=t&CubeIds=d&ExpireDay=soon"
		},
			"SmartqAuthorize", "ExpireDay"},
		{"CursorIgnored", wpsV3, "a middle page", func(in members) { at(in, "request", "query")["cursor"] = []any{""} },
			"getUserManageApprovalDefinitionList", "middle"},
		{"LastPageGoesOn", wpsV3, "the last page", func(in members) { at(in, "response", "body", "data")["has_more"] = true },
			"getUserManageApprovalDefinitionList", "last"},
		{"NoHasMore", wpsV3, "the last page", func(in members) { delete(at(in, "response", "body", "data"), "has_more") },
			"getUserManageApprovalDefinitionList", ""},
		{"SizeSent", wpsV3, "no definitions, default size", func(in members) { at(in, "request", "query")["page"] = []any{"5"} },
			"getUserManageApprovalDefinitionList", "default size"},
		{"OffsetIsMultiple", dataartsV2, "a last page, offset rounded", func(in members) { at(in, "request")["query"] = "limit=10&offset=110" },
			"ListApprovers", "rounding"},
		{"TotalNotExpected", dataartsV2, "a last page, offset rounded", func(in members) { delete(at(in, "response", "body", "data", "value"), "total") },
			"ListApprovers", "last"},
		{"LastBecomesMiddle", dataartsV2, "a last page, offset rounded", func(in members) { at(in, "request")["query"] = "limit=10&offset=107" },
			"ListApprovers", "last"},
		{"PageRefused", dataartsV2, "a middle page", func(in members) { at(in, "request")["query"] = "limit=1000&offset=20&approver_name=a" },
			"ListApprovers", "middle"},
		{"CodeNotExpected", quickbiV4, "an application that there is not", func(in members) { delete(at(in, "response"), "body") },
			"ResultCallback", "Application.NotExist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := of(t, cover(t, Scope{Names: []string{tt.operation}}, readPacts(t, tt.file)...), tt.operation)
			after := of(t, cover(t, Scope{Names: []string{tt.operation}}, change(t, tt.file, tt.interaction, tt.edit)), tt.operation)
			all := func(o *OperationCoverage) []string {
				yes, _ := touched(slices.Concat(o.Parameters, o.Errors, o.Pages))
				return yes
			}
			var lost []string
			for _, name := range all(before) {
				if !slices.Contains(all(after), name) {
					lost = append(lost, name)
				}
			}
			if joined := strings.Join(lost, " "); joined != tt.lost {
				t.Errorf("lost %q, want %q", joined, tt.lost)
			}
		})
	}
}

// TestAttribution: which entry of the catalogue an interaction means, by what it says of it.
func TestAttribution(t *testing.T) {
	t.Parallel()
	const list = `"method": "GET", "path": "/v7/workflow/approval_defines/user_manage", "headers": {"Content-Type": "application/json"}`
	const create = `"method": "POST", "path": "/v2/p-1/design/approvals/users", "headers": {"workspace": "w-1", "Content-Type": "application/json"}`
	const person = `, "body": {"approver_name": "a", "user_id": "u"}`
	tests := []struct{ name, description, states, request, body, want string }{
		{"OnlyOne", "", "", list + `, "query": "cursor=&page=1"`, `"status": 403, "body": {"code": 403000002}`, "403000002"},
		{"ByMessage", "", "", list + `, "query": "cursor=&page=1"`, `"status": 403, "body": {"code": 403000001, "msg": "unable to read user permission"}`, "403000001/user"},
		{"ByState", "", `{"name": "wps-user-disabled"}`, list + `, "query": "cursor=&page=1"`, `"status": 403, "body": {"code": 403000001}`, "403000001/denied"},
		{"ByRequest", "", "", list + `, "query": "cursor=&page=31"`, `"status": 400, "body": {"code": 400000007}`, "400000007/range"},
		{"NotForParameters", "", "", list + `, "query": "cursor=x&page=3"`, `"status": 400, "body": {"code": 400000007}`, "400000007/cursor"},
		{"RatherDocumented", "", "", list + `, "query": "cursor=&page=3"`, `"status": 403, "body": {"code": 400000003}`, "400000003/scope"},
		{"ByDescription", "as 403000001/user.", "", list + `, "query": "cursor=&page=1"`, `"status": 403, "body": {"code": 403000001}`, "403000001/user"},
		{"ByParameterOfState", "", `{"name": "x", "params": {"errors": ["DS.60xx/role"]}}`, create + person, `"status": 400, "body": {"error_code": "DS.60xx"}`, "DS.60xx/role"},
		{"WordsOfOtherNames", "DS.60xx/roles, DS.60xx/member-of", "", create + person, `"status": 400, "body": {"error_code": "DS.60xx"}`,
			"DS.60xx/member DS.60xx/role DS.60xx/workspace DS.60xx/project-header"},
		{"BodyRefused", "", "", create + `, "body": {"approver_name": "a"}`, `"status": 400, "body": {"error_code": "DS.60xx"}`, "DS.60xx/parameter"},
		{"StatusOnly", "", "", create + person, `"status": 429`, "APIGW.0308 APIGW.0308/user APIGW.0308/ip"},
		{"Array", "", "", create + person, `"status": 400, "body": {"errors": [{"error_code": "DLG.0818"}]}`, "DLG.0818"},
		{"Success", "", "", create + person, `"status": 200`, ""},
		{"Unknown", "", "", create + person, `"status": 400, "body": {"error_code": "DS.1"}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Read("p.json", fmt.Appendf(nil, `{"interactions": [{"description": %q, "providerStates": [%s], "request": {%s}, "response": {%s}}]}`,
				tt.description, tt.states, tt.request, tt.body))
			if len(p.problems) > 0 {
				t.Fatal(p.problems[0].Message)
			}
			report := checker(t).Check(p)
			var got []string
			for _, e := range report.results[0].attribute() {
				got = append(got, e.Name)
			}
			slices.Sort(got)
			want := strings.Fields(tt.want)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if err := report.Cover(Scope{Gateway: true}); err != nil {
				t.Fatal(err)
			}
			if ambiguous := len(report.Coverage.Ambiguous) > 0; ambiguous != (len(want) > 1) {
				t.Errorf("ambiguous is %v with %d candidates", ambiguous, len(want))
			}
		})
	}
}

// What does not count is not ambiguous either.
func TestAmbiguousOnlyIfItCounts(t *testing.T) {
	t.Parallel()
	p := Read("p.json", []byte(`{"interactions": [{"description": "throttled", "request": {"path": "/v2/p-1/design/approvals/users",
		"headers": {"workspace": "w-1"}}, "response": {"status": 429}}]}`))
	for gateway, want := range map[bool]int{false: 0, true: 1} {
		if got := cover(t, Scope{Gateway: gateway}, p).Ambiguous; len(got) != want {
			t.Errorf("gateway %v: %d ambiguous, want %d", gateway, len(got), want)
		}
	}
}
