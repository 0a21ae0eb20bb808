package quickbi

import (
	"errors"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// applicationState makes sure of an application in review and changes it.
func applicationState(name, doc, id string, change func(*Application)) mockserver.State {
	return mockserver.State{Name: name, Doc: doc, Params: []string{applicationParam}, Apply: func(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
		a, _, err := newApplication(s, p.Text(applicationParam, id))
		if err != nil {
			return nil, err
		}
		change(a)
		return map[string]any{applicationParam: a.ID}, applications.Put(s.Tx, a)
	}}
}

// newApplication makes an application in review for a resource of its own, in place of any that is there.
func newApplication(s *mockserver.Setup, id string) (*Application, *Resource, error) {
	o, err := ownerOf(s, nil)
	if err != nil {
		return nil, nil, err
	}
	w := &Workspace{ID: "ws-" + id, Name: "空间 " + id, OrganizationID: o.organization.ID, Administrators: []string{o.user.ID}}
	if err := workspaces.Put(s.Tx, w); err != nil {
		return nil, nil, err
	}
	r := &Resource{ID: "resource-" + id, Name: "看板 " + id, Type: "DASHBOARD", WorkspaceID: w.ID}
	if err := resources.Put(s.Tx, r); err != nil {
		return nil, nil, err
	}
	now := s.Now().UnixMilli()
	return &Application{ID: id, OrganizationID: o.organization.ID, ApplicantID: o.user.ID, ResourceID: r.ID, ApplyReason: "需要查看数据",
		GmtCreate: now, GmtModified: now}, r, nil
}

func forWorkspaceAdmin(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	a, r, err := newApplication(s, p.Text(applicationParam, "application-for-workspace-admin"))
	if err != nil {
		return nil, err
	}
	w, err := workspaces.Get(s.Tx, r.WorkspaceID)
	if err != nil {
		return nil, err
	}
	changed := *w
	changed.Administrators = nil
	if err := workspaces.Put(s.Tx, &changed); err != nil {
		return nil, err
	}
	a.Wants = wantsWorkspaceAdmin
	return map[string]any{applicationParam: a.ID}, applications.Put(s.Tx, a)
}

func resourceDeleted(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	a, r, err := newApplication(s, p.Text(applicationParam, "application-resource-deleted"))
	if err != nil {
		return nil, err
	}
	gone := *r
	gone.Deleted = true
	if err := resources.Put(s.Tx, &gone); err != nil {
		return nil, err
	}
	return map[string]any{applicationParam: a.ID}, applications.Put(s.Tx, a)
}

func internalError(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	a, _, err := newApplication(s, p.Text(applicationParam, "broken-application"))
	if err != nil {
		return nil, err
	}
	a.State = stateBroken
	if err := applications.Put(s.Tx, a); err != nil {
		return nil, err
	}
	cube, err := llmCube(s, p.Text(llmCubeParam, "broken-llm-cube"))
	if err != nil {
		return nil, err
	}
	cube.State = stateBroken
	return map[string]any{applicationParam: a.ID, llmCubeParam: cube.ID}, llmCubes.Put(s.Tx, cube)
}

// llmCube returns a copy of the resource with the id, a new one if there is none.
func llmCube(s *mockserver.Setup, id string) (*LlmCube, error) {
	cube, err := llmCubes.Get(s.Tx, id)
	if err == nil {
		changed := *cube
		return &changed, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	o, err := ownerOf(s, nil)
	if err != nil {
		return nil, err
	}
	return &LlmCube{ID: id, Name: "问数 " + id, OrganizationID: o.organization.ID}, nil
}

func notManaged(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	cube, err := llmCube(s, p.Text(llmCubeParam, "llm-cube-not-managed"))
	if err != nil {
		return nil, err
	}
	cube.Managers = []string{"somebody-else"}
	return map[string]any{llmCubeParam: cube.ID}, llmCubes.Put(s.Tx, cube)
}

func cubeWithoutResource(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	o, err := ownerOf(s, nil)
	if err != nil {
		return nil, err
	}
	id := p.Text(cubeParam, "cube-without-resource")
	if c, err := llmCubes.First(s.Tx, byCube, store.Key(id)); err == nil {
		if err := llmCubes.Delete(s.Tx, c.ID); err != nil {
			return nil, err
		}
	}
	return map[string]any{cubeParam: id}, cubes.Put(s.Tx, &Cube{ID: id, Name: "数据集 " + id, OrganizationID: o.organization.ID})
}

func granted(s *mockserver.Setup, p mockserver.Params) (map[string]any, error) {
	o, err := ownerOf(s, nil)
	if err != nil {
		return nil, err
	}
	user := p.Text(userParam, o.user.ID)
	if _, err := users.Get(s.Tx, user); err != nil {
		return nil, &mockserver.ParamError{Name: userParam, Problem: "the world has no user " + user}
	}
	cube, err := llmCube(s, p.Text(llmCubeParam, "granted-llm-cube"))
	if err != nil {
		return nil, err
	}
	if err := llmCubes.Put(s.Tx, cube); err != nil {
		return nil, err
	}
	a := &Authorization{UserID: user, LlmCube: cube.ID, ExpireDay: strings.TrimSpace(p.Text("expire_day", "2099-12-31")),
		GrantedBy: o.user.ID, GmtModified: s.Now().UnixMilli()}
	return map[string]any{userParam: user, llmCubeParam: cube.ID, "expire_day": a.ExpireDay}, authorizations.Put(s.Tx, a)
}
