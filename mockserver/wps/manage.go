package wps

import (
	"strconv"

	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/mockserver/store"
)

// page is a page of definitions in the form of the world's view. It is put together when it is written.
type page struct {
	items      []*Define
	view       view
	hasMore    bool
	nextCursor string
}

// AppendJSON writes the envelope of success in the key order of the page's example.
func (p *page) AppendJSON(b []byte) []byte {
	b = append(b, `{"data":{"items":[`...)
	for i, d := range p.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = encoded.Append(b, d, p.view)
	}
	b = append(b, `],"has_more":`...)
	b = strconv.AppendBool(b, p.hasMore)
	b = mockserver.AppendQuoted(append(b, `,"next_cursor":`...), p.nextCursor)
	return append(b, `},"code":0,"more":{},"msg":""}`...)
}

// listUserManage answers the definitions that the caller manages, a page at a time, newest first. The cursor stands for a
// place, not for a number, so records that come or go between two calls are neither shown twice nor lost.
//
// https://open.wps.cn/documents/app-integration-dev/server/workflow/approval-definition/get-user-manage-approval-definition-list.html
func listUserManage(c *mockserver.Call) (any, error) {
	who := c.Caller.(*caller)
	if err := checkTrouble(c, who); err != nil {
		return nil, err
	}
	if id, _ := c.Text("X-Kso-Id-Type"); id == "external" && c.Switch("WPS-020") == "internal-only" {
		return nil, c.Refuse(errRange, "X-Kso-Id-Type").At("X-Kso-Id-Type").Because("only ids of the internal form are there")
	}
	q, err := readQuery(c, who.user.ID)
	if err != nil {
		return nil, err
	}
	return pages.Of(q, func() (mockserver.Appender, error) { return q.page(c) })
}

// pages keeps pages that are asked for again and again.
var pages = mockserver.NewReplies[query]()

// checkTrouble refuses what a state of the app or of the company forbids.
func checkTrouble(c *mockserver.Call, who *caller) error {
	if contains(callTroubles, who.app.Trouble) {
		return c.Refuse(who.app.Trouble).Because("app %s is marked as being in this state", who.app.ID)
	}
	if who.company.Outage != "" {
		return c.Refuse(who.company.Outage).Because("company %s is marked as being in this state", who.company.ID)
	}
	return nil
}

// query is one page of a user's list: everything that it depends on.
type query struct {
	defines store.Version
	view    view
	user    string
	cursors cursors
	from    position // zero: the beginning
	cursor  string   // as sent
	limit   int
	index   string
	desc    bool
	closing bool // the last page has an empty cursor (WPS-012)
}

func readQuery(c *mockserver.Call, user string) (query, error) {
	q := query{defines: defines.Version(c.Tx), view: viewOf(c), user: user, cursors: cursorsOf(c.World, user),
		index: indexManager, desc: c.Switch("WPS-014") == "newest-first", closing: c.Switch("WPS-012") == "empty"}
	if c.Switch("WPS-015") == "admin" {
		q.index = indexAdmin
	}
	if err := q.readCursor(c); err != nil {
		return q, err
	}
	n, _ := c.Int("page")
	q.limit = int(n)
	if n == 0 { // WPS-011
		switch c.Switch("WPS-011") {
		case "error":
			return q, c.Refuse(errRange, "page").At("page").Because("0 definitions are wanted")
		case "default-size":
			q.limit = c.Op.Spec.Pagination.DefaultSize
		}
	}
	return q, nil
}

func (q *query) readCursor(c *mockserver.Call) error {
	text, _ := c.Text("cursor")
	if text == "" {
		if c.Switch("WPS-010") == "error" {
			return c.Refuse(errMissing, "cursor").At("cursor").Because("an empty cursor is not allowed")
		}
		return nil
	}
	var ok bool
	if q.from, ok = q.cursors.decode(text); ok {
		q.cursor = text
		return nil
	}
	if c.Switch("WPS-013") == "first-page" {
		c.Warn("the cursor %q was not issued to this user; the first page is answered", text)
		return nil
	}
	return c.Refuse(errCursor).At("cursor").Because("the cursor was not issued to user %s in this world, or was altered", q.user)
}

// fetch returns the definitions of the page and whether others follow them.
func (q *query) fetch(tx *store.Tx) ([]*Define, bool, error) {
	r := store.Range{Limit: q.limit + 1, Desc: q.desc}
	if q.from != (position{}) {
		r.After = store.Position{Key: place(q.user, q.from.ctime, q.from.id), ID: q.from.id}
	}
	list, _, err := defines.AppendPage(make([]*Define, 0, q.limit+1), tx, q.index, r, q.user)
	if err != nil || len(list) <= q.limit {
		return list, false, err
	}
	return list[:q.limit], true, nil
}

func (q *query) page(c *mockserver.Call) (*page, error) {
	list, more, err := q.fetch(c.Tx)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		if d.Broken {
			return nil, c.Refuse(errInternal).Because("definition %s is marked as broken", d.ID)
		}
	}
	return &page{items: list, view: q.view, hasMore: more, nextCursor: q.next(list, more)}, nil
}

// next is the cursor behind the page.
func (q *query) next(list []*Define, more bool) string {
	switch {
	case !more && q.closing:
		return ""
	case len(list) == 0:
		return q.cursor
	}
	last := list[len(list)-1]
	return q.cursors.encode(position{last.CTime, last.ID})
}
