package quickbi

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// OperationType says what SmartqAuthorize does. On the wire it is an integer.
type OperationType string

// The two operations.
const (
	// Grant gives the rights, or renews them.
	Grant OperationType = "0"
	// Revoke takes them away.
	Revoke OperationType = "1"
)

// mostPairs is the documented bound of users × (resources + themes) in one call.
const mostPairs = 100

// SmartqAuthorizeRequest names who gets, or loses, the right to ask questions of what. OperationType and UserIds are
// required. Users × (LlmCubes + LlmCubeThemes) must not exceed 100; whether CubeIds count is not documented.
type SmartqAuthorizeRequest struct {
	// OperationType is Grant or Revoke.
	OperationType OperationType
	// UserIds are ids of Quick BI users.
	UserIds []string
	// LlmCubes are ids of data-asking resources.
	LlmCubes []string
	// LlmCubeThemes are ids of analysis themes.
	LlmCubeThemes []string
	// CubeIds are ids of data sets. Each stands for the data-asking resource that was made from it; one without such a
	// resource is an error.
	CubeIds []string
	// ExpireDay is the last day of the grant, as 2099-12-31. Empty: seven days from today. The time zone is not documented.
	ExpireDay string
}

// SmartqAuthorizeResponse says what could not be done. That is no error: the rest was done.
type SmartqAuthorizeResponse struct {
	RequestId string
	// Result has what failed; empty if all was done.
	Result []FailedAuthorization
	// Success says whether the request as a whole succeeded, which it does with failed entries too.
	Success bool
}

// FailedAuthorization is one user and target that could not be carried out.
type FailedAuthorization struct {
	UserId string
	// LlmCube is the data-asking resource, empty if the target is a theme.
	LlmCube string
	// LlmCubeTheme is the analysis theme, empty if the target is a resource.
	LlmCubeTheme string
	// DetailMessage says why. Its values are not documented.
	DetailMessage string
}

// SmartqAuthorize grants or revokes, for several users at once, the right to ask questions of data-asking resources and
// themes.
//
// What fails for one user and target stands in the response's Result; the call itself succeeds. To grant again what is
// granted counts as a new grant. To revoke what is not granted is skipped, so a revocation is sent again after an
// unclear end; a grant is not, unless client.RepeatUnknown says so.
//
// Errors: *client.CheckError if OperationType is another, UserIds is empty, an id is empty or has a comma, ExpireDay is no
// date, or the bound of 100 is exceeded; ErrUnsuccessful, with the response, if Success is false; otherwise as the
// package client documents.
//
// https://help.aliyun.com/zh/quick-bi/developer-reference/api-quickbi-public-2022-01-01-smartqauthorize
func (c *Client) SmartqAuthorize(ctx context.Context, r SmartqAuthorizeRequest, opts ...client.CallOption) (*SmartqAuthorizeResponse, error) {
	if err := r.check(); err != nil && !c.config.SkipChecks {
		return nil, err
	}
	var out smartqAuthorizeReply
	err := c.call(ctx, "SmartqAuthorize", r.params(), r.OperationType == Revoke, &out, opts)
	if err != nil && !errors.Is(err, ErrUnsuccessful) {
		return nil, err
	}
	return &SmartqAuthorizeResponse{out.RequestId, *out.Result, *out.Success}, err
}

func (r SmartqAuthorizeRequest) params() []pair {
	return present(
		pair{"OperationType", string(r.OperationType)},
		pair{"UserIds", strings.Join(r.UserIds, ",")},
		pair{"LlmCubes", strings.Join(r.LlmCubes, ",")},
		pair{"LlmCubeThemes", strings.Join(r.LlmCubeThemes, ",")},
		pair{"CubeIds", strings.Join(r.CubeIds, ",")},
		pair{"ExpireDay", r.ExpireDay},
	)
}

func (r SmartqAuthorizeRequest) check() error {
	c := client.Checks{Operation: "SmartqAuthorize"}
	c.That(r.OperationType == Grant || r.OperationType == Revoke, "OperationType", "is neither 0 (grant) nor 1 (revoke)")
	c.That(len(r.UserIds) > 0, "UserIds", "is required")
	checkIDs(&c, "UserIds", r.UserIds)
	checkIDs(&c, "LlmCubes", r.LlmCubes)
	checkIDs(&c, "LlmCubeThemes", r.LlmCubeThemes)
	checkIDs(&c, "CubeIds", r.CubeIds)
	pairs := distinct(r.UserIds) * (distinct(r.LlmCubes) + distinct(r.LlmCubeThemes))
	c.That(pairs <= mostPairs, "UserIds", "times resources and themes are %d, more than %d", pairs, mostPairs)
	if r.ExpireDay != "" {
		_, err := time.Parse(time.DateOnly, r.ExpireDay)
		c.That(err == nil, "ExpireDay", "is not a date like 2099-12-31")
	}
	return c.Err()
}

// checkIDs refuses ids that would be others, or more, once they are joined by commas.
func checkIDs(c *client.Checks, field string, ids []string) {
	bad := slices.ContainsFunc(ids, func(id string) bool { return strings.TrimSpace(id) == "" || strings.Contains(id, ",") })
	c.That(!bad, field, "has an id that is empty or has a comma in it")
}

// distinct counts ids. That duplicates count once is a guess (QB-050), made so that nothing is refused that might pass.
func distinct(ids []string) int {
	return len(slices.Compact(slices.Sorted(slices.Values(ids))))
}

// smartqAuthorizeReply is the reply with absent fields told apart from empty ones.
type smartqAuthorizeReply struct {
	RequestId string
	Result    *[]FailedAuthorization
	Success   *bool
}

func (r *smartqAuthorizeReply) missing() string {
	switch {
	case r.RequestId == "":
		return "RequestId"
	case r.Result == nil:
		return "Result"
	case r.Success == nil:
		return "Success"
	}
	return ""
}

func (r *smartqAuthorizeReply) done() (bool, string) { return *r.Success, r.RequestId }
