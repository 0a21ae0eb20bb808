package wps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	demorecords "github.com/countersign/countersign/fixtures/demo"
	"github.com/countersign/countersign/specs"
)

// demoWorld are those of the demo world that the tests below look at.
type demoWorld struct {
	Users   []*User   `json:"users"`
	Defines []*Define `json:"approval_defines"`
}

func demoOf(t testing.TB) demoWorld {
	t.Helper()
	data, err := demorecords.Records(vendor)
	if err != nil {
		t.Fatal(err)
	}
	var all demoWorld
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDemoIsConsistent(t *testing.T) {
	t.Parallel()
	managed := 0
	for _, d := range demoOf(t).Defines {
		if err := checkDefine(d); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		if contains(d.managers(true), userChen) {
			managed++
		}
	}
	if managed < 37 {
		t.Errorf("the demo user manages %d definitions, want at least 37", managed)
	}
}

// TestDemoCreatorsAreThePeople: what a definition says of its creator is what the record of that user says.
func TestDemoCreatorsAreThePeople(t *testing.T) {
	t.Parallel()
	demo, people, pictures := demoOf(t), map[string]User{}, 0
	for _, u := range demo.Users {
		people[u.ID] = *u
	}
	for _, d := range demo.Defines {
		by := d.CreatedBy
		if by.Type != identityUser {
			continue
		}
		if who := people[by.ID]; by.Name != who.Name || by.Avatar != who.Avatar {
			t.Errorf("%s was created by %+v, who is %s with the picture %q", d.Name, by, who.Name, who.Avatar)
		}
		if by.Avatar != "" {
			pictures++
		}
	}
	if pictures == 0 {
		t.Error("no creator of a demo definition has a picture")
	}
}

// TestTemplate: what states add looks like the demo's definition for leave.
func TestTemplate(t *testing.T) {
	t.Parallel()
	d, err := template()
	if err != nil || d.ID != templateID || d.Name != "请假申请" || len(d.FormDesigns) == 0 {
		t.Errorf("got %+v, %v", d, err)
	}
}

// TestDemoUsesEveryWord wants every value of the documents' enumerations somewhere in the demo definitions, but for
// those that it names.
func TestDemoUsesEveryWord(t *testing.T) {
	t.Parallel()
	spec, err := specs.Load("wps")
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{}
	for _, d := range demoOf(t).Defines {
		view{current: true}.define(w, d)
	}
	unused := []string{"unknown", "this_week", "this_month", "last_seven_days", "last_month", "last_three_months", "last_year", "none"}
	for name, schema := range spec.Documents[0].T.Components.Schemas {
		if !strings.HasSuffix(name, "Reply") {
			eachEnum(name, schema, func(where, word string) {
				if !strings.Contains(string(w.b), `"`+word+`"`) && !slices.Contains(unused, word) {
					t.Errorf("%s: no definition has the word %s", where, word)
				}
			})
		}
	}
}

func eachEnum(where string, ref *openapi3.SchemaRef, visit func(where, word string)) {
	if ref == nil || ref.Value == nil {
		return
	}
	for _, word := range ref.Value.Enum {
		if text, ok := word.(string); ok {
			visit(where, text)
		}
	}
	for name, p := range ref.Value.Properties {
		if p.Ref == "" {
			eachEnum(where+"."+name, p, visit)
		}
	}
	if ref.Value.Items != nil && ref.Value.Items.Ref == "" {
		eachEnum(where+"[]", ref.Value.Items, visit)
	}
}

// sound is a small definition with everything that the rules speak of.
func sound() *Define {
	days := Condition{FormID: "days", Type: "number", Rule: "gt", Value: "3", ElemBizKey: "days"}
	return &Define{ID: "1", Name: "测试",
		FormDesigns: []Form{
			{ID: "kind", Title: "类型", Type: formSelect, FormOptions: []Option{{"option_1", "甲"}, {"option_2", "乙"}}},
			{ID: "days", Title: "天数", Type: "number"},
			{ID: "time", Title: "时间", Type: formDateRange, DateRange: &DateRange{Style: "half_day", TimeRange: "all_dates"}},
		},
		ProcessDefine: Process{Root: "node_0", Nodes: []Node{
			{ID: "node_0", Name: "流程", Type: nodeSequence, ChildNodes: []string{"node_1", "node_2", "node_7"}},
			task("node_1", "一", "node_2", &Task{Type: taskApproval, Approve: &TaskApprove{ApprovalRule: "step",
				Target: Target{UserType: userAssigner, UserIDs: []string{"u1", "u2"}}}}),
			{ID: "node_2", Name: "选择", Type: nodeSelect, ChildNodes: []string{"node_3", "node_6"}, NextNodeID: "node_7"},
			{ID: "node_3", Name: "多", Type: nodeCondition, ChildNodes: []string{"node_4", "node_5"}, ConditionGroups: []ConditionGroup{{[]Condition{days}}}},
			task("node_4", "二", "node_5", &Task{Type: taskApproval, Approve: &TaskApprove{Target: Target{UserType: "leader", Level: 2}}}),
			task("node_5", "三", "", &Task{Type: taskCC, CC: &TaskCC{Target: Target{UserType: "self"}, IsAllowAddCC: true}}),
			{ID: "node_6", Name: "其他情况", Type: nodeCondition},
			task("node_7", "四", "", &Task{Type: taskApproval, Approve: &TaskApprove{SelectType: "single_choice", Target: Target{UserType: userOptional}}}),
		}},
		VisibleScopes: []VisibleScope{{ScopeType: "user", ScopeID: "u1", IsAdmin: true}}}
}

func task(id, name, next string, t *Task) Node {
	return Node{ID: id, Name: name, Type: nodeTask, NextNodeID: next, Task: t}
}

func (d *Define) find(name string) *Node {
	for i := range d.ProcessDefine.Nodes {
		if d.ProcessDefine.Nodes[i].Name == name {
			return &d.ProcessDefine.Nodes[i]
		}
	}
	panic("no node " + name)
}

func TestCheckDefine(t *testing.T) {
	t.Parallel()
	if err := checkDefine(sound()); err != nil {
		t.Fatalf("the sound definition: %v", err)
	}
	for want, spoil := range map[string]func(*Define){
		"name has 0 characters":                  func(d *Define) { d.Name = "" },
		"name has 51 characters":                 func(d *Define) { d.Name = strings.Repeat("长", 51) },
		`form id "kind" is empty or there twice`: func(d *Define) { d.FormDesigns[1].ID = "kind" },
		"of type number has 1 options":           func(d *Define) { d.FormDesigns[1].FormOptions = []Option{{"a", "b"}} },
		"of type select has 0 options":           func(d *Define) { d.FormDesigns[0].FormOptions = nil },
		`has the option "option_1" twice`:        func(d *Define) { d.FormDesigns[0].FormOptions[1].Key = "option_1" },
		"date_range belongs to that type":        func(d *Define) { d.FormDesigns[2].DateRange = nil },
		`no form has the id "gone"`:              func(d *Define) { d.find("多").ConditionGroups[0].Conditions[0].FormID = "gone" },
		"is of type number, not money":           func(d *Define) { d.find("多").ConditionGroups[0].Conditions[0].Type = "money" },
		"group without conditions":               func(d *Define) { d.find("多").ConditionGroups[0].Conditions = nil },
		"no node has the id of the root":         func(d *Define) { d.ProcessDefine.Root = "x" },
		"is a child of node_0":                   func(d *Define) { d.ProcessDefine.Root = "node_1" },
		"is empty or there twice":                func(d *Define) { d.find("二").ID = "node_1" },
		`no node has the id of its child "x"`:    func(d *Define) { d.find("多").ChildNodes[0] = "x" },
		`no node has the id of the next, "x"`:    func(d *Define) { d.find("四").NextNodeID = "x" },
		"is a child of node_0 and of":            func(d *Define) { n := d.find("多"); n.ChildNodes = append(n.ChildNodes, "node_1") },
		"is not reached from the root":           func(d *Define) { d.find("多").ChildNodes = nil },
		"is followed by":                         func(d *Define) { d.find("一").NextNodeID = "" },
		"is the root and is followed":            func(d *Define) { d.ProcessDefine.Nodes[0].NextNodeID = "node_1" },
		"has a child of type task":               func(d *Define) { d.find("选择").ChildNodes[0] = d.find("二").ID },
		"a task belongs to task nodes alone":     func(d *Define) { d.find("二").Task = nil },
		"is a task and has children":             func(d *Define) { d.find("二").ChildNodes = []string{"node_1"} },
		"chooses between 1 conditions":           func(d *Define) { n := d.find("选择"); n.ChildNodes = n.ChildNodes[:1] },
		"has conditions and is no condition":     func(d *Define) { d.find("一").ConditionGroups = d.find("多").ConditionGroups },
		"has another one's data":                 func(d *Define) { d.find("二").Task.Type = taskCC },
		"approval_rule for one person":           func(d *Define) { d.find("二").Task.Approve.ApprovalRule = "or_sign" },
		"select_type where the initiator":        func(d *Define) { d.find("二").Task.Approve.SelectType = "single_choice" },
		"with select_ranges":                     func(d *Define) { d.find("二").Task.Approve.Target.SelectRanges = []SelectRange{{"user", "u1"}} },
		`unknown user_type "boss"`:               func(d *Define) { d.find("二").Task.Approve.Target.UserType = "boss" },
		"with level 10":                          func(d *Define) { d.find("二").Task.Approve.Target.Level = 10 },
		"with level 1":                           func(d *Define) { d.find("一").Task.Approve.Target.Level = 1 },
		"0 named people":                         func(d *Define) { d.find("一").Task.Approve.Target.UserIDs = nil },
		"1 named people":                         func(d *Define) { d.find("三").Task.CC.Target.UserIDs = []string{"u1"} },
		"is an administrator and no user":        func(d *Define) { d.VisibleScopes[0].ScopeType = "department" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			d := sound()
			spoil(d)
			if err := checkDefine(d); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want a problem with %q", err, want)
			}
		})
	}
}

// TestCheckDefineOnCircles must end.
func TestCheckDefineOnCircles(t *testing.T) {
	t.Parallel()
	d := sound()
	d.ProcessDefine.Nodes = append(d.ProcessDefine.Nodes, Node{ID: "a", Type: nodeSequence, ChildNodes: []string{"b"}},
		Node{ID: "b", Type: nodeSequence, ChildNodes: []string{"a"}})
	if err := checkDefine(d); err == nil || !strings.Contains(err.Error(), "a is not reached") {
		t.Errorf("got %v", err)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(uint64(0), "u1001", int64(1767225600000), "7300000", "assdas")
	f.Add(uint64(7), "", int64(-1), "", "AAAA")
	f.Fuzz(func(t *testing.T, seed uint64, user string, ctime int64, id, garbage string) {
		c, p := newCursors(seed, user), position{ctime, id}
		text := c.encode(p)
		if got, ok := c.decode(text); !ok || got != p {
			t.Fatalf("%v became %v %v", p, got, ok)
		}
		if got, ok := c.decode(garbage); ok && c.encode(got) != garbage {
			t.Fatalf("%q is taken for %v", garbage, got)
		}
		for _, other := range []cursors{newCursors(seed+1, user), newCursors(seed, user+"x")} {
			if _, ok := other.decode(text); ok {
				t.Fatalf("the cursor of %q passes with user %q", user, other.user)
			}
		}
	})
}

// FuzzFailure holds the envelope of errors against encoding/json.
func FuzzFailure(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\x00\x1f\x7f", "令牌", "\xff\xc3(", "<>&\u2028\u2029"} {
		f.Add(401000001, s, "")
		f.Add(-1, "plain", s)
	}
	f.Fuzz(func(t *testing.T, code int, msg, desc string) {
		reply := &failureReply{Code: code, Msg: msg}
		if desc != "" {
			reply.Debug = &debug{desc}
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode((*failureFields)(reply)); err != nil {
			t.Fatal(err)
		}
		if got := string(reply.AppendJSON([]byte("x"))); got+"\n" != "x"+want.String() {
			t.Errorf("%s, want %s", got, want.String())
		}
	})
}

// TestEncodedAsWritten: a page is the same whether its definitions were encoded before or not, in every form.
func TestEncodedAsWritten(t *testing.T) {
	t.Parallel()
	list := thirty(t)
	for form := range 1 << 4 {
		v := view{form&1 != 0, form&2 != 0, form&4 != 0, form&8 != 0}
		want := "["
		for i, d := range list {
			if i > 0 {
				want += ","
			}
			want += string(v.AppendRecord(nil, d))
		}
		want = `{"data":{"items":` + want + `],"has_more":false,"next_cursor":"c"},"code":0,"more":{},"msg":""}`
		if !json.Valid([]byte(want)) {
			t.Fatalf("not JSON: %s", want)
		}
		for range 3 {
			if got := string((&page{list, v, false, "c"}).AppendJSON([]byte("x"))); got != "x"+want {
				t.Fatalf("%+v\n got %s\nwant %s", v, got, want)
			}
		}
	}
}

// TestErrorNames holds the constants of errors.go and the documents' catalogue together.
func TestErrorNames(t *testing.T) {
	t.Parallel()
	spec, err := specs.Load("wps")
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "err") {
			name := strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`)
			constants[name] = true
			if !slices.ContainsFunc(spec.Errors, func(e *specs.Error) bool { return e.Name == name }) {
				t.Errorf("%s = %q is not in the catalogue", v.Names[0].Name, name)
			}
		}
		return true
	})
	for _, e := range spec.Errors {
		if !constants[e.Name] {
			t.Errorf("%s has no constant", e.Name)
		}
	}
}

func TestExchangesAreInTheDocuments(t *testing.T) {
	t.Parallel()
	spec, err := specs.Load("wps")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range exchanges {
		a := spec.Assumption(x.assumption)
		if a == nil || a.Default == x.alternative || !slices.ContainsFunc(a.Alternatives, func(y specs.Alternative) bool { return y.Value == x.alternative }) {
			t.Errorf("exchange %+v: no such alternative", x)
		}
	}
	for _, e := range spec.Errors {
		var n int
		if _, err := fmt.Sscan(e.Code, &n); err != nil || n == 0 {
			t.Errorf("code %q is no number", e.Code)
		}
	}
}

// TestStatesAreInTheDocuments wants every state that the documents name, and a sentence for each.
func TestStatesAreInTheDocuments(t *testing.T) {
	t.Parallel()
	spec, err := specs.Load("wps")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range states() {
		if s.Doc == "" || known[s.Name] || !strings.HasPrefix(s.Name, "wps-") {
			t.Errorf("state %q has no sentence, is there twice or is not named for its vendor", s.Name)
		}
		known[s.Name] = true
	}
	for _, e := range spec.Errors {
		if e.State != "" && !known[e.State] {
			t.Errorf("%s names the state %q, which is not there", e.Name, e.State)
		}
	}
}
