package quickbi

import (
	"errors"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// The values of OperationType.
const (
	grantRights  = 0
	revokeRights = 1
)

// mostPairs is the documented limit of users times targets in one call.
const mostPairs = 100

// The texts of DetailMessage (QB-061).
const (
	detailNoUser     = "USER_NOT_EXIST"
	detailNotMember  = "USER_NOT_IN_ORGANIZATION"
	detailNoCube     = "LLM_CUBE_NOT_EXIST"
	detailNoTheme    = "LLM_CUBE_THEME_NOT_EXIST"
	detailFromSample = "INVALID_FILE_FORMAT"
)

// target is a data-asking resource or an analysis theme. why says what is wrong with it, "" if nothing.
type target struct {
	cube, theme, why string
}

// request is a SmartqAuthorize call, read.
type request struct {
	who       *caller
	operation int64
	users     []string
	targets   []target
	expireDay string
}

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

// readRequest checks caller and parameters in the order of QB-063.
func readRequest(c *mockserver.Call) (*request, error) {
	req := &request{}
	req.operation, _ = c.Int("OperationType")
	date := func() (err error) { req.expireDay, err = expireDay(c, req.operation); return }
	steps := []func() error{
		func() (err error) { req.who, err = mayAuthorize(c); return },
		func() (err error) { req.users, err = idList(c, "UserIds"); return },
		func() error { return readTargets(c, req) },
		date,
	}
	if c.Switch("QB-063") == "date-first" {
		steps = append([]func() error{date}, steps...)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// mayAuthorize finds the caller and refuses one who may not grant at all. What is wrong with his profile or instance
// is in no code of this operation (QB-065).
func mayAuthorize(c *mockserver.Call) (*caller, error) {
	u, o := whoCalls(c)
	picky := c.Switch("QB-064") != "off"
	switch {
	case u == nil:
		return nil, c.Refuse(errAPIUserNotExists).Because("the owner of the access key is no user of Quick BI")
	case o == nil:
		return nil, c.Refuse(errNotInOrganization).Because("user %s is in no organization that exists", u.ID)
	case picky && !o.DataService:
		return nil, c.Refuse(errAPINotExist).Because("organization %s does not have the data service", o.ID)
	case !o.SmartqModule || c.Switch("QB-065") == "module" && !o.runs(c.Now()):
		return nil, c.Refuse(errModuleNotPurchased).Because("organization %s has not bought the module", o.ID)
	case picky && !u.may(smartqFunction):
		return nil, c.Refuse(errRoleFunction, u.ID).Because("the role of user %s does not contain the function", u.ID)
	}
	return &caller{u, o}, nil
}

// idList reads a comma-separated list of ids, trimmed and each once (QB-050, QB-067).
func idList(c *mockserver.Call, name string) ([]string, error) {
	text, ok := c.Text(name)
	if !ok {
		return nil, nil
	}
	var ids []string
	for _, id := range strings.Split(text, ",") {
		id = strings.TrimSpace(id)
		switch {
		case id == "" && c.Switch("QB-067") == "skip":
		case id == "":
			return nil, c.Refuse(errInvalidParameterError, name).At(name).Because("the list has an empty item")
		case c.Switch("QB-050") == "each" || !slices.Contains(ids, id):
			ids = append(ids, id)
		}
		if len(ids) > mostIDs {
			return nil, overLimit(c).Because("%s has more than %d items", name, mostIDs)
		}
	}
	if len(ids) == 0 && name == "UserIds" {
		return nil, c.Refuse(errMissing, name).At(name).Because("the list has no item")
	}
	return ids, nil
}

// mostIDs bounds a list while it is read; it is far over the limit of pairs.
const mostIDs = 10 * mostPairs

// overLimit names the parameter that QB-053 says.
func overLimit(c *mockserver.Call) *mockserver.Refusal {
	_, name, _ := strings.Cut(c.Switch("QB-053"), "/")
	return c.Refuse(errInvalidParameterError, name).At(name)
}

// readTargets reads the three lists of targets, those of data sets converted, and checks how many pairs they make.
func readTargets(c *mockserver.Call, req *request) error {
	named, err := idList(c, "LlmCubes")
	if err != nil {
		return err
	}
	themes, err := idList(c, "LlmCubeThemes")
	if err != nil {
		return err
	}
	sets, err := idList(c, "CubeIds")
	if err != nil {
		return err
	}
	counted := len(named) + len(themes)
	for _, id := range named {
		req.targets = append(req.targets, cubeTarget(c, req.who, id))
	}
	if err := convert(c, req, sets); err != nil {
		return err
	}
	if c.Switch("QB-052") == "count" {
		counted = len(req.targets) + len(themes)
	}
	for _, id := range themes {
		req.targets = append(req.targets, themeTarget(c, req.who, id))
	}
	return checkTargets(c, req, counted)
}

func checkTargets(c *mockserver.Call, req *request, counted int) error {
	if len(req.targets) == 0 && c.Switch("QB-054") == "refuse" {
		return c.Refuse(errInvalidParameterError, "LlmCubes").At("LlmCubes").Because("no resource, theme or data set is named")
	}
	if len(req.users)*counted > mostPairs {
		return overLimit(c).Because("%d users times %d targets are more than %d", len(req.users), counted, mostPairs)
	}
	return nil
}

func cubeTarget(c *mockserver.Call, who *caller, id string) target {
	cube, err := llmCubes.Get(c.Tx, id)
	if err != nil || cube.OrganizationID != who.OrganizationID {
		return target{cube: id, why: detailNoCube}
	}
	return target{cube: id}
}

func themeTarget(c *mockserver.Call, who *caller, id string) target {
	theme, err := llmCubeThemes.Get(c.Tx, id)
	if err != nil || theme.OrganizationID != who.OrganizationID {
		return target{theme: id, why: detailNoTheme}
	}
	return target{theme: id}
}

// convert adds the data-asking resources of data sets, each once. What happens to a data set without one is QB-051.
func convert(c *mockserver.Call, req *request, sets []string) error {
	for _, id := range sets {
		t, err := converted(c, req.who, id)
		if err != nil {
			return err
		}
		if c.Switch("QB-050") == "each" || !slices.Contains(req.targets, t) {
			req.targets = append(req.targets, t)
		}
	}
	return nil
}

func converted(c *mockserver.Call, who *caller, id string) (target, error) {
	cube, err := llmCubes.First(c.Tx, byCube, store.Key(id))
	if err == nil && cube.OrganizationID == who.OrganizationID {
		return target{cube: cube.ID}, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return target{}, err
	}
	switch c.Switch("QB-051") {
	case "result-entry":
		return target{cube: id, why: detailNoCube}, nil
	case errCubeNotExist:
		return target{}, c.Refuse(errCubeNotExist).At("CubeIds").Because("data set %s has no data-asking resource", id)
	}
	return target{}, c.Refuse(errInvalidParameterError, "CubeIds").At("CubeIds").Because("data set %s has no data-asking resource", id)
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

func userProblem(c *mockserver.Call, who *caller, id string) string {
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
	f := failed{UserID: user, LlmCube: &t.cube, LlmCubeTheme: &t.theme, DetailMessage: why}
	if c.Switch("QB-062") == "absent" {
		f.LlmCube, f.LlmCubeTheme = unlessEmpty(t.cube), unlessEmpty(t.theme)
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
	record.ExpireDay = req.expireDay
	err := authorizations.Put(c.Tx, &Authorization{UserID: user, LlmCube: t.cube, LlmCubeTheme: t.theme, ExpireDay: req.expireDay,
		GrantedBy: req.who.ID, GmtModified: c.Now().UnixMilli()})
	if err != nil {
		return err
	}
	return audit(c, record)
}
