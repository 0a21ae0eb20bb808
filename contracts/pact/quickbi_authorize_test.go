//go:build pact

package pact

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pact-foundation/pact-go/v2/matchers"
	"github.com/pact-foundation/pact-go/v2/models"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/quickbi"
)

// grant is what most of the contracts ask for.
var grant = quickbi.SmartqAuthorizeRequest{
	OperationType: quickbi.Grant, UserIds: []string{qbUser, qbUser2}, LlmCubes: []string{qbCube}, LlmCubeThemes: []string{qbTheme},
	CubeIds: []string{qbDataSet}, ExpireDay: "2099-12-31",
}

func granting(f func(*quickbi.SmartqAuthorizeRequest)) quickbi.SmartqAuthorizeRequest {
	r := grant
	f(&r)
	return r
}

// authorize is a SmartqAuthorize that the client is to answer with these failed entries, or with an error.
func authorize(r quickbi.SmartqAuthorizeRequest, failed []quickbi.FailedAuthorization, want error) func(context.Context, place) error {
	return func(ctx context.Context, at place) error {
		c, err := qbClient(at, nil)
		if err != nil {
			return err
		}
		reply, err := c.SmartqAuthorize(ctx, r)
		if problem := wants(err, want); problem != nil || want != nil {
			return problem
		}
		if !reply.Success || reply.RequestId == "" || !slices.Equal(reply.Result, failed) {
			return fmt.Errorf("the client reads %+v", reply)
		}
		return nil
	}
}

func authorizeQuery(r quickbi.SmartqAuthorizeRequest) (query []field) {
	for _, p := range [][2]string{
		{"OperationType", string(r.OperationType)}, {"UserIds", strings.Join(r.UserIds, ",")}, {"LlmCubes", strings.Join(r.LlmCubes, ",")},
		{"LlmCubeThemes", strings.Join(r.LlmCubeThemes, ",")}, {"CubeIds", strings.Join(r.CubeIds, ",")}, {"ExpireDay", r.ExpireDay},
	} {
		if p[1] != "" {
			query = append(query, is(p[0], p[1]))
		}
	}
	return query
}

// granted is the state of most of the contracts: the resource is there, and granted to the second user.
func granted() models.ProviderState {
	return state("authorization-granted", "user_id", qbUser2, "llm_cube_id", qbCube)
}

// authorization is a SmartqAuthorize that succeeds, with failed entries perhaps.
func authorization(name string, r quickbi.SmartqAuthorizeRequest, failed ...quickbi.FailedAuthorization) interaction {
	result := []any{}
	for _, f := range failed {
		result = append(result, map[string]any{"UserId": f.UserId, "LlmCube": f.LlmCube, "LlmCubeTheme": f.LlmCubeTheme, "DetailMessage": f.DetailMessage})
	}
	return interaction{
		name: "SmartqAuthorize: " + name,
		// The decoy: a resource that the caller may not manage.
		given:  given(granted(), state("llm-cube-not-managed")),
		method: "POST", path: "/", query: authorizeQuery(r), header: v3Header("SmartqAuthorize", qbKey),
		status: 200, replyHeader: jsonReply,
		reply: map[string]any{"RequestId": matchers.Regex("D787E1A3-A93C-424A-B626-C2B05DF8D885", qbRequestID), "Result": result, "Success": true},
		call:  authorize(r, failed, nil),
	}
}

func refusedAuthorization(name string, states []models.ProviderState, r quickbi.SmartqAuthorizeRequest, status int, code string, message any, want *client.Code) interaction {
	i := authorization(name, r)
	i.given, i.status, i.reply, i.call = append(given(granted()), states...), status, qbRefusal(code, message), authorize(r, nil, want)
	return i
}

func authorizeContract() []interaction {
	list := []interaction{
		authorization("grant two users a resource, a theme and what was made of a data set", grant),
		authorization("grant for the default of seven days", granting(func(r *quickbi.SmartqAuthorizeRequest) { r.ExpireDay = "" })),
		authorization("revoke", granting(func(r *quickbi.SmartqAuthorizeRequest) { r.OperationType, r.ExpireDay = quickbi.Revoke, "" })),
		authorization("grant, and some of it fails", granting(func(r *quickbi.SmartqAuthorizeRequest) {
			r.UserIds, r.LlmCubes, r.LlmCubeThemes, r.CubeIds = []string{"no-such-user", qbUser}, []string{qbCube, "no-such-cube"}, []string{"no-such-theme"}, nil
		}), failures()...),
	}
	list = append(list, refusedGrants()...)
	return append(list, refusedGrantors()...)
}

// failures are the entries of one user who is not there and two targets that are not; their texts are a guess (QB-061).
func failures() []quickbi.FailedAuthorization {
	return []quickbi.FailedAuthorization{
		{UserId: "no-such-user", LlmCube: qbCube, DetailMessage: "USER_NOT_EXIST"},
		{UserId: "no-such-user", LlmCube: "no-such-cube", DetailMessage: "USER_NOT_EXIST"},
		{UserId: "no-such-user", LlmCubeTheme: "no-such-theme", DetailMessage: "USER_NOT_EXIST"},
		{UserId: qbUser, LlmCube: "no-such-cube", DetailMessage: "LLM_CUBE_NOT_EXIST"},
		{UserId: qbUser, LlmCubeTheme: "no-such-theme", DetailMessage: "LLM_CUBE_THEME_NOT_EXIST"},
	}
}

func refusedGrants() []interaction {
	invalid := func(name, parameter string, states []models.ProviderState, f func(*quickbi.SmartqAuthorizeRequest)) interaction {
		return refusedAuthorization(name, states, granting(f), 400, "Invalid.Parameter.Error", "The parameter is invalid:"+parameter+".", quickbi.ErrInvalidParameterError)
	}
	dated := func(name, day, code, message string, want *client.Code) interaction {
		return refusedAuthorization(name, nil, granting(func(r *quickbi.SmartqAuthorizeRequest) { r.ExpireDay = day }), 400, code, message, want)
	}
	missing := func(name, parameter string, f func(*quickbi.SmartqAuthorizeRequest)) interaction {
		return refusedAuthorization(name, nil, granting(f), 400, "Missing"+parameter, parameter+" is mandatory for this action.", quickbi.ErrMissingParam)
	}
	return []interaction{
		missing("without an operation type", "OperationType", func(r *quickbi.SmartqAuthorizeRequest) { r.OperationType = "" }),
		missing("without users", "UserIds", func(r *quickbi.SmartqAuthorizeRequest) { r.UserIds = nil }),
		invalid("an operation type that is none of the two", "OperationType", nil, func(r *quickbi.SmartqAuthorizeRequest) { r.OperationType = "2" }),
		invalid("no target at all", "LlmCubes", nil, func(r *quickbi.SmartqAuthorizeRequest) { r.LlmCubes, r.LlmCubeThemes, r.CubeIds = nil, nil, nil }),
		invalid("more than a hundred pairs", "UserIds", nil, func(r *quickbi.SmartqAuthorizeRequest) { r.UserIds = manyUsers(51) }),
		invalid("a data set that nothing was made of", "CubeIds", given(state("cube-without-resource", "cube_id", "contract-cube")),
			func(r *quickbi.SmartqAuthorizeRequest) { r.CubeIds = []string{"contract-cube"} }),
		dated("a day that is none", "31.12.2099", "Date.Format.Error", "Date format conversion error.", quickbi.ErrDateFormat),
		dated("a day long ago", "2020-01-01", "Date.Exceed.Error", "The start date must be within 90 days from the current date.", quickbi.ErrDateExceed),
		dated("yesterday", "2026-01-14", "Share.ExpireDate.Error", "The expire date is illegal.", quickbi.ErrShareExpireDate),
	}
}

func manyUsers(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("user-%02d", i))
	}
	return ids
}

func refusedGrantors() []interaction {
	one := granting(func(r *quickbi.SmartqAuthorizeRequest) { r.LlmCubeThemes, r.CubeIds = nil, nil })
	list := []interaction{
		refusedAuthorization("a resource that the caller may not manage", given(state("llm-cube-not-managed", "llm_cube_id", qbCube)), one, 400,
			"Query.Auth.Error", "Query is not permitted.", quickbi.ErrQueryAuth),
		refusedAuthorization("a resource at which the product fails", given(state("internal-error", "llm_cube_id", qbCube)), one, 400,
			"Internal.System.Error", "An internal system error occurred.", quickbi.ErrInternalSystem),
	}
	for _, x := range []struct {
		state, code string
		message     any
		want        *client.Code
	}{
		{"caller-unknown", "ApiUser.Not.Exists", "The specified user does not exist.", quickbi.ErrApiUserNotExists},
		{"caller-not-a-member", "User.Not.In.Organization", "The specified user is not in the organizational unit.", quickbi.ErrUserNotInOrganization},
		{"caller-without-data-service", "API.Not.Exist", "The data service API operation does not exist.", quickbi.ErrApiNotExist},
		{"caller-module-not-purchased", "RobotNl2sql.Moudle.NotPurchase", "Please purchase Nl2sql module first.", quickbi.ErrRobotNl2sqlMoudleNotPurchase},
		{"caller-role-without-function", "UserRoleConfig.NotContain.Function",
			matchers.Regex("The user "+qbUser+" does not have permission to operate.", `^The user \S+ does not have permission to operate\.$`), quickbi.ErrUserRoleConfigNotContainFunction},
	} {
		list = append(list, refusedAuthorization(x.state, given(state(x.state)), one, 400, x.code, x.message, x.want))
	}
	return append(list,
		refusedAuthorization("a RAM user whom no policy allows it", given(state("ram-user-without-policy")), one, 403, "NoPermission",
			"You are not authorized to do this action.", quickbi.ErrNoPermission),
		refusedAuthorization("signed with another secret", given(state("caller-in-order", "sign", "wrong-secret")), one, 400, "SignatureDoesNotMatch",
			matchers.Regex("Specified signature does not match our calculation.", qbMismatch), quickbi.ErrSignatureDoesNotMatch))
}
