package wps_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/countersign/countersign/contracts/client"
	"github.com/countersign/countersign/contracts/client/wps"
	"github.com/countersign/countersign/mockserver"
	fake "github.com/countersign/countersign/mockserver/wps"
)

// environment is what the stand-in says about itself.
type environment struct {
	URL         string        `json:"url"`
	AppID       string        `json:"app_id"`
	AppKey      client.Secret `json:"app_key"`
	AccessToken client.Secret `json:"access_token"`

	world *mockserver.World
}

// start runs the stand-in with a world and says how to reach it.
func start(t mockserver.TB, setting mockserver.WorldSetting) environment {
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{fake.New}})
	w, err := srv.CreateWorld(context.Background(), setting)
	if err != nil {
		t.Fatalf("%v", err)
	}
	all, err := w.Env(context.Background(), srv.URL)
	if err != nil {
		t.Fatalf("%v", err)
	}
	env := environment{world: w}
	data, err := json.Marshal(all["wps"])
	if err == nil {
		err = json.Unmarshal(data, &env)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	return env
}

func (e environment) given(t mockserver.TB, state string, params mockserver.Params) map[string]any {
	t.Helper()
	told, err := e.world.Apply(context.Background(), state, params)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return told
}

func (e environment) config() wps.Config {
	return wps.Config{Endpoint: e.URL, Credentials: wps.Credentials{AppID: e.AppID, AppKey: e.AppKey, AccessToken: e.AccessToken}}
}

func (e environment) oauth(t mockserver.TB) *wps.OAuth {
	t.Helper()
	o, err := wps.NewOAuth(wps.OAuthConfig{Endpoint: e.URL, ClientID: e.AppID, ClientSecret: e.AppKey})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return o
}

// collect goes through all definitions.
func collect(t *testing.T, c *wps.Client, page int) (names []string, last wps.ApprovalDefine) {
	t.Helper()
	for define, err := range c.AllUserManageApprovalDefinitions(t.Context(), page) {
		if err != nil {
			t.Fatal(err)
		}
		names, last = append(names, define.ID), define
	}
	return names, last
}

// Whatever the size of a page, all definitions come, each once, in the same order.
func TestAllThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	env.given(t, "wps-definitions", mockserver.Params{"count": 23})
	c, err := wps.New(env.config())
	if err != nil {
		t.Fatal(err)
	}
	first, define := collect(t, c, 30)
	if len(first) != 23 || len(slices.Compact(slices.Sorted(slices.Values(first)))) != 23 {
		t.Fatalf("%d definitions: %v", len(first), first)
	}
	for _, page := range []int{0, 1, 5, 22, 23} {
		if got, _ := collect(t, c, page); !slices.Equal(got, first) {
			t.Errorf("pages of %d: %v, want %v", page, got, first)
		}
	}
	if created, err := define.Created(); err != nil || created.IsZero() || define.ProcessDefine.Root == "" || len(define.FormDesigns) == 0 || define.CreatedBy.ID == "" {
		t.Errorf("definition %+v, created %v, %v", define, created, err)
	}
}

// The newer form of the reply has fields that the older one lacks; both are read.
func TestBothFormsOfTheReply(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"legacy", "current"} {
		env := start(t, mockserver.WorldSetting{Assumptions: map[string]string{"WPS-016": form}})
		c, err := wps.New(env.config())
		if err != nil {
			t.Fatal(err)
		}
		_, define := collect(t, c, 30)
		if (define.GroupID != "") != (form == "current") || define.Name == "" {
			t.Errorf("%s: %+v", form, define)
		}
	}
}

func TestRefusalsThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		state  string
		change func(*wps.Config)
		want   *client.Code
		status int
	}{
		{"ErrKey", "", func(c *wps.Config) { c.Credentials.AppKey += "x" }, wps.ErrAuth, 401},
		{"ErrUnsigned", "", func(c *wps.Config) { c.Credentials.AppID, c.Credentials.AppKey = "", "" }, wps.ErrAuth, 401},
		{"ErrToken", "", func(c *wps.Config) { c.Credentials.AccessToken = "other" }, wps.ErrAuth, 401},
		{"ErrScope", "wps-scope-missing", func(*wps.Config) {}, wps.ErrValueInvalid, 403},
		{"ErrUser", "wps-user-disabled", func(*wps.Config) {}, wps.ErrNoPermission, 403},
		{"ErrThrottled", "wps-app-throttled", func(*wps.Config) {}, wps.ErrTooManyRequests, 429},
		{"ErrFailed", "wps-internal-error", func(*wps.Config) {}, wps.ErrInternalServer, 500},
		{"ErrUpgrading", "wps-service-upgrading", func(*wps.Config) {}, wps.ErrServiceDataUpgrading, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := start(t, mockserver.WorldSetting{})
			if tt.state != "" {
				env.given(t, tt.state, nil)
			}
			config := env.config()
			config.Retry = client.RetryPolicy{BaseDelay: 1, MaxDelay: 1}
			tt.change(&config)
			c, err := wps.New(config)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.GetUserManageApprovalDefinitionList(t.Context(), wps.ListRequest{Page: new(10)})
			var e *wps.Error
			if !errors.Is(err, tt.want) || !errors.As(err, &e) || e.Status != tt.status {
				t.Fatalf("got %v, want %v with status %d", err, tt.want, tt.status)
			}
			if want := 1 + 2*min(int(tt.want.Effect), 1); e.Attempts != want {
				t.Errorf("%d attempts, want %d", e.Attempts, want)
			}
		})
	}
}

func TestBadParametersThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	env := start(t, mockserver.WorldSetting{})
	config := env.config()
	config.SkipChecks = true
	c, err := wps.New(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]wps.ListRequest{"missing": {}, "31": {Page: new(31)}, "-1": {Page: new(-1)}, "cursor": {Cursor: "assdas", Page: new(10)}} {
		if _, err := c.GetUserManageApprovalDefinitionList(t.Context(), r); !errors.Is(err, wps.ErrInvalidArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A code becomes a token that lists; refreshed, the old refresh token is dead. An app's own token does not list.
func TestTokensThroughTheFrontDoor(t *testing.T) {
	t.Parallel()
	const back = "https://app.example.com/callback"
	env := start(t, mockserver.WorldSetting{})
	o := env.oauth(t)
	told := env.given(t, "wps-authorization-code", nil)
	code, _ := told["code"].(string)
	redirect, _ := told["redirect_uri"].(string)
	token, err := o.AuthorizationCode(t.Context(), client.Secret(code), redirect)
	if err != nil {
		t.Fatalf("%v (%v)", err, told)
	}
	if err := env.list(t, token.AccessToken); err != nil {
		t.Errorf("with the user's token: %v", err)
	}
	if _, err := o.AuthorizationCode(t.Context(), client.Secret(code), redirect); !errors.Is(err, wps.ErrOAuthInvalidGrant) {
		t.Errorf("the code again: %v", err)
	}
	fresh, err := o.RefreshToken(t.Context(), token.RefreshToken)
	if err != nil || fresh.AccessToken == token.AccessToken || fresh.RefreshExpiresIn == 0 {
		t.Fatalf("refreshed: %v, %v", fresh, err)
	}
	if err := env.list(t, fresh.AccessToken); err != nil {
		t.Errorf("with the refreshed token: %v", err)
	}
	if _, err := o.RefreshToken(t.Context(), token.RefreshToken); !errors.Is(err, wps.ErrOAuthInvalidGrant) {
		t.Errorf("the old refresh token again: %v", err)
	}
	app, err := o.ClientCredentials(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := env.list(t, app.AccessToken); !errors.Is(err, wps.ErrValueInvalid) {
		t.Errorf("with the app's token: %v", err)
	}
	if _, err := o.AuthorizationCode(t.Context(), "never issued", back); !errors.Is(err, wps.ErrOAuthInvalidGrant) && !errors.Is(err, wps.ErrOAuthInvalidRequest) {
		t.Errorf("an invented code: %v", err)
	}
}

func (e environment) list(t *testing.T, token client.Secret) error {
	t.Helper()
	config := e.config()
	config.Credentials.AccessToken = token
	c, err := wps.New(config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetUserManageApprovalDefinitionList(t.Context(), wps.ListRequest{Page: new(1)})
	return err
}
