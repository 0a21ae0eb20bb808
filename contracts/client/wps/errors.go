package wps

import (
	"encoding/json"
	"net/http"

	"github.com/countersign/countersign/contracts/client"
)

// base is named so that Error's field does not hide its method.
type base = client.Error

// Error is what WPS 365 answers in place of a result. errors.As finds it, and the client.Error in it. Code is the decimal
// number: nine digits from the API, eight from the OAuth endpoint. The vendor documents no number of the request;
// RequestID is filled if the header X-Request-Id comes.
type Error struct {
	base
	// Desc is a sentence for developers, from the OAuth endpoint; empty if none came. No page documents it.
	Desc string
	// More is the vendor's "further error information", as it came; empty if none did.
	More json.RawMessage
}

// Unwrap gives the part that all clients' errors have.
func (e *Error) Unwrap() error { return &e.base }

// failure is the error that a reply tells of: by its status, or by a code other than 0.
func failure(r *client.Reply) error {
	var body struct {
		Code  json.Number
		Msg   string
		More  json.RawMessage
		Debug struct{ Desc string }
	}
	readable := json.Unmarshal(r.Body, &body) == nil
	told := readable && body.Code != "" && body.Code != "0"
	if r.Status < http.StatusBadRequest && !told {
		return nil
	}
	e := &Error{base: client.Error{Status: r.Status, Message: body.Msg, RequestID: r.Header.Get("X-Request-Id")}}
	if told {
		e.Code, e.Desc, e.More = body.Code.String(), r.Scrub(body.Debug.Desc), json.RawMessage(r.Scrub(string(body.More)))
	} else {
		e.Message = "no error of WPS 365: " + r.Excerpt()
	}
	e.Vendor = vendor
	e.Effect = client.EffectOf(&e.base, codes)
	return e
}

// malformed is the error about a reply that is not as documented.
func malformed(r *client.Reply, problem string) error {
	return r.Malformed(problem, r.Header.Get("X-Request-Id"))
}

// The sentinels for the codes of the API, for errors.Is. The names are those of the vendor's machine-readable contract.
//
// https://open.wps.cn/v7/developer/cli_tools/specs/api-internal
var (
	// ErrRateLimitExceeded says that the app's quota of calls is used up. Despite its number it is no bad argument.
	ErrRateLimitExceeded = sentinel("400000001", client.Refused)
	ErrParamFormat       = sentinel("400000002", client.Final)
	// ErrValueInvalid comes with status 403 when the token lacks the scope, or is an app's.
	ErrValueInvalid        = sentinel("400000003", client.Final)
	ErrInvalidArgument     = sentinel("400000007", client.Final)
	ErrLengthLimitExceeded = sentinel("400000106", client.Final)
	ErrRemoteFail          = sentinel("400000201", client.Unclear)
	// ErrAuth says that there is no token or signature, or a wrong one. That the gateway answers both so is a guess (WPS-004).
	ErrAuth                   = sentinel("401000001", client.Final)
	ErrTokenExpired           = sentinel("401030001", client.Final)
	ErrSessionSuspend         = sentinel("401030002", client.Final)
	ErrTokenInvalid           = sentinel("401030003", client.Final)
	ErrNoPermission           = sentinel("403000001", client.Final)
	ErrPolicyDenied           = sentinel("403000002", client.Final)
	ErrNotFound               = sentinel("404000001", client.Final)
	ErrContentTypeUnsupported = sentinel("415000001", client.Final)
	ErrTooManyRequests        = sentinel("429000001", client.Refused)
	ErrRemote                 = sentinel("500000001", client.Unclear)
	ErrCircuitBreakerOpened   = sentinel("500000002", client.Refused)
	ErrStoreServer            = sentinel("500000003", client.Unclear)
	ErrInternalServer         = sentinel("500000004", client.Unclear)
	ErrServiceDataUpgrading   = sentinel("503000001", client.Refused)
	ErrUnknown                = sentinel("999999999", client.Unclear)
)

// The sentinels for the codes of the OAuth endpoint; the API may answer some of them too.
//
// https://open.wps.cn/documents/app-integration-dev/server/certification-authorization/get-token/get-user-access-token
var (
	ErrOAuthInvalidRequest         = sentinel("40000001", client.Final)
	ErrOAuthInvalidScope           = sentinel("40000005", client.Final)
	ErrOAuthClient                 = sentinel("40000999", client.Final)
	ErrOAuthUnauthorizedClient     = sentinel("40100002", client.Final)
	ErrOAuthInvalidClient          = sentinel("40100008", client.Final)
	ErrOAuthInvalidGrant           = sentinel("40100009", client.Final)
	ErrOAuthUnsupportedGrantType   = sentinel("40100010", client.Final)
	ErrOAuthInvalidToken           = sentinel("40100011", client.Final)
	ErrOAuthAccessDenied           = sentinel("40300003", client.Final)
	ErrOAuthInsufficientScope      = sentinel("40300010", client.Final)
	ErrOAuthUnsupportedMediaType   = sentinel("41500001", client.Final) // reported by clients; not in the contract
	ErrOAuthServer                 = sentinel("50000006", client.Unclear)
	ErrOAuthTemporarilyUnavailable = sentinel("50300007", client.Refused)
)

// codes are all sentinels.
var codes []*client.Code

func sentinel(code string, effect client.Effect) *client.Code {
	c := &client.Code{Vendor: vendor, Code: code, Effect: effect}
	codes = append(codes, c)
	return c
}
