package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// Coverage says which parts of the documents the interactions touch; the package's documentation defines what counts.
type Coverage struct {
	// Covered and Total count the parts of the operations and of their documents' own errors; Percent is their ratio.
	Covered int     `json:"covered"`
	Total   int     `json:"total"`
	Percent float64 `json:"percent"`
	// Operations are in the order of the documents.
	Operations []*OperationCoverage `json:"operations"`
	// Shared are the errors that stand for several operations.
	Shared []*SharedCoverage `json:"shared"`
	// Ambiguous are the interactions of which it cannot be told which error they expect.
	Ambiguous []*Ambiguous `json:"ambiguous"`
}

// OperationCoverage is what is touched of one operation.
type OperationCoverage struct {
	Vendor    string `json:"vendor"`
	Operation string `json:"operation"`
	// Called is one part: whether any interaction calls the operation.
	Called     Part   `json:"called"`
	Parameters []Part `json:"parameters"`
	Errors     []Part `json:"errors"`
	Pages      []Part `json:"pages"`
}

// SharedCoverage is what is touched of the errors that a document has for all its operations, or a gateway for all.
type SharedCoverage struct {
	Vendor string `json:"vendor"`
	File   string `json:"file"`
	// Gateway says that the document has no operations. Its errors count only if it was asked for.
	Gateway bool   `json:"gateway"`
	Counted bool   `json:"counted"`
	Errors  []Part `json:"errors"`
}

// Part is one thing that an interaction can touch.
type Part struct {
	// Name is a parameter's or field's name, an error's name in the catalogue, or a branch of paging.
	Name string `json:"name"`
	// In is where a parameter is sent: query, path, header or body.
	In string `json:"in,omitempty"`
	// Code and Status are those of an error.
	Code   string `json:"code,omitempty"`
	Status int    `json:"status,omitempty"`
	Spec   Spec   `json:"spec,omitzero"`
	// Interactions are those that touch it, as FILE: DESCRIPTION.
	Interactions []string `json:"interactions"`
}

// Covered says whether any interaction touches the part.
func (p *Part) Covered() bool { return len(p.Interactions) > 0 }

// Ambiguous is an interaction that expects an error which several entries of the catalogue can be.
type Ambiguous struct {
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Interaction string   `json:"interaction"`
	Operation   string   `json:"operation,omitempty"`
	Candidates  []string `json:"candidates"`
}

// Scope says what a coverage is about. The zero value is every operation of the vendors that the interactions call.
type Scope struct {
	// Names are operations and vendors.
	Names []string
	// Gateway makes the gateways' errors count.
	Gateway bool
}

// Cover works out the coverage of what was checked and keeps it in the report. Its error says that a name of the scope
// is unknown, or that there is nothing to cover.
func (r *Report) Cover(scope Scope) error {
	operations, err := r.inScope(scope)
	if err != nil {
		return err
	}
	c := &covering{Coverage: &Coverage{Operations: []*OperationCoverage{}, Shared: []*SharedCoverage{}, Ambiguous: []*Ambiguous{}}, results: r.results,
		gateway: scope.Gateway}
	c.attribute()
	for _, op := range operations {
		c.operation(op)
	}
	c.shared(operations)
	c.count()
	r.Coverage = c.Coverage
	return nil
}

func (r *Report) inScope(scope Scope) ([]*operation, error) {
	called := map[*vendor]bool{}
	for _, result := range r.results {
		called[result.vendor] = true
	}
	known := map[string]bool{}
	var list []*operation
	for _, v := range r.checker.vendors {
		known[v.Name] = true
		for _, op := range v.operations {
			known[op.ID] = true
			if len(scope.Names) == 0 && called[v] || slices.Contains(scope.Names, op.ID) || slices.Contains(scope.Names, v.Name) {
				list = append(list, op)
			}
		}
	}
	for _, name := range scope.Names {
		if !known[name] {
			return nil, fmt.Errorf("no operation or vendor is named %q; there are %s", name, strings.Join(sortedNames(known), ", "))
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("nothing to cover: no interaction is a call to a known vendor")
	}
	return list, nil
}

type covering struct {
	*Coverage
	results []*result
	gateway bool
	// errors are the interactions that expect each entry of the catalogue.
	errors map[*specs.Error][]string
}

func (r *result) label() string { return r.in.pact.File + ": " + r.in.description }

func (c *covering) operation(op *operation) {
	o := &OperationCoverage{Vendor: op.vendor.Name, Operation: op.ID, Called: Part{Name: op.ID, Spec: op.spec, Interactions: []string{}},
		Parameters: op.parts(), Errors: []Part{}, Pages: op.pageParts()}
	for _, r := range c.results {
		if r.op != op {
			continue
		}
		o.Called.touch(r)
		for i := range o.Parameters {
			if p := &o.Parameters[i]; r.sent[sent{p.In, p.Name}] {
				p.touch(r)
			}
		}
		branches := r.pages()
		for i := range o.Pages {
			if slices.Contains(branches, o.Pages[i].Name) {
				o.Pages[i].touch(r)
			}
		}
	}
	for _, e := range op.vendor.Errors {
		if e.Operation == op.ID && counts(e) {
			o.Errors = append(o.Errors, c.errorPart(op.vendor, e))
		}
	}
	c.Operations = append(c.Operations, o)
}

func (p *Part) touch(r *result) {
	if label := r.label(); !slices.Contains(p.Interactions, label) {
		p.Interactions = append(p.Interactions, label)
	}
}

// counts says whether an error belongs to what can be covered: what is only guessed is nobody's contract.
func counts(e *specs.Error) bool { return e.Grade != specs.Assumed }

func (c *covering) errorPart(v *vendor, e *specs.Error) Part {
	return Part{Name: e.Name, Code: e.Code, Status: e.Status, Spec: v.where(e), Interactions: append([]string{}, c.errors[e]...)}
}

// shared are the errors of the operations' documents, and those of their gateways.
func (c *covering) shared(operations []*operation) {
	done := map[*vendor]bool{}
	for _, op := range operations {
		v := op.vendor
		if done[v] {
			continue
		}
		done[v] = true
		byFile := map[string]*SharedCoverage{}
		for _, e := range v.shared() {
			here := slices.ContainsFunc(operations, func(o *operation) bool { return o.Document.File == e.File })
			if !counts(e) || !here && !v.gateway[e.File] {
				continue
			}
			s := byFile[e.File]
			if s == nil {
				s = &SharedCoverage{Vendor: v.Name, File: e.File, Gateway: v.gateway[e.File], Counted: !v.gateway[e.File] || c.gateway}
				byFile[e.File] = s
				c.Shared = append(c.Shared, s)
			}
			s.Errors = append(s.Errors, c.errorPart(v, e))
		}
	}
}

func (c *covering) count() {
	add := func(parts ...Part) {
		for i := range parts {
			c.Total++
			if parts[i].Covered() {
				c.Covered++
			}
		}
	}
	for _, o := range c.Operations {
		add(o.Called)
		add(o.Parameters...)
		add(o.Errors...)
		add(o.Pages...)
	}
	for _, s := range c.Shared {
		if s.Counted {
			add(s.Errors...)
		}
	}
	c.Percent = float64(c.Covered) * 100 / float64(c.Total)
}

// parts are the operation's parameters and the fields of its bodies.
func (op *operation) parts() []Part {
	list := []Part{}
	for _, p := range op.params {
		list = append(list, Part{Name: p.Name, In: p.In, Spec: p.spec, Interactions: []string{}})
	}
	if op.body != nil {
		for _, media := range op.body.media {
			list = append(list, leaves(op.body.refs[media], "", map[*openapi3.Schema]bool{})...)
		}
	}
	return list
}

// leaves are the fields of a body that hold values, by their dotted names.
func leaves(ref *openapi3.SchemaRef, name string, above map[*openapi3.Schema]bool) []Part {
	if ref == nil || ref.Value == nil || above[ref.Value] {
		return nil
	}
	if isLeaf(ref) {
		if name == "" {
			return nil
		}
		return []Part{{Name: name, In: "body", Spec: specOf(ref.Value.Origin), Interactions: []string{}}}
	}
	above[ref.Value] = true
	defer delete(above, ref.Value)
	if ref.Value.Items != nil {
		return leaves(ref.Value.Items, name, above)
	}
	var list []Part
	for _, field := range sortedNames(ref.Value.Properties) {
		list = append(list, leaves(ref.Value.Properties[field], join(name, field), above)...)
	}
	return list
}
