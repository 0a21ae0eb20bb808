package wps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
	"github.com/countersign/countersign/specs"
)

// caller is who a request comes from.
type caller struct {
	app     *App
	company *Company
	user    *User
	token   *Token
}

// Reset is for the core, whose memory callers are in.
func (who *caller) Reset() { *who = caller{} }

// authenticator checks signature, token, scope and rights. Operations without security in the documents pass.
type authenticator struct {
	// scopes has, by operationId, the scopes of which a token needs one. Only operations with security are in it.
	scopes map[string][]string
}

// newAuthenticator reads the scopes from the documents: alternatives stand there as separate objects.
func newAuthenticator(spec *specs.Rules) authenticator {
	a := authenticator{map[string][]string{}}
	for _, op := range spec.Operations {
		if len(op.Security) > 0 {
			a.scopes[op.ID] = scopesOf(op.Security)
		}
	}
	return a
}

func scopesOf(alternatives [][]specs.Scheme) []string {
	var list []string
	for _, alternative := range alternatives {
		for _, s := range alternative {
			if s.Name == "userToken" {
				list = append(list, s.Scopes...)
			}
		}
	}
	return list
}

// capabilityWorkflow is what a company needs to have bought.
const capabilityWorkflow = "workflow"

// authenticate checks, in this order: the KSO-1 headers and signature, the token, that both are of one app, the
// token's kind and scopes, the user, the company. The order is the stand-in's.
func (a authenticator) authenticate(c *mockserver.Call) error {
	scopes, guarded := a.scopes[c.Op.ID]
	if !guarded {
		return nil
	}
	signer, err := checkSignature(c)
	if err != nil {
		return err
	}
	who, err := checkToken(c, signer)
	if err != nil {
		return err
	}
	if signer != nil && signer.ID != who.app.ID && c.Switch("WPS-007") == "enforced" {
		return c.Refuse(errAccessKeyOther).Because("the request is signed by app %s, the token was issued to app %s", signer.ID, who.app.ID)
	}
	if err := checkScope(c, who.token, scopes); err != nil {
		return err
	}
	c.Caller = who
	return checkRights(c, who)
}

// checkSignature returns the app that signed the request, or nil where the world lets it pass unsigned (WPS-001).
func checkSignature(c *mockserver.Call) (*App, error) {
	mode := c.Switch("WPS-001")
	header, date := mockserver.HeaderOf(c.Request.Header, headerAuthorization), mockserver.HeaderOf(c.Request.Header, headerDate)
	if mode == "off" || mode == "if-sent" && header == "" {
		return nil, nil
	}
	if err := checkDate(c, date); err != nil {
		return nil, err
	}
	cred, problem := parseAuthorization(header)
	if problem != "" {
		return nil, c.Refuse(problem).Because("want %s: %s, a blank, the app id, a colon, the signature", headerAuthorization, version)
	}
	app, err := apps.Get(c.Tx, cred.accessKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil, c.Refuse(errAccessKeyUnknown).Because("no app has the id %q", cred.accessKey)
	}
	if err != nil {
		return nil, err
	}
	if !verify(c.Request, app.Key, cred.signature) {
		return nil, refuseSignature(c, app, cred)
	}
	return app, nil
}

func checkDate(c *mockserver.Call, date string) error {
	if date == "" {
		return c.Refuse(errDateMissing).At(headerDate).Because("the header is missing")
	}
	at, ok := parseDate(date, c.Switch("WPS-002") == "gmt")
	if !ok {
		return c.Refuse(errDateMalformed).At(headerDate).Because("%q is not of the form Mon, 02 Jan 2006 15:04:05 GMT", date)
	}
	window, off := dateWindow(c.Switch("WPS-003"))
	if off {
		return nil
	}
	if skew := c.SigningNow().Sub(at).Abs(); skew > window {
		return c.Refuse(errDateSkewed).At(headerDate).Because("%s is %s away from %s", date, skew, c.SigningNow().Format(time.RFC3339))
	}
	return nil
}

func dateWindow(alternative string) (window time.Duration, off bool) {
	if alternative == "off" {
		return 0, true
	}
	window, err := time.ParseDuration(alternative)
	return window, err != nil
}

// refuseSignature refuses a wrong signature; why it is wrong is worked out when the journal is read.
func refuseSignature(c *mockserver.Call, app *App, cred credential) error {
	req, world := c.Request, c.World
	c.ExplainWith(func() *mockserver.Explanation {
		text := signedParts(req).text()
		e := &mockserver.Explanation{Scheme: version, StringToSign: text, ClientSignature: cred.signature,
			Problem: fmt.Sprintf("the signature is not that of the text below under the key of app %s", app.ID)}
		return e.Diagnose(text, attempts(req, app.ID, app.Key, otherApps(world, app)))
	})
	return c.Refuse(errSignature)
}

// otherApps are the world's apps whose keys a client may have confused with the right one. The request is over when
// they are wanted, so they are read anew.
func otherApps(w *mockserver.World, app *App) []App {
	const most = 100
	var others []App
	err := w.Records(context.Background(), vendor, apps.Collection().Name(), func(rec any) {
		if a := rec.(*App); a.ID != app.ID && len(others) < most {
			others = append(others, *a)
		}
	})
	if err != nil {
		return nil
	}
	return others
}

// bearer returns the token of an Authorization header.
func bearer(header string) (string, bool) {
	kind, token, ok := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(kind, "Bearer") && token != ""
}

// checkToken finds the caller by his token. signer is the app that signed, or nil.
func checkToken(c *mockserver.Call, signer *App) (*caller, error) {
	text, ok := bearer(mockserver.HeaderOf(c.Request.Header, "Authorization"))
	if !ok {
		return nil, c.Refuse(errTokenMissing).At("Authorization").Because("want Authorization: Bearer, a blank, the access token")
	}
	token, err := tokens.Get(c.Tx, text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, c.Refuse(errTokenUnknown).At("Authorization").Because("no such token was issued, or it was withdrawn")
	}
	if err != nil {
		return nil, err
	}
	if token.Suspended {
		return nil, c.Refuse(errSessionSuspended).Because("the session of the token is suspended")
	}
	if end, expires := expiry(c, token); expires && !c.Now().Before(end) {
		return nil, c.Refuse(errTokenExpired).At("Authorization").Because("the token expired at %s", end.Format(time.RFC3339))
	}
	who := mockserver.MemoryOf[caller](c)
	who.token = token
	if signer != nil && signer.ID == token.AppID {
		who.app = signer
	} else if who.app, err = apps.Get(c.Tx, token.AppID); err != nil {
		return nil, err
	}
	if who.company, err = companies.Get(c.Tx, token.CompanyID); err != nil {
		return nil, err
	}
	return who, nil
}

// expiry is when a token ends. The token that a world begins with lives on unless WPS-034 says otherwise.
func expiry(c *mockserver.Call, t *Token) (time.Time, bool) {
	if t.Demo && t.ExpiresAt == 0 && c.Switch("WPS-034") == "lifetime" {
		return time.UnixMilli(t.IssuedAt).Add(accessLifetime).UTC(), true
	}
	return time.UnixMilli(t.ExpiresAt).UTC(), t.ExpiresAt != 0
}

func checkScope(c *mockserver.Call, t *Token, scopes []string) error {
	if t.UserID == "" {
		return c.Refuse(errAppToken).Because("the token is an app's; the operation wants a user's")
	}
	if !slices.ContainsFunc(scopes, func(s string) bool { return contains(t.Scopes, s) }) {
		return c.Refuse(errScope).Because("the token has the scopes %v, the operation wants one of %v", t.Scopes, scopes)
	}
	return nil
}

func checkRights(c *mockserver.Call, who *caller) error {
	user, err := users.Get(c.Tx, who.token.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.Left:
		return c.Refuse(errUser).Because("user %s has left the company", who.token.UserID)
	case err != nil:
		return err
	case contains(who.company.ForbiddenApps, who.app.ID):
		return c.Refuse(errPolicy).Because("a policy of company %s forbids app %s", who.company.ID, who.app.ID)
	case !contains(who.company.Capabilities, capabilityWorkflow):
		return c.Refuse(errCapability).Because("company %s has the capabilities %v, not %s", who.company.ID, who.company.Capabilities, capabilityWorkflow)
	case user.Disabled:
		return c.Refuse(errDenied).Because("the account of user %s is disabled", user.ID)
	}
	who.user = user
	return nil
}

// identify appends the keys by which a request names its world: the token, the app that signs, the client of OAuth,
// its code and its refresh token.
func identify(r *mockserver.Request, claims []mockserver.Claim) []mockserver.Claim {
	if token, ok := bearer(mockserver.HeaderOf(r.Header, "Authorization")); ok {
		claims = append(claims, mockserver.Claim{Kind: claimToken, Value: token})
	}
	if cred, problem := parseAuthorization(mockserver.HeaderOf(r.Header, headerAuthorization)); problem == "" {
		claims = append(claims, mockserver.Claim{Kind: claimApp, Value: cred.accessKey})
	}
	form, _ := r.Form()
	if len(form) == 0 {
		return claims
	}
	for _, field := range [...]struct{ name, claim string }{{"client_id", claimApp}, {"code", claimCode}, {"refresh_token", claimRefresh}} {
		if value, ok := form.Get(field.name); ok && value != "" {
			claims = append(claims, mockserver.Claim{Kind: field.claim, Value: value})
		}
	}
	return claims
}
