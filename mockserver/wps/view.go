package wps

import "github.com/countersign/countersign/mockserver"

// view says which form definitions have in a world's replies; it is what the world's switches come to.
type view struct {
	current       bool // WPS-016: the later fields of the contract too
	optionalNames bool // WPS-017: the words assigner and optional exchanged
	firstStep     bool // WPS-018: sequence and condition nodes name only their first step
	omitNull      bool // WPS-019: what is not there is left out
}

func viewOf(c *mockserver.Call) view {
	return view{
		current:       c.Switch("WPS-016") == "current",
		optionalNames: c.Switch("WPS-017") == "optional-names",
		firstStep:     c.Switch("WPS-018") == "first-step",
		omitNull:      c.Switch("WPS-019") == "omit",
	}
}

// encoded keeps definitions as they were encoded, for all servers of the process.
var encoded = mockserver.NewEncodings[Define, view](32 << 20)

// AppendRecord appends a definition.
func (v view) AppendRecord(b []byte, d *Define) []byte {
	w := writer{b}
	v.define(&w, d)
	return w.b
}

// define writes a definition. Keys are in the order of the page's example; the later fields of the contract stand
// among them in the same, alphabetical, order.
func (v view) define(w *writer, d *Define) {
	w.b = append(w.b, '{') // whoever wants a comma before it has set it
	v.identity(w.key("created_by"), &d.CreatedBy)
	w.key("ctime").text(d.created())
	w.key("form_designs").open('[')
	for i := range d.FormDesigns {
		v.form(w, &d.FormDesigns[i])
	}
	w.close(']')
	if v.current {
		w.key("group_id").text(d.GroupID)
	}
	w.key("icon").text(d.Icon)
	w.key("id").text(d.ID)
	w.key("name").text(d.Name)
	v.process(w.key("process_define"), &d.ProcessDefine)
	if v.current {
		v.setting(w, d.Setting)
	}
	w.key("visible_scopes").open('[')
	for i := range d.VisibleScopes {
		v.scope(w, &d.VisibleScopes[i])
	}
	w.close(']')
	w.close('}')
}

// absent writes a field that has no value.
func (v view) absent(w *writer, name string) {
	if !v.omitNull {
		w.key(name).raw("null")
	}
}

func (v view) identity(w *writer, id *Identity) {
	w.open('{')
	optional(w, "avatar", id.Avatar)
	optional(w, "company_id", id.CompanyID)
	w.key("id").text(id.ID)
	optional(w, "name", id.Name)
	w.key("type").text(id.Type)
	w.close('}')
}

// optional writes a text that the contract leaves out when empty.
func optional(w *writer, name, value string) {
	if value != "" {
		w.key(name).text(value)
	}
}

func (v view) form(w *writer, f *Form) {
	w.open('{')
	if v.current && len(f.ConditionGroups) > 0 {
		v.groups(w.key("condition_groups"), f.ConditionGroups)
	}
	if v.current && f.DateRange != nil {
		v.dateRange(w.key("date_range"), f.DateRange)
	}
	if v.current {
		w.key("extra").text(f.Extra)
	}
	w.key("form_options").open('[')
	for _, o := range f.FormOptions {
		w.open('{')
		w.key("key").text(o.Key)
		w.key("value").text(o.Value)
		w.close('}')
	}
	w.close(']')
	w.key("id").text(f.ID)
	w.key("placeholder").text(f.Placeholder)
	w.key("required").bool(f.Required)
	w.key("title").text(f.Title)
	w.key("type").text(f.Type)
	w.close('}')
}

func (v view) dateRange(w *writer, r *DateRange) {
	w.open('{')
	w.key("date_range_place").text(r.DateRangePlace)
	w.key("duration_title").text(r.DurationTitle)
	w.key("end_time_title").text(r.EndTimeTitle)
	w.key("start_time_title").text(r.StartTimeTitle)
	w.key("style").text(r.Style)
	w.key("time_range").text(r.TimeRange)
	w.close('}')
}

func (v view) groups(w *writer, groups []ConditionGroup) {
	w.open('[')
	for _, g := range groups {
		w.open('{')
		w.key("conditions").open('[')
		for i := range g.Conditions {
			v.condition(w, &g.Conditions[i])
		}
		w.close(']')
		w.close('}')
	}
	w.close(']')
}

func (v view) condition(w *writer, c *Condition) {
	w.open('{')
	w.key("custom_data_rule").text(c.CustomDataRule)
	if v.current {
		w.key("elem_biz_key").text(c.ElemBizKey)
	}
	w.key("form_id").text(c.FormID)
	w.key("rule").text(c.Rule)
	w.key("type").text(c.Type)
	w.key("value").text(c.Value)
	w.close('}')
}

func (v view) process(w *writer, p *Process) {
	w.open('{')
	w.key("nodes").open('[')
	for i := range p.Nodes {
		v.node(w, &p.Nodes[i])
	}
	w.close(']')
	w.key("root").text(p.Root)
	w.close('}')
}

func (v view) node(w *writer, n *Node) {
	w.open('{')
	if children := n.ChildNodes; len(children) > 0 {
		if v.firstStep && n.Type != nodeSelect {
			children = children[:1]
		}
		w.key("child_nodes").texts(children)
	}
	if len(n.ConditionGroups) > 0 {
		v.groups(w.key("condition_groups"), n.ConditionGroups)
	}
	if v.current && n.Extra != nil {
		v.extra(w.key("extra"), n.Extra)
	}
	w.key("id").text(n.ID)
	w.key("name").text(n.Name)
	optional(w, "next_node_id", n.NextNodeID)
	v.task(w, n.Task)
	w.key("type").text(n.Type)
	w.close('}')
}

func (v view) extra(w *writer, e *NodeExtra) {
	w.open('{')
	if c := e.Config; c != nil {
		w.key("config").open('{')
		w.key("add_node_forbidden").bool(c.AddNodeForbidden)
		w.key("edit_forbidden").bool(c.EditForbidden)
		w.key("remove_forbidden").bool(c.RemoveForbidden)
		w.close('}')
	}
	w.close('}')
}

func (v view) task(w *writer, t *Task) {
	if t == nil {
		v.absent(w, "task")
		return
	}
	w.key("task").open('{')
	v.approve(w, t.Approve)
	v.cc(w, t.CC)
	w.key("type").text(t.Type)
	w.close('}')
}

func (v view) approve(w *writer, a *TaskApprove) {
	if a == nil {
		v.absent(w, "task_approve")
		return
	}
	w.key("task_approve").open('{')
	optional(w, "approval_rule", a.ApprovalRule)
	if a.SelectType == "" {
		v.absent(w, "select_type")
	} else {
		w.key("select_type").text(a.SelectType)
	}
	v.target(w.key("target"), &a.Target)
	if v.current {
		optional(w, "user_empty_policy", a.UserEmptyPolicy)
	}
	w.close('}')
}

func (v view) cc(w *writer, t *TaskCC) {
	if t == nil {
		v.absent(w, "task_cc")
		return
	}
	w.key("task_cc").open('{')
	if v.current {
		w.key("is_allow_add_cc").bool(t.IsAllowAddCC)
	}
	v.target(w.key("target"), &t.Target)
	w.close('}')
}

func (v view) target(w *writer, t *Target) {
	w.open('{')
	if t.Level != 0 {
		w.key("level").int(t.Level)
	}
	if v.current && len(t.SelectRanges) > 0 {
		w.key("select_ranges").open('[')
		for _, r := range t.SelectRanges {
			w.open('{')
			w.key("select_type").text(r.SelectType)
			w.key("select_value").text(r.SelectValue)
			w.close('}')
		}
		w.close(']')
	}
	if len(t.UserGroupIDs) > 0 {
		w.key("user_group_ids").texts(t.UserGroupIDs)
	}
	if len(t.UserIDs) > 0 {
		w.key("user_ids").texts(t.UserIDs)
	}
	w.key("user_type").text(v.userType(t.UserType))
	w.close('}')
}

// userType is the word for a way of finding people (WPS-017).
func (v view) userType(stored string) string {
	switch {
	case v.optionalNames && stored == userAssigner:
		return userOptional
	case v.optionalNames && stored == userOptional:
		return userAssigner
	}
	return stored
}

func (v view) setting(w *writer, s *Setting) {
	if s == nil {
		w.key("setting").raw("null") // the contract requires it
		return
	}
	w.key("setting").open('{')
	if s.AllowRevokeApprovedDays == nil {
		v.absent(w, "allow_revoke_approved_days")
	} else {
		w.key("allow_revoke_approved_days").int(*s.AllowRevokeApprovedDays)
	}
	if s.ApprovalDeduplicateMode == nil {
		v.absent(w, "approval_deduplicate_mode")
	} else {
		w.key("approval_deduplicate_mode").text(*s.ApprovalDeduplicateMode)
	}
	for _, f := range s.switches() {
		if f.value == nil {
			v.absent(w, f.name)
		} else {
			w.key(f.name).bool(*f.value)
		}
	}
	w.close('}')
}

type namedSwitch struct {
	name  string
	value *bool
}

func (s *Setting) switches() []namedSwitch {
	return []namedSwitch{
		{"approval_share_to_company", s.ApprovalShareToCompany},
		{"is_allow_resubmit", s.IsAllowResubmit},
		{"is_allow_revoke", s.IsAllowRevoke},
		{"is_allow_revoke_approved", s.IsAllowRevokeApproved},
		{"is_allow_rollback", s.IsAllowRollback},
		{"is_show_in_backend_page", s.IsShowInBackendPage},
		{"is_show_in_home_page", s.IsShowInHomePage},
		{"must_with_approve_signature", s.MustWithApproveSignature},
		{"must_with_refuse_reason", s.MustWithRefuseReason},
		{"must_with_return_reason", s.MustWithReturnReason},
		{"one_click_approval", s.OneClickApproval},
	}
}

func (v view) scope(w *writer, s *VisibleScope) {
	w.open('{')
	w.key("company_id").text(s.CompanyID)
	w.key("is_admin").bool(s.IsAdmin)
	w.key("scope_id").text(s.ScopeID)
	w.key("scope_type").text(s.ScopeType)
	w.close('}')
}
