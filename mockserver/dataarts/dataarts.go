package dataarts

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// Operations of the documents.
const (
	opCreateApprover = "CreateApprover"
	opListApprovers  = "ListApprovers"
	opDeleteApprover = "DeleteApprover"
	opCreateToken    = "KeystoneCreateUserTokenByPassword"
	opListProjects   = "KeystoneListProjects"
	opListDomains    = "KeystoneListAuthDomains"
)

// The texts by which records claim what belongs to one world, and by which requests name it.
const (
	claimToken     = "token:"
	claimAccessKey = "access-key:"
	claimDomain    = "iam-domain:"
	claimProject   = "project:"
)

// New makes the plug.
func New(env mockserver.Env) (*mockserver.Plug, error) {
	spec, err := env.LoadSpec("dataarts")
	if err != nil {
		return nil, err
	}
	return &mockserver.Plug{
		Name:         "dataarts",
		Spec:         spec,
		Paths:        []string{"/v2/", "/v3/"},
		Signed:       signs,
		Identify:     identify,
		Begin:        begin,
		Authenticate: authenticate,
		Refuse:       refuse,
		Revise:       revise,
		Throttle:     errThrottled,
		Success:      success,
		Failure:      failure,
		Handlers: map[string]mockserver.Handler{
			opCreateApprover: createApprover,
			opListApprovers:  listApprovers,
			opDeleteApprover: deleteApprover,
			opCreateToken:    createToken,
			opListProjects:   listProjects,
			opListDomains:    listDomains,
		},
		Collections: []*store.Collection{domains.Collection(), users.Collection(), accessKeys.Collection(),
			tokens.Collection(), projects.Collection(), workspaces.Collection(), members.Collection(), approvers.Collection()},
		States:   states,
		Demo:     demo,
		Mint:     mint,
		Describe: describe,
	}, nil
}

// signs reports whether the request is signed with the vendor's scheme.
func signs(r *mockserver.Request) bool {
	return strings.HasPrefix(mockserver.HeaderOf(r.Header, headerAuthorization), scheme+" ")
}

// identify names the world by token, then access key, then the account of a token request, then project.
func identify(r *mockserver.Request, claims []mockserver.Claim) []mockserver.Claim {
	if t := mockserver.HeaderOf(r.Header, headerToken); t != "" {
		claims = append(claims, mockserver.Claim{Kind: claimToken, Value: t})
	}
	if a, ok := authorizationOf(r); ok {
		claims = append(claims, mockserver.Claim{Kind: claimAccessKey, Value: a.Access})
	}
	if r.Method == http.MethodPost && r.RawPath == "/v3/auth/tokens" {
		if name := domainOf(r.Body); name != "" {
			claims = append(claims, mockserver.Claim{Kind: claimDomain, Value: name})
		}
	}
	if rest, ok := strings.CutPrefix(r.RawPath, "/v2/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		claims = append(claims, mockserver.Claim{Kind: claimProject, Value: id})
	}
	return claims
}

// domainOf reads the account's name from the body of a token request, "" if there is none. Nothing has been validated
// yet, so whatever else the body holds must not get in the way.
func domainOf(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return ""
	}
	for _, name := range [...]string{"auth", "identity", "password", "user", "domain", "name"} {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	name, _ := v.(string)
	return name
}

// begin gives the request its number, which every reply of the gateway carries.
func begin(c *mockserver.Call) {
	c.RequestID = c.Hex(32)
	c.ReplyHeader().SetCanonical("X-Request-Id", c.RequestID)
}

// isIAM reports whether the request is one to IAM.
func isIAM(c *mockserver.Call) bool { return strings.HasPrefix(c.RawPath, "/v3/") }

// refuse answers for the core.
func refuse(c *mockserver.Call, reason mockserver.Reason) *mockserver.Refusal {
	switch reason {
	case mockserver.NoSuchOperation, mockserver.NoSuchMethod:
		if belowDesign(c.RawPath) && c.Switch("DA-021") == "service" {
			return c.Refuse(errServiceAPI)
		}
		if reason == mockserver.NoSuchMethod {
			return c.Refuse(errNoMethod)
		}
		return c.Refuse(errNoAPI)
	case mockserver.TooLarge:
		return c.Refuse(errBodyTooLarge)
	case mockserver.Unreadable:
		return c.Refuse(errUnreadable)
	default:
		return c.Refuse(errInternal)
	}
}

// belowDesign reports whether the path reaches DataArts Architecture: /v2/{project_id}/design/...
func belowDesign(path string) bool {
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return false
	}
	_, rest, ok = strings.Cut(rest, "/")
	return ok && strings.HasPrefix(rest, "design/")
}

// revise applies the switches that change codes and texts.
func revise(c *mockserver.Call, r *mockserver.Refusal) *mockserver.Refusal {
	switch {
	case r.Entry.Name == errWorkspace && c.Switch("DA-002") != "flat":
		r = c.Refuse(errWorkspaceDLG).InPlaceOf(r)
		if c.Switch("DA-033") == "documented" {
			r.Message = c.Refuse(errWorkspace).Message
		}
	case r.Code == "DS.60xx":
		r.Code = c.Switch("DA-001")
	case strings.HasPrefix(r.Code, "APIGW."):
		r.Code = c.Switch("DA-018") + strings.TrimPrefix(r.Code, "APIGW")
	case (r.Entry.Name == errIAMDenied || r.Entry.Name == errIAMNotFound) && c.Switch("DA-052") == "status":
		r.Message = http.StatusText(r.Entry.Status)
	}
	return r
}
