package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

// overview is what `countersign specs explain` says of everything.
type overview struct {
	Vendors []vendorSummary `json:"vendors"`
}

type vendorSummary struct {
	Vendor     string `json:"vendor"`
	Operations int    `json:"operations"`
	// Errors counts the catalogue by grade.
	Errors      map[specs.Grade]int `json:"errors"`
	Assumptions []guess             `json:"assumptions"`
}

func overviewOf(vendors []*specs.Vendor) overview {
	var o overview
	for _, v := range vendors {
		s := vendorSummary{Vendor: v.Name, Operations: len(v.Operations), Errors: map[specs.Grade]int{}, Assumptions: guessesOf(v.Assumptions)}
		for _, e := range v.Errors {
			s.Errors[e.Grade]++
		}
		o.Vendors = append(o.Vendors, s)
	}
	return o
}

func (o overview) write(p *page) {
	for i, v := range o.Vendors {
		if i > 0 {
			p.line("")
		}
		p.line("%s: %d operations; errors: %d documented, %d observed, %d assumed; %d numbered guesses", v.Vendor, v.Operations,
			v.Errors[specs.Documented], v.Errors[specs.Observed], v.Errors[specs.Assumed], len(v.Assumptions))
		p.guesses(v.Assumptions)
	}
}

// vendorPage is what is said of a vendor.
type vendorPage struct {
	Vendor      string             `json:"vendor"`
	Hosts       []string           `json:"hosts"`
	Operations  []documentOperated `json:"operations"`
	Assumptions []guess            `json:"assumptions"`
	Sources     []specs.Source     `json:"sources"`
}

func vendorPageOf(v *specs.Vendor) vendorPage {
	out := vendorPage{Vendor: v.Name, Hosts: slices.Sorted(slices.Values(v.Hosts)), Assumptions: guessesOf(v.Assumptions), Sources: v.Sources}
	for _, o := range v.Operations {
		out.Operations = append(out.Operations, documentOperated{o.ID, o.Method, o.Path})
	}
	return out
}

func (v vendorPage) write(p *page) {
	p.line("%s   %s", v.Vendor, strings.Join(v.Hosts, "  "))
	p.heading("Operations")
	t := table{}
	for _, o := range v.Operations {
		t.rows = append(t.rows, []string{o.ID, o.Method + " " + o.Path})
	}
	p.table(t)
	p.heading("Guesses")
	p.guesses(v.Assumptions)
	p.heading("Sources")
	p.sources(v.Sources)
}

// operationPage is what is said of an operation.
type operationPage struct {
	Vendor    string `json:"vendor"`
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	File      string `json:"file"`
	Summary   string `json:"summary"`
	// Parts are the operation itself, its headers, parameters, body and replies, then the schemas that they name.
	Parts       []part         `json:"parts"`
	Errors      int            `json:"errors"`
	Assumptions []guess        `json:"assumptions"`
	Sources     []specs.Source `json:"sources"`
}

func operationPageOf(v *specs.Vendor, o *specs.Operation) operationPage {
	out := operationPage{Vendor: v.Name, Operation: o.ID, Method: o.Method, Path: o.Path, File: o.Document.File, Summary: o.Spec.Summary,
		Parts: operationParts(v, o)}
	var numbers, keys []string
	for _, p := range out.Parts {
		numbers, keys = append(numbers, p.Assumptions...), append(keys, p.Sources...)
	}
	for _, e := range v.Errors {
		if e.Operation == o.ID {
			out.Errors++
			numbers, keys = append(numbers, e.Assumption...), append(keys, e.Sources...)
		}
	}
	var rests []*specs.Assumption
	for _, n := range v.Assumptions {
		if slices.Contains(numbers, n.ID) {
			rests = append(rests, n)
		}
	}
	out.Assumptions, out.Sources = guessesOf(rests), sourcesNamed(v, keys)
	return out
}

// operationParts are the operation, its headers and the parameters that all operations take, then its own parameters,
// bodies and replies, then the schemas that these name; each once.
func operationParts(v *specs.Vendor, o *specs.Operation) []part {
	own := o.Method + " " + o.Path
	out := []part{{Part: "operation"}}
	for _, h := range o.Headers {
		out = append(out, part{Part: "header " + h.Name, Sources: h.Sources, Assumptions: numbered(h.Assumption)})
	}
	for _, common := range v.CommonParameters {
		out = append(out, part{Part: "common parameter " + common.Name, Sources: common.Sources})
	}
	for _, c := range o.Citations() {
		p := part{Part: strings.TrimPrefix(c.Where, own+": "), Grade: c.Grade, Sources: c.Sources, Assumptions: c.Assumptions}
		if c.Where == own {
			p.Part = "operation"
		}
		out = withPart(out, p)
	}
	slices.SortStableFunc(out, func(a, b part) int { return isSchema(a) - isSchema(b) })
	return out
}

// withPart adds a part. A parameter or reply comes once for itself and once for its schema, which is one part here.
func withPart(list []part, p part) []part {
	i := slices.IndexFunc(list, func(x part) bool { return x.Part == p.Part })
	if i < 0 {
		return append(list, p)
	}
	old := list[i]
	if old.Grade != "" {
		p.Grade = old.Grade
	}
	p.Sources, p.Assumptions = union(old.Sources, p.Sources), union(old.Assumptions, p.Assumptions)
	list[i] = p
	return list
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func isSchema(p part) int {
	if strings.HasPrefix(p.Part, "schema ") {
		return 1
	}
	return 0
}

func numbered(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

func (o operationPage) write(p *page) {
	p.line("%s   %s %s   %s", o.Operation, o.Method, o.Path, o.File)
	p.line("%s", o.Summary)
	p.heading("What rests on what")
	t := table{head: []string{"PART", "GRADE", "SOURCES", "GUESSES"}}
	for _, x := range o.Parts {
		t.rows = append(t.rows, []string{x.Part, gradeText(x), strings.Join(x.Sources, " "), strings.Join(x.Assumptions, " ")})
	}
	p.table(t)
	p.heading("Guesses")
	p.guesses(o.Assumptions)
	p.heading("Sources")
	p.sources(o.Sources)
	p.heading("Errors")
	p.line("  %d of its own: countersign errors --operation %s; any operation's: countersign errors --vendor %s --operation %s", o.Errors, o.Operation, o.Vendor, gatewayName)
}

// assumptionPage is what is said of a numbered guess.
type assumptionPage struct {
	Vendor string `json:"vendor"`
	specs.Assumption
	Sources []specs.Source `json:"sources"`
	// UsedBy names the operations, parameters, fields and errors that rest on it.
	UsedBy []string `json:"used_by"`
	// Choose is how to decide it otherwise.
	Choose string `json:"choose"`
}

func assumptionPageOf(v *specs.Vendor, n *specs.Assumption) assumptionPage {
	out := assumptionPage{Vendor: v.Name, Assumption: *n, Sources: sourcesNamed(v, n.Sources), UsedBy: usersOf(v, n.ID)}
	for _, alt := range n.Alternatives {
		if alt.Value != n.Default {
			out.Choose = fmt.Sprintf("countersign serve --assume %s=%s", n.ID, alt.Value)
			break
		}
	}
	return out
}

func usersOf(v *specs.Vendor, id string) []string {
	used := []string{}
	for _, d := range v.Documents {
		for _, c := range d.Citations() {
			if text := d.File + ": " + c.Where; slices.Contains(c.Assumptions, id) && !slices.Contains(used, text) {
				used = append(used, text)
			}
		}
	}
	for _, o := range v.Operations {
		for _, h := range o.Headers {
			if h.Assumption == id {
				used = append(used, o.ID+": header "+h.Name)
			}
		}
	}
	for _, e := range v.Errors {
		if slices.Contains(e.Assumption, id) {
			used = append(used, "error "+shown(v, e).Operation+" "+e.Name)
		}
	}
	return used
}

func (n assumptionPage) write(p *page) {
	p.line("%s   %s   %s", n.ID, n.Title, n.Vendor)
	p.line("")
	t := table{text: 1}
	for _, alt := range n.Alternatives {
		value := alt.Value
		if value == n.Default {
			value += " (default)"
		}
		t.rows = append(t.rows, []string{value, alt.Meaning})
	}
	p.table(t)
	p.heading("Why")
	p.paragraph(n.Why)
	if n.Overlay != "" {
		p.heading("Schema")
		p.paragraph("another alternative changes the reply's schema: overlay " + n.Overlay)
	}
	p.heading("Sources")
	p.sources(n.Sources)
	p.heading("What rests on it")
	for _, u := range n.UsedBy {
		p.paragraph(u)
	}
	if n.Choose != "" {
		p.heading("Decide it otherwise")
		p.paragraph(n.Choose)
	}
}
