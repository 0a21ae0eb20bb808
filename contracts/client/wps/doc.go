// Package wps is a client of WPS 365 approvals: the list of the approval definitions that a user manages, and the OAuth
// endpoint that issues the tokens for it. It is written from the vendor's documents and uses the standard library only.
//
//	oauth, err := wps.NewOAuth(wps.OAuthConfig{ClientID: appID, ClientSecret: client.Secret(appKey)})
//	token, err := oauth.AuthorizationCode(ctx, code, redirectURI) // the list wants a user's token; an app's is refused
//
//	c, err := wps.New(wps.Config{
//		Credentials: wps.Credentials{AppID: appID, AppKey: client.Secret(appKey), AccessToken: token.AccessToken},
//	})
//	for define, err := range c.AllUserManageApprovalDefinitions(ctx, 30) { ... }
//
// Calls are signed with KSO-1. The vendor demands the signature only of apps whose developer console has "interface
// signature" switched on; without AppID and AppKey calls are not signed.
//
// Private deployments serve the same API below a prefix, usually /openapi: give it with the endpoint. It is sent and not
// signed, as clients of such deployments do.
//
// The parameter page is the size of a page, not its number; the place in the list is the cursor. Only errors that may
// pass are retried; a refresh of a token, or the use of a code, is not repeated after an unclear end, for either works
// once (see client.ErrUnknownOutcome).
package wps
