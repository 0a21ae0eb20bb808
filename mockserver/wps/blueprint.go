package wps

import "strconv"

// A blueprint is the short form of a definition's form and process; build makes the consistent long form of it.
type blueprint struct {
	forms   []Form
	steps   []step
	setting *Setting
}

// step is a task, or a choice between branches.
type step struct {
	name     string
	task     *Task
	branches []branch
	locked   bool
}

// branch is one way of a choice. The last one has no conditions: it takes all other cases.
type branch struct {
	name  string
	when  []ConditionGroup
	steps []step
}

// build makes the process: one tree, its nodes numbered from the root in the order of the steps.
func (b blueprint) build() Process {
	p := &Process{}
	root := p.add("流程", nodeSequence)
	p.Root = p.Nodes[root].ID
	p.steps(root, b.steps)
	return *p
}

// add appends a node and returns its index. Indexes, not pointers: the list moves as it grows.
func (p *Process) add(name, kind string) int {
	p.Nodes = append(p.Nodes, Node{ID: "node_" + strconv.Itoa(len(p.Nodes)), Name: name, Type: kind})
	return len(p.Nodes) - 1
}

func (p *Process) steps(parent int, list []step) {
	before := -1
	for _, s := range list {
		at := p.step(s)
		id := p.Nodes[at].ID
		p.Nodes[parent].ChildNodes = append(p.Nodes[parent].ChildNodes, id)
		if before >= 0 {
			p.Nodes[before].NextNodeID = id
		}
		before = at
	}
}

func (p *Process) step(s step) int {
	if s.task != nil {
		at := p.add(s.name, nodeTask)
		p.Nodes[at].Task = s.task
		if s.locked {
			p.Nodes[at].Extra = &NodeExtra{Config: &NodeConfig{EditForbidden: true, RemoveForbidden: true}}
		}
		return at
	}
	at := p.add(s.name, nodeSelect)
	for _, b := range s.branches {
		cond := p.add(b.name, nodeCondition)
		p.Nodes[cond].ConditionGroups = b.when
		p.Nodes[at].ChildNodes = append(p.Nodes[at].ChildNodes, p.Nodes[cond].ID)
		p.steps(cond, b.steps)
	}
	return at
}

// The words of blueprints: controls.

func control(kind, id, title string) Form { return Form{ID: id, Title: title, Type: kind} }

func (f Form) must() Form {
	f.Required = true
	return f
}

func (f Form) hint(text string) Form {
	f.Placeholder = text
	return f
}

func (f Form) extra(text string) Form {
	f.Extra = text
	return f
}

func (f Form) shownIf(conditions ...Condition) Form {
	f.ConditionGroups = []ConditionGroup{{conditions}}
	return f
}

func choice(kind, id, title string, options ...string) Form {
	f := control(kind, id, title)
	for i, o := range options {
		f.FormOptions = append(f.FormOptions, Option{Key: "option_" + strconv.Itoa(i+1), Value: o})
	}
	return f
}

func period(id, title, style string) Form {
	f := control(formDateRange, id, title)
	f.DateRange = &DateRange{Style: style, StartTimeTitle: "开始时间", EndTimeTitle: "结束时间", DurationTitle: "时长",
		TimeRange: "all_dates", DateRangePlace: "请选择"}
	return f
}

// The words of blueprints: people.

func leader(level int) Target  { return Target{UserType: "leader", Level: level} }
func leaders(level int) Target { return Target{UserType: "multi_leader", Level: level} }
func owner(level int) Target   { return Target{UserType: "department_owner", Level: level} }
func owners(level int) Target  { return Target{UserType: "multi_department_owner", Level: level} }
func initiator() Target        { return Target{UserType: "self"} }

func named(ids ...string) Target { return Target{UserType: userAssigner, UserIDs: ids} }

func members(groupIDs ...string) Target {
	return Target{UserType: "user_group", UserGroupIDs: groupIDs}
}

func chosen(ranges ...SelectRange) Target {
	return Target{UserType: userOptional, SelectRanges: ranges}
}

// The words of blueprints: steps.

func approve(name string, who Target) step {
	return step{name: name, task: &Task{Type: taskApproval, Approve: &TaskApprove{Target: who}}}
}

// by sets the rule for several people.
func (s step) by(rule string) step {
	s.task.Approve.ApprovalRule = rule
	return s
}

// choosing sets how many people the initiator chooses.
func (s step) choosing(selectType string) step {
	s.task.Approve.SelectType = selectType
	return s
}

// orElse sets what happens when nobody is found.
func (s step) orElse(policy string) step {
	s.task.Approve.UserEmptyPolicy = policy
	return s
}

func (s step) lock() step {
	s.locked = true
	return s
}

func tell(name string, who Target, more bool) step {
	return step{name: name, task: &Task{Type: taskCC, CC: &TaskCC{Target: who, IsAllowAddCC: more}}}
}

func custom(name string) step { return step{name: name, task: &Task{Type: "custom"}} }

func choose(name string, branches ...branch) step { return step{name: name, branches: branches} }

func when(name string, condition Condition, steps ...step) branch {
	return branch{name, []ConditionGroup{{[]Condition{condition}}}, steps}
}

// whenAny is a branch of several groups, one of which suffices.
func whenAny(name string, groups []ConditionGroup, steps ...step) branch {
	return branch{name, groups, steps}
}

func otherwise(steps ...step) branch { return branch{"其他情况", nil, steps} }

func is(formID, kind, rule, value string) Condition {
	return Condition{FormID: formID, Type: kind, Rule: rule, Value: value, ElemBizKey: formID}
}
