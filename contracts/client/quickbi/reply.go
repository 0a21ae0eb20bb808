package quickbi

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// reply is a reply that knows whether it is whole.
type reply interface {
	// missing names a documented field that did not come, or is empty.
	missing() string
	// done says whether the reply says that the call was carried out, and gives the vendor's number of the request.
	done() (bool, string)
}

// base is named so that Error's field does not hide its method.
type base = client.Error

// Error is what Quick BI, or the gateway before it, answers in place of a result. errors.As finds it, and the
// client.Error in it.
//
// The vendor's page on errors: https://help.aliyun.com/document_detail/460847.html
type Error struct {
	base
	// HostID is the host that was called.
	HostID string
	// Recommend is the address of the vendor's page about the error; empty if none came.
	Recommend string
	// AccessDenied says who was refused by which kind of policy; nil unless RAM refused.
	AccessDenied *AccessDeniedDetail
	// ServerStringToSign is what the server has signed, with SignatureDoesNotMatch. It has the parameters of the call in
	// it, so the error's text leaves it out; a security token in it is redacted.
	ServerStringToSign string
}

// Unwrap gives the part that all clients' errors have.
func (e *Error) Unwrap() error { return &e.base }

// AccessDeniedDetail is what RAM says about a refusal.
//
// Values: https://help.aliyun.com/zh/ram/developer-reference/api-ram-2015-05-01-decodediagnosticmessage
type AccessDeniedDetail struct {
	// AuthAction is the RAM action, "quickbi-public:SmartqAuthorize".
	AuthAction string
	// AuthPrincipalType is SubUser, AssumedRoleUser or Federated.
	AuthPrincipalType        string
	AuthPrincipalOwnerId     string
	AuthPrincipalDisplayName string
	// EncodedDiagnosticMessage can be decoded by the account's owner, with DecodeDiagnosticMessage.
	EncodedDiagnosticMessage string
	// NoPermissionType is ImplicitDeny or ExplicitDeny.
	NoPermissionType string
	// PolicyType is the kind of the policy that decided.
	PolicyType string
}

// envelope is the error body, in JSON and in XML.
type envelope struct {
	RequestId          string
	HostId             string
	Code               any
	Message            string
	Recommend          string
	AccessDeniedDetail *AccessDeniedDetail
}

// read takes a reply apart. An error is one of status 400 and above, and one with a Code of its own whatever the status:
// no success of these operations has a Code.
func read(r *client.Reply, out reply) error {
	if r.Status >= http.StatusBadRequest {
		return readError(r)
	}
	var failed envelope
	if json.Unmarshal(r.Body, &failed) == nil && !successful(code(failed.Code)) {
		return readError(r)
	}
	if r.Status != http.StatusOK {
		return r.Malformed("the documented status is 200", "")
	}
	if err := json.Unmarshal(r.Body, out); err != nil {
		return r.Malformed("it cannot be read: "+err.Error(), "")
	}
	if field := out.missing(); field != "" {
		return r.Malformed(field+" is missing", "")
	}
	if done, id := out.done(); !done {
		return unsuccessful(r.Status, id)
	}
	return nil
}

// unsuccessful is the error about a reply of status 200 that says that the call was not carried out. Such a reply is
// documented by the field's text alone; no example of it is published.
func unsuccessful(status int, id string) error {
	return &Error{base: client.Error{Failure: client.Failure{Vendor: vendor}, Status: status, RequestID: id, Message: ErrUnsuccessful.Text}}
}

// successful are the values of Code that the vendor's SDK for Node takes for a success; empty is the documented one.
func successful(code string) bool {
	return slices.Contains([]string{"", "200", "OK", "Success", "success"}, code)
}

func code(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func readError(r *client.Reply) error {
	var body envelope
	if err := json.Unmarshal(r.Body, &body); err != nil || code(body.Code) == "" {
		body = readXML(r.Body)
	}
	e := &Error{
		base:   client.Error{Code: code(body.Code), Message: body.Message, Status: r.Status, RequestID: body.RequestId},
		HostID: body.HostId, Recommend: r.Scrub(body.Recommend), AccessDenied: body.AccessDeniedDetail,
	}
	if e.Code == "" {
		e.Message = "no error of Quick BI: " + r.Excerpt()
	}
	e.cutStringToSign(r)
	e.Vendor = vendor
	e.Effect = client.EffectOf(&e.base, codes)
	e.RetryAfter = timeLeft(r.Header)
	return e
}

// readXML reads an error in XML, which the gateway may answer before it knows the format that is wanted.
func readXML(body []byte) envelope {
	var x struct {
		XMLName   xml.Name `xml:"Error"`
		RequestId string
		HostId    string
		Code      string
		Message   string
		Recommend string
	}
	if xml.Unmarshal(body, &x) != nil {
		return envelope{}
	}
	return envelope{RequestId: x.RequestId, HostId: x.HostId, Code: x.Code, Message: x.Message, Recommend: x.Recommend}
}

// cutStringToSign takes what the server has signed out of the message: it repeats every parameter of the call.
func (e *Error) cutStringToSign(r *client.Reply) {
	for _, mark := range []string{"server string to sign is:", "server StringToSign is"} {
		if before, after, found := strings.Cut(e.Message, mark); found {
			e.Message, e.ServerStringToSign = strings.TrimSpace(before), r.Scrub(strings.TrimSpace(after))
			return
		}
	}
}

// timeLeft is the wait that a throttled caller is told, in milliseconds, in one of two headers.
// SDKs read it: darabonba-openapi, ThrottlingError.
func timeLeft(h http.Header) time.Duration {
	for _, name := range []string{"x-ratelimit-user-api", "x-ratelimit-user"} {
		for item := range strings.SplitSeq(h.Get(name), ",") {
			key, value, _ := strings.Cut(strings.TrimSpace(item), ":")
			if ms, err := strconv.ParseInt(value, 10, 32); err == nil && key == "TimeLeft" {
				return time.Duration(ms) * time.Millisecond
			}
		}
	}
	return 0
}
