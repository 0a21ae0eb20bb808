package quickbi

import (
	"net/url"

	"github.com/countersign/countersign/mockserver"
)

// envelope is a reply that writes itself in both formats.
type envelope interface {
	mockserver.Appender
	// appendXML appends it as XML; items says that arrays are made of Item elements (QB-019).
	appendXML(b []byte, items bool) []byte
}

// errorReply is the error envelope of the gateway and of the product.
type errorReply struct {
	refusal           *mockserver.Refusal
	requestID, hostID string
	// product is how the vendor's page of advice calls the product (QB-020).
	product string
	denied  *accessDeniedDetail
}

const adviceURL = "https://api.aliyun.com/troubleshoot?q="

func (e *errorReply) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"RequestId":`...), e.requestID)
	b = appendText(append(b, `,"HostId":`...), e.hostID)
	b = e.refusal.AppendCode(append(b, `,"Code":`...))
	b = e.refusal.AppendMessage(append(b, `,"Message":`...))
	b = append(e.appendAdvice(append(b, `,"Recommend":"`...)), '"')
	if e.denied != nil {
		b = e.denied.appendJSON(append(b, `,"AccessDeniedDetail":`...))
	}
	return append(b, '}')
}

// appendAdvice appends the address of the page of advice as it stands in JSON. What is percent-encoded needs no escapes there.
func (e *errorReply) appendAdvice(b []byte) []byte {
	b = append(append(b, adviceURL...), url.QueryEscape(e.refusal.Code)...)
	b = mockserver.AppendText(append(b, "&product="...), e.product)
	return mockserver.AppendText(append(b, "&requestId="...), e.requestID)
}

func (e *errorReply) appendXML(b []byte, _ bool) []byte {
	b = append(b, "<Error>"...)
	b = appendElement(b, "RequestId", e.requestID)
	b = appendElement(b, "HostId", e.hostID)
	b = appendElement(b, "Code", e.refusal.Code)
	b = appendElement(b, "Message", e.refusal.Message)
	b = appendElement(b, "Recommend", adviceURL, url.QueryEscape(e.refusal.Code), "&product=", e.product, "&requestId=", e.requestID)
	if e.denied != nil {
		b = e.denied.appendXML(b)
	}
	return append(b, "</Error>"...)
}

// accessDeniedDetail says what RAM refused to whom.
type accessDeniedDetail struct {
	action, principalType, ownerID, displayName, diagnostic string
}

const (
	implicitDeny = "ImplicitDeny"
	identityBase = "AccountLevelIdentityBasedPolicy"
)

func (d *accessDeniedDetail) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"AuthAction":`...), d.action)
	b = appendText(append(b, `,"AuthPrincipalType":`...), d.principalType)
	b = appendText(append(b, `,"AuthPrincipalOwnerId":`...), d.ownerID)
	b = appendText(append(b, `,"AuthPrincipalDisplayName":`...), d.displayName)
	b = appendText(append(b, `,"EncodedDiagnosticMessage":`...), d.diagnostic)
	b = appendText(append(b, `,"NoPermissionType":`...), implicitDeny)
	b = appendText(append(b, `,"PolicyType":`...), identityBase)
	return append(b, '}')
}

func (d *accessDeniedDetail) appendXML(b []byte) []byte {
	b = append(b, "<AccessDeniedDetail>"...)
	b = appendElement(b, "AuthAction", d.action)
	b = appendElement(b, "AuthPrincipalType", d.principalType)
	b = appendElement(b, "AuthPrincipalOwnerId", d.ownerID)
	b = appendElement(b, "AuthPrincipalDisplayName", d.displayName)
	b = appendElement(b, "EncodedDiagnosticMessage", d.diagnostic)
	b = appendElement(b, "NoPermissionType", implicitDeny)
	b = appendElement(b, "PolicyType", identityBase)
	return append(b, "</AccessDeniedDetail>"...)
}

// callbackReply is ResultCallback's.
type callbackReply struct{ requestID string }

func (r *callbackReply) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"RequestId":`...), r.requestID)
	return append(b, `,"Result":true,"Success":true}`...)
}

func (r *callbackReply) appendXML(b []byte, _ bool) []byte {
	b = appendElement(append(b, "<ResultCallbackResponse>"...), "RequestId", r.requestID)
	return append(b, "<Result>true</Result><Success>true</Success></ResultCallbackResponse>"...)
}

// authorizeReply is SmartqAuthorize's.
type authorizeReply struct {
	requestID string
	failed    []failed
}

func (r *authorizeReply) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"RequestId":`...), r.requestID)
	b = append(b, `,"Result":[`...)
	for i := range r.failed {
		if i > 0 {
			b = append(b, ',')
		}
		b = r.failed[i].appendJSON(b)
	}
	return append(b, `],"Success":true}`...)
}

func (r *authorizeReply) appendXML(b []byte, items bool) []byte {
	b = appendElement(append(b, "<SmartqAuthorizeResponse>"...), "RequestId", r.requestID)
	if items {
		b = append(b, "<Result>"...)
	}
	for i := range r.failed {
		b = r.failed[i].appendXML(b, either(items, "Item", "Result"))
	}
	if items {
		b = append(b, "</Result>"...)
	}
	return append(b, "<Success>true</Success></SmartqAuthorizeResponse>"...)
}

// failed is one pair of user and target that could not be carried out. A target field that does not apply is "" or,
// in a world that chose so, absent (QB-062).
type failed struct {
	userID  string
	cube    *string
	theme   *string
	message string
}

func (f *failed) appendJSON(b []byte) []byte {
	b = appendText(append(b, `{"UserId":`...), f.userID)
	if f.cube != nil {
		b = appendText(append(b, `,"LlmCube":`...), *f.cube)
	}
	if f.theme != nil {
		b = appendText(append(b, `,"LlmCubeTheme":`...), *f.theme)
	}
	b = appendText(append(b, `,"DetailMessage":`...), f.message)
	return append(b, '}')
}

func (f *failed) appendXML(b []byte, tag string) []byte {
	b = appendElement(appendTag(b, "<", tag), "UserId", f.userID)
	if f.cube != nil {
		b = appendElement(b, "LlmCube", *f.cube)
	}
	if f.theme != nil {
		b = appendElement(b, "LlmCubeTheme", *f.theme)
	}
	return appendTag(appendElement(b, "DetailMessage", f.message), "</", tag)
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// success puts a handler's value into the operation's envelope.
func success(c *mockserver.Call, value any) any {
	switch v := value.(type) {
	case []failed:
		return &authorizeReply{requestID: c.RequestID, failed: v}
	default:
		return &callbackReply{requestID: c.RequestID}
	}
}

// failure makes the error envelope.
func failure(c *mockserver.Call, r *mockserver.Refusal) any {
	e := &errorReply{refusal: r, requestID: c.RequestID, hostID: hostWithoutPort(c.Host), product: c.Switch("QB-020")}
	e.denied, _ = r.Extra.(*accessDeniedDetail)
	return e
}

// revise puts the world's choice of code in place of the one that the document names beside a parameter.
func revise(c *mockserver.Call, r *mockserver.Refusal) *mockserver.Refusal {
	if c.Op == nil || r.Parameter == "" {
		return r
	}
	want := r.Entry.Name
	switch {
	case r.Entry.Name == errParamEmpty && c.Switch("QB-005") == "gateway":
		want = errMissing
	case c.Op.ID == callbackAction && r.Parameter == "Status" && r.Entry.Name == errInvalidParameterError:
		want = c.Switch("QB-030")
	case c.Op.ID == callbackAction && r.Entry.Name == errInvalidParamError:
		want = c.Switch("QB-031")
	case c.Op.ID == authorizeAction && r.Parameter == "OperationType" && r.Entry.Name == errInvalidParameterError:
		want = c.Switch("QB-066")
	}
	if want == r.Entry.Name {
		return r
	}
	return c.Refuse(want, r.Parameter).InPlaceOf(r)
}

// format writes XML where the request asked for it, or asked for nothing with signature version 1.0.
func format(c *mockserver.Call, reply any, b []byte) ([]byte, string, bool) {
	if !sessionOf(c).xml {
		return nil, "", false
	}
	return reply.(envelope).appendXML(append(b, xmlHead...), c.Switch("QB-019") == "item"), "text/xml;charset=utf-8", true
}
