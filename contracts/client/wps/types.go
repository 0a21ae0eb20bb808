package wps

import (
	"strconv"
	"time"
)

// The page of this operation is older than the vendor's machine-readable contract (version v7), which gives the values of
// the enumerations and has more fields. Fields that only the contract has are marked so; they stay empty where the
// service answers in the older form.

// ApprovalDefine is an approval definition: its form, its process and who sees it.
type ApprovalDefine struct {
	ID string `json:"id"`
	// Name has 1 to 50 characters.
	Name string `json:"name"`
	// Icon is the name of a template, tmp1 to tmp15, not an address.
	Icon string `json:"icon"`
	// GroupID is the group that it stands in. Contract only.
	GroupID   string   `json:"group_id,omitempty"`
	CreatedBy Identity `json:"created_by"`
	// CTime is when it was created, in milliseconds since 1970-01-01 UTC, in decimal. See Created.
	CTime string `json:"ctime"`
	// FormDesigns are the controls of the form. The requests that create a definition call the same list form_defines.
	FormDesigns   []FormDesign   `json:"form_designs"`
	ProcessDefine ProcessDefine  `json:"process_define"`
	VisibleScopes []VisibleScope `json:"visible_scopes,omitempty"`
	// Setting are the definition's switches. Contract only.
	Setting *Setting `json:"setting,omitempty"`
}

// Created is CTime as a time. It fails if CTime is no number.
func (d ApprovalDefine) Created() (time.Time, error) {
	ms, err := strconv.ParseInt(d.CTime, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(ms).UTC(), nil
}

// Identity is a person or an application.
type Identity struct {
	ID string `json:"id"`
	// Type is user, sp (service principal: an application) or unknown.
	Type string `json:"type"`
	// CompanyID, Name and Avatar are left out when empty.
	CompanyID string `json:"company_id,omitempty"`
	Name      string `json:"name,omitempty"`
	Avatar    string `json:"avatar,omitempty"`
}

// FormDesign is a control of the form.
type FormDesign struct {
	// ID is chosen by the author and unique within the definition.
	ID    string `json:"id"`
	Title string `json:"title"`
	// Type is text_type_input, text_type_area, text_type_file, rich_text, date, select, info, contact, multi_select,
	// number, money, image, sender or date_range.
	Type        string `json:"type"`
	Required    bool   `json:"required"`
	Placeholder string `json:"placeholder,omitempty"`
	// FormOptions are the choices of a control of type select or multi_select.
	FormOptions []FormOption `json:"form_options,omitempty"`
	// Extra, DateRange and ConditionGroups: contract only.
	Extra           string           `json:"extra,omitempty"`
	DateRange       *DateRange       `json:"date_range,omitempty"`
	ConditionGroups []ConditionGroup `json:"condition_groups,omitempty"`
}

// FormOption is one choice.
type FormOption struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// DateRange says how a control of type date_range asks. Contract only.
type DateRange struct {
	// Style is year_month, year_month_day, half_day, hour_minute or hour_minute_timezone.
	Style          string `json:"style"`
	StartTimeTitle string `json:"start_time_title"`
	EndTimeTitle   string `json:"end_time_title"`
	DurationTitle  string `json:"duration_title"`
	// TimeRange is all_dates, this_week, this_month, last_seven_days, last_month, last_three_months or last_year.
	TimeRange      string `json:"time_range"`
	DateRangePlace string `json:"date_range_place,omitempty"`
}

// ProcessDefine is the way an application takes.
type ProcessDefine struct {
	// Root is the id of the node where it begins.
	Root  string `json:"root"`
	Nodes []Node `json:"nodes"`
}

// Node is a node of the process.
type Node struct {
	// ID is unique within the tree.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Type is sequence, select, condition or task.
	Type string `json:"type"`
	// ChildNodes are ids of the nodes within this one. The page calls it a string; it is a list.
	ChildNodes      []string         `json:"child_nodes,omitempty"`
	NextNodeID      string           `json:"next_node_id,omitempty"`
	ConditionGroups []ConditionGroup `json:"condition_groups,omitempty"`
	// Task is what is to be done at a node of type task; nil at others.
	Task *Task `json:"task,omitempty"`
	// Extra is contract only.
	Extra *NodeExtra `json:"extra,omitempty"`
}

// NodeExtra says what the designer may do with a node. Contract only.
type NodeExtra struct {
	Config *NodeConfig `json:"config,omitempty"`
}

// NodeConfig are the locks of a node. Contract only.
type NodeConfig struct {
	AddNodeForbidden bool `json:"add_node_forbidden"`
	EditForbidden    bool `json:"edit_forbidden"`
	RemoveForbidden  bool `json:"remove_forbidden"`
}

// ConditionGroup are conditions that hold together.
type ConditionGroup struct {
	Conditions []Condition `json:"conditions"`
}

// Condition is a condition on the value of a control.
type Condition struct {
	// FormID is the id of a control of the definition.
	FormID string `json:"form_id"`
	// Type is that of the control.
	Type string `json:"type"`
	// Rule is belongs, not_belongs, contains_any, contains_all, contains_eq, lt, lte, equal, gt or gte.
	Rule string `json:"rule"`
	// Value is what the control is compared with; its form depends on the type.
	Value string `json:"value"`
	// CustomDataRule is used with forms that a customer defines; its values are not documented.
	CustomDataRule string `json:"custom_data_rule"`
	// ElemBizKey is contract only.
	ElemBizKey string `json:"elem_biz_key,omitempty"`
}

// Task is what is to be done at a node.
type Task struct {
	// Type is approval, cc or custom. It stands in the contract and on the page.
	Type        string       `json:"type"`
	TaskApprove *TaskApprove `json:"task_approve,omitempty"`
	TaskCc      *TaskCc      `json:"task_cc,omitempty"`
}

// TaskApprove says who decides, and how.
type TaskApprove struct {
	// ApprovalRule is step, or_sign or and_sign; only with several people.
	ApprovalRule string `json:"approval_rule,omitempty"`
	// SelectType is single_choice or multi_choice; only where the initiator chooses.
	SelectType string `json:"select_type,omitempty"`
	Target     Target `json:"target"`
	// UserEmptyPolicy is transfer_to_admin or auto_pass. Contract only.
	UserEmptyPolicy string `json:"user_empty_policy,omitempty"`
}

// TaskCc says who is told.
type TaskCc struct {
	Target Target `json:"target"`
	// IsAllowAddCc says whether the initiator may add people. Contract only.
	IsAllowAddCc bool `json:"is_allow_add_cc,omitempty"`
}

// Target are the people of a task.
type Target struct {
	// UserType is optional, self, leader, multi_leader, department_owner, multi_department_owner, user_group or assigner.
	UserType string `json:"user_type"`
	// Level is how many levels up, 1 to 9; 0 when it does not apply.
	Level        int      `json:"level,omitempty"`
	UserIDs      []string `json:"user_ids,omitempty"`
	UserGroupIDs []string `json:"user_group_ids,omitempty"`
	// SelectRanges is contract only.
	SelectRanges []SelectRange `json:"select_ranges,omitempty"`
}

// SelectRange is a person or group that the initiator may choose. Contract only.
type SelectRange struct {
	// SelectType is user or user_group.
	SelectType  string `json:"select_type"`
	SelectValue string `json:"select_value"`
}

// VisibleScope is somebody who sees the definition.
type VisibleScope struct {
	CompanyID string `json:"company_id"`
	// ScopeType is company, department, user or user_group.
	ScopeType string `json:"scope_type"`
	ScopeID   string `json:"scope_id"`
	// IsAdmin says whether he administers the definition; only with ScopeType user.
	IsAdmin bool `json:"is_admin"`
}

// Setting are the switches of a definition; nil is a switch that is not set. Contract only.
type Setting struct {
	IsAllowRevoke         *bool `json:"is_allow_revoke,omitempty"`
	IsAllowRevokeApproved *bool `json:"is_allow_revoke_approved,omitempty"`
	// AllowRevokeApprovedDays is 0 to 999.
	AllowRevokeApprovedDays *int  `json:"allow_revoke_approved_days,omitempty"`
	IsAllowResubmit         *bool `json:"is_allow_resubmit,omitempty"`
	IsAllowRollback         *bool `json:"is_allow_rollback,omitempty"`
	IsShowInBackendPage     *bool `json:"is_show_in_backend_page,omitempty"`
	IsShowInHomePage        *bool `json:"is_show_in_home_page,omitempty"`
	MustWithApproveSign     *bool `json:"must_with_approve_signature,omitempty"`
	MustWithRefuseReason    *bool `json:"must_with_refuse_reason,omitempty"`
	MustWithReturnReason    *bool `json:"must_with_return_reason,omitempty"`
	OneClickApproval        *bool `json:"one_click_approval,omitempty"`
	ApprovalShareToCompany  *bool `json:"approval_share_to_company,omitempty"`
	// ApprovalDeduplicateMode is none, continuous_node or all_node.
	ApprovalDeduplicateMode *string `json:"approval_deduplicate_mode,omitempty"`
}
