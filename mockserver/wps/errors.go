package wps

import (
	"net/http"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// The catalogue's entries, by the names that x-errors in specs/wps give them.
const (
	errTokenMissing       = "401000001/token-missing"
	errTokenUnknown       = "401000001/token-unknown"
	errTokenExpired       = "401000001/token-expired"
	errDateMissing        = "401000001/date-missing"
	errDateMalformed      = "401000001/date-malformed"
	errDateSkewed         = "401000001/date-skewed"
	errSignatureMissing   = "401000001/signature-missing"
	errSignatureMalformed = "401000001/signature-malformed"
	errSignatureVersion   = "401000001/signature-version"
	errAccessKeyUnknown   = "401000001/access-key-unknown"
	errAccessKeyOther     = "401000001/access-key-other-app"
	errSignature          = "401000001/signature"
	errUnauthorized       = "401000001/unauthorized"
	errSessionExpired     = "401030001"
	errSessionSuspended   = "401030002"
	errSessionInvalid     = "401030003"
	errOAuthToken         = "40100011/token"
	errScope              = "400000003/scope"
	errAppToken           = "400000003/app-token"
	errInsufficientScope  = "40300010/scope"
	errDenied             = "403000001/denied"
	errUser               = "403000001/user"
	errCapability         = "403000001/capability"
	errPolicy             = "403000002"
	errMissing            = "400000007/missing"
	errMalformed          = "400000007/malformed"
	errRange              = "400000007/range"
	errCursor             = "400000007/cursor"
	errFormatMissing      = "400000002/missing"
	errFormatMalformed    = "400000002/malformed"
	errFormatRange        = "400000002/range"
	errFormatCursor       = "400000002/cursor"
	errQuota              = "400000001"
	errThrottled          = "429000001"
	errBodyTooLarge       = "400000106/body"
	errRoute              = "404000001/route"
	errContentType        = "415000001"
	errRemoteFail         = "400000201"
	errRemote             = "500000001"
	errCircuitBreaker     = "500000002"
	errStoreServer        = "500000003"
	errInternal           = "500000004"
	errUpgrading          = "503000001"
	errUnknown            = "999999999"

	errOAuthMissing     = "40000001/missing"
	errOAuthUnreadable  = "40000001/unreadable"
	errOAuthRange       = "40000001/range"
	errRedirectURI      = "40000001/redirect-uri"
	errScopeNotGranted  = "40000005/scope"
	errScopeWithdrawn   = "40000005/app"
	errOAuthTooLarge    = "40000999/body"
	errGrantNotAllowed  = "40100002"
	errClientUnauth     = "40100002/secret"
	errInvalidClient    = "40100008"
	errCode             = "40100009/code"
	errCodeRedirectURI  = "40100009/redirect-uri"
	errRefreshToken     = "40100009/refresh-token"
	errTicketGrant      = "40100009/app-ticket"
	errUnsupportedGrant = "40100010"
	errTicketToken      = "40100011/app-ticket"
	errAccessDenied     = "40300003"
	errOAuthContentType = "41500001"
	errOAuthServer      = "50000006"
	errOAuthUnavailable = "50300007"
)

// exchange says that in worlds which chose the alternative, another entry of the catalogue is answered.
type exchange struct{ assumption, alternative, from, to string }

var exchanges = []exchange{
	{"WPS-004", "session", errTokenExpired, errSessionExpired},
	{"WPS-004", "session", errTokenUnknown, errSessionInvalid},
	{"WPS-004", "oauth", errTokenExpired, errOAuthToken},
	{"WPS-004", "oauth", errTokenUnknown, errOAuthToken},
	{"WPS-006", "insufficient-scope", errScope, errInsufficientScope},
	{"WPS-006", "insufficient-scope", errAppToken, errInsufficientScope},
	{"WPS-009", "param-format", errMissing, errFormatMissing},
	{"WPS-009", "param-format", errMalformed, errFormatMalformed},
	{"WPS-009", "param-format", errRange, errFormatRange},
	{"WPS-009", "param-format", errCursor, errFormatCursor},
	{"WPS-021", "plain", errDateMissing, errUnauthorized},
	{"WPS-021", "plain", errDateMalformed, errUnauthorized},
	{"WPS-021", "plain", errDateSkewed, errUnauthorized},
	{"WPS-021", "plain", errSignatureMissing, errUnauthorized},
	{"WPS-021", "plain", errSignatureMalformed, errUnauthorized},
	{"WPS-021", "plain", errSignatureVersion, errUnauthorized},
	{"WPS-021", "plain", errAccessKeyUnknown, errUnauthorized},
	{"WPS-021", "plain", errAccessKeyOther, errUnauthorized},
	{"WPS-021", "plain", errSignature, errUnauthorized},
	{"WPS-036", "unauthorized-client", errInvalidClient, errClientUnauth},
	{"WPS-038", "invalid-grant", errTicketToken, errTicketGrant},
}

// revise applies the switches that change which entry, or which status, is answered.
func revise(c *mockserver.Call, r *mockserver.Refusal) *mockserver.Refusal {
	for _, x := range exchanges {
		if r.Entry.Name == x.from && c.Switch(x.assumption) == x.alternative {
			r = c.Refuse(x.to, r.Parameter).InPlaceOf(r).With(r.Extra)
			break
		}
	}
	status := "WPS-005"
	if isOAuth(c, r) {
		status = "WPS-037"
	}
	if r.Entry.Status < http.StatusInternalServerError && c.Switch(status) == "bad-request" {
		entry := *r.Entry
		entry.Status = http.StatusBadRequest
		revised := *r
		revised.Entry = &entry
		r = &revised
	}
	return r
}

// refuse puts the core's reasons into the vendor's words.
func refuse(c *mockserver.Call, reason mockserver.Reason) *mockserver.Refusal {
	oauth := strings.HasPrefix(c.RawPath, oauthPathPrefix)
	switch reason {
	case mockserver.NoSuchOperation, mockserver.NoSuchMethod:
		return c.Refuse(errRoute)
	case mockserver.TooLarge:
		return c.Refuse(either(oauth, errOAuthTooLarge, errBodyTooLarge))
	case mockserver.Unreadable:
		return c.Refuse(either(oauth, errOAuthUnreadable, errMalformed), "request").At("request")
	default:
		return c.Refuse(either(oauth, errOAuthServer, errInternal))
	}
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
