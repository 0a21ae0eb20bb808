package quickbi

import (
	"strings"

	"github.com/countersign/countersign/contracts/client"
)

// The sentinels for the codes of both operations, for errors.Is. All come with HTTP status 400.
//
// https://help.aliyun.com/document_detail/416080.htm and
// https://help.aliyun.com/zh/quick-bi/developer-reference/api-quickbi-public-2022-01-01-smartqauthorize
var (
	// ErrInternalSystem says that the product failed while it worked on the request: it may have been carried out.
	ErrInternalSystem = sentinel("Internal.System.Error", client.Unclear)
	// ErrInvalidParameterError names the parameter in its message; it stands for a value that is none of those listed.
	ErrInvalidParameterError = sentinel("Invalid.Parameter.Error", client.Final)
	// ErrUserNotInOrganization is about the caller.
	ErrUserNotInOrganization = sentinel("User.Not.In.Organization", client.Final)
	// ErrApiUserNotExists says that the access key's owner has never logged on to Quick BI.
	ErrApiUserNotExists = sentinel("ApiUser.Not.Exists", client.Final)

	// Of ResultCallback.

	// ErrApplicationObjectNotExist says that the work which the application is about has been deleted.
	ErrApplicationObjectNotExist = sentinel("Application.Object.NotExist", client.Final)
	// ErrApplicationRecordClosed says that the application has been decided.
	ErrApplicationRecordClosed = sentinel("Application.RecordClosed", client.Final)
	// ErrApplicationNotExist says that no application has the id.
	ErrApplicationNotExist = sentinel("Application.NotExist", client.Final)
	// ErrInstanceExpired and the next two are about the caller's organization.
	ErrInstanceExpired     = sentinel("Instance.Expired", client.Final)
	ErrInstanceNotExist    = sentinel("Instance.Not.Exist", client.Final)
	ErrInvalidOrganization = sentinel("Invalid.Organization", client.Final)
	// ErrInvalidParameter says that a parameter is not of its type.
	ErrInvalidParameter = sentinel("Invalid.Parameter", client.Final)
	// ErrInvalidParamError says that a parameter is invalid, and not which.
	ErrInvalidParamError = sentinel("Invalid.Param.Error", client.Final)
	// ErrInvalidUserAdmin says that the application wants an administrator of the organization.
	ErrInvalidUserAdmin = sentinel("Invalid.User.Admin", client.Final)
	// ErrSystemParamEmpty says that a required parameter is missing; the message names it.
	ErrSystemParamEmpty = sentinel("System.Param.Empty", client.Final)
	// ErrAccessForbidden says that the organization's edition is not the professional one.
	ErrAccessForbidden = sentinel("Access.Forbidden", client.Final)
	// ErrUserInfo says that the caller's profile is incomplete.
	ErrUserInfo = sentinel("UserInfo.Error", client.Final)
	// ErrUserNotWorkspaceAdmin says that the application wants an administrator of the work's workspace.
	ErrUserNotWorkspaceAdmin = sentinel("User.Not.WorkspaceAdmin", client.Final)
	// ErrNotApiCallAuthUser says that the caller is neither administrator nor allowed to call the API.
	ErrNotApiCallAuthUser = sentinel("Not.ApiCall.AuthUser", client.Final)

	// Of SmartqAuthorize.

	// ErrDateFormat says that ExpireDay is no date.
	ErrDateFormat = sentinel("Date.Format.Error", client.Final)
	// ErrDateExceed speaks of a start date within 90 days; which input causes it is not documented.
	ErrDateExceed = sentinel("Date.Exceed.Error", client.Final)
	// ErrShareExpireDate says that ExpireDay is illegal.
	ErrShareExpireDate = sentinel("Share.ExpireDate.Error", client.Final)
	// ErrUserRoleConfigNotContainFunction says that a user's role lacks the function; the message has his id.
	ErrUserRoleConfigNotContainFunction = sentinel("UserRoleConfig.NotContain.Function", client.Final)
	// ErrQueryAuth says that the caller may not do this.
	ErrQueryAuth = sentinel("Query.Auth.Error", client.Final)
	// ErrRobotNl2sqlMoudleNotPurchase says that the data-asking module has not been bought. The spelling is the vendor's.
	ErrRobotNl2sqlMoudleNotPurchase = sentinel("RobotNl2sql.Moudle.NotPurchase", client.Final)
	// ErrApiNotExist says that the data service operation does not exist.
	ErrApiNotExist = sentinel("API.Not.Exist", client.Final)
	// ErrCubeNotExist says that a data set has no data-asking resource. It is documented for a sibling operation.
	ErrCubeNotExist = sentinel("Cube.Not.Exist", client.Final)
)

// The sentinels for the codes of the gateway in front of the product. It refuses before the product hears of the call,
// but for ErrInternalError.
//
// https://help.aliyun.com/document_detail/60629.html
var (
	// ErrThrottlingUser and the next two say that there were too many calls; the error's RetryAfter may say how long to wait.
	ErrThrottlingUser = sentinel("Throttling.User", client.Refused)
	ErrThrottlingApi  = sentinel("Throttling.Api", client.Refused)
	ErrThrottling     = sentinel("Throttling", client.Refused)
	// ErrServiceUnavailable says that the gateway cannot reach the product.
	ErrServiceUnavailable = sentinel("ServiceUnavailable", client.Refused)
	// ErrInternalError says that the gateway failed; the call may have been carried out.
	ErrInternalError = sentinel("InternalError", client.Unclear)

	// ErrMissingSecurityToken and the next three are about temporary credentials.
	ErrMissingSecurityToken                  = sentinel("MissingSecurityToken", client.Final)
	ErrInvalidSecurityTokenExpired           = sentinel("InvalidSecurityToken.Expired", client.Final)
	ErrInvalidSecurityTokenMalformed         = sentinel("InvalidSecurityToken.Malformed", client.Final)
	ErrInvalidSecurityTokenMismatchWithKeyId = sentinel("InvalidSecurityToken.MismatchWithAccessKey", client.Final)
	// ErrNoPermission and ErrForbiddenRAM say that RAM does not allow the action; see Error.AccessDenied.
	ErrNoPermission = sentinel("NoPermission", client.Final)
	ErrForbiddenRAM = sentinel("Forbidden.RAM", client.Final)
	// ErrInvalidAccessKeyIdNotFound and the next are about the access key.
	ErrInvalidAccessKeyIdNotFound = sentinel("InvalidAccessKeyId.NotFound", client.Final)
	ErrInvalidAccessKeyIdInactive = sentinel("InvalidAccessKeyId.Inactive", client.Final)
	// ErrSignatureDoesNotMatch says that the secret is wrong, or the signature. See Error.ServerStringToSign.
	ErrSignatureDoesNotMatch = sentinel("SignatureDoesNotMatch", client.Final)
	ErrIncompleteSignature   = sentinel("IncompleteSignature", client.Final)
	// ErrSignatureNonceUsed says that a request with this nonce was received before: perhaps this very one, sent twice
	// by something on the way.
	ErrSignatureNonceUsed     = sentinel("SignatureNonceUsed", client.Unclear)
	ErrInvalidSignatureMethod = sentinel("InvalidSignatureMethod", client.Final)
	// ErrInvalidTimeStampExpired says that the clocks of client and server are more than 15 minutes apart.
	ErrInvalidTimeStampExpired = sentinel("InvalidTimeStamp.Expired", client.Final)
	ErrInvalidTimeStampFormat  = sentinel("InvalidTimeStamp.Format", client.Final)
	ErrInvalidVersion          = sentinel("InvalidVersion", client.Final)
	ErrInvalidActionNotFound   = sentinel("InvalidAction.NotFound", client.Final)
	ErrInvalidProductNotFound  = sentinel("InvalidProduct.NotFound", client.Final)
	ErrInvalidProtocolNeedSsl  = sentinel("InvalidProtocol.NeedSsl", client.Final)
	ErrUnsupportedHTTPMethod   = sentinel("UnsupportedHTTPMethod", client.Final)
	ErrInvalidParameterFormat  = sentinel("InvalidParameter.Format", client.Final)
	ErrGatewayInvalidParameter = sentinel("InvalidParameter", client.Final)
	// ErrMissingParam stands for every code that is Missing and a parameter's name, MissingSecurityToken among them.
	ErrMissingParam = sentinel("Missing*", client.Final)
	// ErrInvalidParam stands for every code that is Invalid and the name of a parameter whose value the gateway does not
	// take, InvalidVersion, InvalidSignatureMethod and InvalidParameter among them.
	ErrInvalidParam = pattern("Invalid*", isInvalidParam)
)

// ErrUnsuccessful is a reply of status 200 whose Success, or Result, is false.
var ErrUnsuccessful = &client.Code{Vendor: vendor, Status: 200, Text: "the reply says that it was not carried out"}

// codes are all sentinels, those with a pattern last.
var codes []*client.Code

func sentinel(code string, effect client.Effect) *client.Code {
	c := &client.Code{Vendor: vendor, Code: code, Effect: effect}
	codes = append(codes, c)
	return c
}

func pattern(code string, match func(string) bool) *client.Code {
	c := sentinel(code, client.Final)
	c.Match = match
	return c
}

// isInvalidParam tells Invalid<Param> from the codes that only begin alike: those have a dot.
func isInvalidParam(code string) bool {
	param, ok := strings.CutPrefix(code, "Invalid")
	return ok && param != "" && !strings.Contains(param, ".")
}
