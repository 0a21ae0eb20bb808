package wps

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/countersign/countersign/contracts/client"
)

// OAuthConfig is what NewOAuth needs.
type OAuthConfig struct {
	// Endpoint is the service's address. Empty: https://openapi.wps.cn
	Endpoint string
	// ClientID and ClientSecret are the app's id and key.
	ClientID     string
	ClientSecret client.Secret
	client.Options
}

// OAuth calls the token endpoint. It is safe for concurrent use.
type OAuth struct {
	endpoint *url.URL
	clientID string
	secret   func() client.Secret // a function, which fmt does not print
	skip     bool
	sender   *client.Sender
}

// Token is an access token.
type Token struct {
	AccessToken client.Secret
	// ExpiresIn is how long it lives: two hours.
	ExpiresIn time.Duration
	// TokenType is bearer.
	TokenType string
	// RefreshToken and RefreshExpiresIn come with a user's token. The pages disagree about the lifetime: 365 days and 30.
	RefreshToken     client.Secret
	RefreshExpiresIn time.Duration
}

// NewOAuth makes a client of the token endpoint. It sends nothing. It fails with *client.CheckError if the endpoint is no
// address, or the app's id or key is wanting.
func NewOAuth(c OAuthConfig) (*OAuth, error) {
	endpoint, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	var checks client.Checks
	checks.That(c.ClientID != "" || c.SkipChecks, "client_id", "is required")
	checks.That(c.ClientSecret != "" || c.SkipChecks, "client_secret", "is required")
	if err := checks.Err(); err != nil {
		return nil, err
	}
	secret := func() client.Secret { return c.ClientSecret }
	return &OAuth{endpoint, c.ClientID, secret, c.SkipChecks, client.NewSender(c.Options)}, nil
}

// AuthURL is where a user's browser is sent for his consent. It comes back to redirectURI with a code, which is good
// once and for ten minutes, and with the state, which must be the one given here. Scopes are joined by commas: the
// vendor takes no blanks, unlike the OAuth standard.
//
// https://open.wps.cn/documents/app-integration-dev/wps365/server/certification-authorization/user-authorization/flow
func (o *OAuth) AuthURL(redirectURI, state string, scopes ...string) string {
	u := o.endpoint.JoinPath("/oauth2/auth")
	u.RawQuery = url.Values{"response_type": {"code"}, "client_id": {o.clientID}, "redirect_uri": {redirectURI},
		"scope": {strings.Join(scopes, ",")}, "state": {state}}.Encode()
	return u.String()
}

// ThirdParty names the company that a third-party app asks a token for.
type ThirdParty struct {
	// AppTicket is the ticket that the platform has sent last.
	AppTicket client.Secret
	// CompanyID is the company that has installed the app.
	CompanyID string
}

// ClientCredentials fetches an app's own token, or with a ThirdParty (nil: none) the token of a third-party app for a
// company. The list of definitions refuses such tokens: it serves users.
//
// Errors: as the package client documents.
//
// https://open.wps.cn/documents/app-integration-dev/server/certification-authorization/get-token/isvapp-tenant-access-token
func (o *OAuth) ClientCredentials(ctx context.Context, third *ThirdParty) (*Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	var secrets []client.Secret
	if third != nil {
		form.Set("app_ticket", string(third.AppTicket))
		form.Set("company_id", third.CompanyID)
		secrets = append(secrets, third.AppTicket)
	}
	return o.token(ctx, form, true, secrets)
}

// AuthorizationCode changes the code of a user's consent for his token. A code works once and for ten minutes;
// redirectURI is the one that the consent was asked with.
//
// An error that holds client.ErrUnknownOutcome may have used up the code: ask for consent again.
//
// Errors: *client.CheckError if code is empty; otherwise as the package client documents.
//
// https://open.wps.cn/documents/app-integration-dev/server/certification-authorization/get-token/get-user-access-token
func (o *OAuth) AuthorizationCode(ctx context.Context, code client.Secret, redirectURI string, opts ...client.CallOption) (*Token, error) {
	if err := o.required("code", code); err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {string(code)}}
	if redirectURI != "" {
		form.Set("redirect_uri", redirectURI)
	}
	return o.token(ctx, form, false, []client.Secret{code}, opts...)
}

// RefreshToken changes a refresh token for a new pair. The old refresh token dies at once; the old access token lives on
// until it expires.
//
// An error that holds client.ErrUnknownOutcome may have killed the refresh token: if it is then refused with
// ErrOAuthInvalidGrant, the user has to consent again.
//
// Errors: *client.CheckError if the refresh token is empty; otherwise as the package client documents.
//
// https://open.wps.cn/documents/app-integration-dev/wps365/server/certification-authorization/get-token/refresh-user-access-token
func (o *OAuth) RefreshToken(ctx context.Context, refreshToken client.Secret, opts ...client.CallOption) (*Token, error) {
	if err := o.required("refresh_token", refreshToken); err != nil {
		return nil, err
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {string(refreshToken)}}
	return o.token(ctx, form, false, []client.Secret{refreshToken}, opts...)
}

func (o *OAuth) required(field string, value client.Secret) error {
	c := client.Checks{Operation: tokenOperation}
	c.That(value != "" || o.skip, field, "is required")
	return c.Err()
}

const tokenOperation = "getAccessToken"

// token calls the endpoint. The app's id and key go into the form; the call is not signed.
func (o *OAuth) token(ctx context.Context, form url.Values, repeatable bool, secrets []client.Secret, opts ...client.CallOption) (*Token, error) {
	secret := o.secret()
	form.Set("client_id", o.clientID)
	form.Set("client_secret", string(secret))
	secrets = append(secrets, secret)
	var token *Token
	err := o.sender.Do(ctx, client.Call{
		Vendor: vendor, Operation: tokenOperation, Repeatable: repeatable, Options: opts,
		Prepare: func(ctx context.Context) (*client.Prepared, error) {
			body := strings.NewReader(form.Encode())
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.endpoint.JoinPath("/oauth2/token").String(), body)
			if err != nil {
				return nil, err
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Accept", "application/json")
			return &client.Prepared{Request: req, Secrets: secrets}, nil
		},
		Read: func(r *client.Reply) (err error) {
			token, err = readToken(r)
			return err
		},
	})
	return token, err
}

// readToken takes a reply apart. It is flat, without the envelope of the API's replies. The lifetime of a refresh token
// is a number in the page's example and a string in its table; both are read.
func readToken(r *client.Reply) (*Token, error) {
	if err := failure(r); err != nil {
		return nil, err
	}
	if r.Status != http.StatusOK {
		return nil, malformed(r, "the documented status is 200")
	}
	var body struct {
		AccessToken      client.Secret `json:"access_token"`
		ExpiresIn        json.Number   `json:"expires_in"`
		TokenType        string        `json:"token_type"`
		RefreshToken     client.Secret `json:"refresh_token"`
		RefreshExpiresIn json.Number   `json:"refresh_expires_in"`
	}
	if json.Unmarshal(r.Body, &body) != nil {
		return nil, malformed(r, "it cannot be read") // the cause may repeat a token
	}
	lifetime, err := body.ExpiresIn.Int64()
	switch {
	case body.AccessToken == "":
		return nil, malformed(r, "access_token is missing")
	case err != nil || lifetime <= 0:
		return nil, malformed(r, "expires_in is no number of seconds")
	case !strings.EqualFold(body.TokenType, "bearer"):
		return nil, malformed(r, "token_type is not bearer")
	}
	refresh, _ := body.RefreshExpiresIn.Int64() // 0 when it is absent
	return &Token{body.AccessToken, time.Duration(lifetime) * time.Second, body.TokenType,
		body.RefreshToken, time.Duration(refresh) * time.Second}, nil
}
