package wps

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
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

// mint gives the world's apps new ids and keys, and its demo user a new token.
func mint(s *mockserver.Setup) error {
	old, err := tokens.Page(s.Tx, "demo", "", store.Range{})
	if err != nil {
		return err
	}
	for _, t := range old {
		if err := tokens.Delete(s.Tx, t.Token); err != nil {
			return err
		}
	}
	for _, role := range []string{roleMain, roleSecond} {
		if err := mintApp(s, role); err != nil {
			return err
		}
	}
	main, err := appOf(s.Tx, roleMain)
	if err != nil {
		return err
	}
	return putDemoToken(s, main.ID)
}

func mintApp(s *mockserver.Setup, role string) error {
	app, err := appOf(s.Tx, role)
	if err != nil {
		return err
	}
	if err := apps.Delete(s.Tx, app.ID); err != nil {
		return err
	}
	return change(s.Tx, apps, app, func(a *App) { a.ID, a.Key = newAppID(s.Rand), mockserver.Hex(s.Rand, 32) })
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
