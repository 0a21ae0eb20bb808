//go:build pact

package pact

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
)

// What the DataArts contracts name: project, workspace and first user are those of the documented example, the second
// user is a member of the demo world's workspace.
const (
	daKey       = "EXAMPLEAK00000000000"
	daTemporary = "RECORDEDTEMPORARYKEY"
	daProject   = "0833a5737480d53b2f25c010dc1a7b88"
	daWorkspace = "9ce2cfd08fda4f3b95faa5ba65fa5ec3"
	daUser      = "e5114ca3ad156756b751a56b6737898c"
	daUserName  = "wang_fang"
	daPath      = "/v2/" + daProject + "/design/approvals/users"
)

func TestDataArtsContract(t *testing.T) { dataArtsContract().make(t) }

func dataArtsContract() contract {
	return contract{provider: "dataarts", interactions: slices.Concat(daLists(), daRefusedLists(), daGateway(), daCreations(), daRefusedCreations())}
}

// daBare are the headers besides those that authenticate.
func daBare() []field {
	return []field{
		is("Workspace", daWorkspace), is("X-Project-Id", daProject), is("Content-Type", "application/json"),
		like("User-Agent", client.UserAgent, `^countersign-client-go/[0-9]+$`),
	}
}

func daHeader() []field {
	return append(daBare(), daSignature(daKey, "user-agent;workspace;x-project-id;x-sdk-date")...)
}

func daSignature(key, names string) []field {
	return []field{
		parted("Authorization",
			part{"SDK-HMAC-SHA256 Access=" + key, "SDK-HMAC-SHA256 Access=" + key},
			part{"SignedHeaders=" + names, "SignedHeaders=" + names},
			part{"Signature=" + emptyHash, "Signature=[0-9a-f]{64}"}),
		like("X-Sdk-Date", "20260115T080000Z", `^[0-9]{8}T[0-9]{6}Z$`),
	}
}

func daTokenHeader() []field {
	return append(daBare(), like("X-Auth-Token", "recorded-token", `^\S+$`))
}

func daTemporaryHeader() []field {
	signed := daSignature(daTemporary, "user-agent;workspace;x-project-id;x-sdk-date;x-security-token")
	return append(append(daBare(), signed...), like("X-Security-Token", "recorded-token", `^\S+$`))
}

func daClient(at place, change func(*dataarts.Config)) (*dataarts.Client, error) {
	c := dataarts.Config{
		Endpoint: at.url, ProjectID: daProject, Workspace: daWorkspace,
		Credentials: dataarts.Credentials{AccessKey: daKey, SecretKey: "recorded-secret"},
		Options:     at.options(),
	}
	if change != nil {
		change(&c)
	}
	return dataarts.New(c)
}

func withToken(c *dataarts.Config) {
	c.Credentials = dataarts.Credentials{Token: "recorded-token"}
}

func withTemporaryKey(c *dataarts.Config) {
	c.Credentials = dataarts.Credentials{AccessKey: daTemporary, SecretKey: "recorded-secret", SecurityToken: "recorded-token"}
}

// approvers is the state of the lists: five approvers, and a decoy with another name. The demo world has decoys in
// another workspace and in another account.
func approvers() []models.ProviderState {
	return given(
		state("approvers-exist", "count", 5, "approver_name", "zhang", "email", "zhang@example.com", "phone_number", "17775558866"),
		state("approver-exists", "approver_name", "decoy"))
}

// listApprovers is a list that the client is to read these names from, or to answer with an error.
func listApprovers(r dataarts.ListApproversRequest, change func(*dataarts.Config), total int, names []string, want error) func(context.Context, place) error {
	return func(ctx context.Context, at place) error {
		c, err := daClient(at, change)
		if err != nil {
			return err
		}
		page, err := c.ListApprovers(ctx, r)
		if problem := wants(err, want); problem != nil || want != nil {
			return problem
		}
		var got []string
		for _, a := range page.Records {
			got = append(got, a.ApproverName)
			if a.ID == "" || a.UserID == "" || a.ProjectID == "" || a.CreateTime == "" {
				return fmt.Errorf("the client reads the approver %+v", a)
			}
		}
		if page.Total != total || !slices.Equal(got, names) {
			return fmt.Errorf("the client reads %v of %d", got, page.Total)
		}
		return nil
	}
}

// approver is an approver as replies have him, with contact data or without.
func approver(name string, contact bool) map[string]any {
	var email, phone any
	if contact {
		email = matchers.Regex("B****user", `^[0-9A-Za-z+/*=]+$`)
		phone = matchers.Regex("B****E", `^[0-9A-Za-z+/*=]+$`)
	}
	return map[string]any{
		"id":            matchers.Regex("42821", `^[0-9]+$`),
		"approver_name": name, "user_name": name,
		"user_id": matchers.Regex("0833a573fe80d5401f6dc010a775569a", `^[0-9a-f]{32}$`),
		"email":   email, "phone_number": phone, "user_type": nil,
		"create_by":   matchers.Regex("test_uesr", `^\S+$`),
		"create_time": matchers.Regex("2024-04-19T09:59:58.000Z", `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3})?Z$`),
		"app_name":    "dlg_ds",
		"topic_urn":   matchers.Regex("urn:smn:cn-north-7:"+daProject+":DataArts_Topic_Approver_x", `^urn:smn:[0-9A-Za-z-]+:`+daProject+`:\S+$`),
		"project_id":  daProject + "-workspace-" + daWorkspace,
	}
}

// approverPage is a list that succeeds.
func approverPage(name string, r dataarts.ListApproversRequest, total int, names ...string) interaction {
	records := []any{}
	for _, n := range names {
		records = append(records, approver(n, n != "decoy"))
	}
	return interaction{
		name: "ListApprovers: " + name, given: approvers(),
		method: "GET", path: daPath, query: daQuery(r), header: daHeader(),
		status: 200, replyHeader: jsonReply,
		reply: map[string]any{"data": map[string]any{"value": map[string]any{"total": total, "records": records}}},
		call:  listApprovers(r, nil, total, names, nil),
	}
}

func daQuery(r dataarts.ListApproversRequest) (query []field) {
	if r.ApproverName != "" {
		query = append(query, is("approver_name", r.ApproverName))
	}
	if r.Limit != nil {
		query = append(query, is("limit", fmt.Sprint(*r.Limit)))
	}
	if r.Offset != nil {
		query = append(query, is("offset", fmt.Sprint(*r.Offset)))
	}
	return query
}

// window is a list from an offset.
func window(limit, offset int) dataarts.ListApproversRequest {
	return dataarts.ListApproversRequest{Limit: &limit, Offset: &offset}
}

func daLists() []interaction {
	all := []string{"zhang-1", "zhang-2", "zhang-3", "zhang-4", "zhang-5"}
	filtered := window(2, 2)
	filtered.ApproverName = "zhang"
	nobody := approverPage("no approvers", window(2, 0), 0)
	nobody.given = given(state("no-approvers"))
	token := approverPage("with a token", window(2, 0), 6, all[:2]...)
	token.header = daTokenHeader()
	token.call = listApprovers(window(2, 0), withToken, 6, all[:2], nil)
	temporary := approverPage("with temporary credentials", window(2, 0), 6, all[:2]...)
	temporary.given = append(temporary.given, state("temporary-access-key"))
	temporary.header = daTemporaryHeader()
	temporary.call = listApprovers(window(2, 0), withTemporaryKey, 6, all[:2], nil)
	return []interaction{
		approverPage("the first page", window(2, 0), 6, all[:2]...),
		approverPage("a page in the middle", window(2, 2), 6, all[2:4]...),
		approverPage("the last page", window(4, 4), 6, all[4], "decoy"),
		approverPage("a page behind the last", window(2, 6), 6),
		approverPage("an offset that is no multiple of limit is rounded down", window(2, 3), 6, all[2:4]...),
		approverPage("without any parameter", dataarts.ListApproversRequest{}, 6, append(slices.Clone(all), "decoy")...),
		approverPage("by name", filtered, 5, all[2:4]...),
		approverPage("by a name that nobody has", dataarts.ListApproversRequest{ApproverName: "nobody"}, 0),
		nobody, token, temporary,
	}
}

// daRefused makes a refusal of an interaction. More are fields of the reply besides code and text.
func daRefused(i interaction, states []models.ProviderState, status int, code string, message any, more map[string]any) interaction {
	i.given, i.status = states, status
	reply := map[string]any{"error_code": code, "error_msg": message}
	for k, v := range more {
		reply[k] = v
	}
	i.reply = reply
	return i
}

// because is what the service says besides; that it says it there is a guess (DA-032).
func because(parameter string) map[string]any {
	data := map[string]any{"reason": matchers.Regex("why it is refused", `^.+$`)}
	if parameter != "" {
		data["parameter"] = parameter
	}
	return map[string]any{"data": data}
}

// fromGateway is what the gateway says besides.
var fromGateway = map[string]any{"request_id": matchers.Regex("d4e8174b8df00840aef0c6907ec0e384", `^[0-9a-f]{32}$`)}

const (
	daIllegal      = "The user request is illegal."
	daNoPermission = "The user does not have permission to call this API."
)

func daRefusedList(name string, states []models.ProviderState, r dataarts.ListApproversRequest, status int, code string, message any, more map[string]any, want *client.Code) interaction {
	i := daRefused(approverPage(name, r, 0), states, status, code, message, more)
	i.call = listApprovers(r, nil, 0, nil, want)
	return i
}

func daRefusedLists() []interaction {
	illegal := func(name, parameter string, r dataarts.ListApproversRequest) interaction {
		return daRefusedList(name, approvers(), r, 400, "DS.60xx", daIllegal, because(parameter), dataarts.ErrIllegalRequest)
	}
	workspace := illegal("a workspace that is not there, DS.60xx/workspace", "workspace", window(2, 0))
	unknown := strings.Repeat("0", 32)
	workspace.header = append([]field{is("Workspace", unknown)}, workspace.header[1:]...)
	workspace.call = listApprovers(window(2, 0), func(c *dataarts.Config) { c.Workspace = unknown }, 0, nil, dataarts.ErrIllegalRequest)
	header := illegal("X-Project-Id lost on the way, DS.60xx/project-header", "X-Project-Id", window(2, 0))
	header.given = append(header.given, state("several-projects"))
	header.header = slices.DeleteFunc(daHeader(), func(f field) bool { return f.name == "X-Project-Id" })
	header.call = underway(withoutHeader("X-Project-Id"), header.call)
	project := daRefusedList("another account's project, DS.60xx/project", approvers(), window(2, 0), 403, "DS.60xx", daNoPermission, because("project_id"), dataarts.ErrNoPermission)
	project.path = strings.Replace(daPath, daProject, unknown, 1)
	project.header = append([]field{is("Workspace", daWorkspace), is("X-Project-Id", unknown)}, project.header[2:]...)
	project.call = listApprovers(window(2, 0), func(c *dataarts.Config) { c.ProjectID = unknown }, 0, nil, dataarts.ErrNoPermission)
	api := daRefusedList("a path that is none of the service's, DS.60xx/api", approvers(), window(2, 0), 404, "DS.60xx", "The User Request API does not exist.", because(""), dataarts.ErrNoSuchAPI)
	api.path = daPath + "/all"
	api.call = underway(func(r *http.Request) { r.URL.Path += "/all" }, api.call)
	return []interaction{header, project, api,
		illegal("a limit of 0", "limit", window(0, 0)),
		illegal("a limit above 100", "limit", window(101, 0)),
		illegal("a negative offset", "offset", window(2, -2)),
		workspace,
		daRefusedList("the caller is no member of the workspace", given(state("caller-role", "role", "none")), window(2, 0), 403, "DS.60xx", daNoPermission, because(""), dataarts.ErrNoPermission),
		daRefusedList("the caller is disabled", given(state("caller-disabled")), window(2, 0), 401, "DS.60xx", "User authentication failed.", because(""), dataarts.ErrAuthenticationFailed),
		withTokenOf(daRefusedList("a token of another project", given(state("token-of-another-project")), window(2, 0), 401, "DS.60xx",
			"User authentication failed.", because("project_id"), dataarts.ErrAuthenticationFailed), dataarts.ErrAuthenticationFailed),
	}
}

// withTokenOf sends a token in place of a signature.
func withTokenOf(i interaction, want *client.Code) interaction {
	i.header = daTokenHeader()
	i.call = listApprovers(window(2, 0), withToken, 0, nil, want)
	return i
}

func daGateway() []interaction {
	text := func(s string) any {
		return matchers.Regex("Incorrect IAM authentication information: "+s, `^Incorrect IAM authentication information: .*`+s+`.*$`)
	}
	refused := func(name string, states []models.ProviderState, status int, code string, message any, want *client.Code) interaction {
		return daRefusedList(name, states, window(2, 0), status, code, message, fromGateway, want)
	}
	sign := func(how string) []models.ProviderState { return given(state("no-approvers", "sign", how)) }
	list := []interaction{
		refused("signed with another secret", sign("wrong-secret"), 401, "APIGW.0301", text("verify aksk signature fail"), dataarts.ErrAuthSignature),
		refused("signed an hour ago", sign("expired"), 401, "APIGW.0301", text("signature expired"), dataarts.ErrAuthSignatureExpired),
		refused("signed with an unknown key", sign("unknown-key"), 401, "APIGW.0301", text(" not exist"), dataarts.ErrAuthAccessKey),
		refused("neither signed nor with a token", sign("none"), 401, "APIGW.0301", text("x-auth-token not found"), dataarts.ErrAuthNoToken),
		refused("signed with a locked key", given(state("access-key-locked")), 401, "APIGW.0301", text("AK access failed to reach the limit"), dataarts.ErrAuthAccessKeyLocked),
		withTokenOf(refused("a token that was never issued", sign("unknown-key"), 401, "APIGW.0301", text("decrypt token fail"), nil), dataarts.ErrAuthDecryptToken),
		withTokenOf(refused("a token that has expired", given(state("token-expired")), 401, "APIGW.0307", "The token must be updated.", nil), dataarts.ErrTokenMustBeUpdated),
		withTokenOf(refused("a token of another region", given(state("token-of-another-region")), 401, "APIGW.0307", "The token must be updated.", nil), dataarts.ErrTokenMustBeUpdated),
		refused("the user has no policy", given(state("caller-without-policy")), 403, "APIGW.0302", "The IAM user is not authorized to access the API.", dataarts.ErrIAMUserNotAuthorized),
		refused("the project is disabled", given(state("project-unavailable")), 403, "APIGW.0310", "The project is unavailable.", dataarts.ErrProjectUnavailable),
	}
	for _, x := range daConditions {
		code, _, _ := strings.Cut(x.name, "/")
		list = append(list, refused("the gateway answers "+x.name, given(state("gateway-condition", "error", x.name)), x.status, code, x.message, x.want))
	}
	return list
}
