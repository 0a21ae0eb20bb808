package wps

import (
	"errors"
	"fmt"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// states are the provider states. Those without parameters mean the demo user, his token, his app and his company.
func states() []mockserver.State {
	list := []mockserver.State{
		tokenState("wps-token-expired", "The demo user's access token has expired.", func(s *mockserver.Setup, t *Token) {
			t.ExpiresAt = s.Now().UnixMilli()
		}),
		tokenState("wps-session-suspended", "The session behind the demo user's access token is suspended.", func(_ *mockserver.Setup, t *Token) {
			t.Suspended = true
		}),
		tokenState("wps-scope-missing", "The demo user's access token has none of the scopes for approval definitions.", func(_ *mockserver.Setup, t *Token) {
			t.Scopes = []string{"kso.user_base.read"}
		}),
		userState("wps-user-disabled", "The demo user's account is disabled.", func(u *User, _ *App) { u.Disabled = true }),
		userState("wps-user-removed", "The demo user has left the company.", func(u *User, _ *App) { u.Left = true }),
		userState("wps-consent-withdrawn", "The demo user has withdrawn his consent to the demo app.", func(u *User, a *App) {
			u.WithdrawnApps = with(u.WithdrawnApps, a.ID)
		}),
		companyState("wps-capability-missing", "The demo company has not bought the workflow capability.", func(c *Company, _ *App) {
			c.Capabilities = []string{"doc"}
		}),
		companyState("wps-policy-denied", "A policy of the demo company forbids the demo app.", func(c *Company, a *App) {
			c.ForbiddenApps = with(c.ForbiddenApps, a.ID)
		}),
		appState("wps-app-scope-withdrawn", "The demo app has no user scopes any more.", func(a *App) { a.UserScopes = nil }),
		appState("wps-grant-not-allowed", "The demo app may use no grant of the token endpoint.", func(a *App) { a.Grants = nil }),
		appState("wps-third-party-app", "The demo app is a third-party app; its ticket is \"ticket-1\".", func(a *App) {
			a.ThirdParty, a.AppTicket = true, "ticket-1"
		}),
	}
	for _, x := range []struct{ state, trouble string }{{"wps-app-throttled", errThrottled}, {"wps-app-over-quota", errQuota},
		{"wps-oauth-server-error", errOAuthServer}, {"wps-oauth-unavailable", errOAuthUnavailable}} {
		list = append(list, appState(x.state, "Calls of the demo app are answered with "+x.trouble+".", func(a *App) { a.Trouble = x.trouble }))
	}
	for _, x := range []struct{ state, outage string }{{"wps-remote-fail", errRemoteFail}, {"wps-remote-error", errRemote},
		{"wps-circuit-breaker-open", errCircuitBreaker}, {"wps-store-error", errStoreServer}, {"wps-service-upgrading", errUpgrading},
		{"wps-unknown-error", errUnknown}} {
		list = append(list, companyState(x.state, "Calls for the demo company are answered with "+x.outage+".", func(c *Company, _ *App) { c.Outage = x.outage }))
	}
	return append(list, definitionStates()...)
}

func tokenState(name, doc string, edit func(*mockserver.Setup, *Token)) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Apply: func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		t, err := tokens.First(s.Tx, "demo", "")
		if err != nil {
			return nil, fmt.Errorf("the world's first token: %w", err)
		}
		return nil, change(s.Tx, tokens, t, func(t *Token) { edit(s, t) })
	}}
}

func appState(name, doc string, edit func(*App)) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Apply: func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		app, err := appOf(s.Tx, roleMain)
		if err != nil {
			return nil, fmt.Errorf("the main app: %w", err)
		}
		return nil, change(s.Tx, apps, app, edit)
	}}
}

func userState(name, doc string, edit func(*User, *App)) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Apply: func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		app, err1 := appOf(s.Tx, roleMain)
		user, err2 := users.Get(s.Tx, userChen)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("the main app and the demo user: %w", err)
		}
		return nil, change(s.Tx, users, user, func(u *User) { edit(u, app) })
	}}
}

func companyState(name, doc string, edit func(*Company, *App)) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Apply: func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		app, err1 := appOf(s.Tx, roleMain)
		company, err2 := companies.Get(s.Tx, companyMain)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("the main app and the demo company: %w", err)
		}
		return nil, change(s.Tx, companies, company, func(c *Company) { edit(c, app) })
	}}
}

// definitionStates are those that take parameters or tell what they made.
func definitionStates() []mockserver.State {
	return []mockserver.State{
		{Name: "wps-definitions", Doc: "The user (user_id) manages exactly count definitions, 25 unless told otherwise.",
			Params: []string{"count", "user_id"}, Apply: stateDefinitions},
		{Name: "wps-definition-added", Doc: "The user (user_id) has created one more definition, of this name; it is his newest. Tells its id.",
			Params: []string{"name", "user_id"}, Apply: stateAdded},
		{Name: "wps-definition-deleted", Doc: "The definition (id), or else the newest of the user (user_id), is deleted. Tells its id.",
			Params: []string{"id", "user_id"}, Apply: stateDeleted},
		{Name: "wps-internal-error", Doc: "The newest definition of the user (user_id) is broken: pages that hold it fail. Tells its id.",
			Params: []string{"user_id"}, Apply: stateBroken},
		{Name: "wps-authorization-code", Doc: "The user (user_id) has consented; tells the code that was sent to redirect_uri, for the scopes (scope, comma-separated).",
			Params: []string{"user_id", "redirect_uri", "scope"}, Apply: stateCode},
		{Name: "wps-second-app", Doc: "Changes nothing; tells the id and the key of the second demo app.", Apply: stateSecondApp},
	}
}

func userOf(s *mockserver.Setup, p mockserver.Params) (*User, error) {
	id := p.Text("user_id", userChen)
	u, err := users.Get(s.Tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &mockserver.ParamError{Name: "user_id", Problem: fmt.Sprintf("there is no user %q", id)}
	}
	return u, err
}

func managed(s *mockserver.Setup, userID string) ([]*Define, error) {
	return defines.Page(s.Tx, indexManager, store.Key(userID), store.Range{Desc: true})
}

const mostDefinitions = 10_000

func stateDefinitions(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	user, err := userOf(s, p)
	if err != nil {
		return nil, err
	}
	want, err := p.Int("count", 25)
	if err != nil {
		return nil, err
	}
	if want < 0 || want > mostDefinitions {
		return nil, &mockserver.ParamError{Name: "count", Problem: fmt.Sprintf("want 0 to %d", mostDefinitions)}
	}
	list, err := managed(s, user.ID)
	if err != nil {
		return nil, err
	}
	for len(list) > want { // the oldest go
		last := len(list) - 1
		if err := defines.Delete(s.Tx, list[last].ID); err != nil {
			return nil, err
		}
		list = list[:last]
	}
	for n := len(list); n < want; n++ {
		if _, err := addDefine(s, user, fmt.Sprintf("审批流程 %d", n+1)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func stateAdded(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	user, err := userOf(s, p)
	if err != nil {
		return nil, err
	}
	d, err := addDefine(s, user, p.Text("name", "新建审批"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": d.ID}, nil
}

// addDefine makes the user's newest definition: created now, or just behind the newest one where the clock is earlier.
func addDefine(s *mockserver.Setup, user *User, name string) (*Define, error) {
	n, err := s.Tx.Sequence("approval_defines")
	if err != nil {
		return nil, err
	}
	at := s.Now().UnixMilli()
	if newest, err := defines.Page(s.Tx, indexManager, store.Key(user.ID), store.Range{Desc: true, Limit: 1}); err != nil {
		return nil, err
	} else if len(newest) > 0 && newest[0].CTime >= at {
		at = newest[0].CTime + 1000
	}
	like, err := template()
	if err != nil {
		return nil, err
	}
	d := &Define{ID: fmt.Sprintf("8%017d", n), Name: name, Icon: "tmp1", GroupID: "group-1", CTime: at,
		CreatedBy:   Identity{Type: identityUser, ID: user.ID, CompanyID: user.CompanyID, Name: user.Name, Avatar: user.Avatar},
		FormDesigns: like.FormDesigns, ProcessDefine: like.ProcessDefine, Setting: like.Setting,
		VisibleScopes: []VisibleScope{{CompanyID: user.CompanyID, ScopeType: "user", ScopeID: user.ID, IsAdmin: true}}}
	if err := defines.Put(s.Tx, d); err != nil {
		var invalid *store.InvalidError
		if errors.As(err, &invalid) {
			return nil, &mockserver.ParamError{Name: "name", Problem: invalid.Err.Error()}
		}
		return nil, err
	}
	return d, nil
}

// chosenDefine is the definition with the id, else the newest of the user.
func chosenDefine(s *mockserver.Setup, p mockserver.Params) (*Define, error) {
	if id := p.Text("id", ""); id != "" {
		d, err := defines.Get(s.Tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, &mockserver.ParamError{Name: "id", Problem: fmt.Sprintf("there is no definition %q", id)}
		}
		return d, err
	}
	user, err := userOf(s, p)
	if err != nil {
		return nil, err
	}
	list, err := managed(s, user.ID)
	if err == nil && len(list) == 0 {
		return nil, &mockserver.ParamError{Name: "user_id", Problem: fmt.Sprintf("user %s manages no definition", user.ID)}
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func stateDeleted(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	d, err := chosenDefine(s, p)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": d.ID}, defines.Delete(s.Tx, d.ID)
}

func stateBroken(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	d, err := chosenDefine(s, p)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": d.ID}, change(s.Tx, defines, d, func(d *Define) { d.Broken = true })
}

func stateCode(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	user, err := userOf(s, p)
	if err != nil {
		return nil, err
	}
	app, err := appOf(s.Tx, roleMain)
	if err != nil {
		return nil, fmt.Errorf("the main app: %w", err)
	}
	c := &Code{Code: forgeOf(s.World, s.Rand, s.Now(), "").opaque("code"), AppID: app.ID, UserID: user.ID,
		RedirectURI: p.Text("redirect_uri", redirectURI), Scopes: strings.Split(p.Text("scope", scopeRead), ","),
		ExpiresAt: s.Now().Add(codeLifetime).UnixMilli()}
	if !contains(app.RedirectURIs, c.RedirectURI) {
		return nil, &mockserver.ParamError{Name: "redirect_uri", Problem: fmt.Sprintf("the app has registered %v", app.RedirectURIs)}
	}
	return map[string]any{"code": c.Code, "redirect_uri": c.RedirectURI}, codes.Put(s.Tx, c)
}

func stateSecondApp(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
	app, err := appOf(s.Tx, roleSecond)
	if err != nil {
		return nil, fmt.Errorf("the second app: %w", err)
	}
	return map[string]any{"app_id": app.ID, "app_key": app.Key}, nil
}
