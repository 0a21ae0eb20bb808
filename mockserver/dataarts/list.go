package dataarts

import (
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// listApprovers lists the approvers of a workspace. The offset is rounded down to a multiple of the limit.
// https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/ListApprovers.html
func listApprovers(c *mockserver.Call) (any, error) {
	who, err := enter(c)
	if err != nil {
		return nil, err
	}
	if who.member == nil && c.Switch("DA-022") == "enforce" {
		return nil, c.Refuse(errCaller).Because("%s is not a member of the workspace", who.user.Name)
	}
	found, total, err := findApprovers(c, who.workspace.Key)
	if err != nil {
		return nil, err
	}
	v := newViewer(c, who, listed)
	page := &approverPage{total: total, records: found}
	for i, a := range found {
		l, err := v.look(a)
		if err != nil {
			return nil, err
		}
		page.show(i, l)
	}
	return page, nil
}

// findApprovers returns the page that the request asks for and how many approvers match.
func findApprovers(c *mockserver.Call, workspace string) ([]*Approver, int, error) {
	r := pageRange(c)
	name, filtered := c.Text("approver_name")
	switch {
	case !filtered:
		return approvers.AppendPage(nil, c.Tx, byCreation, r, workspace)
	case c.Switch("DA-012") == "exact":
		return approvers.AppendPage(nil, c.Tx, byName, r, workspace, name)
	}
	return searchByName(c.Tx, workspace, name, r)
}

// pageRange is the part of the list that limit and offset select.
func pageRange(c *mockserver.Call) store.Range {
	p := c.Op.Spec.Pagination
	limit, sent := c.Int(p.Size)
	if !sent {
		limit = int64(p.DefaultSize)
	}
	offset, _ := c.Int(p.Offset)
	return store.Range{Skip: int(offset - offset%limit), Limit: int(limit), Desc: c.Switch("DA-013") == "newest-first"}
}

// searchByName finds names that contain a text: first those that equal it, then the others, each in the list's order
// (DA-012).
func searchByName(tx *store.Tx, workspace, name string, r store.Range) ([]*Approver, int, error) {
	found, equal, err := approvers.AppendPage(nil, tx, byName, r, workspace, name)
	if err != nil {
		return nil, 0, err
	}
	r.Skip = max(r.Skip-equal, 0)
	if r.Limit -= len(found); r.Limit == 0 {
		r.Limit = -1 // the page is full, the others are only counted
	}
	found, others, err := approvers.Search(found, tx, byCreation, store.Text{Contains: name, NotEqual: true}, r, workspace)
	return found, equal + others, err
}
