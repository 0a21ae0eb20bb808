package dataarts

// Names of the catalogue's entries, as in x-errors of the documents. The gateway's come first, then the service's, then
// IAM's. Condition, status, code and message stand in the documents.
const (
	errNoAPI            = "APIGW.0101"
	errNoMethod         = "APIGW.0101/method"
	errUnreadable       = "APIGW.0201/400"
	errBodyTooLarge     = "APIGW.0201/413"
	errURITooLarge      = "APIGW.0201/414"
	errHeadersTooLarge  = "APIGW.0201/494"
	errIAM              = "APIGW.0301"
	errSignature        = "APIGW.0301/signature"
	errSignatureExpired = "APIGW.0301/expired"
	errNoAccessKey      = "APIGW.0301/ak-not-exist"
	errNoSecretKey      = "APIGW.0301/secret-key"
	errAccessKeyLocked  = "APIGW.0301/locked"
	errDecryptToken     = "APIGW.0301/decrypt-token"
	errNoToken          = "APIGW.0301/no-token"
	errTokenExpired     = "APIGW.0301/token-expired"
	errNotAuthorized    = "APIGW.0302"
	errAuthentication   = "APIGW.0305"
	errTokenUpdate      = "APIGW.0307"
	errThrottled        = "APIGW.0308"
	errProjectGone      = "APIGW.0310"
	errInternal         = "APIGW.0601"
	errIAMUnavailable   = "APIGW.0613"

	errParameter     = "DS.60xx/parameter"
	errContentType   = "DS.60xx/content-type"
	errWorkspace     = "DS.60xx/workspace"
	errWorkspaceDLG  = "DLG.0818"
	errProjectHeader = "DS.60xx/project-header"
	errMember        = "DS.60xx/member"
	errRole          = "DS.60xx/role"
	errDuplicate     = "DS.60xx/duplicate"
	errApprover      = "DS.60xx/approver"
	errUser          = "DS.60xx/user"
	errTokenProject  = "DS.60xx/token-project"
	errAdmin         = "DS.60xx/admin"
	errCaller        = "DS.60xx/caller"
	errProject       = "DS.60xx/project"
	errServiceAPI    = "DS.60xx/api"

	errIAMRequest    = "IAM.400"
	errIAMPassword   = "IAM.401"
	errIAMCredential = "IAM.401/credential"
	errIAMDenied     = "IAM.403"
	errIAMNotFound   = "IAM.404"
)

// gatewayConditions are the entries that no client can cause: a project's gateway is put into that state.
var gatewayConditions = []string{
	"APIGW.0103", "APIGW.0104", "APIGW.0105", "APIGW.0106", "APIGW.0201/502", "APIGW.0201/504", "APIGW.0303",
	"APIGW.0304", "APIGW.0306", errThrottled, "APIGW.0308/user", "APIGW.0308/ip", "APIGW.0311", "APIGW.0401", "APIGW.0402", "APIGW.0404", errInternal,
	"APIGW.0602", "APIGW.0605", "APIGW.0606", "APIGW.0610", errIAMUnavailable, "APIGW.0801", "APIGW.0802",
}
