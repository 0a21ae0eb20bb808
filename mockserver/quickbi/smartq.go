package quickbi

import (
	"errors"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// The values of OperationType.
const (
	grantRights  = 0
	revokeRights = 1
)

// The texts of DetailMessage (QB-061).
const (
	detailNoUser     = "USER_NOT_EXIST"
	detailNotMember  = "USER_NOT_IN_ORGANIZATION"
	detailNoCube     = "LLM_CUBE_NOT_EXIST"
	detailNoTheme    = "LLM_CUBE_THEME_NOT_EXIST"
	detailFromSample = "INVALID_FILE_FORMAT"
)

// smartqAuthorize grants or revokes every user every target.
//
// A pair that fails is reported in Result, with HTTP 200 and Success true. A repeated grant is a new grant; a repeated
// revocation is skipped and leaves no audit record.
//
// https://help.aliyun.com/zh/quick-bi/developer-reference/api-quickbi-public-2022-01-01-smartqauthorize
func smartqAuthorize(c *mockserver.Call) (any, error) {
	req, err := readRequest(c)
	if err != nil {
		return nil, err
	}
	if err := mayManage(c, req); err != nil {
		return nil, err
	}
	return carryOut(c, req)
}

// mayManage refuses a caller who named something that he may not manage, and fails at a broken record.
func mayManage(c *mockserver.Call, req *request) error {
	for _, t := range req.targets {
		if t.why != "" {
			continue
		}
		managers, err := managersOf(c, t)
		if err != nil {
			return err
		}
		if !manageable(managers, req.who.ID) {
			return c.Refuse(errQueryAuth).Because("user %s may not manage %s%s", req.who.ID, t.cube, t.theme)
		}
	}
	return nil
}

func managersOf(c *mockserver.Call, t target) ([]string, error) {
	if t.theme != "" {
		theme, err := llmCubeThemes.Get(c.Tx, t.theme)
		if err != nil {
			return nil, err
		}
		return theme.Managers, nil
	}
	cube, err := llmCubes.Get(c.Tx, t.cube)
	if err != nil {
		return nil, err
	}
	if cube.State == stateBroken {
		return nil, c.Refuse(errSystem).Because("the record of data-asking resource %s is marked as broken", t.cube)
	}
	return cube.Managers, nil
}

// carryOut grants or revokes every good pair and reports the others, in the order of the request.
func carryOut(c *mockserver.Call, req *request) ([]failed, error) {
	bad := []failed{}
	problems := make([]string, len(req.users))
	for i, user := range req.users {
		problems[i] = userProblem(c, req.who, user)
		for _, t := range req.targets {
			if why := firstOf(problems[i], t.why); why != "" {
				bad = append(bad, failure200(c, user, t, why))
			}
		}
	}
	if len(bad) > 0 && c.Switch("QB-060") == "all-or-nothing" {
		return bad, nil
	}
	for i, user := range req.users {
		for _, t := range req.targets {
			if problems[i] != "" || t.why != "" {
				continue
			}
			if err := apply(c, req, user, t); err != nil {
				return nil, err
			}
		}
	}
	return bad, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func userProblem(c *mockserver.Call, who caller, id string) string {
	u, err := users.Get(c.Tx, id)
	switch {
	case err != nil || u.NeverLoggedOn:
		return detailNoUser
	case u.OrganizationID != who.OrganizationID || u.FormerMember:
		return detailNotMember
	}
	return ""
}

// failure200 is an entry of Result.
func failure200(c *mockserver.Call, user string, t target, why string) failed {
	if c.Switch("QB-061") == "sample" {
		why = detailFromSample
	}
	f := failed{userID: user, cube: &t.cube, theme: &t.theme, message: why}
	if c.Switch("QB-062") == "absent" {
		f.cube, f.theme = unlessEmpty(t.cube), unlessEmpty(t.theme)
	}
	return f
}

func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func apply(c *mockserver.Call, req *request, user string, t target) error {
	record := &AuditRecord{Action: "grant", ActorID: req.who.ID, UserID: user, LlmCube: t.cube, LlmCubeTheme: t.theme}
	if req.operation == revokeRights {
		err := authorizations.Delete(c.Tx, authorizationID(user, t.cube, t.theme))
		if errors.Is(err, store.ErrNotFound) {
			return nil // documented: skipped, and no audit record
		}
		if err != nil {
			return err
		}
		record.Action = "revoke"
		return audit(c, record)
	}
	record.ExpireDay = lastDay(c, req.expires)
	err := authorizations.Put(c.Tx, &Authorization{UserID: user, LlmCube: t.cube, LlmCubeTheme: t.theme, ExpireDay: record.ExpireDay,
		GrantedBy: req.who.ID, GmtModified: c.Now().UnixMilli()})
	if err != nil {
		return err
	}
	return audit(c, record)
}
