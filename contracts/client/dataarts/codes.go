package dataarts

import (
	"strings"

	"github.com/countersign/countersign/contracts/client"
)

// The sentinels for the errors of the service, for errors.Is. The documents print their code as DS.60xx, a placeholder,
// and tell them apart by HTTP status; any code that begins with DS. is taken for one of them.
//
// https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/CreateApprover.html
var (
	// ErrIllegalRequest is "The user request is illegal", status 400.
	ErrIllegalRequest = service(400)
	// ErrAuthenticationFailed is "User authentication failed", status 401.
	ErrAuthenticationFailed = service(401)
	// ErrNoPermission is "The user does not have permission to call this API", status 403.
	ErrNoPermission = service(403)
	// ErrNoSuchAPI is "The User Request API does not exist", status 404. It says nothing of a record that does not exist.
	ErrNoSuchAPI = service(404)
	// ErrWorkspaceNotFound is a code that the vendor's Terraform provider reads from the list of errors; no page has it.
	ErrWorkspaceNotFound = sentinel("DLG.0818", 0, "", client.Final)
)

// The sentinels for the errors of the gateway in front of the services. Newer gateways write APIG for APIGW; both are meant.
//
// https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-errorcode.html
var (
	// ErrAuthSignature and the next seven are details of ErrIncorrectIAMAuthentication, told apart by their texts.
	ErrAuthSignature        = gateway("0301", 401, "verify aksk signature fail", client.Final)
	ErrAuthSignatureExpired = gateway("0301", 401, "signature expired", client.Final)
	ErrAuthSecretKeyFailed  = gateway("0301", 401, "Get secretKey failed", client.Final)
	ErrAuthAccessKey        = gateway("0301", 401, " not exist", client.Final)
	// ErrAuthAccessKeyLocked says that there were more than five failures in a row; it passes after five minutes.
	ErrAuthAccessKeyLocked = gateway("0301", 401, "AK access failed to reach the limit", client.Final)
	ErrAuthDecryptToken    = gateway("0301", 401, "decrypt token fail", client.Final)
	ErrAuthNoToken         = gateway("0301", 401, "x-auth-token not found", client.Final)
	ErrAuthTokenExpires    = gateway("0301", 401, "token expires", client.Final)

	ErrAPINotPublished            = gateway("0101", 404, "", client.Final)
	ErrBackendNotFound            = gateway("0103", 404, "", client.Final)
	ErrPluginsNotFound            = gateway("0104", 400, "", client.Final)
	ErrBackendConfiguration       = gateway("0105", 400, "", client.Final)
	ErrOrchestration              = gateway("0106", 400, "", client.Final)
	ErrAPIRequest                 = gateway("0201", 400, "", client.Final)
	ErrRequestEntityTooLarge      = gateway("0201", 413, "", client.Final)
	ErrRequestURITooLarge         = gateway("0201", 414, "", client.Final)
	ErrRequestHeadersTooLarge     = gateway("0201", 494, "", client.Final)
	ErrBackendUnavailable         = gateway("0201", 502, "", client.Unclear) // a backend may have gone away while it worked
	ErrBackendTimeout             = gateway("0201", 504, "", client.Unclear)
	ErrIncorrectIAMAuthentication = gateway("0301", 401, "", client.Final)
	ErrIAMUserNotAuthorized       = gateway("0302", 403, "", client.Final)
	ErrAppAuthentication          = gateway("0303", 401, "", client.Final)
	ErrAppNotAuthorized           = gateway("0304", 403, "", client.Final)
	ErrIncorrectAuthentication    = gateway("0305", 401, "", client.Final)
	ErrAPIAccessDenied            = gateway("0306", 403, "", client.Final)
	ErrTokenMustBeUpdated         = gateway("0307", 401, "", client.Final)
	ErrThrottled                  = gateway("0308", 429, "", client.Refused)
	ErrProjectUnavailable         = gateway("0310", 403, "", client.Final)
	ErrDebuggingAuthentication    = gateway("0311", 401, "", client.Final)
	ErrUnknownClientIP            = gateway("0401", 403, "", client.Final)
	ErrIPNotAuthorized            = gateway("0402", 403, "", client.Final)
	ErrBackendIPDenied            = gateway("0404", 403, "", client.Final)
	ErrGatewayInternal            = gateway("0601", 500, "", client.Unclear)
	ErrGatewayBadRequest          = gateway("0602", 400, "", client.Final)
	ErrDomainNameResolution       = gateway("0605", 500, "", client.Refused)
	ErrAPIConfigurationsNotLoaded = gateway("0606", 500, "", client.Refused)
	ErrNoBackendAvailable         = gateway("0610", 502, "", client.Refused)
	ErrIAMUnavailable             = gateway("0613", 503, "", client.Refused)
	ErrServiceUnavailableInRegion = gateway("0801", 403, "", client.Final)
	ErrIAMUserForbiddenInRegion   = gateway("0802", 403, "", client.Final)
)

// The sentinels for the errors of IAM, whose code is the HTTP status.
//
// https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
var (
	ErrIAMBadRequest   = sentinel("400", 400, "", client.Final)
	ErrIAMUnauthorized = sentinel("401", 401, "", client.Final)
	ErrIAMForbidden    = sentinel("403", 403, "", client.Final)
	ErrIAMNotFound     = sentinel("404", 404, "", client.Final)
)

// codes are all sentinels, those with a text before those without.
var codes []*client.Code

func sentinel(code string, status int, text string, effect client.Effect) *client.Code {
	c := &client.Code{Vendor: vendor, Code: code, Status: status, Text: text, Effect: effect}
	codes = append(codes, c)
	return c
}

func service(status int) *client.Code { return sentinel("DS.*", status, "", client.Final) }

func gateway(number string, status int, text string, effect client.Effect) *client.Code {
	c := sentinel("APIGW."+number, status, text, effect)
	c.Match = func(code string) bool {
		n, ok := strings.CutPrefix(code, "APIGW.")
		if !ok {
			n, ok = strings.CutPrefix(code, "APIG.")
		}
		return ok && n == number
	}
	return c
}
