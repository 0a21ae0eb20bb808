package dataarts

import (
	"crypto/subtle"
	"errors"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

const (
	headerAuthorization = "Authorization"
	headerToken         = "X-Auth-Token"
	headerProjectID     = "X-Project-Id"
)

// caller is who sent the request, and where he works.
type caller struct {
	user *User
	// token is what he proved himself by, nil for a signature.
	token *Token
	// project is that of the path.
	project *Project
	// workspace and member, his membership in it, are known once he has entered it; member is nil if he is none.
	workspace *Workspace
	member    *Member
}

// memory is what the vendor has of a call's memory.
type memory struct {
	caller caller
	body   approverParam
	// authorization is the header, once it was asked for; readable says that it is one of the scheme.
	authorization authorization
	asked         bool
	readable      bool
	// was is who signed with that access key before, if he is remembered.
	was *knownCaller
}

// Reset is for the core.
func (m *memory) Reset() { *m = memory{} }

// authorizationOf reads the Authorization header, once.
func authorizationOf(r *mockserver.Request) (*authorization, bool) {
	m := mockserver.MemoryFor[memory](r)
	if !m.asked {
		m.authorization, m.readable = parseAuthorization(mockserver.HeaderOf(r.Header, headerAuthorization))
		m.asked = true
	}
	return &m.authorization, m.readable
}

func newCaller(c *mockserver.Call, user *User, token *Token) *caller {
	who := &mockserver.MemoryOf[memory](c).caller
	*who = caller{user: user, token: token}
	return who
}

// Sizes from which the gateway refuses a request, in bytes (DA-041).
const (
	maxURI    = 32 << 10
	maxHeader = 32 << 10
)

// authenticate finds the caller: sizes, then token or signature, then whether he and the project may work at all.
func authenticate(c *mockserver.Call) error {
	if r := checkSizes(c); r != nil {
		return r
	}
	if c.Op.ID == opCreateToken {
		return nil
	}
	if isIAM(c) {
		return authenticateIAM(c)
	}
	project, err := projectOf(c)
	if err != nil {
		return err
	}
	if project != nil && project.Gateway != "" && c.Switch("DA-042") == "before-authentication" {
		return c.Refuse(project.Gateway)
	}
	who, err := credentials(c, project)
	if err != nil {
		return err
	}
	who.project = project
	c.Caller = who
	return admit(c, who)
}

// projectOf is the project of the path, nil if there is none.
func projectOf(c *mockserver.Call) (*Project, error) {
	id := c.PathArg("project_id")
	if a, ok := authorizationOf(c.Request); ok {
		if was := knownIn(c).caller(c.Tx, id, a.Access); was != nil {
			mockserver.MemoryOf[memory](c).was = was
			return was.project, nil
		}
	}
	return first(c.Tx, projects, "by_id", id)
}

func checkSizes(c *mockserver.Call) *mockserver.Refusal {
	if c.Switch("DA-041") == "none" {
		return nil
	}
	if len(c.URI) > maxURI {
		return c.Refuse(errURITooLarge).Because("the request URI has %d bytes", len(c.URI))
	}
	for name, values := range c.Header {
		for _, v := range values {
			if len(v) > maxHeader {
				return c.Refuse(errHeadersTooLarge).At(name).Because("a header field has %d bytes", len(v))
			}
		}
	}
	return nil
}

// authenticateIAM is for the look-ups of IAM. In a world that chose so, IAM answers bad credentials itself (DA-053).
func authenticateIAM(c *mockserver.Call) error {
	who, err := credentials(c, nil)
	if err == nil && who.user.Disabled {
		err = c.Refuse(errIAM).Because("the user %s is disabled", who.user.Name)
	}
	var r *mockserver.Refusal
	if errors.As(err, &r) && c.Switch("DA-053") == "iam" {
		return c.Refuse(errIAMCredential).Because("%s: %s", r.Message, r.Reason())
	}
	if err != nil {
		return err
	}
	c.Caller = who
	return nil
}

// credentials checks the token or the signature; with both, one of them counts (DA-017). project is that of the path, nil
// if there is none.
func credentials(c *mockserver.Call, project *Project) (*caller, error) {
	token, signed := mockserver.HeaderOf(c.Header, headerToken), mockserver.HeaderOf(c.Header, headerAuthorization)
	switch {
	case token == "" && signed == "":
		return nil, c.Refuse(errNoToken).Because("there is neither an X-Auth-Token nor an Authorization header")
	case token != "" && (signed == "" || c.Switch("DA-017") == "token"):
		return byToken(c, token)
	}
	return bySignature(c, project)
}

func byToken(c *mockserver.Call, id string) (*caller, error) {
	t, err := get(c.Tx, tokens, id)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, c.Refuse(errDecryptToken).At(headerToken).Because("the token was not issued here")
	}
	if expired(t.ExpiresAt, c.Now()) {
		if c.Switch("DA-038") == errTokenUpdate {
			return nil, c.Refuse(errTokenUpdate).At(headerToken).Because("the token has expired")
		}
		return nil, c.Refuse(errTokenExpired, t.ExpiresAt.UTC().Format(iamTime)).At(headerToken)
	}
	u, err := users.Get(c.Tx, t.User)
	return newCaller(c, u, t), err
}

func expired(at *time.Time, now time.Time) bool { return at != nil && !now.Before(*at) }

func bySignature(c *mockserver.Call, project *Project) (*caller, error) {
	a, ok := authorizationOf(c.Request)
	if !ok {
		return nil, unreadableAuthorization(c)
	}
	date := mockserver.HeaderOf(c.Header, headerDate)
	at, ok := parseDate(date)
	if !ok || !a.signs("x-sdk-date") {
		return nil, incompleteSignature(c, date)
	}
	key, user, err := signerOf(c, project, a.Access)
	if err != nil {
		return nil, err
	}
	if r := checkAccessKey(c, key, a); r != nil {
		return nil, r
	}
	if now := c.SigningNow(); !fresh(at, now) {
		return nil, c.Refuse(errSignatureExpired, date, now.UTC().Format(dateLayout)).At(headerDate).
			Because("the client's clock differs by %s, at most %s is allowed", now.Sub(at).Abs().Round(time.Second), window)
	}
	m := messageOf(c.Request)
	if !verify(&m, a, key.SK) {
		explain(c, *a, key)
		return nil, c.Refuse(errSignature).Because("the signature does not fit the request; the journal's explanation says more")
	}
	return newCaller(c, user, nil), nil
}

// signerOf finds an access key, nil if there is none, and its user.
func signerOf(c *mockserver.Call, project *Project, access string) (*AccessKey, *User, error) {
	if was := mockserver.MemoryOf[memory](c).was; was != nil {
		return was.key, was.user, nil
	}
	key, err := get(c.Tx, accessKeys, access)
	if err != nil || key == nil {
		return nil, nil, err
	}
	user, err := users.Get(c.Tx, key.User)
	if err == nil && project != nil {
		knownIn(c).meet(c.Tx, project, key, user)
	}
	return key, user, err
}

// unreadableAuthorization is DA-037.
func unreadableAuthorization(c *mockserver.Call) *mockserver.Refusal {
	name := errAuthentication
	if c.Switch("DA-037") == errIAM {
		name = errIAM
	}
	return c.Refuse(name).At(headerAuthorization).
		Because("want: %s Access=<ak>, SignedHeaders=<names>, Signature=<hex>", scheme)
}

// incompleteSignature is DA-040.
func incompleteSignature(c *mockserver.Call, date string) *mockserver.Refusal {
	name := errIAM
	if c.Switch("DA-040") == "signature" {
		name = errSignature
	}
	return c.Refuse(name).At(headerDate).
		Because("X-Sdk-Date must be sent as %s and be among the signed headers; it is %q", dateLayout, clip(date))
}

// clip shortens what a client sent for a message.
func clip(s string) string {
	if len(s) > 32 {
		return s[:32] + "..."
	}
	return s
}

// checkAccessKey looks at everything about the key but the signature.
func checkAccessKey(c *mockserver.Call, key *AccessKey, a *authorization) *mockserver.Refusal {
	if key == nil {
		return c.Refuse(errNoAccessKey, a.Access).At(headerAuthorization).Because("no world knows the access key")
	}
	if key.LockedUntil != nil && c.Now().Before(*key.LockedUntil) {
		return c.Refuse(errAccessKeyLocked).Because("the access key is locked until %s", key.LockedUntil.UTC().Format(time.RFC3339))
	}
	if key.SecurityToken == "" {
		return nil
	}
	return checkSecurityToken(c, key)
}

// checkSecurityToken is DA-039.
func checkSecurityToken(c *mockserver.Call, key *AccessKey) *mockserver.Refusal {
	sent := mockserver.HeaderOf(c.Header, headerSecurity)
	right := subtle.ConstantTimeCompare([]byte(sent), []byte(key.SecurityToken)) == 1
	if !right && c.Switch("DA-039") == "signature" {
		return c.Refuse(errSignature).At(headerSecurity).Because("the security token is missing or not the access key's")
	}
	switch {
	case sent == "":
		return c.Refuse(errNoSecretKey, key.AK).At(headerSecurity).Because("temporary credentials need X-Security-Token")
	case !right:
		return c.Refuse(errDecryptToken).At(headerSecurity).Because("the security token is not the access key's")
	case expired(key.ExpiresAt, c.Now()):
		return c.Refuse(errTokenExpired, key.ExpiresAt.UTC().Format(iamTime)).At(headerSecurity)
	}
	return nil
}

// admit decides whether a known caller gets as far as the project of the path.
func admit(c *mockserver.Call, who *caller) error {
	scope, err := scopeOf(c.Tx, who)
	if err != nil {
		return err
	}
	p := who.project
	switch {
	case p != nil && scope != nil && scope.Region != p.Region:
		return c.Refuse(errTokenUpdate).At(headerToken).Because("the token is for the region %s, the project is in %s", scope.Region, p.Region)
	case p != nil && p.Disabled:
		return c.Refuse(errProjectGone).At("project_id").Because("the project is disabled")
	case p != nil && p.Gateway != "":
		return c.Refuse(p.Gateway).Because("the gateway before the project was put into this state")
	case who.user.WithoutPolicy:
		return c.Refuse(errNotAuthorized).Because("the IAM user %s has no policy for the service", who.user.Name)
	case who.user.Disabled && c.Switch("DA-023") == "gateway":
		return c.Refuse(errIAM).Because("the user %s is disabled", who.user.Name)
	case who.user.Disabled:
		return c.Refuse(errUser).Because("the user %s is disabled", who.user.Name)
	}
	return admitToProject(c, who, scope)
}

// scopeOf is the project that the caller's token is for, if it is for one.
func scopeOf(tx *store.Tx, who *caller) (*Project, error) {
	if who.token == nil || who.token.Project == "" {
		return nil, nil //nolint:nilnil // no scope is an ordinary answer
	}
	return projects.Get(tx, who.token.Project)
}

// admitToProject is DA-019.
func admitToProject(c *mockserver.Call, who *caller, scope *Project) error {
	own := who.project != nil && who.project.Domain == who.user.Domain
	right := own
	if who.token != nil {
		right = own && scope != nil && scope.Key == who.project.Key
	}
	switch {
	case right:
		return nil
	case c.Switch("DA-019") == "gateway":
		return c.Refuse(errNotAuthorized).At("project_id").Because("the project of the path is not the caller's")
	case who.token != nil:
		return c.Refuse(errTokenProject).At("project_id").Because("the token is not for the project of the path")
	}
	return c.Refuse(errProject).At("project_id").Because("the project of the path is not the account's")
}

// messageOf is the request as the signature sees it.
func messageOf(r *mockserver.Request) message {
	return message{Method: r.Method, Path: r.RawPath, Query: r.RawQuery, Host: r.Host, Header: r.Header, Body: r.Body}
}
