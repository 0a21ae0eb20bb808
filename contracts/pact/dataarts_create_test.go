//go:build pact

package pact

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/dataarts"
)

// daConditions are the conditions that the stand-in's gateway can be put into.
var daConditions = []struct {
	name    string
	status  int
	message string
	want    *client.Code
}{
	{"APIGW.0103", 404, "The backend does not exist.", dataarts.ErrBackendNotFound},
	{"APIGW.0104", 400, "The plug-ins do not exist.", dataarts.ErrPluginsNotFound},
	{"APIGW.0105", 400, "The backend configurations do not exist.", dataarts.ErrBackendConfiguration},
	{"APIGW.0106", 400, "Orchestration error.", dataarts.ErrOrchestration},
	{"APIGW.0201/502", 502, "Backend unavailable.", dataarts.ErrBackendUnavailable},
	{"APIGW.0201/504", 504, "Backend timeout.", dataarts.ErrBackendTimeout},
	{"APIGW.0306", 403, "API access denied.", dataarts.ErrAPIAccessDenied},
	{"APIGW.0308", 429, "The throttling threshold has been reached.", dataarts.ErrThrottled},
	{"APIGW.0308/user", 429, "The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute", dataarts.ErrThrottled},
	{"APIGW.0308/ip", 429, "The throttling threshold has been reached: policy ip over ratelimit,limit:5,time:1 minute", dataarts.ErrThrottled},
	{"APIGW.0401", 403, "Unknown client IP address.", dataarts.ErrUnknownClientIP},
	{"APIGW.0402", 403, "The IP address is not authorized to access the API.", dataarts.ErrIPNotAuthorized},
	{"APIGW.0404", 403, "Access to the backend IP address has been denied.", dataarts.ErrBackendIPDenied},
	{"APIGW.0601", 500, "Internal server error.", dataarts.ErrGatewayInternal},
	{"APIGW.0602", 400, "Bad request.", dataarts.ErrGatewayBadRequest},
	{"APIGW.0605", 500, "Domain name resolution failed.", dataarts.ErrDomainNameResolution},
	{"APIGW.0606", 500, "Failed to load the API configurations.", dataarts.ErrAPIConfigurationsNotLoaded},
	{"APIGW.0610", 502, "No backend available.", dataarts.ErrNoBackendAvailable},
	{"APIGW.0613", 503, "The IAM service is currently unavailable.", dataarts.ErrIAMUnavailable},
	{"APIGW.0801", 403, "The service is unavailable in the currently selected region.", dataarts.ErrServiceUnavailableInRegion},
	{"APIGW.0802", 403, "The IAM user is forbidden in the currently selected region.", dataarts.ErrIAMUserForbiddenInRegion},
}

func create(r dataarts.CreateApproverRequest, change func(*dataarts.Config), want error) func(context.Context, place) error {
	return func(ctx context.Context, at place) error {
		c, err := daClient(at, change)
		if err != nil {
			return err
		}
		a, err := c.CreateApprover(ctx, r)
		if problem := wants(err, want); problem != nil || want != nil {
			return problem
		}
		if a.ID == "" || a.ApproverName != r.ApproverName || a.ProjectID == "" {
			return fmt.Errorf("the client reads %+v", a)
		}
		return nil
	}
}

// daBody is the body that the client makes: exactly these fields and values.
func daBody(r dataarts.CreateApproverRequest) map[string]any {
	body := map[string]any{"approver_name": r.ApproverName, "user_id": r.UserID}
	for name, value := range map[string]string{"app_name": r.AppName, "email": r.Email, "phone_number": r.PhoneNumber} {
		if value != "" {
			body[name] = value
		}
	}
	for name, value := range map[string]*bool{"email_notify": r.EmailNotify, "sms_notify": r.SmsNotify} {
		if value != nil {
			body[name] = *value
		}
	}
	return body
}

// creation is a CreateApprover that succeeds.
func creation(name string, r dataarts.CreateApproverRequest) interaction {
	reply := approver(r.ApproverName, r.Email != "")
	reply["user_id"] = r.UserID
	reply["create_by"] = matchers.Regex("0833a573fe80d5401f6dc010a775569a", `^[0-9a-f]{32}$`)
	if r.EmailNotify != nil && !*r.EmailNotify {
		reply["topic_urn"] = nil
	}
	return interaction{
		name: "CreateApprover: " + name, given: given(state("no-approvers")),
		method: "POST", path: daPath, header: daHeader(), body: daBody(r),
		status: 200, replyHeader: jsonReply, reply: map[string]any{"data": map[string]any{"value": reply}},
		call: create(r, nil, nil),
	}
}

func daCreations() []interaction {
	on, off := true, false
	minimal := dataarts.CreateApproverRequest{ApproverName: daUserName, UserID: daUser}
	token := creation("with a token", minimal)
	token.header, token.call = daTokenHeader(), create(minimal, withToken, nil)
	temporary := creation("with temporary credentials", minimal)
	temporary.given = append(temporary.given, state("temporary-access-key"))
	temporary.header, temporary.call = daTemporaryHeader(), create(minimal, withTemporaryKey, nil)
	return []interaction{token, temporary,
		creation("a member with nothing but name and id", dataarts.CreateApproverRequest{ApproverName: daUserName, UserID: daUser}),
		creation("a member with everything", dataarts.CreateApproverRequest{ApproverName: daUserName, UserID: daUser, AppName: "dlg-ds",
			Email: "wang.fang@example.com", PhoneNumber: "17775558866", EmailNotify: &on, SmsNotify: &on}),
		creation("a member who is not notified", dataarts.CreateApproverRequest{ApproverName: daUserName, UserID: daUser, EmailNotify: &off, SmsNotify: &off}),
	}
}

func daRefusedCreations() []interaction {
	good := dataarts.CreateApproverRequest{ApproverName: daUserName, UserID: daUser}
	refused := func(name string, states []models.ProviderState, change func(*dataarts.CreateApproverRequest), status int, message any, more map[string]any, want *client.Code) interaction {
		r := good
		change(&r)
		i := daRefused(creation(name, r), states, status, "DS.60xx", message, more)
		i.call = create(r, nil, want)
		return i
	}
	illegal := func(name, parameter string, states []models.ProviderState, change func(*dataarts.CreateApproverRequest)) interaction {
		return refused(name, states, change, 400, daIllegal, because(parameter), dataarts.ErrIllegalRequest)
	}
	same := func(*dataarts.CreateApproverRequest) {}
	nobody := given(state("no-approvers"))
	wrong := daRefused(creation("signed with another secret", good), given(state("no-approvers", "sign", "wrong-secret")), 401, "APIGW.0301",
		matchers.Regex("Incorrect IAM authentication information: verify aksk signature fail", `^Incorrect IAM authentication information: verify aksk signature fail$`), fromGateway)
	wrong.call = create(good, nil, dataarts.ErrAuthSignature)
	plain := illegal("the body comes as plain text, DS.60xx/content-type", "Content-Type", nobody, same)
	plain.header = slices.DeleteFunc(daHeader(), func(f field) bool { return f.name == "Content-Type" })
	plain.header = append(plain.header, is("Content-Type", "text/plain"))
	plain.body = plainText(`{"approver_name":"` + daUserName + `","user_id":"` + daUser + "\"}\n")
	plain.call = underway(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, plain.call)
	return []interaction{wrong, plain,
		illegal("without a name", "approver_name", nobody, func(r *dataarts.CreateApproverRequest) { r.ApproverName = "" }),
		illegal("without a user", "user_id", nobody, func(r *dataarts.CreateApproverRequest) { r.UserID = "" }),
		illegal("a name of 101 characters", "approver_name", nobody, func(r *dataarts.CreateApproverRequest) { r.ApproverName = strings.Repeat("名", 101) }),
		illegal("an e-mail address that is none", "email", nobody, func(r *dataarts.CreateApproverRequest) { r.Email = "nowhere" }),
		illegal("a user who is no member, DS.60xx/member", "user_id", nobody, func(r *dataarts.CreateApproverRequest) { r.UserID = strings.Repeat("0", 32) }),
		illegal("a viewer, DS.60xx/role", "user_id", given(state("no-approvers"), state("member-exists", "user_id", daUser, "user_name", daUserName, "role", "viewer")), same),
		illegal("an approver once more, DS.60xx/duplicate", "user_id", given(state("approver-exists", "user_id", daUser, "approver_name", daUserName)), same),
		refused("the caller is no administrator", given(state("caller-role", "role", "developer")), same, 403, daNoPermission, because(""), dataarts.ErrNoPermission),
	}
}
