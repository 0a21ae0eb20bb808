package dataarts

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

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

// What the demo world is known by. Project, workspace and user are those of the documented example.
const (
	demoAK          = "EXAMPLEAK00000000000"
	demoSK          = "ExampleSecretKey0000000000000000000000000"
	demoProjectID   = "0833a5737480d53b2f25c010dc1a7b88"
	demoWorkspaceID = "9ce2cfd08fda4f3b95faa5ba65fa5ec3"
	demoUserID      = "0833a573fe80d5401f6dc010a775569a"
	demoUserName    = "test_uesr"
	demoPassword    = "example-password"
	demoDomainName  = "countersign"
	demoToken       = "MIIDkgYJKoZIhvcNAQcCoIIDgzCCA38CAQExDTALBglghkgBZQMEAgEwexampletoken"
)

// demoRegions are the example's region and those that the Go SDK v0.1.207 knows for the service. The demo account has
// exactly one project in each, so that an SDK finds its project whatever region it is given.
var demoRegions = []string{demoRegion, "cn-north-1", "cn-north-2", otherRegion, "cn-east-3", "cn-east-2", "cn-south-1",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "af-south-1", "ru-northwest-2", "sa-brazil-1", "la-south-2",
	"la-north-2", "na-mexico-1", "cn-north-9", "cn-southwest-2", "ap-southeast-4", "tr-west-1", "me-east-1", "eu-west-101",
	"ae-ad-1", "cn-north-11", "ru-moscow-1", "my-kualalumpur-1"}

// developers are members of every workspace who may be registered as approvers.
var developers = []string{"wang_fang", "li_na", "zhang_wei", "liu_yang", "chen_jing", "yang_min", "zhao_lei", "huang_tao",
	"zhou_ting", "wu_gang", "xu_mei", "sun_jie"}

// demo fills the demo world. No approver is registered in the demo workspace, so that the documented example finds what
// it found; another workspace of the project and another account have some, which nobody may see from there.
func demo(s *mockserver.Setup) error {
	b := &builder{s: s, r: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // must be repeatable
	put(b, domains, &Domain{Key: demoDomain, ID: "0833a5736e80d53a0fdec0105f8c16a0", Name: demoDomainName})
	b.people()
	for i, region := range demoRegions {
		id := mockserver.Hex(b.r, 32)
		if i == 0 {
			id = demoProjectID
		}
		b.project(region, id)
	}
	put(b, accessKeys, &AccessKey{AK: demoAK, SK: demoSK, User: demoUser})
	put(b, tokens, &Token{ID: demoToken, User: demoUser, Project: demoProject, IssuedAt: s.Now(), ReadyMade: true})
	b.decoys()
	return b.err
}

// builder puts records until one fails.
type builder struct {
	s   *mockserver.Setup
	r   *rand.Rand
	err error
}

func put[T any](b *builder, t *store.Table[T], rec *T) {
	if b.err == nil {
		b.err = t.Put(b.s.Tx, rec)
	}
}

func (b *builder) people() {
	put(b, users, &User{Key: demoUser, Domain: demoDomain, ID: demoUserID, Name: demoUserName, Password: demoPassword})
	for _, name := range append([]string{"operator", "viewer", "outsider"}, developers...) {
		put(b, users, &User{Key: name, Domain: demoDomain, ID: mockserver.Hex(b.r, 32), Name: name})
	}
}

// project makes a region's main project with its workspace and members.
func (b *builder) project(region, id string) {
	put(b, projects, &Project{Key: "project-" + region, ID: id, Domain: demoDomain, Name: region, Region: region})
	b.workspace("workspace-"+region, "project-"+region, demoWorkspaceID)
}

func (b *builder) workspace(key, project, id string) {
	put(b, workspaces, &Workspace{Key: key, ID: id, Project: project})
	roles := map[string]string{demoUser: roleAdmin, "operator": roleOperator, "viewer": roleViewer}
	for _, user := range append([]string{demoUser, "operator", "viewer"}, developers...) {
		role := roleDeveloper
		if r, ok := roles[user]; ok {
			role = r
		}
		put(b, members, &Member{Workspace: key, User: user, Role: role})
	}
}

// decoys are approvers of another workspace of the demo project, and of another account's.
func (b *builder) decoys() {
	b.workspace("workspace-other", demoProject, mockserver.Hex(b.r, 32))
	put(b, domains, &Domain{Key: "other", ID: mockserver.Hex(b.r, 32), Name: "another-account"})
	put(b, users, &User{Key: "stranger", Domain: "other", ID: mockserver.Hex(b.r, 32), Name: "stranger"})
	put(b, projects, &Project{Key: "project-stranger", ID: mockserver.Hex(b.r, 32), Domain: "other", Name: demoRegion, Region: demoRegion})
	put(b, workspaces, &Workspace{Key: "workspace-stranger", ID: demoWorkspaceID, Project: "project-stranger"})
	put(b, members, &Member{Workspace: "workspace-stranger", User: "stranger", Role: roleAdmin})
	at := time.Date(2024, 4, 1, 2, 3, 4, 0, time.UTC)
	for i, name := range developers[:3] {
		if b.err != nil {
			return
		}
		u, err := users.Get(b.s.Tx, name)
		if b.err = err; err != nil {
			return
		}
		put(b, approvers, &Approver{ID: fmt.Sprint(40001 + i), Workspace: "workspace-other", Name: name, UserID: u.ID,
			Email: name + "@example.com", Phone: fmt.Sprint(17700000001 + i), App: defaultApp, Creator: demoUser,
			Created: unixTime(at.Unix() + int64(i))})
	}
	put(b, approvers, &Approver{ID: "40004", Workspace: "workspace-stranger", Name: demoUserName, UserID: demoUserID,
		App: defaultApp, Creator: "stranger", Created: unixTime(at.Unix())})
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
func rewrite[T any](s *mockserver.Setup, t *store.Table[T], change func(*T)) error {
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
}

// describe tells what an SDK needs to work as the demo user. The member ids are those that may be registered as
// approvers and are not yet. In a world without the demo records it is as empty as the world.
func describe(s *mockserver.Setup, base string) (any, error) {
	env := &environment{URL: base, MemberUserIDs: []string{}}
	u, err := get(s.Tx, users, demoUser)
	if err != nil || u == nil {
		return env, err
	}
	env.UserName, env.Password = u.Name, u.Password
	for _, step := range []func(*mockserver.Setup, *environment) error{describeDomain, describeProject, describeKeys, describeMembers} {
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
	return first(s.Tx, tokens, "ready_made", store.Key(demoUser))
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
		there, err := first(s.Tx, approvers, byUser, store.Key(m.Workspace, u.ID))
		if err != nil {
			return err
		}
		if there == nil {
			env.MemberUserIDs = append(env.MemberUserIDs, u.ID)
		}
	}
	return nil
}
