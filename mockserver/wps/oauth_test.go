package wps_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/vendortest"
	"github.com/countersign/countersign/mockserver/wps"
)

func (a answer) text(name string) string { s, _ := a.fields[name].(string); return s }

// TestAppToken: the flat reply of an app has three fields.
func TestAppToken(t *testing.T) {
	t.Parallel()
	a := grant("client_credentials")(newClient(t, newServer(t)), nil)
	if a.status != http.StatusOK || len(a.fields) != 3 || a.text("access_token") == "" || a.text("token_type") != "bearer" ||
		fmt.Sprint(a.fields["expires_in"]) != "7200" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestUserTokenFlow: a code, its token, a call with it, a refresh, a call with the old and the new token.
func TestUserTokenFlow(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	a := freshCode(c, nil)
	if a.status != http.StatusOK || len(a.fields) != 5 || fmt.Sprint(a.fields["refresh_expires_in"]) != "31536000" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	old := a.text("access_token")
	b := grant("refresh_token", "refresh_token", a.text("refresh_token"))(c, nil)
	if b.status != http.StatusOK || b.text("access_token") == old || b.text("refresh_token") == a.text("refresh_token") {
		t.Fatalf("%d %s", b.status, b.body)
	}
	for _, token := range []string{old, b.text("access_token")} {
		c.token = token
		if got := first(c, nil); got.status != http.StatusOK {
			t.Errorf("token %.9s...: %s", token, got.body)
		}
	}
	if d := grant("refresh_token", "refresh_token", b.text("refresh_token"))(c, nil); d.status != http.StatusOK {
		t.Errorf("the second refresh: %s", d.body)
	}
}

// TestRefusedGrantChangesNothing: a code and a refresh token survive a call that is refused.
func TestRefusedGrantChangesNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	told := c.state("wps-authorization-code", nil)
	if a := changed("scope", "kso.nothing")(c, told); a.code() != "40000005" {
		t.Fatalf("%s", a.body)
	}
	a := changed()(c, told)
	if a.status != http.StatusOK {
		t.Fatalf("the code was lost: %s", a.body)
	}
	refresh := a.text("refresh_token")
	if b := grant("refresh_token", "refresh_token", refresh, "scope", "kso.nothing")(c, nil); b.code() != "40000005" {
		t.Fatalf("%s", b.body)
	}
	if b := grant("refresh_token", "refresh_token", refresh)(c, nil); b.status != http.StatusOK {
		t.Errorf("the refresh token was lost: %s", b.body)
	}
}

// TestScopes: less can be asked for, separated by commas; the token then has no more.
func TestScopes(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	told := c.state("wps-authorization-code", mockserver.Params{"scope": "kso.workflow_approval_define.read,kso.workflow_approval_define.readwrite"})
	a := changed("scope", "kso.workflow_approval_define.readwrite")(c, told)
	c.token = a.text("access_token")
	if got := first(c, nil); got.status != http.StatusOK {
		t.Errorf("readwrite alone: %s", got.body)
	}
	if a := grant("client_credentials", "scope", "a,b")(newClient(t, srv, "WPS-032=ignored"), nil); a.status != http.StatusOK {
		t.Errorf("scope ignored: %s", a.body)
	}
}

// TestThirdPartyApp fetches a token for another company.
func TestThirdPartyApp(t *testing.T) {
	t.Parallel()
	c := newClient(t, newServer(t))
	c.state("wps-third-party-app", nil)
	if a := grant("client_credentials", "app_ticket", "ticket-1", "company_id", "c200")(c, nil); a.status != http.StatusOK {
		t.Errorf("%s", a.body)
	}
	if a := grant("client_credentials")(c, nil); a.code() != "40000001" {
		t.Errorf("without ticket: %s", a.body)
	}
}

// TestOAuthSwitches holds the switches of the token endpoint.
func TestOAuthSwitches(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv, "WPS-030=2592000", "WPS-031=ignored", "WPS-035=opaque")
	told := c.state("wps-authorization-code", nil)
	a := changed("redirect_uri", "https://elsewhere.example/")(c, told)
	if a.status != http.StatusOK || fmt.Sprint(a.fields["refresh_expires_in"]) != "2592000" || strings.Contains(a.text("access_token"), ".") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestJWT: an access token is three parts; the third is a signature by the one key of the world, and it is no other
// world's.
func TestJWT(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	c := newClient(t, srv)
	token := grant("client_credentials")(c, nil).text("access_token")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q", token)
	}
	var head struct{ Alg, Typ string }
	var claims struct{ Iat, Exp int64 }
	for i, into := range []any{&head, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, into) != nil {
			t.Fatalf("part %d of %q: %v", i, token, err)
		}
	}
	day, _ := time.Parse(time.RFC3339, worldDay)
	if head.Alg != "ES256" || claims.Iat != day.Unix() || claims.Exp != claims.Iat+7200 {
		t.Errorf("header %+v, claims %+v", head, claims)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		t.Fatalf("signature of %d bytes: %v", len(signature), err)
	}
	key := wps.SigningKey(c.world)
	if key.Curve != elliptic.P256() || !ecdsa.Verify(key, digest(parts[0]+"."+parts[1]), new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the signature does not verify")
	}
	if other := wps.SigningKey(newClient(t, srv).world); other.Equal(key) {
		t.Error("two worlds have one key")
	}
}

// movingClock is a wall clock that stands still until it is moved.
type movingClock struct{ offset atomic.Int64 }

func (m *movingClock) now() time.Time {
	return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(m.offset.Load()))
}

// TestLifetimes: an access token ends after 7200 s, a code after ten minutes, a refresh token after a year, the first
// token of a world when the world says so.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	clock := &movingClock{}
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wps.New}, Wall: clock.now})
	vendortest.CheckRecordsAtTheEnd(t, srv.Server)
	c := newClientIn(t, srv, mockserver.WorldSetting{})
	mortal := newClientIn(t, srv, mockserver.WorldSetting{Assumptions: map[string]string{"WPS-034": "lifetime"}})
	demo := c.token
	a := freshCode(c, nil)
	told := c.state("wps-authorization-code", nil)
	hold := func(after time.Duration, what string, got answer, want string) {
		t.Helper()
		code := got.code()
		if got.status == http.StatusOK {
			code = "ok"
		}
		if code != want {
			t.Errorf("%s after %s: %s, want %s", what, after, got.body, want)
		}
	}
	list := func(c *client, token string) answer { c.token = token; return first(c, nil) }
	for _, step := range []struct {
		after                     time.Duration
		access, first, firstOther string
	}{
		{0, "ok", "ok", "ok"},
		{7199 * time.Second, "ok", "ok", "ok"},
		{7200 * time.Second, "401000001", "ok", "401000001"},
		{365 * 24 * time.Hour, "401000001", "ok", "401000001"},
	} {
		clock.offset.Store(int64(step.after))
		hold(step.after, "access token", list(c, a.text("access_token")), step.access)
		hold(step.after, "first token", list(c, demo), step.first)
		hold(step.after, "first token of another world", list(mortal, mortal.token), step.firstOther)
		if step.after == 7199*time.Second {
			hold(step.after, "code", changed()(c, told), "40100009")
		}
	}
	hold(365*24*time.Hour, "refresh token", grant("refresh_token", "refresh_token", a.text("refresh_token"))(c, nil), "40100009")
	clock.offset.Store(int64(365*24*time.Hour - time.Second))
	hold(365*24*time.Hour, "refresh token, a second before", grant("refresh_token", "refresh_token", a.text("refresh_token"))(c, nil), "ok")
}

// TestExpiredTokensAreForgotten: tokens that nobody can use any more do not pile up.
func TestExpiredTokensAreForgotten(t *testing.T) {
	t.Parallel()
	clock := &movingClock{}
	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{wps.New}, Wall: clock.now})
	c := newClientIn(t, srv, mockserver.WorldSetting{})
	for i := range 50 {
		clock.offset.Store(int64(i) * int64(12*time.Hour))
		if a := grant("client_credentials")(c, nil); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
	}
	n := 0
	if err := c.world.Records(context.Background(), "wps", "tokens", func(any) { n++ }); err != nil {
		t.Fatal(err)
	}
	if n > 6 {
		t.Errorf("%d tokens after 50 were issued", n)
	}
}
