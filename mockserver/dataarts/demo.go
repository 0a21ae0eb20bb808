package dataarts

import (
	"encoding/binary"
	"math/rand/v2"

	demorecords "github.com/countersign/countersign/fixtures/demo"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// Keys of the demo records that provider states and credentials refer to.
const (
	demoDomain    = "demo"
	demoUser      = "caller"
	demoRegion    = "cn-north-7"
	demoProject   = "project-" + demoRegion
	demoWorkspace = "workspace-" + demoRegion
	otherRegion   = "cn-north-4"
)

// The documented user, and what worlds with credentials of their own have in another form.
const (
	demoUserID     = "0833a573fe80d5401f6dc010a775569a"
	demoUserName   = "test_uesr"
	demoDomainName = "countersign"
	demoToken      = "MIIDkgYJKoZIhvcNAQcCoIIDgzCCA38CAQExDTALBglghkgBZQMEAgEwexampletoken"
)

// demo fills the demo world with the demo records. The ready-made token is none of them: it was issued when the world
// began.
func demo(s *mockserver.Setup) error {
	data, err := demorecords.Records("dataarts")
	if err == nil {
		err = s.Load(data)
	}
	if err != nil {
		return err
	}
	return tokens.Put(s.Tx, &Token{ID: demoToken, User: demoUser, Project: demoProject, IssuedAt: s.Now(), ReadyMade: true})
}

// mint gives the world its own access key, tokens, account names and project ids. Approvers, members and workspaces
// stay as they are: they know none of these.
func mint(s *mockserver.Setup) error {
	for _, step := range []func(*mockserver.Setup) error{mintDomains, mintProjects, mintAccessKeys, mintTokens} {
		if err := step(s); err != nil {
			return err
		}
	}
	return nil
}

func mintDomains(s *mockserver.Setup) error {
	return rewrite(s, domains, func(d *Domain) { d.Name = demoDomainName + "-" + mockserver.Hex(s.Rand, 12) })
}

func mintProjects(s *mockserver.Setup) error {
	return rewrite(s, projects, func(p *Project) { p.ID = mockserver.Hex(s.Rand, 32) })
}

// rewrite changes every record of a collection in place.
func rewrite[T any](s *mockserver.Setup, t *store.Table[*T], change func(*T)) error {
	all, err := t.Page(s.Tx, store.PrimaryIndex, "", store.Range{})
	if err != nil {
		return err
	}
	for _, old := range all {
		rec := *old
		change(&rec)
		if err := t.Put(s.Tx, &rec); err != nil {
			return err
		}
	}
	return nil
}

func mintAccessKeys(s *mockserver.Setup) error {
	all, err := accessKeys.Page(s.Tx, store.PrimaryIndex, "", store.Range{})
	if err != nil {
		return err
	}
	for _, old := range all {
		rec := *old
		rec.AK, rec.SK = newAccessKey(s.Rand)
		if err := accessKeys.Delete(s.Tx, old.AK); err != nil {
			return err
		}
		if err := accessKeys.Put(s.Tx, &rec); err != nil {
			return err
		}
	}
	return nil
}

// ownChance is a source for what must differ between worlds, even between worlds of one seed: what records claim.
func ownChance(w *mockserver.World, r *rand.Rand) *rand.Rand {
	secret := w.Secret("dataarts credentials")
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(secret[:]), r.Uint64())) //nolint:gosec // must be repeatable
}

// newAccessKey draws an access key of 20 capitals and digits and a secret of 40 letters and digits.
func newAccessKey(r *rand.Rand) (ak, sk string) {
	a, s := make([]byte, 20), make([]byte, 40)
	for i := range a {
		a[i] = upperAlphanumeric[r.IntN(len(upperAlphanumeric))]
	}
	for i := range s {
		s[i] = alphanumeric[r.IntN(len(alphanumeric))]
	}
	return string(a), string(s)
}

const upperAlphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func mintTokens(s *mockserver.Setup) error {
	all, err := tokens.Page(s.Tx, store.PrimaryIndex, "", store.Range{})
	if err != nil {
		return err
	}
	for _, old := range all {
		rec := *old
		rec.ID = newToken(s.Rand)
		if err := tokens.Delete(s.Tx, old.ID); err != nil {
			return err
		}
		if err := tokens.Put(s.Tx, &rec); err != nil {
			return err
		}
	}
	return nil
}

// environment is the vendor's section of `countersign env`.
type environment struct {
	URL           string   `json:"url"`
	AK            string   `json:"ak"`
	SK            string   `json:"sk"`
	ProjectID     string   `json:"project_id"`
	Workspace     string   `json:"workspace"`
	Region        string   `json:"region"`
	Token         string   `json:"token"`
	UserName      string   `json:"user_name"`
	Password      string   `json:"password"`
	Domain        string   `json:"domain"`
	MemberUserIDs []string `json:"member_user_ids"`
	MemberNames   []string `json:"member_names"`
	ApproverIDs   []string `json:"approver_ids"`
}

// mostListed bounds the approvers of an environment.
const mostListed = 50

// describe tells what an SDK needs to work as the demo user. The members, by id and by name, are those that may be
// registered as approvers and are not yet; the approvers are the oldest that are. In a world without the demo records it is as empty as the world.
func describe(s *mockserver.Setup, base string) (any, error) {
	env := &environment{URL: base, MemberUserIDs: []string{}, MemberNames: []string{}, ApproverIDs: []string{}}
	u, err := get(s.Tx, users, demoUser)
	if err != nil || u == nil {
		return env, err
	}
	env.UserName, env.Password = u.Name, u.Password
	for _, step := range []func(*mockserver.Setup, *environment) error{describeDomain, describeProject, describeKeys, describeMembers, describeApprovers} {
		if err := step(s, env); err != nil {
			return nil, err
		}
	}
	return env, nil
}

func describeDomain(s *mockserver.Setup, env *environment) error {
	d, err := get(s.Tx, domains, demoDomain)
	if d != nil {
		env.Domain = d.Name
	}
	return err
}

func describeProject(s *mockserver.Setup, env *environment) error {
	p, err := get(s.Tx, projects, demoProject)
	if err != nil || p == nil {
		return err
	}
	env.ProjectID, env.Region = p.ID, p.Region
	w, err := get(s.Tx, workspaces, demoWorkspace)
	if w != nil {
		env.Workspace = w.ID
	}
	return err
}

func describeKeys(s *mockserver.Setup, env *environment) error {
	k, err := callerKey(s)
	if err != nil {
		return err
	}
	if k != nil {
		env.AK, env.SK = k.AK, k.SK
	}
	t, err := callerToken(s)
	if t != nil {
		env.Token = t.ID
	}
	return err
}

// callerKey is the demo user's permanent access key, or nil.
func callerKey(s *mockserver.Setup) (*AccessKey, error) {
	all, err := accessKeys.Page(s.Tx, store.PrimaryIndex, "", store.Range{})
	for _, k := range all {
		if k.User == demoUser && k.SecurityToken == "" {
			return k, err
		}
	}
	return nil, err
}

// callerToken is the demo user's ready-made token, or nil.
func callerToken(s *mockserver.Setup) (*Token, error) {
	return first(s.Tx, tokens, "ready_made", demoUser)
}

func describeMembers(s *mockserver.Setup, env *environment) error {
	all, err := members.Page(s.Tx, store.PrimaryIndex, demoWorkspace+"/", store.Range{})
	if err != nil {
		return err
	}
	for _, m := range all {
		if !mayApprove(m) {
			continue
		}
		u, err := users.Get(s.Tx, m.User)
		if err != nil {
			return err
		}
		there, err := first(s.Tx, approvers, byUser, m.Workspace, u.ID)
		if err != nil {
			return err
		}
		if there == nil {
			env.MemberUserIDs, env.MemberNames = append(env.MemberUserIDs, u.ID), append(env.MemberNames, u.Name)
		}
	}
	return nil
}

func describeApprovers(s *mockserver.Setup, env *environment) error {
	all, err := approvers.Page(s.Tx, byCreation, store.Key(demoWorkspace), store.Range{Limit: mostListed})
	for _, a := range all {
		env.ApproverIDs = append(env.ApproverIDs, a.ID)
	}
	return err
}
