package wps

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Words of the contract that the rules below speak of.
const (
	identityUser = "user"

	nodeSequence  = "sequence"
	nodeSelect    = "select"
	nodeCondition = "condition"
	nodeTask      = "task"

	taskApproval = "approval"
	taskCC       = "cc"

	formSelect      = "select"
	formMultiSelect = "multi_select"
	formDateRange   = "date_range"

	userAssigner = "assigner"
	userOptional = "optional"
)

// userType is what a way of finding people goes with (WPS-017).
type userType struct {
	// names: user_ids or user_group_ids are given. chooses: the initiator chooses. levels: level is given. several:
	// they may be more than one person whoever is named.
	names, chooses, levels, several bool
}

var userTypes = map[string]userType{
	userAssigner:             {names: true},
	userOptional:             {chooses: true, several: true},
	"self":                   {},
	"leader":                 {levels: true},
	"multi_leader":           {levels: true, several: true},
	"department_owner":       {levels: true},
	"multi_department_owner": {levels: true, several: true},
	"user_group":             {names: true, several: true},
}

const (
	maxLevel = 9  // "at most 9 levels", the operation's page
	maxName  = 50 // contract of create and update
)

// checkDefine reports everything in which a definition contradicts itself, or nil.
func checkDefine(d *Define) error {
	c := &checker{d: d, nodes: map[string]*Node{}, parents: map[string]*Node{}}
	if n := utf8.RuneCountInString(d.Name); n < 1 || n > maxName {
		c.fail("name has %d characters, want 1 to %d", n, maxName)
	}
	c.forms()
	c.tree()
	for i := range d.ProcessDefine.Nodes {
		c.node(&d.ProcessDefine.Nodes[i])
	}
	for _, s := range d.VisibleScopes {
		if s.IsAdmin && s.ScopeType != "user" {
			c.fail("scope %s %s is an administrator and no user", s.ScopeType, s.ScopeID)
		}
	}
	return errors.Join(c.problems...)
}

type checker struct {
	d        *Define
	types    map[string]string // form id -> type
	nodes    map[string]*Node
	parents  map[string]*Node
	problems []error
}

func (c *checker) fail(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func (c *checker) forms() {
	c.types = map[string]string{}
	for _, f := range c.d.FormDesigns {
		if _, twice := c.types[f.ID]; twice || f.ID == "" {
			c.fail("form id %q is empty or there twice", f.ID)
		}
		c.types[f.ID] = f.Type
	}
	for _, f := range c.d.FormDesigns {
		if selects := f.Type == formSelect || f.Type == formMultiSelect; selects != (len(f.FormOptions) > 0) {
			c.fail("form %s of type %s has %d options", f.ID, f.Type, len(f.FormOptions))
		}
		if (f.Type == formDateRange) != (f.DateRange != nil) {
			c.fail("form %s of type %s: date_range belongs to that type alone", f.ID, f.Type)
		}
		var keys []string
		for _, o := range f.FormOptions {
			if contains(keys, o.Key) {
				c.fail("form %s has the option %q twice", f.ID, o.Key)
			}
			keys = append(keys, o.Key)
		}
		c.conditions("form "+f.ID, f.ConditionGroups)
	}
}

func (c *checker) conditions(where string, groups []ConditionGroup) {
	for _, g := range groups {
		if len(g.Conditions) == 0 {
			c.fail("%s has a group without conditions", where)
		}
		for _, cond := range g.Conditions {
			switch typ, there := c.types[cond.FormID]; {
			case !there:
				c.fail("%s: no form has the id %q", where, cond.FormID)
			case typ != cond.Type:
				c.fail("%s: form %s is of type %s, not %s", where, cond.FormID, typ, cond.Type)
			}
		}
	}
}

// tree checks that the nodes are one tree (WPS-018).
func (c *checker) tree() {
	nodes := c.d.ProcessDefine.Nodes
	for i := range nodes {
		if c.nodes[nodes[i].ID] != nil || nodes[i].ID == "" {
			c.fail("node id %q is empty or there twice", nodes[i].ID)
		}
		c.nodes[nodes[i].ID] = &nodes[i]
	}
	for i := range nodes {
		c.children(&nodes[i])
	}
	root := c.nodes[c.d.ProcessDefine.Root]
	if root == nil {
		c.fail("no node has the id of the root, %q", c.d.ProcessDefine.Root)
		return
	}
	if p := c.parents[root.ID]; p != nil {
		c.fail("the root %s is a child of %s", root.ID, p.ID)
	}
	for i := range nodes {
		if n := &nodes[i]; n != root && !c.below(root, n) {
			c.fail("node %s is not reached from the root", n.ID)
		}
	}
}

// below reports whether root is among n's ancestors.
func (c *checker) below(root, n *Node) bool {
	for range c.d.ProcessDefine.Nodes {
		if n = c.parents[n.ID]; n == nil || n == root {
			return n == root
		}
	}
	return false // a circle
}

func (c *checker) children(n *Node) {
	for i, id := range n.ChildNodes {
		child := c.nodes[id]
		if child == nil {
			c.fail("node %s: no node has the id of its child %q", n.ID, id)
			continue
		}
		if p := c.parents[id]; p != nil {
			c.fail("node %s is a child of %s and of %s", id, p.ID, n.ID)
		}
		c.parents[id] = n
		next := ""
		if n.Type != nodeSelect && i+1 < len(n.ChildNodes) {
			next = n.ChildNodes[i+1]
		}
		if child.NextNodeID != next {
			c.fail("node %s is followed by %q, want %q", id, child.NextNodeID, next)
		}
		if (n.Type == nodeSelect) != (child.Type == nodeCondition) {
			c.fail("node %s of type %s has a child of type %s", n.ID, n.Type, child.Type)
		}
	}
}

func (c *checker) node(n *Node) {
	where := "node " + n.ID
	if n.NextNodeID != "" && c.nodes[n.NextNodeID] == nil {
		c.fail("%s: no node has the id of the next, %q", where, n.NextNodeID)
	}
	if n.ID == c.d.ProcessDefine.Root && n.NextNodeID != "" {
		c.fail("%s is the root and is followed by %s", where, n.NextNodeID)
	}
	if (n.Type == nodeTask) != (n.Task != nil) {
		c.fail("%s: a task belongs to task nodes alone, and to each of them", where)
	}
	if n.Type == nodeTask && len(n.ChildNodes) > 0 {
		c.fail("%s is a task and has children", where)
	}
	if n.Type == nodeSelect && len(n.ChildNodes) < 2 {
		c.fail("%s chooses between %d conditions", where, len(n.ChildNodes))
	}
	if n.Type != nodeCondition && len(n.ConditionGroups) > 0 {
		c.fail("%s has conditions and is no condition node", where)
	}
	c.conditions(where, n.ConditionGroups)
	if n.Task != nil {
		c.task(where, n.Task)
	}
}

func (c *checker) task(where string, t *Task) {
	if (t.Type == taskApproval) != (t.Approve != nil) || (t.Type == taskCC) != (t.CC != nil) {
		c.fail("%s: a task of type %s has another one's data", where, t.Type)
	}
	if t.CC != nil {
		c.target(where, &t.CC.Target)
	}
	if t.Approve == nil {
		return
	}
	a := t.Approve
	kind := c.target(where, &a.Target)
	if a.ApprovalRule != "" && !several(kind, &a.Target) {
		c.fail("%s has an approval_rule for one person", where)
	}
	if a.SelectType != "" && !kind.chooses {
		c.fail("%s has a select_type where the initiator does not choose", where)
	}
}

// several reports whether the target may be more than one person.
func several(kind userType, t *Target) bool {
	return kind.several || len(t.UserIDs) > 1 || len(t.UserGroupIDs) > 0
}

func (c *checker) target(where string, t *Target) userType {
	kind, known := userTypes[t.UserType]
	if !known {
		c.fail("%s: unknown user_type %q", where, t.UserType)
	}
	if named := len(t.UserIDs)+len(t.UserGroupIDs) > 0; named != kind.names {
		c.fail("%s: user_type %s and %d named people or groups", where, t.UserType, len(t.UserIDs)+len(t.UserGroupIDs))
	}
	if t.Level < 0 || t.Level > maxLevel || t.Level != 0 && !kind.levels {
		c.fail("%s: user_type %s with level %d", where, t.UserType, t.Level)
	}
	if len(t.SelectRanges) > 0 && !kind.chooses {
		c.fail("%s: user_type %s with select_ranges", where, t.UserType)
	}
	return kind
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }
