package quickbi

import (
	"github.com/countersign/countersign/mockserver"
)

// vendor is the plug's name and its folder below specs/.
const vendor = "quickbi"

const (
	apiVersion      = "2022-01-01"
	callbackAction  = "ResultCallback"
	authorizeAction = "SmartqAuthorize"
)

// New makes the plug of Quick BI.
func New(env mockserver.Env) (*mockserver.Plug, error) {
	spec, err := env.LoadSpec(vendor)
	if err != nil {
		return nil, err
	}
	return &mockserver.Plug{
		Name: vendor, Spec: spec, Paths: []string{"/"}, Signed: looksSigned, Identify: identify, Locate: locate,
		Begin: begin, Authenticate: authenticate, Refuse: refuse, Revise: revise, Success: success, Failure: failure, Format: format,
		Throttle: errThrottlingUser, Furnish: furnish,
		ContentType: "application/json;charset=utf-8",
		Handlers:    map[string]mockserver.Handler{callbackAction: resultCallback, authorizeAction: smartqAuthorize},
		Collections: collections(), States: states(), Demo: demo, Mint: mint, Describe: describe,
	}, nil
}

// looksSigned recognizes the two signature schemes on a path that nobody claims.
func looksSigned(r *mockserver.Request) bool {
	if isACS3(mockserver.HeaderOf(r.Header, authorizationHeader)) {
		return true
	}
	pairs := r.Pairs()
	_, key := pairs.Get("AccessKeyId")
	_, signature := pairs.Get(signatureParam)
	return key && signature
}

// identify names the token and the access key of a request.
func identify(r *mockserver.Request, claims []mockserver.Claim) []mockserver.Claim {
	if s := readV3(r); s.v3 {
		if token := s.sent.token; token != "" {
			claims = append(claims, mockserver.Claim{Kind: claimToken, Value: token})
		}
		if s.authError == nil {
			claims = append(claims, mockserver.Claim{Kind: claimKey, Value: s.auth.Credential})
		}
		return claims
	}
	pairs := r.Pairs()
	if token, ok := pairs.Get(tokenParam); ok {
		claims = append(claims, mockserver.Claim{Kind: claimToken, Value: token})
	}
	if id, ok := pairs.Get("AccessKeyId"); ok {
		claims = append(claims, mockserver.Claim{Kind: claimKey, Value: id})
	}
	return claims
}

// refuse puts the core's reasons into the gateway's words.
func refuse(c *mockserver.Call, reason mockserver.Reason) *mockserver.Refusal {
	switch reason {
	case mockserver.NoSuchOperation:
		return c.Refuse(errNoSuchAction)
	case mockserver.NoSuchMethod:
		return refuseMethod(c)
	case mockserver.TooLarge, mockserver.Unreadable:
		if c.Switch("QB-021") == errInternal {
			return c.Refuse(errInternal)
		}
		return c.Refuse(errUnreadable)
	default:
		return c.Refuse(errInternal)
	}
}

func refuseMethod(c *mockserver.Call) *mockserver.Refusal {
	return withStatus(c.Refuse(errHTTPMethod), c.Switch("QB-009") == "403", 403)
}

// withStatus answers the refusal with another status than the catalogue's default, if a world chose so.
func withStatus(r *mockserver.Refusal, other bool, status int) *mockserver.Refusal {
	if other {
		e := *r.Entry
		e.Status = status
		r.Entry = &e
	}
	return r
}
