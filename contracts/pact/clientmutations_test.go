//go:build pact

package pact

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// query changes the parameters of a request.
func query(change func(url.Values)) spoiled {
	return func(r *http.Request) {
		values := r.URL.Query()
		change(values)
		r.URL.RawQuery = values.Encode()
	}
}

// withoutHeader forgets a header.
func withoutHeader(name string) spoiled { return func(r *http.Request) { r.Header.Del(name) } }

// fewerSigned signs a header less.
func fewerSigned(name string) spoiled {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), name, "", 1))
	}
}

// inBody replaces a text of the body.
func inBody(old, other string) spoiled {
	return func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		body = []byte(strings.Replace(string(body), old, other, 1))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
}

// A client that does not do what its contract says is caught. Each mutation is held to one interaction, which the client
// passes as it is.
func TestClientMutations(t *testing.T) {
	tests := []struct {
		name        string
		contract    contract
		interaction string
		spoil       spoiled
	}{
		{"ForgetsAParameter", quickBIContract(), "ResultCallback: approve an open application", query(func(v url.Values) { v.Del("HandleReason") })},
		{"SwapsTheStatus", quickBIContract(), "ResultCallback: approve an open application", query(func(v url.Values) { v.Set("Status", "2") })},
		{"ApprovesInWords", quickBIContract(), "ResultCallback: reject an open application", query(func(v url.Values) { v.Set("Status", "reject") })},
		{"SignsOneHeaderLess", quickBIContract(), "ResultCallback: approve an open application", fewerSigned("x-acs-version")},
		{"SendsNoNonce", quickBIContract(), "ResultCallback: approve an open application", withoutHeader("x-acs-signature-nonce")},
		{"SendsNoSignature", quickBIContract(), "ResultCallback: approve an open application", withoutHeader("Authorization")},
		{"SendsNoSignatureV1", quickBIContract(), "ResultCallback: approve an open application, signed with V1", query(func(v url.Values) { v.Del("Signature") })},
		{"SendsNoSecurityToken", quickBIContract(), "ResultCallback: approve an open application, with temporary credentials", withoutHeader("x-acs-security-token")},
		{"SendsAForm", quickBIContract(), "ResultCallback: approve an open application", func(r *http.Request) { r.URL.RawQuery = "" }},
		{"UsesGet", quickBIContract(), "ResultCallback: approve an open application", func(r *http.Request) { r.Method = http.MethodGet }},
		{"MisspellsAParameter", quickBIContract(), "SmartqAuthorize: revoke", query(func(v url.Values) { v.Set("CubeIDs", v.Get("CubeIds")); v.Del("CubeIds") })},
		{"SeparatesBySemicolons", quickBIContract(), "SmartqAuthorize: grant two users a resource, a theme and what was made of a data set",
			query(func(v url.Values) { v.Set("UserIds", strings.ReplaceAll(v.Get("UserIds"), ",", ";")) })},
		{"GrantsInPlaceOfRevoking", quickBIContract(), "SmartqAuthorize: revoke", query(func(v url.Values) { v.Set("OperationType", "0") })},
		{"IgnoresNextCursor", wpsContract(), "getUserManageApprovalDefinitionList: a page in the middle", query(func(v url.Values) { v.Set("cursor", "") })},
		{"LeavesTheFirstCursorOut", wpsContract(), "getUserManageApprovalDefinitionList: the first page", query(func(v url.Values) { v.Del("cursor") })},
		{"CountsPages", wpsContract(), "getUserManageApprovalDefinitionList: a page in the middle", query(func(v url.Values) { v.Set("page", "1") })},
		{"SendsNoContentType", wpsContract(), "getUserManageApprovalDefinitionList: the first page", withoutHeader("Content-Type")},
		{"SendsNoKso1", wpsContract(), "getUserManageApprovalDefinitionList: the first page", withoutHeader("X-Kso-Authorization")},
		{"DatesInIso8601", wpsContract(), "getUserManageApprovalDefinitionList: the first page", func(r *http.Request) { r.Header.Set("X-Kso-Date", "2026-01-15T08:00:00Z") }},
		{"SendsAnOffsetBetweenPages", dataArtsContract(), "ListApprovers: a page in the middle", query(func(v url.Values) { v.Set("offset", "1") })},
		{"ForgetsTheFilter", dataArtsContract(), "ListApprovers: by name", query(func(v url.Values) { v.Del("approver_name") })},
		{"ForgetsTheWorkspace", dataArtsContract(), "ListApprovers: the first page", withoutHeader("Workspace")},
		{"SignsTheWorkspaceNot", dataArtsContract(), "ListApprovers: the first page", fewerSigned("workspace;")},
		{"SendsFlagsAsText", dataArtsContract(), "CreateApprover: a member with everything", inBody(`"sms_notify":true`, `"sms_notify":"true"`)},
		{"LeavesFalseOut", dataArtsContract(), "CreateApprover: a member who is not notified", inBody(`"email_notify":false,`, ``)},
		{"ForgetsTheUser", dataArtsContract(), "CreateApprover: a member with nothing but name and id", inBody(`,"user_id":"`+daUser+`"`, ``)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := tt.contract.find(t, tt.interaction)
			if err := tt.contract.play(t, t.TempDir(), i, spoiled(func(*http.Request) {})); err != nil {
				t.Fatalf("as it is: %v", err)
			}
			if err := tt.contract.play(t, t.TempDir(), i, tt.spoil); err == nil {
				t.Error("the contract does not notice")
			}
		})
	}
}

func (c contract) find(t *testing.T, name string) interaction {
	t.Helper()
	for _, i := range c.interactions {
		if i.name == name {
			return i
		}
	}
	t.Fatalf("the contract with %s has no interaction %q", c.provider, name)
	return interaction{}
}
