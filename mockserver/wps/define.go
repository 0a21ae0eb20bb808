package wps

import (
	"strconv"

	"github.com/countersign/countersign/mockserver/store"
)

// Define is an approval definition with all fields of the current contract; view.go leaves out what a world's switches
// say. Field names are the vendor's.
type Define struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	Icon          string         `json:"icon"`
	GroupID       string         `json:"group_id"`
	CreatedBy     Identity       `json:"created_by"`
	CTime         int64          `json:"ctime"` // milliseconds since 1970; a text in replies
	FormDesigns   []Form         `json:"form_designs"`
	ProcessDefine Process        `json:"process_define"`
	Setting       *Setting       `json:"setting"`
	VisibleScopes []VisibleScope `json:"visible_scopes"`
	// Broken makes every call that meets it fail with 500000004.
	Broken bool `json:"broken,omitempty"`
}

// Identity is a person or an application.
type Identity struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	CompanyID string `json:"company_id,omitempty"`
	Name      string `json:"name,omitempty"`
	Avatar    string `json:"avatar,omitempty"`
}

// Form is a control of the form.
type Form struct {
	ID              string           `json:"id"`
	Title           string           `json:"title"`
	Type            string           `json:"type"`
	Required        bool             `json:"required"`
	Placeholder     string           `json:"placeholder"`
	Extra           string           `json:"extra"`
	FormOptions     []Option         `json:"form_options"`
	DateRange       *DateRange       `json:"date_range,omitempty"`
	ConditionGroups []ConditionGroup `json:"condition_groups,omitempty"`
}

// Option is a choice of a select control.
type Option struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// DateRange is how a date_range control asks.
type DateRange struct {
	Style          string `json:"style"`
	StartTimeTitle string `json:"start_time_title"`
	EndTimeTitle   string `json:"end_time_title"`
	DurationTitle  string `json:"duration_title"`
	TimeRange      string `json:"time_range"`
	DateRangePlace string `json:"date_range_place"`
}

// Process is the way an application takes: a tree of nodes.
type Process struct {
	Root  string `json:"root"`
	Nodes []Node `json:"nodes"`
}

// Node is one node of the tree (WPS-018): sequence and condition nodes hold their steps in ChildNodes, select nodes
// their conditions; NextNodeID is the next step of the same parent.
type Node struct {
	ID              string           `json:"id"`
	Type            string           `json:"type"`
	Name            string           `json:"name"`
	ChildNodes      []string         `json:"child_nodes,omitempty"`
	NextNodeID      string           `json:"next_node_id,omitempty"`
	ConditionGroups []ConditionGroup `json:"condition_groups,omitempty"`
	Task            *Task            `json:"task"`
	Extra           *NodeExtra       `json:"extra,omitempty"`
}

// NodeExtra holds the designer's locks on a node.
type NodeExtra struct {
	Config *NodeConfig `json:"config,omitempty"`
}

// NodeConfig says what the designer may not do with a node.
type NodeConfig struct {
	AddNodeForbidden bool `json:"add_node_forbidden"`
	EditForbidden    bool `json:"edit_forbidden"`
	RemoveForbidden  bool `json:"remove_forbidden"`
}

// ConditionGroup are conditions that hold together.
type ConditionGroup struct {
	Conditions []Condition `json:"conditions"`
}

// Condition compares the value of a control.
type Condition struct {
	FormID         string `json:"form_id"`
	CustomDataRule string `json:"custom_data_rule"`
	ElemBizKey     string `json:"elem_biz_key"`
	Type           string `json:"type"`
	Rule           string `json:"rule"`
	Value          string `json:"value"`
}

// Task is what is to be done at a task node.
type Task struct {
	Type    string       `json:"type"`
	Approve *TaskApprove `json:"task_approve"`
	CC      *TaskCC      `json:"task_cc"`
}

// TaskApprove says who decides, and how.
type TaskApprove struct {
	Target          Target `json:"target"`
	ApprovalRule    string `json:"approval_rule,omitempty"`
	SelectType      string `json:"select_type,omitempty"`
	UserEmptyPolicy string `json:"user_empty_policy,omitempty"`
}

// TaskCC says who is told.
type TaskCC struct {
	Target       Target `json:"target"`
	IsAllowAddCC bool   `json:"is_allow_add_cc"`
}

// Target is the people of a task.
type Target struct {
	UserType     string        `json:"user_type"`
	Level        int           `json:"level,omitempty"`
	UserIDs      []string      `json:"user_ids,omitempty"`
	UserGroupIDs []string      `json:"user_group_ids,omitempty"`
	SelectRanges []SelectRange `json:"select_ranges,omitempty"`
}

// SelectRange is a person or group that the initiator may choose.
type SelectRange struct {
	SelectType  string `json:"select_type"`
	SelectValue string `json:"select_value"`
}

// Setting are the switches of a definition; nil is null.
type Setting struct {
	IsAllowRevoke            *bool   `json:"is_allow_revoke"`
	IsAllowRevokeApproved    *bool   `json:"is_allow_revoke_approved"`
	AllowRevokeApprovedDays  *int    `json:"allow_revoke_approved_days"`
	IsAllowResubmit          *bool   `json:"is_allow_resubmit"`
	IsAllowRollback          *bool   `json:"is_allow_rollback"`
	IsShowInBackendPage      *bool   `json:"is_show_in_backend_page"`
	IsShowInHomePage         *bool   `json:"is_show_in_home_page"`
	MustWithApproveSignature *bool   `json:"must_with_approve_signature"`
	MustWithRefuseReason     *bool   `json:"must_with_refuse_reason"`
	MustWithReturnReason     *bool   `json:"must_with_return_reason"`
	OneClickApproval         *bool   `json:"one_click_approval"`
	ApprovalShareToCompany   *bool   `json:"approval_share_to_company"`
	ApprovalDeduplicateMode  *string `json:"approval_deduplicate_mode"`
}

// VisibleScope is somebody who sees the definition.
type VisibleScope struct {
	CompanyID string `json:"company_id"`
	ScopeType string `json:"scope_type"`
	ScopeID   string `json:"scope_id"`
	IsAdmin   bool   `json:"is_admin"`
}

// The indexes of who manages a definition (WPS-015), newest last.
const (
	indexManager = "manager" // creator or administrator
	indexAdmin   = "admin"   // administrator only
)

var defines = store.NewTable("approval_defines", func(d *Define) string { return d.ID },
	store.Index[*Define]{Name: indexManager, Keys: func(d *Define) []string { return d.places(true) }},
	store.Index[*Define]{Name: indexAdmin, Keys: func(d *Define) []string { return d.places(false) }}).
	References(
		refer("created_by.id", users.Collection(), func(d *Define) []string { return d.people(creator) }),
		refer("user_ids", users.Collection(), func(d *Define) []string { return d.people(targets) }),
		refer("user_group_ids", userGroups.Collection(), func(d *Define) []string { return d.groups() }),
		refer("visible_scopes", users.Collection(), func(d *Define) []string { return d.scopes("user") }),
		refer("visible_scopes", departments.Collection(), func(d *Define) []string { return d.scopes("department") }),
		refer("visible_scopes", userGroups.Collection(), func(d *Define) []string { return d.scopes("user_group") }),
		refer("visible_scopes", companies.Collection(), func(d *Define) []string { return d.scopes("company") })).
	Check(checkDefine).
	Schema("Define")

// places are the definition's places in an index of managers.
func (d *Define) places(withCreator bool) []string {
	var keys []string
	for _, id := range d.managers(withCreator) {
		keys = append(keys, place(id, d.CTime, d.ID))
	}
	return keys
}

// place is where a definition stands in a user's list.
func place(userID string, ctime int64, id string) string {
	return store.Key(userID, store.Int(ctime), id)
}

// managers are the ids of the users who manage the definition (WPS-015), none twice.
func (d *Define) managers(withCreator bool) []string {
	var ids []string
	if withCreator && d.CreatedBy.Type == identityUser {
		ids = append(ids, d.CreatedBy.ID)
	}
	for _, s := range d.VisibleScopes {
		if s.IsAdmin && s.ScopeType == "user" && !contains(ids, s.ScopeID) {
			ids = append(ids, s.ScopeID)
		}
	}
	return ids
}

type source int

const (
	creator source = iota
	targets
)

// people are the ids of the users that the definition names as its creator, or in its tasks.
func (d *Define) people(of source) []string {
	if of == creator {
		if d.CreatedBy.Type == identityUser {
			return []string{d.CreatedBy.ID}
		}
		return nil
	}
	var ids []string
	d.eachTarget(func(t *Target) {
		ids = append(ids, t.UserIDs...)
		ids = append(ids, t.ranges("user")...)
	})
	return ids
}

func (d *Define) groups() []string {
	var ids []string
	d.eachTarget(func(t *Target) {
		ids = append(ids, t.UserGroupIDs...)
		ids = append(ids, t.ranges("user_group")...)
	})
	return ids
}

func (d *Define) scopes(kind string) []string {
	var ids []string
	for _, s := range d.VisibleScopes {
		if s.ScopeType == kind {
			ids = append(ids, s.ScopeID)
		}
	}
	return ids
}

func (t *Target) ranges(kind string) []string {
	var ids []string
	for _, r := range t.SelectRanges {
		if r.SelectType == kind {
			ids = append(ids, r.SelectValue)
		}
	}
	return ids
}

func (d *Define) eachTarget(visit func(*Target)) {
	for i := range d.ProcessDefine.Nodes {
		task := d.ProcessDefine.Nodes[i].Task
		if task == nil {
			continue
		}
		if task.Approve != nil {
			visit(&task.Approve.Target)
		}
		if task.CC != nil {
			visit(&task.CC.Target)
		}
	}
}

// created is CTime as replies have it.
func (d *Define) created() string { return strconv.FormatInt(d.CTime, 10) }
