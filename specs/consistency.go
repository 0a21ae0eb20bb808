package specs

import (
	"fmt"
	"slices"
	"strings"
)

func (b *builder) checkAssumptions() {
	seen := map[string]bool{}
	for _, a := range b.v.Assumptions {
		where := "assumption " + a.ID
		if seen[a.ID] {
			b.fail(where, "is numbered twice")
		}
		seen[a.ID] = true
		if !slices.ContainsFunc(a.Alternatives, func(x Alternative) bool { return x.Value == a.Default }) {
			b.fail(where, "default %q is none of its alternatives", a.Default)
		}
		if a.Title == "" || a.Why == "" {
			b.fail(where, "wants a title and a why")
		}
		for i, x := range a.Alternatives {
			if x.Meaning == "" {
				b.fail(where, "alternative %q has no meaning", x.Value)
			}
			if slices.ContainsFunc(a.Alternatives[:i], func(y Alternative) bool { return y.Value == x.Value }) {
				b.fail(where, "alternative %q stands there twice", x.Value)
			}
		}
	}
}

func (b *builder) checkErrors() {
	for _, e := range b.v.Errors {
		where := "error " + e.Name
		if e.Operation != "" {
			where += " of " + e.Operation
		}
		if e.Code == "" || e.Message == "" || e.Condition == "" || e.Cause == "" {
			b.fail(where, "wants code, message, condition and cause")
		}
		if e.Status < 400 || e.Status > 599 {
			b.fail(where, "has status %d", e.Status)
		}
		if e.Grade != Documented && e.Grade != Observed && e.Grade != Assumed {
			b.fail(where, "has grade %q", e.Grade)
		}
		if e.Grade != Assumed && len(e.Sources) == 0 {
			b.fail(where, "is %s but names no source", e.Grade)
		}
		if e.Grade == Assumed && len(e.Assumption) == 0 {
			b.fail(where, "is assumed but names no assumption")
		}
		b.checkSources(where, e.Sources)
		b.checkNumbers(where, e.Assumption)
	}
}

func (b *builder) checkSources(where string, keys []string) {
	for _, k := range keys {
		if _, ok := b.sources[k]; !ok {
			b.fail(where, "source %q is not in x-sources", k)
		}
	}
}

func (b *builder) checkNumbers(where string, ids []string) {
	for _, id := range ids {
		if b.v.Assumption(id) == nil {
			b.fail(where, "assumption %q is not in x-assumptions", id)
		}
	}
}

func (b *builder) checkOperations() {
	for _, o := range b.v.Operations {
		where := "operation " + o.ID
		for _, h := range o.Headers {
			b.checkSources(where+": header "+h.Name, h.Sources)
			if h.Assumption != "" {
				b.checkNumbers(where+": header "+h.Name, []string{h.Assumption})
			}
			if !slices.Contains([]string{"", "always", "body", "never"}, h.When) {
				b.fail(where, "header %s: when is %q", h.Name, h.When)
			}
			if h.When != "never" && b.v.Error(o.ID, h.Refusal) == nil {
				b.fail(where, "header %s: refusal %q is not in the catalogue", h.Name, h.Refusal)
			}
		}
		b.checkRefusals(where, o, o.Refusals)
		if p := o.Pagination; p != nil {
			b.checkSources(where, p.Sources)
			b.checkNumbers(where, p.Assumption)
			if p.Style != "offset" && p.Style != "cursor" {
				b.fail(where, "pagination style %q", p.Style)
			}
		}
	}
	for _, a := range b.v.Assumptions {
		b.checkSources("assumption "+a.ID, a.Sources)
	}
}

func (b *builder) checkRefusals(where string, o *Operation, r Refusals) {
	for _, name := range []string{r.Missing, r.Malformed, r.Range} {
		if name != "" && b.v.Error(o.ID, name) == nil {
			b.fail(where, "refusal %q is not in the catalogue", name)
		}
	}
}

// checkCitations looks at the x-sources and x-assumption of parameters, responses and schemas.
func (b *builder) checkCitations() {
	for _, d := range b.cited {
		for _, c := range citations(d.T) {
			where := fmt.Sprintf("%s: %s", base(d.File), c.where)
			b.checkSources(where, c.sources)
			b.checkNumbers(where, c.assumptions)
			if c.grade == "" || len(c.sources) == 0 && c.grade != Assumed {
				b.fail(where, "neither it nor what contains it has x-grade and x-sources")
			}
			if c.problem != "" {
				b.fail(where, "%s", c.problem)
			}
			if c.schema != nil && c.schema.Extensions["x-references"] != nil && !b.records[c.schema] {
				b.fail(where, "has x-references but is no part of a collection's records")
			}
		}
	}
}

func trimRef(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
