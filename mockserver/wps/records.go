package wps

import (
	"fmt"
	"slices"

	"github.com/countersign/countersign/mockserver/store"
)

// Company is a tenant.
type Company struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Capabilities are what it has bought; approvals need "workflow".
	Capabilities []string `json:"capabilities"`
	// ForbiddenApps are the ids of apps that its policy forbids.
	ForbiddenApps []string `json:"forbidden_apps,omitempty"`
	// Outage is the name of the catalogue entry that its calls get while a service behind the gateway is down.
	Outage string `json:"outage,omitempty"`
}

// User is a person.
type User struct {
	ID        string `json:"id"`
	CompanyID string `json:"company_id"`
	Name      string `json:"name"`
	Avatar    string `json:"avatar,omitempty"`
	// Disabled accounts are denied; who has left cannot be found.
	Disabled bool `json:"disabled,omitempty"`
	Left     bool `json:"left,omitempty"`
	// WithdrawnApps are the apps that he has taken his consent from.
	WithdrawnApps []string `json:"withdrawn_apps,omitempty"`
}

// Group is a department or a user group.
type Group struct {
	ID        string `json:"id"`
	CompanyID string `json:"company_id"`
	Name      string `json:"name"`
}

// App is an application of the open platform. Its id is the access key of KSO-1 and the client_id of OAuth, its key the
// secret of both.
type App struct {
	ID        string `json:"id"`
	Key       string `json:"key"`
	Name      string `json:"name"`
	CompanyID string `json:"company_id"`
	// Role is "main" or "second" for the apps that `env` and the provider states mean.
	Role string `json:"role,omitempty"`
	// ThirdParty apps fetch tokens for other companies, with AppTicket.
	ThirdParty bool   `json:"third_party,omitempty"`
	AppTicket  string `json:"app_ticket,omitempty"`
	// AppScopes and UserScopes were granted apart from each other; Grants are the grant types it may use.
	AppScopes    []string `json:"app_scopes,omitempty"`
	UserScopes   []string `json:"user_scopes,omitempty"`
	Grants       []string `json:"grants,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	// Trouble is the name of the catalogue entry that its calls get: throttled, over its quota, and the like.
	Trouble string `json:"trouble,omitempty"`
}

// Token is an access token that was issued.
type Token struct {
	// Token is its text.
	Token string `json:"token"`
	AppID string `json:"app_id"`
	// UserID is empty for an app's own token.
	UserID    string   `json:"user_id,omitempty"`
	CompanyID string   `json:"company_id"`
	Scopes    []string `json:"scopes"`
	// IssuedAt and ExpiresAt are milliseconds since 1970; ExpiresAt 0: it does not expire.
	IssuedAt  int64 `json:"issued_at"`
	ExpiresAt int64 `json:"expires_at,omitempty"`
	// Demo marks the token that the world began with (WPS-034); Suspended, that its session is.
	Demo      bool `json:"demo,omitempty"`
	Suspended bool `json:"suspended,omitempty"`
}

// Code is an authorization code.
type Code struct {
	Code        string   `json:"code"`
	AppID       string   `json:"app_id"`
	UserID      string   `json:"user_id"`
	RedirectURI string   `json:"redirect_uri"`
	Scopes      []string `json:"scopes"`
	ExpiresAt   int64    `json:"expires_at"`
	Used        bool     `json:"used,omitempty"`
}

// RefreshToken is a refresh token that was not used yet.
type RefreshToken struct {
	Token     string   `json:"token"`
	AppID     string   `json:"app_id"`
	UserID    string   `json:"user_id"`
	Scopes    []string `json:"scopes"`
	ExpiresAt int64    `json:"expires_at"`
}

// Claims prefix the texts by which requests find their world; see identify.
const (
	claimApp     = "app:"
	claimToken   = "token:"
	claimCode    = "code:"
	claimRefresh = "refresh-token:"
)

// What an app's Trouble and a company's Outage may be: names of the catalogue.
var (
	callTroubles  = []string{errQuota, errThrottled}
	tokenTroubles = []string{errOAuthServer, errOAuthUnavailable}
	outages       = []string{errRemoteFail, errRemote, errCircuitBreaker, errStoreServer, errUpgrading, errUnknown}
)

var companies = store.NewTable("companies", func(c *Company) string { return c.ID }).
	Check(func(c *Company) error { return oneOf("outage", c.Outage, outages) }).
	Schema("Company")

func oneOf(field, value string, allowed ...[]string) error {
	if value == "" || contains(slices.Concat(allowed...), value) {
		return nil
	}
	return fmt.Errorf("%s is %q, want one of %q", field, value, slices.Concat(allowed...))
}

var users = store.NewTable("users", func(u *User) string { return u.ID }).
	References(refer("company_id", companies.Collection(), func(u *User) []string { return []string{u.CompanyID} })).
	Schema("User")

var departments = store.NewTable("departments", func(g *Group) string { return g.ID }).
	References(refer("company_id", companies.Collection(), func(g *Group) []string { return []string{g.CompanyID} })).
	Schema("Group")

var userGroups = store.NewTable("user_groups", func(g *Group) string { return g.ID }).
	References(refer("company_id", companies.Collection(), func(g *Group) []string { return []string{g.CompanyID} })).
	Schema("Group")

var apps = store.NewTable("apps", func(a *App) string { return a.ID },
	store.Index[*App]{Name: "role", Unique: true, Key: func(a *App) (string, bool) { return store.Key(a.Role), a.Role != "" }}).
	References(refer("company_id", companies.Collection(), func(a *App) []string { return []string{a.CompanyID} })).
	Check(func(a *App) error { return oneOf("trouble", a.Trouble, callTroubles, tokenTroubles) }).
	Claims(func(a *App) []string { return []string{claimApp + a.ID} }).
	Schema("App")

var tokens = store.NewTable("tokens", func(t *Token) string { return t.Token },
	store.Index[*Token]{Name: "expiry", Key: func(t *Token) (string, bool) { return store.Key(store.Int(t.ExpiresAt)), t.ExpiresAt != 0 }},
	store.Index[*Token]{Name: "demo", Key: func(t *Token) (string, bool) { return "", t.Demo }}).
	References(refer("app_id", apps.Collection(), func(t *Token) []string { return []string{t.AppID} }),
		refer("user_id", users.Collection(), func(t *Token) []string { return []string{t.UserID} })).
	Claims(func(t *Token) []string { return []string{claimToken + t.Token} }).
	Schema("Token")

var codes = store.NewTable("codes", func(c *Code) string { return c.Code },
	store.Index[*Code]{Name: "expiry", Key: func(c *Code) (string, bool) { return store.Key(store.Int(c.ExpiresAt)), true }}).
	References(refer("app_id", apps.Collection(), func(c *Code) []string { return []string{c.AppID} }),
		refer("user_id", users.Collection(), func(c *Code) []string { return []string{c.UserID} })).
	Claims(func(c *Code) []string { return []string{claimCode + c.Code} }).
	Schema("Code")

var refreshTokens = store.NewTable("refresh_tokens", func(t *RefreshToken) string { return t.Token },
	store.Index[*RefreshToken]{Name: "expiry", Key: func(t *RefreshToken) (string, bool) { return store.Key(store.Int(t.ExpiresAt)), true }}).
	References(refer("app_id", apps.Collection(), func(t *RefreshToken) []string { return []string{t.AppID} }),
		refer("user_id", users.Collection(), func(t *RefreshToken) []string { return []string{t.UserID} })).
	Claims(func(t *RefreshToken) []string { return []string{claimRefresh + t.Token} }).
	Schema("RefreshToken")

// collections lists the tables in the order in which records can be loaded.
func collections() []*store.Collection {
	return []*store.Collection{companies.Collection(), users.Collection(), departments.Collection(), userGroups.Collection(),
		apps.Collection(), tokens.Collection(), codes.Collection(), refreshTokens.Collection(), defines.Collection()}
}

func refer[T any](field string, to *store.Collection, ids func(*T) []string) store.Reference[*T] {
	return store.Reference[*T]{Field: field, To: to.Name(), IDs: ids}
}

// change stores a changed copy of a record.
func change[T any](tx *store.Tx, table *store.Table[*T], rec *T, edit func(*T)) error {
	next := *rec
	edit(&next)
	return table.Put(tx, &next)
}

// with returns list with the item in it, leaving list alone.
func with(list []string, item string) []string {
	if contains(list, item) {
		return list
	}
	return append(slices.Clone(list), item)
}
