package check

import (
	"strconv"
)

// The branches of a list that comes in pages.
const (
	pageFirst    = "first"
	pageMiddle   = "middle"
	pageLast     = "last"
	pageEmpty    = "empty"
	pageRounding = "rounding"
	pageDefault  = "default size"
)

// pageParts are the branches that the operation's paging has.
func (op *operation) pageParts() []Part {
	list := []Part{}
	p := op.Pagination
	if p == nil {
		return list
	}
	add := func(name string) {
		list = append(list, Part{Name: name, Spec: fieldOf(op.Spec.Origin, "x-pagination"), Interactions: []string{}})
	}
	for _, name := range []string{pageFirst, pageMiddle, pageLast, pageEmpty} {
		add(name)
	}
	if p.Rounding != "" {
		add(pageRounding)
	}
	if p.DefaultSize > 0 && (p.MinSize == 0 || !op.requires(p.Size)) {
		add(pageDefault)
	}
	return list
}

func (op *operation) requires(name string) bool {
	for _, p := range op.params {
		if p.Name == name {
			return p.Required
		}
	}
	return false
}

// pages are the branches that an interaction touches: it has to expect success, and to send nothing that is refused.
func (r *result) pages() []string {
	p := r.op.Pagination
	b := r.in.response.body
	if p == nil || b == nil || !b.isJSON || r.in.response.status >= 300 || r.decides != nil {
		return nil
	}
	items := b.pointer(p.Items)
	if items == nil || items.kind != array {
		return nil
	}
	var list []string
	size := r.number(p.Size)
	if size == 0 && (p.MinSize == 0 || first(r.in.request.query, p.Size).value == "") {
		list, size = append(list, pageDefault), p.DefaultSize
	}
	if len(items.items) == 0 {
		list = append(list, pageEmpty)
	}
	if p.Style == "cursor" {
		return append(list, r.cursorPages(len(items.items))...)
	}
	return append(list, r.offsetPages(len(items.items), size)...)
}

// number is a parameter of the query as a number, 0 if it is not sent.
func (r *result) number(name string) int {
	n, err := strconv.Atoi(first(r.in.request.query, name).value)
	if err != nil {
		return 0
	}
	return n
}

func (r *result) cursorPages(items int) []string {
	p, b := r.op.Pagination, r.in.response.body
	more := b.pointer(p.More)
	next, named := b.pointer(p.Next).text()
	ended := more != nil && more.scalar == false || more == nil && named && next == p.LastCursor
	goesOn := more != nil && more.scalar == true || more == nil && named && next != p.LastCursor
	switch cursor := first(r.in.request.query, p.Cursor).value; {
	case items == 0:
		return nil
	case cursor == "":
		return []string{pageFirst}
	case ended:
		return []string{pageLast}
	case goesOn:
		return []string{pageMiddle}
	}
	return nil
}

func (r *result) offsetPages(items, size int) []string {
	p := r.op.Pagination
	offset := r.number(p.Offset)
	var list []string
	if size > 0 && offset%size != 0 && p.Rounding != "" {
		list = append(list, pageRounding)
		offset -= offset % size
	}
	total, err := 0, error(nil)
	if text, ok := r.in.response.body.pointer(p.Total).text(); ok {
		total, err = strconv.Atoi(text)
	}
	switch {
	case items == 0:
	case offset == 0:
		list = append(list, pageFirst)
	case err != nil || total == 0: // nothing says how many there are
	case offset+size >= total:
		list = append(list, pageLast)
	default:
		list = append(list, pageMiddle)
	}
	return list
}
