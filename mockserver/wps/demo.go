package wps

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	demorecords "github.com/countersign/countersign/fixtures/demo"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// What the provider states mean by the demo user, his company, and the address and scope of a code.
const (
	companyMain = "c100"
	userChen    = "u1001"
	redirectURI = "https://client.example/callback"
	scopeRead   = "kso.workflow_approval_define.read"
	scopeWrite  = "kso.workflow_approval_define.readwrite"
)

// The roles of apps that `env` and the provider states mean.
const (
	roleMain   = "main"
	roleSecond = "second"
)

// demo fills an empty world. The token comes in addition to the records, since it holds a secret of the world.
func demo(s *mockserver.Setup) error {
	data, err := demorecords.Records(vendor)
	if err != nil {
		return err
	}
	if err := s.Load(data); err != nil {
		return err
	}
	main, err := appOf(s.Tx, roleMain)
	if err != nil {
		return err
	}
	return putDemoToken(s, main.ID)
}

// templateID is the demo definition whose form and process those have that a state adds.
const templateID = "700300000000000000"

// template returns a definition like the demo's one for leave.
var template = sync.OnceValues(func() (Define, error) {
	var all struct {
		Defines []Define `json:"approval_defines"`
	}
	data, err := demorecords.Records(vendor)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	for _, d := range all.Defines {
		if d.ID == templateID {
			return d, nil
		}
	}
	return Define{}, errors.Join(err, fmt.Errorf("the demo records have no definition %s", templateID))
})

func appOf(tx *store.Tx, role string) (*App, error) { return apps.First(tx, "role", store.Key(role)) }

// demoIssued stands in the text of the token that a world begins with, so that the same seed and name give the same
// token whenever the world is made.
var demoIssued = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// putDemoToken gives the demo user the token that the world begins with. It does not expire (WPS-034).
func putDemoToken(s *mockserver.Setup, appID string) error {
	text, err := forgeOf(s.World, s.Rand, demoIssued, s.Switch("WPS-035")).access(firstToken)
	if err != nil {
		return err
	}
	return tokens.Put(s.Tx, &Token{Token: text, AppID: appID, UserID: userChen, CompanyID: companyMain,
		Scopes: []string{scopeRead, scopeWrite}, IssuedAt: s.Now().UnixMilli(), Demo: true})
}

// mint gives the world's apps new ids and keys, and its demo user a new token. What was issued to the apps under their
// old ids goes.
func mint(s *mockserver.Setup) error {
	err := errors.Join(drop(s.Tx, tokens, func(t *Token) string { return t.Token }),
		drop(s.Tx, codes, func(c *Code) string { return c.Code }),
		drop(s.Tx, refreshTokens, func(t *RefreshToken) string { return t.Token }))
	if err != nil {
		return err
	}
	renamed, err := mintApps(s)
	if err == nil {
		err = renameApps(s.Tx, renamed)
	}
	if err != nil {
		return err
	}
	main, err := appOf(s.Tx, roleMain)
	if errors.Is(err, store.ErrNotFound) {
		return nil // a world without the demo records
	}
	if err != nil {
		return err
	}
	return putDemoToken(s, main.ID)
}

// drop deletes every record of a table.
func drop[T any](tx *store.Tx, table *store.Table[*T], id func(*T) string) error {
	all, err := table.Page(tx, store.PrimaryIndex, "", store.Range{})
	for _, rec := range all {
		if err == nil {
			err = table.Delete(tx, id(rec))
		}
	}
	return err
}

// mintApps gives every app a new id and key, the demo records' first, and returns the new ids by the old ones.
func mintApps(s *mockserver.Setup) (map[string]string, error) {
	all, err := apps.Page(s.Tx, store.PrimaryIndex, "", store.Range{})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b *App) int { return rankOf(a) - rankOf(b) })
	renamed := map[string]string{}
	for _, app := range all {
		next := *app
		next.ID, next.Key = newAppID(s.Rand), mockserver.Hex(s.Rand, 32)
		renamed[app.ID] = next.ID
		if err := apps.Delete(s.Tx, app.ID); err != nil {
			return nil, err
		}
		if err := apps.Put(s.Tx, &next); err != nil {
			return nil, err
		}
	}
	return renamed, nil
}

func rankOf(a *App) int {
	if i := slices.Index([]string{roleMain, roleSecond}, a.Role); i >= 0 {
		return i
	}
	return 2
}

// renameApps keeps the lists of apps true that companies and users have.
func renameApps(tx *store.Tx, renamed map[string]string) error {
	list, err := companies.Page(tx, store.PrimaryIndex, "", store.Range{})
	for _, c := range list {
		if err == nil && len(c.ForbiddenApps) > 0 {
			err = change(tx, companies, c, func(c *Company) { c.ForbiddenApps = rename(c.ForbiddenApps, renamed) })
		}
	}
	if err != nil {
		return err
	}
	people, err := users.Page(tx, store.PrimaryIndex, "", store.Range{})
	for _, u := range people {
		if err == nil && len(u.WithdrawnApps) > 0 {
			err = change(tx, users, u, func(u *User) { u.WithdrawnApps = rename(u.WithdrawnApps, renamed) })
		}
	}
	return err
}

func rename(ids []string, renamed map[string]string) []string {
	out := slices.Clone(ids)
	for i, id := range out {
		if to, ok := renamed[id]; ok {
			out[i] = to
		}
	}
	return out
}

func newAppID(r *rand.Rand) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := []byte("AK")
	for len(b) < 20 {
		b = append(b, letters[r.IntN(len(letters))])
	}
	return string(b)
}

// environment is the vendor's section of `countersign env`.
type environment struct {
	URL         string `json:"url"`
	AppID       string `json:"app_id"`
	AppKey      string `json:"app_key"`
	AccessToken string `json:"access_token"`
}

// describe tells what an SDK needs; fields are empty in a world without a main app.
func describe(s *mockserver.Setup, base string) (any, error) {
	env := environment{URL: base}
	if app, err := appOf(s.Tx, roleMain); err == nil {
		env.AppID, env.AppKey = app.ID, app.Key
	}
	if token, err := tokens.First(s.Tx, "demo", ""); err == nil {
		env.AccessToken = token.Token
	}
	return env, nil
}
