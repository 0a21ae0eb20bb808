package mockserver

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

// validate checks the request against the document: presence of everything required, then types, then values, each in
// the document's order. The first violation decides.
func (c *Call) validate() *Refusal {
	if r := c.checkHeaders(); r != nil {
		return r
	}
	if r := c.checkReadable(); r != nil {
		return r
	}
	found := &c.memory.found
	c.checkParams(found)
	c.checkBody(found)
	if found.Kind == specs.Fine {
		c.checkUnknown(found)
	}
	if found.Kind == specs.Fine {
		return nil
	}
	return c.violated(found)
}

// violated makes the refusal for a violation, in one piece with a copy of the reason.
func (c *Call) violated(found *specs.Violation) *Refusal {
	both := &struct {
		refusal Refusal
		reason  specs.Reason
	}{reason: found.Reason}
	r := &both.refusal
	r.fill(c.entry(found.Refusal), found.Name)
	r.Parameter, r.found = violationPlace(found), &both.reason
	return r
}

func violationPlace(v *specs.Violation) string {
	if v.Pointer != "" {
		return strings.TrimPrefix(v.Pointer, "/")
	}
	return v.Name
}

// checkHeaders applies the rules for headers that OpenAPI does not let parameters describe.
func (c *Call) checkHeaders() *Refusal {
	for i := range c.Op.headers {
		h := &c.Op.headers[i]
		if h.When == "never" || h.When == "body" && len(c.Body) == 0 {
			continue
		}
		if c.lenient(h) {
			continue
		}
		value := HeaderOf(c.Header, h.canonical)
		switch {
		case value == "":
			return c.Refuse(h.Refusal, h.Name).At(h.Name).Because("the header %s is missing", h.Name)
		case len(h.MediaTypes) > 0 && !slices.Contains(h.MediaTypes, c.mediaTypeIn(h, value)):
			return c.Refuse(h.Refusal, h.Name).At(h.Name).
				Because("the header %s is %q, want %s", h.Name, value, strings.Join(h.MediaTypes, " or "))
		}
	}
	return nil
}

// lenient reports whether the world does not mind a header.
func (c *Call) lenient(h *headerRule) bool {
	return h.Assumption != "" && c.Switch(h.Assumption) == "lenient"
}

// mediaTypeIn is the media type in a header: nearly always that of the body.
func (c *Call) mediaTypeIn(h *headerRule, value string) string {
	if h.canonical == contentTypeHeader {
		return c.MediaType()
	}
	return mediaType(value)
}

func mediaType(value string) string {
	v, _, _ := strings.Cut(value, ";")
	return Lower(strings.TrimSpace(v))
}

func (c *Call) checkReadable() *Refusal {
	if _, err := c.Query(); err != nil {
		return c.plug.Refuse(c, Unreadable).Because("the query is %v", err)
	}
	if !c.Op.takesForm() {
		return nil
	}
	if _, err := c.Form(); err != nil {
		return c.plug.Refuse(c, Unreadable).Because("the form is %v", err)
	}
	return nil
}

// checkParams takes the declared parameters out of the request and keeps the violation that decides.
func (c *Call) checkParams(found *specs.Violation) {
	c.args = c.memory.arguments(len(c.Op.params))
	path := 0
	for i := range c.Op.params {
		p := &c.Op.params[i]
		a := &c.args[i]
		switch p.in {
		case "query":
			a.text, a.present = c.sent(p.name)
		case "header":
			if values := c.Header[p.canonical]; len(values) > 0 {
				a.text, a.present = values[0], true
			}
		case "path":
			a.text, a.present = c.pathArgs[path], true
			path++
		}
		if p.blank != "" && strings.TrimSpace(a.text) == "" && c.Switch(p.blank) != "accept" {
			a.text = ""
		}
		p.check(&c.memory.body, found, a)
	}
}

// sent returns the first value of a parameter of the query, or of an RPC request's form.
func (c *Call) sent(name string) (string, bool) {
	query, _ := c.Query()
	if text, ok := query.Get(name); ok || c.Op.Spec.RPC == nil {
		return text, ok
	}
	form, _ := c.Form()
	return form.Get(name)
}

func (p *param) check(t *specs.Tape, found *specs.Violation, a *arg) {
	if a.text == "" && !p.allowEmpty {
		a.present = false // an empty optional parameter is one that was not sent
	}
	if !a.present {
		if p.required {
			found.Keep(specs.Violation{Kind: specs.Missing, Name: p.name, Reason: specs.Required, Refusal: p.refusals.Missing})
		}
		return
	}
	a.number = p.schema.FindInText(t, found, p.name, a.text, p.refusals)
}

// checkUnknown warns of query parameters (and the form pairs of an RPC request) that no document names; a strict world
// refuses them.
func (c *Call) checkUnknown(found *specs.Violation) {
	var few [64]bool
	sent := append(few[:0], make([]bool, len(c.Op.declared))...)
	query, _ := c.Query()
	c.warnOfUnknown(query, sent)
	if c.Op.Spec.RPC != nil {
		form, _ := c.Form()
		c.warnOfUnknown(form, sent)
	}
	if c.Strict() && len(c.warnings) > 0 {
		found.Keep(specs.Violation{Kind: specs.Range, Name: "request", Reason: specs.Because(c.warnings[0] + " (strict)"), Refusal: c.Op.Spec.Refusals.Range})
	}
}

// warnOfUnknown warns of pairs that no document names, and of those that came before: it notes in sent which of the declared
// names did. There are few of these, so that looking at each beats a map.
func (c *Call) warnOfUnknown(pairs Pairs, sent []bool) {
	for i := range pairs {
		if c.warnedEnough() {
			return
		}
		at := slices.Index(c.Op.declared, pairs[i].Name)
		switch {
		case at < 0:
			c.Warn("parameter %s is not documented", pairs[i].Name)
			continue
		case sent[at]:
			c.Warn("parameter %s was sent more than once; the first counts", pairs[i].Name)
		}
		sent[at] = true
	}
}
