package quickbi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// The envelopes as encoding/json and encoding/xml write them.
type (
	slowError struct {
		RequestID          string      `json:"RequestId" xml:"RequestId"`
		HostID             string      `json:"HostId" xml:"HostId"`
		Code               string      `json:"Code"`
		Message            string      `json:"Message"`
		Recommend          string      `json:"Recommend"`
		AccessDeniedDetail *slowDenied `json:"AccessDeniedDetail,omitempty"`
	}
	slowDenied struct {
		AuthAction               string `json:"AuthAction"`
		AuthPrincipalType        string `json:"AuthPrincipalType"`
		AuthPrincipalOwnerID     string `json:"AuthPrincipalOwnerId" xml:"AuthPrincipalOwnerId"`
		AuthPrincipalDisplayName string `json:"AuthPrincipalDisplayName"`
		EncodedDiagnosticMessage string `json:"EncodedDiagnosticMessage"`
		NoPermissionType         string `json:"NoPermissionType"`
		PolicyType               string `json:"PolicyType"`
	}
	slowCallback struct {
		RequestID string `json:"RequestId" xml:"RequestId"`
		Result    bool   `json:"Result"`
		Success   bool   `json:"Success"`
	}
	slowAuthorize struct {
		RequestID string       `json:"RequestId" xml:"RequestId"`
		Result    []slowFailed `json:"Result"`
		Success   bool         `json:"Success"`
	}
	slowItems struct {
		RequestID string `xml:"RequestId"`
		Result    struct{ Item []slowFailed }
		Success   bool
	}
	slowFailed struct {
		UserID        string  `json:"UserId" xml:"UserId"`
		LlmCube       *string `json:"LlmCube,omitempty"`
		LlmCubeTheme  *string `json:"LlmCubeTheme,omitempty"`
		DetailMessage string  `json:"DetailMessage"`
	}
)

func slowJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func slowXML(t *testing.T, root string, v any) string {
	t.Helper()
	var b strings.Builder
	if err := xml.NewEncoder(&b).EncodeElement(v, xml.StartElement{Name: xml.Name{Local: root}}); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`).Replace(b.String())
}

// hold compares a reply in both formats with what the slow encoders make of the same.
func hold(t *testing.T, reply envelope, items bool, root string, asJSON, asXML any) {
	t.Helper()
	if got, want := string(reply.AppendJSON(nil)), slowJSON(t, asJSON); got != want {
		t.Errorf("JSON\n got %s\nwant %s", got, want)
	}
	if got, want := string(reply.appendXML(nil, items)), slowXML(t, root, asXML); got != want {
		t.Errorf("XML\n got %s\nwant %s", got, want)
	}
}

// FuzzReplies holds every envelope against the standard library's encoders.
func FuzzReplies(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\"'\\\b\f\n\r\t\x1f\x7f", "<&>]]>", "审批人 \u2028\u2029\ufffd\ufffe", "\xc3", "a\xe2\x80", "\xed\xa0\x80é&#39;&amp;"} {
		f.Add("D787E1A3-A93C-424A-B626-C2B05DF8D885", s, "x"+s, s+"y", true)
		f.Add(s, "127.0.0.1", s, "", false)
	}
	f.Fuzz(func(t *testing.T, id, host, code, message string, some bool) {
		slow := &slowError{RequestID: id, HostID: host, Code: code, Message: message,
			Recommend: "https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(code) + "&product=" + host + "&requestId=" + id}
		fast := &errorReply{refusal: &mockserver.Refusal{Code: code, Message: message}, requestID: id, hostID: host, product: host}
		if some {
			slow.AccessDeniedDetail = &slowDenied{code, message, id, host, code + message, "ImplicitDeny", "AccountLevelIdentityBasedPolicy"}
			fast.denied = &accessDeniedDetail{code, message, id, host, code + message}
		}
		hold(t, fast, some, "Error", slow, slow)

		done := &slowCallback{id, true, true}
		hold(t, &callbackReply{id}, some, "ResultCallbackResponse", done, done)

		bad, slowBad := []failed{}, []slowFailed{}
		if some {
			bad = []failed{{id, &code, nil, message}, {host, &code, &message, id}, {message, nil, nil, ""}}
			slowBad = []slowFailed{{id, &code, nil, message}, {host, &code, &message, id}, {message, nil, nil, ""}}
		}
		granted := &slowAuthorize{id, slowBad, true}
		hold(t, &authorizeReply{id, bad}, false, "SmartqAuthorizeResponse", granted, granted)
		items := &slowItems{RequestID: id, Success: true}
		items.Result.Item = slowBad
		hold(t, &authorizeReply{id, bad}, true, "SmartqAuthorizeResponse", granted, items)
	})
}
