//go:build pact

package pact

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/quickbi"
)

// What the Quick BI contracts name. The key and the users are the demo world's; the applications are made by the states.
const (
	qbKey         = "LTAI5t6ef8be29d2e127c8c5"
	qbTemporary   = "STS.NT11fcebf583355e5dd8"
	qbAuthorized  = "LTAI5tfe8fded7e34f0dbeef"
	qbToken       = "CAISrecorded"
	qbNonce       = "9c7a1f3e5b2d4860a1c3e5f708192a3b"
	qbApplication = "e0c1f2a3-5b4d-4c6e-8f70-112233445566"
	qbUser        = "157d917b39a551f59db1ebdcebc81552"
	qbUser2       = "2d9915279a2c05392be71ac370a754a0"
	qbCube        = "contract-llm-cube"
	qbTheme       = "b259c1959d222b6233f45ff1864931b7"
	qbDataSet     = "59f7206f4de9a872326f98f0a03fddfe"
	emptyHash     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

const qbRequestID = `^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$`

// qbMismatch fits what the gateway says of a wrong signature: a sentence and, over several lines, what it has signed.
const qbMismatch = `^Specified signature does not match our calculation\.[\s\S]*$`

func TestQuickBIContract(t *testing.T) { quickBIContract().make(t) }

func quickBIContract() contract {
	c := contract{provider: "quickbi"}
	c.interactions = append(c.interactions, callbackContract()...)
	c.interactions = append(c.interactions, authorizeContract()...)
	return c
}

// v3Header are the headers of a V3 request; with a temporary key there are two more.
func v3Header(action, key string) []field {
	names := "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
	var more []field
	if key == qbTemporary {
		names = "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version"
		more = []field{is("x-acs-accesskey-id", key), like("x-acs-security-token", qbToken, `^CAIS[0-9A-Za-z]+$`)}
	}
	return append([]field{
		parted("Authorization",
			part{"ACS3-HMAC-SHA256 Credential=" + key, "ACS3-HMAC-SHA256 Credential=" + strings.ReplaceAll(key, ".", `\.`)},
			part{"SignedHeaders=" + names, "SignedHeaders=" + names},
			part{"Signature=" + emptyHash, "Signature=[0-9a-f]{64}"}),
		is("x-acs-action", action),
		is("x-acs-version", "2022-01-01"),
		is("x-acs-content-sha256", emptyHash),
		like("x-acs-date", "2026-01-15T08:00:00Z", `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$`),
		like("x-acs-signature-nonce", qbNonce, `^[0-9a-f]{32}$`),
		is("Accept", "application/json"),
	}, more...)
}

// v1Query are the parameters that a V1 request has besides the operation's.
func v1Query(action string) []field {
	return []field{
		is("AccessKeyId", qbKey), is("Action", action), is("Format", "json"), is("Version", "2022-01-01"),
		is("SignatureMethod", "HMAC-SHA1"), is("SignatureVersion", "1.0"),
		like("SignatureNonce", qbNonce, `^[0-9a-f]{32}$`),
		like("Timestamp", "2026-01-15T08:00:00Z", `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$`),
		like("Signature", "6wRkXQ6Sc2mA1Zl8yX1yQ0bq2nI=", `^[0-9A-Za-z+/]{27}=$`),
	}
}

// qbClient is the client, with a change to its configuration.
func qbClient(at place, change func(*quickbi.Config)) (*quickbi.Client, error) {
	c := quickbi.Config{
		Endpoint:    at.url,
		Credentials: quickbi.Credentials{AccessKeyId: qbKey, AccessKeySecret: "recorded-secret"},
		Nonce:       func() string { return qbNonce },
		Options:     at.options(),
	}
	if change != nil {
		change(&c)
	}
	return quickbi.New(c)
}

func withV1(c *quickbi.Config) { c.Scheme = quickbi.V1 }

func withTemporary(c *quickbi.Config) {
	c.Credentials = quickbi.Credentials{AccessKeyId: qbTemporary, AccessKeySecret: "recorded-secret", SecurityToken: qbToken}
}

// qbRefusal is the reply of an error.
func qbRefusal(code string, message any) map[string]any {
	return map[string]any{
		"RequestId": matchers.Regex("D787E1A3-A93C-424A-B626-C2B05DF8D885", qbRequestID),
		"HostId":    matchers.Regex("quickbi-public.cn-hangzhou.aliyuncs.com", `^[0-9A-Za-z.:-]+$`),
		"Code":      code,
		"Message":   message,
	}
}

var jsonReply = []field{like("Content-Type", "application/json; charset=utf-8", `^application/json(;\s*charset=[Uu][Tt][Ff]-8)?$`)}

// decide is a ResultCallback that the client is to answer with an error; nil for none.
func decide(r quickbi.ResultCallbackRequest, change func(*quickbi.Config), want error) func(context.Context, place) error {
	return func(ctx context.Context, at place) error {
		c, err := qbClient(at, change)
		if err != nil {
			return err
		}
		reply, err := c.ResultCallback(ctx, r)
		if problem := wants(err, want); problem != nil || want != nil {
			return problem
		}
		if !reply.Result || !reply.Success || reply.RequestId == "" {
			return fmt.Errorf("the client reads %+v", reply)
		}
		return nil
	}
}

var approval = quickbi.ResultCallbackRequest{ApplicationId: qbApplication, HandleReason: "同意，财务 a+b*c~d", Status: quickbi.Approve}

func decisionQuery(r quickbi.ResultCallbackRequest) (query []field) {
	for _, p := range [][2]string{{"ApplicationId", r.ApplicationId}, {"HandleReason", r.HandleReason}, {"Status", string(r.Status)}} {
		if p[1] != "" {
			query = append(query, is(p[0], p[1]))
		}
	}
	return query
}

// decision is a ResultCallback that succeeds.
func decision(name string, r quickbi.ResultCallbackRequest) interaction {
	return interaction{
		name: "ResultCallback: " + name,
		// The decoys: one that is decided, one that somebody else must decide.
		given: given(state("application-open", "application_id", r.ApplicationId), state("application-closed"),
			state("application-for-workspace-admin")),
		method: "POST", path: "/", query: decisionQuery(r), header: v3Header("ResultCallback", qbKey),
		status: 200, replyHeader: jsonReply,
		reply: map[string]any{"RequestId": matchers.Regex("D787E1A3-A93C-424A-B626-C2B05DF8D885", qbRequestID), "Result": true, "Success": true},
		call:  decide(r, nil, nil),
	}
}

// refusedDecision is a ResultCallback that is refused.
func refusedDecision(name string, states []models.ProviderState, r quickbi.ResultCallbackRequest, status int, code string, message any, want *client.Code) interaction {
	i := decision(name, r)
	i.given, i.status, i.reply, i.call = states, status, qbRefusal(code, message), decide(r, nil, want)
	return i
}

func callbackContract() []interaction {
	rejection := approval
	rejection.Status, rejection.HandleReason = quickbi.Reject, "你不是A部门分析师。"
	v1 := decision("approve an open application, signed with V1", approval)
	v1.query, v1.call = append(v1Query("ResultCallback"), v1.query...), decide(approval, withV1, nil)
	v1.header = []field{is("x-acs-action", "ResultCallback"), is("x-acs-version", "2022-01-01")}
	temporary := decision("approve an open application, with temporary credentials", approval)
	temporary.given = append(temporary.given, state("temporary-credentials"))
	temporary.header, temporary.call = v3Header("ResultCallback", qbTemporary), decide(approval, withTemporary, nil)
	list := []interaction{decision("approve an open application", approval), decision("reject an open application", rejection), v1, temporary}
	list = append(list, refusedParameters()...)
	list = append(list, refusedApplications()...)
	list = append(list, refusedCallers()...)
	return append(list, refusedByGateway()...)
}

func refusedParameters() []interaction {
	open := given(state("application-open", "application_id", qbApplication))
	change := func(f func(*quickbi.ResultCallbackRequest)) quickbi.ResultCallbackRequest {
		r := approval
		f(&r)
		return r
	}
	return []interaction{
		refusedDecision("without a reason", open, change(func(r *quickbi.ResultCallbackRequest) { r.HandleReason = "" }),
			400, "System.Param.Empty", "You must specify the HandleReason parameter.", quickbi.ErrSystemParamEmpty),
		refusedDecision("without a status", open, change(func(r *quickbi.ResultCallbackRequest) { r.Status = "" }),
			400, "System.Param.Empty", "You must specify the Status parameter.", quickbi.ErrSystemParamEmpty),
		refusedDecision("without an application", open, change(func(r *quickbi.ResultCallbackRequest) { r.ApplicationId = "" }),
			400, "System.Param.Empty", "You must specify the ApplicationId parameter.", quickbi.ErrSystemParamEmpty),
		refusedDecision("a status that is no integer", open, change(func(r *quickbi.ResultCallbackRequest) { r.Status = "approved" }),
			400, "Invalid.Parameter", "An error occurred while verifying parameters.", quickbi.ErrInvalidParameter),
		refusedDecision("a status that is none of the two", open, change(func(r *quickbi.ResultCallbackRequest) { r.Status = "3" }),
			400, "Invalid.Parameter.Error", "The parameter is invalid:Status.", quickbi.ErrInvalidParameterError),
		refusedDecision("an application id of an impossible form", open, change(func(r *quickbi.ResultCallbackRequest) { r.ApplicationId = strings.Repeat("a", 65) }),
			400, "Invalid.Param.Error", "The parameter is invalid.", quickbi.ErrInvalidParamError),
		refusedDecision("an application that is not there", open, change(func(r *quickbi.ResultCallbackRequest) { r.ApplicationId = "no-such-application" }),
			400, "Application.NotExist", "The application is not exists.", quickbi.ErrApplicationNotExist),
	}
}

func refusedApplications() []interaction {
	list := []interaction{}
	for _, x := range []struct {
		name, state, code, message string
		want                       *client.Code
	}{
		{"an application that is decided", "application-closed", "Application.RecordClosed", "The closed application record cannot be operated.", quickbi.ErrApplicationRecordClosed},
		{"an application whose work is deleted", "application-resource-deleted", "Application.Object.NotExist", "The object you are operating does not exist or has been deleted.", quickbi.ErrApplicationObjectNotExist},
		{"an application for a workspace administrator", "application-for-workspace-admin", "User.Not.WorkspaceAdmin", "Only administrators of the group workspace can perform this operation.", quickbi.ErrUserNotWorkspaceAdmin},
		{"an application at which the product fails", "internal-error", "Internal.System.Error", "An internal system error occurred.", quickbi.ErrInternalSystem},
	} {
		states := given(state(x.state, "application_id", qbApplication), state("application-open"))
		list = append(list, refusedDecision(x.name, states, approval, 400, x.code, x.message, x.want))
	}
	// A caller who is allowed to call the API and is no administrator: the demo world has a key of one.
	states := given(state("application-for-organization-admin", "application_id", qbApplication), state("caller-in-order", "access_key_id", qbAuthorized))
	other := refusedDecision("an application for an administrator of the organization", states, approval, 400, "Invalid.User.Admin",
		"You are not an administrator of this organization.", quickbi.ErrInvalidUserAdmin)
	other.header = v3Header("ResultCallback", qbAuthorized)
	other.call = decide(approval, func(c *quickbi.Config) { c.Credentials.AccessKeyId = qbAuthorized }, quickbi.ErrInvalidUserAdmin)
	return append(list, other)
}

// qbCallers are the states of the caller, with what ResultCallback answers in them.
var qbCallers = []struct {
	state, code, message string
	want                 *client.Code
}{
	{"caller-unknown", "ApiUser.Not.Exists", "The specified user does not exist.", quickbi.ErrApiUserNotExists},
	{"caller-profile-incomplete", "UserInfo.Error", "The personal information is invalid.", quickbi.ErrUserInfo},
	{"caller-organization-gone", "Invalid.Organization", "The specified organizational unit does not exist.", quickbi.ErrInvalidOrganization},
	{"caller-not-a-member", "User.Not.In.Organization", "The specified user is not in the organizational unit.", quickbi.ErrUserNotInOrganization},
	{"caller-without-instance", "Instance.Not.Exist", "The specified instance does not exist.", quickbi.ErrInstanceNotExist},
	{"caller-instance-expired", "Instance.Expired", "Your instance has expired.", quickbi.ErrInstanceExpired},
	{"caller-not-professional", "Access.Forbidden", "Your instance version or access key is not allowed to call the API operation, only professional version supports calling.", quickbi.ErrAccessForbidden},
	{"caller-not-authorized", "Not.ApiCall.AuthUser", "You are not an administrator or API call auth user of this organization.", quickbi.ErrNotApiCallAuthUser},
}

func refusedCallers() []interaction {
	list := []interaction{}
	for _, x := range qbCallers {
		states := given(state("application-open", "application_id", qbApplication), state(x.state))
		list = append(list, refusedDecision(x.state, states, approval, 400, x.code, x.message, x.want))
	}
	return list
}

// signed is a state in which the request is signed in some way.
func signed(how string) []models.ProviderState {
	return given(state("application-open", "application_id", qbApplication, "sign", how))
}

func refusedByGateway() []interaction {
	open := state("application-open", "application_id", qbApplication)
	wrongV1 := refusedDecision("signed with another secret, V1", signed("wrong-secret"), approval, 400, "SignatureDoesNotMatch",
		matchers.Regex("Specified signature is not matched with our calculation. server string to sign is:POST&%2F&AccessKeyId%3Dx",
			`^Specified signature is not matched with our calculation\. server string to sign is:POST&%2F&AccessKeyId%3D.+$`), quickbi.ErrSignatureDoesNotMatch)
	wrongV1.query, wrongV1.call = append(v1Query("ResultCallback"), wrongV1.query...), decide(approval, withV1, quickbi.ErrSignatureDoesNotMatch)
	wrongV1.header = []field{is("x-acs-action", "ResultCallback"), is("x-acs-version", "2022-01-01")}
	return []interaction{
		refusedDecision("signed with another secret", signed("wrong-secret"), approval, 400, "SignatureDoesNotMatch",
			matchers.Regex("Specified signature does not match our calculation.", qbMismatch), quickbi.ErrSignatureDoesNotMatch),
		wrongV1,
		refusedDecision("signed with an unknown key", signed("unknown-key"), approval, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", quickbi.ErrInvalidAccessKeyIdNotFound),
		refusedDecision("signed an hour ago", signed("expired"), approval, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", quickbi.ErrInvalidTimeStampExpired),
		refusedDecision("not signed", signed("none"), approval, 400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.", quickbi.ErrMissingParam),
		refusedDecision("signed with a disabled key", given(open, state("access-key-disabled")), approval, 400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.", quickbi.ErrInvalidAccessKeyIdInactive),
		refusedDecision("too many calls of the user", given(open, state("throttled", "limit", "user")), approval, 400, "Throttling.User", "Request was denied due to user flow control.", quickbi.ErrThrottlingUser),
		refusedDecision("too many calls of the operation", given(open, state("throttled", "limit", "api")), approval, 400, "Throttling.Api", "Request was denied due to api flow control.", quickbi.ErrThrottlingApi),
		refusedDecision("too many calls", given(open, state("throttled", "limit", "all")), approval, 400, "Throttling", "Request was denied due to request throttling.", quickbi.ErrThrottling),
		refusedDecision("the product does not answer the gateway", given(open, state("service-unavailable")), approval, 503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.", quickbi.ErrServiceUnavailable),
		refusedDecision("the gateway fails", given(open, state("gateway-failure")), approval, 500, "InternalError", "The request processing has failed due to some unknown error.", quickbi.ErrInternalError),
	}
}
