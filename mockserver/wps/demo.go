package wps

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

const (
	companyMain  = "c100"
	companyOther = "c200"
	appRobot     = "sp-approval-robot" // a service principal that creates definitions
	redirectURI  = "https://client.example/callback"
	redirectURI2 = "https://client.example/other"
	scopeRead    = "kso.workflow_approval_define.read"
	scopeWrite   = "kso.workflow_approval_define.readwrite"
)

// The roles of apps that `env` and the provider states mean.
const (
	roleMain   = "main"
	roleSecond = "second"
)

var allGrants = []string{"client_credentials", "authorization_code", "refresh_token"}

// demo fills an empty world.
func demo(s *mockserver.Setup) error {
	if err := demoPeople(s.Tx); err != nil {
		return err
	}
	list, kinds := demoDefines(), blueprints()
	for i := range list {
		d, err := list[i].define(i, kinds)
		if err != nil {
			return err
		}
		if err := defines.Put(s.Tx, d); err != nil {
			return err
		}
	}
	return demoCredentials(s)
}

func demoPeople(tx *store.Tx) error {
	p := putter{tx: tx}
	put(&p, companies, &Company{ID: companyMain, Name: "星河科技有限公司", Capabilities: []string{capabilityWorkflow, "doc"}})
	put(&p, companies, &Company{ID: companyOther, Name: "𠮷田商贸", Capabilities: []string{capabilityWorkflow}})
	for _, u := range []User{
		{ID: userChen, CompanyID: companyMain},
		{ID: userLi, CompanyID: companyMain},
		{ID: userWang, CompanyID: companyMain},
		{ID: userZhao, CompanyID: companyMain},
		{ID: userSun, CompanyID: companyOther},
	} {
		u.Name, u.Avatar = names[u.ID], avatars[u.ID]
		put(&p, users, &u)
	}
	put(&p, departments, &Group{ID: "d301", CompanyID: companyMain, Name: "研发中心"})
	put(&p, departments, &Group{ID: "d302", CompanyID: companyMain, Name: "市场部"})
	put(&p, departments, &Group{ID: "d401", CompanyID: companyOther, Name: "门店"})
	put(&p, userGroups, &Group{ID: groupHR, CompanyID: companyMain, Name: "人事组"})
	put(&p, userGroups, &Group{ID: groupCash, CompanyID: companyMain, Name: "出纳组"})
	return p.err
}

// putter keeps the first error of many puts.
type putter struct {
	tx  *store.Tx
	err error
}

func put[T any](p *putter, table *store.Table[T], rec *T) {
	if p.err == nil {
		p.err = table.Put(p.tx, rec)
	}
}

func demoCredentials(s *mockserver.Setup) error {
	p := putter{tx: s.Tx}
	scopes := []string{scopeRead, scopeWrite}
	put(&p, apps, &App{ID: "AKDEMO00000000000001", Key: "demo0key0of0the0main0app00000001", Name: "审批助手", CompanyID: companyMain, Role: roleMain,
		AppScopes: scopes, UserScopes: scopes, Grants: allGrants, RedirectURIs: []string{redirectURI, redirectURI2}})
	put(&p, apps, &App{ID: "AKDEMO00000000000002", Key: "demo0key0of0the0second0app000002", Name: "报表机器人", CompanyID: companyMain, Role: roleSecond,
		AppScopes: scopes, UserScopes: scopes, Grants: allGrants, RedirectURIs: []string{redirectURI}})
	if p.err != nil {
		return p.err
	}
	main, err := appOf(s.Tx, roleMain)
	if err != nil {
		return err
	}
	return putDemoToken(s, main.ID)
}

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

// entry is one demo definition: a name, a kind of blueprint and who made it for whom.
type entry struct {
	name, kind string
	by         string   // id of the creator; appRobot is an application
	admins     []string // ids of users who administer it
	company    string   // default: companyMain
}

// demoStart is the creation of the first demo definition; the others follow a day and some hours apart.
var demoStart = time.Date(2025, 3, 3, 1, 30, 0, 0, time.UTC)

// define makes the i-th demo definition, or the error that no blueprint has its kind.
func (e entry) define(i int, kinds map[string]blueprint) (*Define, error) {
	b, ok := kinds[e.kind]
	if !ok {
		return nil, fmt.Errorf("definition %q: no blueprint of kind %q", e.name, e.kind)
	}
	company := e.company
	if company == "" {
		company = companyMain
	}
	return &Define{
		ID:            fmt.Sprintf("7%017d", 300_000_000_000_000+i*104_729),
		Name:          e.name,
		Icon:          fmt.Sprintf("tmp%d", i%15+1),
		GroupID:       fmt.Sprintf("group-%d", i%4+1),
		CreatedBy:     e.creator(company),
		CTime:         demoStart.Add(time.Duration(i/2) * 31 * time.Hour).UnixMilli(), // two at a time: ties are broken by id
		FormDesigns:   b.forms,
		ProcessDefine: b.build(),
		Setting:       b.setting,
		VisibleScopes: e.scopes(i, company),
	}, nil
}

func (e entry) creator(company string) Identity {
	if e.by == appRobot {
		return Identity{Type: "sp", ID: appRobot, CompanyID: company, Name: "审批机器人", Avatar: "https://img.example/robot.png"}
	}
	return Identity{Type: identityUser, ID: e.by, CompanyID: company, Name: names[e.by], Avatar: avatars[e.by]}
}

// avatars has the demo people who have a picture.
var avatars = map[string]string{userChen: "https://img.example/u1001.png", userWang: "https://img.example/u1003.png"}

var names = map[string]string{userChen: "陈薇", userLi: "李娜", userWang: "王𬭎", userZhao: "赵磊", userSun: "孙悦 🌙"}

// scopes are the company for some, a department, a group and people for others; the administrators always.
func (e entry) scopes(i int, company string) []VisibleScope {
	var list []VisibleScope
	switch {
	case company != companyMain:
		list = append(list, VisibleScope{CompanyID: company, ScopeType: "department", ScopeID: "d401"})
	case i%3 == 0:
		list = append(list, VisibleScope{CompanyID: company, ScopeType: "company", ScopeID: company})
	case i%3 == 1:
		list = append(list, VisibleScope{CompanyID: company, ScopeType: "department", ScopeID: "d301"},
			VisibleScope{CompanyID: company, ScopeType: "user_group", ScopeID: groupHR})
	default:
		list = append(list, VisibleScope{CompanyID: company, ScopeType: "user", ScopeID: userZhao})
	}
	for _, id := range e.admins {
		list = append(list, VisibleScope{CompanyID: company, ScopeType: "user", ScopeID: id, IsAdmin: true})
	}
	return list
}
