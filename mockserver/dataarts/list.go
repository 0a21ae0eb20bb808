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
	q := queryOf(c, who)
	return pages.Of(q, func() (mockserver.Appender, error) { return q.page(c, who) })
}

// pages keeps pages that are asked for again and again.
var pages = mockserver.NewReplies[query]()

// query is everything that a page depends on. Records never change, so that equal pointers are equal records.
type query struct {
	approvers, users store.Version
	manner           *manner
	project          *Project
	workspace        *Workspace
	match            match
	name             string
	at               store.Range
}

// match is which names are wanted.
type match byte

const (
	anyName match = iota
	equalName
	containedName
)

func queryOf(c *mockserver.Call, who *caller) query {
	q := query{approvers: approvers.Version(c.Tx), users: users.Version(c.Tx), manner: mannerOf(c, listed),
		project: who.project, workspace: who.workspace, at: pageRange(c)}
	if name, filtered := c.Text("approver_name"); filtered {
		q.name, q.match = name, containedName
		if c.Switch("DA-012") == "exact" {
			q.match = equalName
		}
	}
	return q
}

func (q *query) page(c *mockserver.Call, who *caller) (*approverPage, error) {
	found, total, err := q.find(c.Tx)
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

// find returns the page that the request asks for and how many approvers match.
func (q *query) find(tx *store.Tx) ([]*Approver, int, error) {
	switch q.match {
	case anyName:
		return approvers.AppendPage(nil, tx, byCreation, q.at, q.workspace.Key)
	case equalName:
		return approvers.AppendPage(nil, tx, byName, q.at, q.workspace.Key, q.name)
	}
	return searchByName(tx, q.workspace.Key, q.name, q.at)
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
