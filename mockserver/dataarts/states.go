package dataarts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// states are the provider states. The caller is the user whose credentials `countersign env` shows.
var states = []mockserver.State{
	{Name: "approvers-exist", Params: []string{"count", "approver_name", "app_name", "email", "phone_number"}, Apply: approversExist,
		Doc: "Registers count approvers (default 3) in the workspace, named approver_name-1, -2 and so on (default approver). Answers their ids."},
	{Name: "approver-exists", Params: []string{"approver_name", "user_id", "app_name", "email", "phone_number"}, Apply: approverExists,
		Doc: "Registers the member with user_id, by default the caller, as an approver; a user who is no member becomes a developer. Answers the id."},
	{Name: "no-approvers", Apply: noApprovers,
		Doc: "Deletes every approver of the workspace."},
	{Name: "member-exists", Params: []string{"user_id", "user_name", "role"}, Apply: memberExists,
		Doc: "Makes a user a member of the workspace with a role: admin, developer (default), operator or viewer. Answers his user_id."},
	{Name: "caller-role", Params: []string{"role"}, Apply: callerRole,
		Doc: "Gives the caller another role in the workspace: admin, developer (default), operator or viewer; none removes him."},
	{Name: "caller-disabled", Apply: changeCaller(func(u *User) { u.Disabled = true }),
		Doc: "Disables the caller's IAM user; his credentials stay."},
	{Name: "caller-without-policy", Apply: changeCaller(func(u *User) { u.WithoutPolicy = true }),
		Doc: "Takes away what grants the caller's IAM user the service."},
	{Name: "access-key-locked", Params: []string{"minutes"}, Apply: accessKeyLocked,
		Doc: "Locks the caller's access key for some minutes of world time (default 5), as too many wrong signatures do."},
	{Name: "temporary-access-key", Params: []string{"minutes"}, Apply: temporaryCredentials,
		Doc: "Makes temporary credentials for the caller, good for some minutes of world time (default 60). Answers ak, sk and security_token."},
	{Name: "token-expired", Apply: changeToken(func(s *mockserver.Setup, t *Token) {
		at := s.Now().Add(-time.Second)
		t.ExpiresAt = &at
	}), Doc: "Lets the caller's ready-made token expire a second ago."},
	{Name: "token-of-another-region", Apply: changeToken(func(_ *mockserver.Setup, t *Token) { t.Project = "project-" + otherRegion }),
		Doc: "Scopes the caller's ready-made token to the account's project in another region."},
	{Name: "token-of-another-project", Apply: tokenOfAnotherProject,
		Doc: "Scopes the caller's ready-made token to a second project in the same region."},
	{Name: "several-projects", Apply: severalProjects,
		Doc: "Gives the account a second project in the region, so that signed requests must send X-Project-Id. Answers its project_id."},
	{Name: "project-unavailable", Apply: changeProject(func(p *Project) { p.Disabled = true }),
		Doc: "Disables the project."},
	{Name: "gateway-condition", Params: []string{"error"}, Apply: gatewayCondition,
		Doc: "Lets the gateway before the project answer every call with the catalogue entry error (default APIGW.0308); none ends that."},
}

func changeCaller(change func(*User)) func(*mockserver.Setup, mockserver.Params) (map[string]any, error) {
	return func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		return nil, changeRecord(s, users, demoUser, change)
	}
}

func changeProject(change func(*Project)) func(*mockserver.Setup, mockserver.Params) (map[string]any, error) {
	return func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		return nil, changeRecord(s, projects, demoProject, change)
	}
}

func changeRecord[T any](s *mockserver.Setup, t *store.Table[*T], id string, change func(*T)) error {
	old, err := t.Get(s.Tx, id)
	if err != nil {
		return fmt.Errorf("the world lacks the demo record %s: %w", id, err)
	}
	rec := *old
	change(&rec)
	return t.Put(s.Tx, &rec)
}

func changeToken(change func(*mockserver.Setup, *Token)) func(*mockserver.Setup, mockserver.Params) (map[string]any, error) {
	return func(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
		t, err := callerToken(s)
		if err != nil {
			return nil, err
		}
		if t == nil {
			return nil, fmt.Errorf("the caller has no token")
		}
		rec := *t
		change(s, &rec)
		return nil, tokens.Put(s.Tx, &rec)
	}
}

// roleParam reads a role by its English name.
func roleParam(params mockserver.Params, more ...string) (string, error) {
	name := params.Text("role", "developer")
	roles := map[string]string{"admin": roleAdmin, "developer": roleDeveloper, "operator": roleOperator, "viewer": roleViewer}
	if id, ok := roles[name]; ok {
		return id, nil
	}
	if slices.Contains(more, name) {
		return "", nil
	}
	return "", &mockserver.ParamError{Name: "role", Problem: fmt.Sprintf("%q is none of admin, developer, operator, viewer", name)}
}

func callerRole(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	role, err := roleParam(params, "none")
	if err != nil {
		return nil, err
	}
	if role == "" {
		m, err := get(s.Tx, members, memberID(demoWorkspace, demoUser))
		if err != nil || m == nil {
			return nil, err
		}
		return nil, members.Delete(s.Tx, memberID(demoWorkspace, demoUser))
	}
	return nil, members.Put(s.Tx, &Member{Workspace: demoWorkspace, User: demoUser, Role: role})
}

func memberExists(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	role, err := roleParam(params)
	if err != nil {
		return nil, err
	}
	name := params.Text("user_name", "member")
	id := params.Text("user_id", userIDOf(name))
	return map[string]any{"user_id": id, "user_name": name}, putMember(s, id, name, role)
}

// userIDOf makes up the user id that goes with a name.
func userIDOf(name string) string {
	sum := sha256.Sum256([]byte("user " + name))
	return hex.EncodeToString(sum[:16])
}

// putMember makes the user with the id a member with a role; a user who does not exist is made.
func putMember(s *mockserver.Setup, id, name, role string) error {
	u, err := first(s.Tx, users, "by_id", id)
	if err != nil {
		return err
	}
	if u == nil {
		u = &User{Key: "user-" + id, Domain: demoDomain, ID: id, Name: name}
		if there, err := first(s.Tx, users, "by_name", demoDomain, name); err != nil || there != nil {
			u.Name += "-" + id // names are unique in an account
		}
		if err := users.Put(s.Tx, u); err != nil {
			return err
		}
	}
	return members.Put(s.Tx, &Member{Workspace: demoWorkspace, User: u.Key, Role: role})
}

func approverExists(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	id := params.Text("user_id", demoUserID)
	name := params.Text("approver_name", demoUserName)
	u, err := first(s.Tx, users, "by_id", id)
	if err != nil {
		return nil, err
	}
	if u == nil {
		if err := putMember(s, id, name, roleDeveloper); err != nil {
			return nil, err
		}
	}
	a, err := putApprover(s, params, name, id)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": a.ID, "approver_name": a.Name, "user_id": a.UserID}, nil
}

// putApprover registers a user, or changes the record that registers him already.
func putApprover(s *mockserver.Setup, params mockserver.Params, name, userID string) (*Approver, error) {
	a := &Approver{Workspace: demoWorkspace, Name: name, UserID: userID, App: params.Text("app_name", defaultApp),
		Email: params.Text("email", ""), Phone: params.Text("phone_number", ""), Creator: demoUser, Created: unixTime(s.Now().Unix())}
	there, err := first(s.Tx, approvers, byUser, demoWorkspace, userID)
	if err != nil {
		return nil, err
	}
	if there == nil {
		return a, add(s.Tx, a)
	}
	a.ID, a.Created = there.ID, there.Created
	return a, approvers.Put(s.Tx, a)
}

// maxStateApprovers bounds what one call makes.
const maxStateApprovers = 1_000_000

func approversExist(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	count, err := params.Int("count", 3)
	if err != nil {
		return nil, err
	}
	if count < 0 || count > maxStateApprovers {
		return nil, &mockserver.ParamError{Name: "count", Problem: fmt.Sprintf("%d is not within 0 and %d", count, maxStateApprovers)}
	}
	prefix := params.Text("approver_name", "approver")
	ids := make([]string, 0, min(count, 1000))
	for i := 1; i <= count; i++ {
		name := prefix + "-" + strconv.Itoa(i)
		userID := userIDOf(name)
		if err := putMember(s, userID, name, roleDeveloper); err != nil {
			return nil, err
		}
		a, err := putApprover(s, params, name, userID)
		if err != nil {
			return nil, err
		}
		if len(ids) < cap(ids) {
			ids = append(ids, a.ID)
		}
	}
	return map[string]any{"ids": ids}, nil
}

func noApprovers(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
	all, err := approvers.Page(s.Tx, byCreation, store.Key(demoWorkspace), store.Range{})
	for _, a := range all {
		if err := approvers.Delete(s.Tx, a.ID); err != nil {
			return nil, err
		}
	}
	return nil, err
}

func minutes(params mockserver.Params, otherwise int) (time.Duration, error) {
	n, err := params.Int("minutes", otherwise)
	if err == nil && (n < 1 || n > 1_000_000) {
		err = &mockserver.ParamError{Name: "minutes", Problem: "want at least 1"}
	}
	return time.Duration(n) * time.Minute, err
}

func accessKeyLocked(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	d, err := minutes(params, 5)
	if err != nil {
		return nil, err
	}
	k, err := callerKey(s)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, fmt.Errorf("the caller has no access key")
	}
	until := s.Now().Add(d)
	return nil, changeRecord(s, accessKeys, k.AK, func(k *AccessKey) { k.LockedUntil = &until })
}

func temporaryCredentials(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	d, err := minutes(params, 60)
	if err != nil {
		return nil, err
	}
	ends := s.Now().Add(d)
	chance := ownChance(s.World, s.Rand)
	k := &AccessKey{User: demoUser, SecurityToken: newToken(chance), ExpiresAt: &ends}
	k.AK, k.SK = newAccessKey(chance)
	return map[string]any{"ak": k.AK, "sk": k.SK, "security_token": k.SecurityToken}, accessKeys.Put(s.Tx, k)
}

// secondProject makes sure of a second project in the demo region.
func secondProject(s *mockserver.Setup) (*Project, error) {
	key := demoProject + "-second"
	p, err := get(s.Tx, projects, key)
	if err != nil || p != nil {
		return p, err
	}
	p = &Project{Key: key, ID: mockserver.Hex(ownChance(s.World, s.Rand), 32), Domain: demoDomain, Name: demoRegion + "_second", Region: demoRegion, Parent: demoProject}
	return p, projects.Put(s.Tx, p)
}

func severalProjects(s *mockserver.Setup, _ mockserver.Params) (map[string]any, error) {
	p, err := secondProject(s)
	if err != nil {
		return nil, err
	}
	return map[string]any{"project_id": p.ID}, nil
}

func tokenOfAnotherProject(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	p, err := secondProject(s)
	if err != nil {
		return nil, err
	}
	return changeToken(func(_ *mockserver.Setup, t *Token) { t.Project = p.Key })(s, params)
}

func gatewayCondition(s *mockserver.Setup, params mockserver.Params) (map[string]any, error) {
	name := params.Text("error", errThrottled)
	if name == "none" {
		name = ""
	} else if !slices.Contains(gatewayConditions, name) {
		return nil, &mockserver.ParamError{Name: "error", Problem: fmt.Sprintf("%q is none of %v", name, gatewayConditions)}
	}
	return changeProject(func(p *Project) { p.Gateway = name })(s, params)
}
