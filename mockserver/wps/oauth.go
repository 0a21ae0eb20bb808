package wps

import (
	"crypto/subtle"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// tokenRequest are the parameters of all grants.
type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Code         string `json:"code"`
	RedirectURI  string `json:"redirect_uri"`
	RefreshToken string `json:"refresh_token"`
	AppTicket    string `json:"app_ticket"`
	CompanyID    string `json:"company_id"`
	Scope        string `json:"scope"`
}

// tokenReply is flat: the token endpoint has no envelope. The last two fields come with user tokens.
type tokenReply struct {
	AccessToken      string `json:"access_token"`
	ExpiresIn        int64  `json:"expires_in"`
	TokenType        string `json:"token_type"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	RefreshExpiresIn int64  `json:"refresh_expires_in,omitempty"`
}

// getAccessToken issues a token. A refresh token dies with its use, the access token that came with it does not.
//
// https://open.wps.cn/documents/app-integration-dev/server/certification-authorization/get-token/get-user-access-token
func getAccessToken(c *mockserver.Call) (any, error) {
	var req tokenRequest
	if err := c.BindBody(&req); err != nil {
		return nil, err
	}
	app, err := checkClient(c, &req)
	if err != nil {
		return nil, err
	}
	g := grant{c, &req, app, forgeOf(c.World, c.Rand, c.Now(), c.Switch("WPS-035"))}
	switch req.GrantType {
	case "client_credentials":
		return g.clientCredentials()
	case "authorization_code":
		return g.authorizationCode()
	default: // the document has no fourth
		return g.refresh()
	}
}

// checkClient finds the app, its key, its state and whether it may use the grant, in this order.
func checkClient(c *mockserver.Call, req *tokenRequest) (*App, error) {
	app, err := apps.Get(c.Tx, req.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, c.Refuse(errInvalidClient).At("client_id").Because("no app has this client_id")
	}
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(app.Key), []byte(req.ClientSecret)) != 1 {
		return nil, c.Refuse(errInvalidClient).At("client_secret").Because("the client_secret is not the key of the app")
	}
	if contains(tokenTroubles, app.Trouble) {
		return nil, c.Refuse(app.Trouble).Because("the app is marked as being in this state")
	}
	if !contains(app.Grants, req.GrantType) {
		return nil, c.Refuse(errGrantNotAllowed).At("grant_type").Because("the app may use %v", app.Grants)
	}
	return app, nil
}

type grant struct {
	*mockserver.Call
	req   *tokenRequest
	app   *App
	forge forge
}

func (g grant) missing(name string) error {
	return g.Refuse(errOAuthMissing).At(name).Because("%s is required with grant_type %s", name, g.req.GrantType)
}

func (g grant) clientCredentials() (any, error) {
	company := g.app.CompanyID
	if g.app.ThirdParty {
		var err error
		if company, err = g.thirdParty(); err != nil {
			return nil, err
		}
	}
	scopes, err := g.scopes(g.app.AppScopes)
	if err != nil {
		return nil, err
	}
	t, err := g.forge.issue(g.Tx, Token{AppID: g.app.ID, CompanyID: company, Scopes: scopes})
	if err != nil {
		return nil, err
	}
	return &tokenReply{AccessToken: t.Token, ExpiresIn: int64(accessLifetime / time.Second), TokenType: "bearer"}, nil
}

// thirdParty checks what an app of another company sends in addition, and returns the company.
func (g grant) thirdParty() (string, error) {
	switch {
	case g.req.AppTicket == "":
		return "", g.missing("app_ticket")
	case g.req.CompanyID == "":
		return "", g.missing("company_id")
	case subtle.ConstantTimeCompare([]byte(g.app.AppTicket), []byte(g.req.AppTicket)) != 1:
		return "", g.Refuse(errTicketToken).At("app_ticket").Because("this is not the ticket that the app was given last")
	}
	company, err := companies.Get(g.Tx, g.req.CompanyID)
	if errors.Is(err, store.ErrNotFound) || err == nil && contains(company.ForbiddenApps, g.app.ID) {
		return "", g.Refuse(errAccessDenied).At("company_id").Because("the company has not let the app in")
	}
	return g.req.CompanyID, err
}

// scopes are those asked for, all that were granted when none is (WPS-032). They are separated by commas.
func (g grant) scopes(granted []string) ([]string, error) {
	if g.req.Scope == "" || g.Switch("WPS-032") == "ignored" {
		return granted, nil
	}
	wanted := strings.Split(g.req.Scope, ",")
	for _, s := range wanted {
		if !contains(granted, s) {
			return nil, g.Refuse(errScopeNotGranted).At("scope").Because("scope %q is not among %s", s, strings.Join(granted, ","))
		}
	}
	return wanted, nil
}

func (g grant) authorizationCode() (any, error) {
	if g.req.Code == "" {
		return nil, g.missing("code")
	}
	if err := g.checkRedirectURI(); err != nil {
		return nil, err
	}
	code, err := codes.Get(g.Tx, g.req.Code)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if why := g.badCode(code); why != "" {
		return nil, g.Refuse(errCode).At("code").Because("%s", why)
	}
	if code.RedirectURI != g.req.RedirectURI && g.Switch("WPS-031") == "equal" {
		return nil, g.Refuse(errCodeRedirectURI).At("redirect_uri").Because("the code was issued for %s", code.RedirectURI)
	}
	if err := change(g.Tx, codes, code, func(c *Code) { c.Used = true }); err != nil {
		return nil, err
	}
	return g.userTokens(code.UserID, code.Scopes)
}

func (g grant) checkRedirectURI() error {
	switch {
	case g.Switch("WPS-031") == "ignored":
		return nil
	case g.req.RedirectURI == "":
		return g.missing("redirect_uri")
	case !contains(g.app.RedirectURIs, g.req.RedirectURI):
		return g.Refuse(errRedirectURI).At("redirect_uri").Because("the app has registered %v", g.app.RedirectURIs)
	}
	return nil
}

// badCode says why a code cannot be changed, or "".
func (g grant) badCode(code *Code) string {
	switch {
	case code == nil:
		return "no such code was issued"
	case code.AppID != g.app.ID:
		return "the code was issued to another app"
	case code.Used:
		return "the code was used before"
	case g.Now().UnixMilli() >= code.ExpiresAt:
		return "the code has expired; it lives for ten minutes"
	}
	return ""
}

func (g grant) refresh() (any, error) {
	if g.req.RefreshToken == "" {
		return nil, g.missing("refresh_token")
	}
	old, err := refreshTokens.Get(g.Tx, g.req.RefreshToken)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if old == nil || old.AppID != g.app.ID || g.Now().UnixMilli() >= old.ExpiresAt {
		return nil, g.Refuse(errRefreshToken).At("refresh_token").Because("it is unknown, was used, has expired or is another app's")
	}
	if err := refreshTokens.Delete(g.Tx, old.Token); err != nil {
		return nil, err
	}
	return g.userTokens(old.UserID, old.Scopes)
}

// userTokens issues an access and a refresh token for a user who has consented to the scopes.
func (g grant) userTokens(userID string, consented []string) (any, error) {
	user, err := g.consenting(userID)
	if err != nil {
		return nil, err
	}
	for _, s := range consented {
		if !contains(g.app.UserScopes, s) {
			return nil, g.Refuse(errScopeWithdrawn).At("scope").Because("the app no longer has the user scope %s", s)
		}
	}
	scopes, err := g.scopes(consented)
	if err != nil {
		return nil, err
	}
	t, err := g.forge.issue(g.Tx, Token{AppID: g.app.ID, UserID: user.ID, CompanyID: user.CompanyID, Scopes: scopes})
	if err != nil {
		return nil, err
	}
	lifetime, err := strconv.ParseInt(g.Switch("WPS-030"), 10, 64)
	if err != nil {
		return nil, err
	}
	r := &RefreshToken{Token: g.forge.opaque("refresh"), AppID: g.app.ID, UserID: user.ID, Scopes: consented,
		ExpiresAt: g.Now().Add(time.Duration(lifetime) * time.Second).UnixMilli()}
	if err := refreshTokens.Put(g.Tx, r); err != nil {
		return nil, err
	}
	return &tokenReply{AccessToken: t.Token, ExpiresIn: int64(accessLifetime / time.Second), TokenType: "bearer",
		RefreshToken: r.Token, RefreshExpiresIn: lifetime}, nil
}

// consenting returns the user, unless he has taken his consent back or cannot give it.
func (g grant) consenting(id string) (*User, error) {
	user, err := users.Get(g.Tx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if user == nil || user.Left || user.Disabled || contains(user.WithdrawnApps, g.app.ID) {
		return nil, g.Refuse(errAccessDenied).Because("user %s has withdrawn his consent, or his account is closed", id)
	}
	return user, nil
}
