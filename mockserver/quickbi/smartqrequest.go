package quickbi

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// mostPairs is the documented limit of users times targets in one call. mostEntries bounds them where the world does not
// count all targets (QB-052), so that every reply has an end.
const (
	mostPairs   = 100
	mostEntries = 100 * mostPairs
)

// target is a data-asking resource or an analysis theme. why says what is wrong with it, "" if nothing.
type target struct {
	cube, theme, why string
}

// request is a SmartqAuthorize call, read.
type request struct {
	who       caller
	operation int64
	// users, cubes, themes and sets are the lists as they were named; expires is nil without ExpireDay.
	users, cubes, themes, sets []string
	expires                    *time.Time
	// targets are what cubes, sets and themes stand for, in this order.
	targets []target
}

// readRequest checks parameters and caller in the order of QB-063.
func readRequest(c *mockserver.Call) (*request, error) {
	req := &request{}
	req.operation, _ = c.Int("OperationType")
	form := func() error { return req.read(c) }
	caller := func() (err error) { req.who, err = mayAuthorize(c); return }
	targets := func() error { return req.findTargets(c) }
	age := func() error { return checkAge(c, req) }
	steps := []func() error{form, caller, targets, age}
	switch c.Switch("QB-063") {
	case "caller-first":
		steps = []func() error{caller, form, targets, age}
	case "date-first":
		steps = []func() error{form, age, caller, targets}
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
func mayAuthorize(c *mockserver.Call) (caller, error) {
	who, known := whoCalls(c)
	o := who.organization
	picky := c.Switch("QB-064") != "off"
	switch {
	case !known:
		return who, c.Refuse(errAPIUserNotExists).Because("the owner of the access key is no user of Quick BI")
	case o == nil || who.FormerMember:
		return who, c.Refuse(errNotInOrganization).Because("user %s is in no organization that exists", who.ID)
	case picky && !o.DataService:
		return who, c.Refuse(errAPINotExist).Because("organization %s does not have the data service", o.ID)
	case !o.SmartqModule || c.Switch("QB-065") == "module" && !o.runs(c.Now()):
		return who, c.Refuse(errModuleNotPurchased).Because("organization %s has not bought the module", o.ID)
	case picky && !who.may(smartqFunction):
		return who, c.Refuse(errRoleFunction, who.ID).Because("the role of user %s does not contain the function", who.ID)
	}
	return who, nil
}

// read reads the lists and the date, as far as they can be judged without looking anything up.
func (req *request) read(c *mockserver.Call) (err error) {
	for _, list := range []struct {
		name string
		into *[]string
	}{{"UserIds", &req.users}, {"LlmCubes", &req.cubes}, {"LlmCubeThemes", &req.themes}, {"CubeIds", &req.sets}} {
		if *list.into, err = idList(c, list.name); err != nil {
			return err
		}
	}
	if len(req.users) == 0 { // QB-067: skip
		return c.Refuse(errMissing, "UserIds").At("UserIds").Because("the list has no item")
	}
	if len(req.cubes)+len(req.themes)+len(req.sets) == 0 && c.Switch("QB-054") == "refuse" {
		return c.Refuse(errInvalidParameterError, "LlmCubes").At("LlmCubes").Because("no resource, theme or data set is named")
	}
	req.expires, err = expireDay(c)
	return err
}

// idList reads a comma-separated list of ids, trimmed and each once (QB-050, QB-067).
func idList(c *mockserver.Call, name string) ([]string, error) {
	text, ok := c.Text(name)
	if !ok {
		return nil, nil
	}
	var ids []string
	seen := map[string]bool{}
	for id := range strings.SplitSeq(text, ",") {
		id = strings.TrimSpace(id)
		switch {
		case id == "" && c.Switch("QB-067") == "skip":
		case id == "":
			return nil, c.Refuse(errInvalidParameterError, name).At(name).Because("the list has an empty item")
		case c.Switch("QB-050") == "each" || !seen[id]:
			ids, seen[id] = append(ids, id), true
		}
	}
	return ids, nil
}

// findTargets converts the data sets, checks how many pairs there are, and looks the targets up.
func (req *request) findTargets(c *mockserver.Call) error {
	converted, err := req.convert(c)
	if err != nil {
		return err
	}
	if err := req.checkLimit(c, len(converted)); err != nil {
		return err
	}
	for _, id := range req.cubes {
		req.targets = append(req.targets, cubeTarget(c, req.who, id))
	}
	req.targets = append(req.targets, converted...)
	for _, id := range req.themes {
		req.targets = append(req.targets, themeTarget(c, req.who, id))
	}
	return nil
}

func (req *request) checkLimit(c *mockserver.Call, converted int) error {
	all := len(req.cubes) + len(req.themes) + converted
	counted := all
	if c.Switch("QB-052") == "ignore" {
		counted -= converted
	}
	if len(req.users)*counted <= mostPairs && len(req.users)*all <= mostEntries {
		return nil
	}
	_, name, _ := strings.Cut(c.Switch("QB-053"), "/")
	return c.Refuse(errInvalidParameterError, name).At(name).
		Because("%d users times %d targets are more than %d", len(req.users), counted, mostPairs)
}

func cubeTarget(c *mockserver.Call, who caller, id string) target {
	cube, err := llmCubes.Get(c.Tx, id)
	if err != nil || cube.OrganizationID != who.OrganizationID {
		return target{cube: id, why: detailNoCube}
	}
	return target{cube: id}
}

func themeTarget(c *mockserver.Call, who caller, id string) target {
	theme, err := llmCubeThemes.Get(c.Tx, id)
	if err != nil || theme.OrganizationID != who.OrganizationID {
		return target{theme: id, why: detailNoTheme}
	}
	return target{theme: id}
}

// convert finds the data-asking resources of data sets, those left out that LlmCubes names already (QB-050).
func (req *request) convert(c *mockserver.Call) ([]target, error) {
	var out []target
	for _, id := range req.sets {
		t, err := converted(c, req.who, id)
		if err != nil {
			return nil, err
		}
		if c.Switch("QB-050") == "each" || !slices.Contains(req.cubes, t.cube) {
			out = append(out, t)
		}
	}
	return out, nil
}

// converted finds the resource of a data set. What happens to a data set without one is QB-051.
func converted(c *mockserver.Call, who caller, id string) (target, error) {
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
