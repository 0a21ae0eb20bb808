package quickbi

import (
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// errorReply is the error envelope of the gateway and of the product.
type errorReply struct {
	RequestID          string              `json:"RequestId" xml:"RequestId"`
	HostID             string              `json:"HostId" xml:"HostId"`
	Code               string              `json:"Code"`
	Message            string              `json:"Message"`
	Recommend          string              `json:"Recommend"`
	AccessDeniedDetail *accessDeniedDetail `json:"AccessDeniedDetail,omitempty"`
}

type accessDeniedDetail struct {
	AuthAction               string `json:"AuthAction"`
	AuthPrincipalType        string `json:"AuthPrincipalType"`
	AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId" xml:"AuthPrincipalOwnerId"`
	AuthPrincipalDisplayName string `json:"AuthPrincipalDisplayName"`
	EncodedDiagnosticMessage string `json:"EncodedDiagnosticMessage"`
	NoPermissionType         string `json:"NoPermissionType"`
	PolicyType               string `json:"PolicyType"`
}

type callbackReply struct {
	RequestID string `json:"RequestId" xml:"RequestId"`
	Result    bool   `json:"Result"`
	Success   bool   `json:"Success"`
}

type authorizeReply struct {
	RequestID string   `json:"RequestId" xml:"RequestId"`
	Result    []failed `json:"Result"`
	Success   bool     `json:"Success"`
}

// failed is one pair of user and target that could not be carried out. A target field that does not apply is "" or,
// in a world that chose so, absent (QB-062).
type failed struct {
	UserID        string  `json:"UserId" xml:"UserId"`
	LlmCube       *string `json:"LlmCube,omitempty"`
	LlmCubeTheme  *string `json:"LlmCubeTheme,omitempty"`
	DetailMessage string  `json:"DetailMessage"`
}

// itemReply is authorizeReply with its array as Item elements (QB-019).
type itemReply struct {
	RequestID string `xml:"RequestId"`
	Result    struct {
		Item []failed
	}
	Success bool
}

// success puts a handler's value into the operation's envelope.
func success(c *mockserver.Call, value any) any {
	switch v := value.(type) {
	case []failed:
		return &authorizeReply{RequestID: c.RequestID, Result: v, Success: true}
	default:
		return &callbackReply{RequestID: c.RequestID, Result: true, Success: true}
	}
}

// failure makes the error envelope.
func failure(c *mockserver.Call, r *mockserver.Refusal) any {
	e := &errorReply{RequestID: c.RequestID, HostID: hostWithoutPort(c.Host), Code: r.Code, Message: r.Message}
	e.Recommend = "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(r.Code) + "&product=" + c.Switch("QB-020") + "&requestId=" + c.RequestID
	e.AccessDeniedDetail, _ = r.Extra.(*accessDeniedDetail)
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
	return c.Refuse(want, r.Parameter).At(r.Parameter).Because("%s", r.Reason)
}

// plainQuotes undoes escapes that are needed in attributes only, of which there are none.
var plainQuotes = strings.NewReplacer("&#39;", "'", "&#34;", `"`)

// format writes XML where the request asked for it, or asked for nothing with signature version 1.0.
func format(c *mockserver.Call, envelope any) ([]byte, string, bool) {
	if !sessionOf(c).xml {
		return nil, "", false
	}
	root := "Error"
	if _, bad := envelope.(*errorReply); !bad {
		root = c.Op.ID + "Response"
	}
	if v, ok := envelope.(*authorizeReply); ok && c.Switch("QB-019") == "item" {
		items := &itemReply{RequestID: v.RequestID, Success: v.Success}
		items.Result.Item = v.Result
		envelope = items
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>`)
	if err := xml.NewEncoder(&b).EncodeElement(envelope, xml.StartElement{Name: xml.Name{Local: root}}); err != nil {
		panic(err) // plain structs of texts and booleans
	}
	return []byte(plainQuotes.Replace(b.String())), "text/xml;charset=utf-8", true
}
