package wps

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// vendor is the plug's name and its folder below specs/.
const vendor = "wps"

// Operations of the documents, and the path below which the endpoints of OAuth are.
const (
	operationUserManage = "getUserManageApprovalDefinitionList"
	operationToken      = "getAccessToken"
	oauthPathPrefix     = "/oauth2/"
)

// New makes the plug for WPS 365.
func New(env mockserver.Env) (*mockserver.Plug, error) {
	spec, err := env.LoadSpec(vendor)
	if err != nil {
		return nil, err
	}
	return &mockserver.Plug{
		Name:         vendor,
		Spec:         spec,
		Paths:        []string{"/v7/", oauthPathPrefix},
		Signed:       signedByKSO,
		Identify:     identify,
		Authenticate: newAuthenticator(spec).authenticate,
		Refuse:       refuse,
		Revise:       revise,
		Throttle:     errThrottled,
		Success:      success,
		Failure:      failure,
		Handlers: map[string]mockserver.Handler{
			operationUserManage: listUserManage,
			operationToken:      getAccessToken,
		},
		Collections: collections(),
		States:      states(),
		Demo:        demo,
		Mint:        mint,
		Describe:    describe,
	}, nil
}

// signedByKSO reports whether a request carries this vendor's signature headers.
func signedByKSO(r *mockserver.Request) bool {
	return mockserver.HeaderOf(r.Header, headerAuthorization) != ""
}

// success leaves a page to write its own envelope; the token endpoint has none.
func success(_ *mockserver.Call, value any) any {
	return value
}

// failureReply is the envelope of an error. Debug comes with OAuth errors only (WPS-033).
type failureReply struct {
	Code  int    `json:"code"`
	Msg   string `json:"msg"`
	Debug *debug `json:"debug,omitempty"`
}

type debug struct {
	Desc string `json:"desc"`
}

// AppendJSON appends what encoding/json makes of the struct, without its escapes for HTML. Nearly all messages of the
// catalogue need no escapes.
func (f *failureReply) AppendJSON(b []byte) []byte {
	if f.Debug != nil || !isPlain(f.Msg) {
		return append(b, plainJSON((*failureFields)(f))...)
	}
	b = strconv.AppendInt(append(b, `{"code":`...), int64(f.Code), 10)
	b = append(append(b, `,"msg":"`...), f.Msg...)
	return append(b, `"}`...)
}

// failureFields is failureReply for encoding/json.
type failureFields failureReply

func plainJSON(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // plain structs of texts
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// isPlain reports whether a text stands in JSON as it is: printable ASCII without quotes and backslashes.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func failure(c *mockserver.Call, r *mockserver.Refusal) any {
	code, _ := strconv.Atoi(r.Code) // the catalogue's codes are numbers; a test says so
	out := &failureReply{Code: code, Msg: r.Message}
	if isOAuth(c, r) && c.Switch("WPS-033") == "present" {
		out.Debug = &debug{description(r)}
	}
	return out
}

// isOAuth reports whether the error is one of the token endpoint's own.
func isOAuth(c *mockserver.Call, r *mockserver.Refusal) bool {
	const oauthDigits = 8
	return strings.HasPrefix(c.RawPath, oauthPathPrefix) && len(r.Code) == oauthDigits
}

// description is a sentence on what went wrong; the vendor's own are not known (WPS-033).
func description(r *mockserver.Refusal) string {
	const most = 1024 // of the document
	text := r.Reason()
	if text == "" {
		text = r.Entry.Condition
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return text
}
