package check

import (
	"errors"

	"github.com/countersign/countersign/specs"
)

// Checker holds pacts against the documents of some vendors.
type Checker struct {
	vendors []*vendor
}

// New makes a checker of the documents of the vendors.
func New(vendors ...*specs.Vendor) (*Checker, error) {
	c := &Checker{}
	var problems []error
	for _, in := range vendors {
		v, err := compileVendor(in)
		problems = append(problems, err)
		c.vendors = append(c.vendors, v)
	}
	return c, errors.Join(problems...)
}

// Report is what a check found.
type Report struct {
	// Files and Interactions are how many were checked.
	Files        int `json:"files"`
	Interactions int `json:"interactions"`
	// Errors and Warnings are how many of the findings are of which severity.
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	// Findings are in the order of the files, then of the interactions.
	Findings []*Finding `json:"findings"`
	// Coverage is nil unless it was asked for.
	Coverage *Coverage `json:"coverage,omitempty"`

	checker *Checker
	results []*result
}

// result is what became of one interaction.
type result struct {
	in *interaction
	found
	findings []*Finding
	expected expectation
	// decides is the violation that the vendor would refuse the request for, if there is one.
	decides *violation
	// sent are the parameters and body fields that were sent as the document wants them.
	sent map[sent]bool
}

// sent is a parameter, or a field of the body: in is query, path, header or body.
type sent struct{ in, name string }

// Check checks pacts. It reads nothing but them and the documents.
func (c *Checker) Check(pacts ...*Pact) *Report {
	r := &Report{Findings: []*Finding{}, Files: len(pacts), checker: c}
	for _, p := range pacts {
		r.Findings = append(r.Findings, p.problems...)
		for _, in := range p.interactions {
			result := c.check(in)
			r.results = append(r.results, result)
			r.Findings = append(r.Findings, result.findings...)
			r.Interactions++
		}
	}
	for _, f := range r.Findings {
		if f.Severity == SeverityError {
			r.Errors++
		} else {
			r.Warnings++
		}
	}
	return r
}

// checking is the check of one interaction.
type checking struct {
	*result
	checker *Checker
	seen    map[Finding]bool
	// violations are what is wrong with the request, in the order in which a vendor would notice.
	violations []*violation
}

func (c *Checker) check(in *interaction) *result {
	k := &checking{result: &result{in: in, sent: map[sent]bool{}}, checker: c, seen: map[Finding]bool{}}
	k.found = c.locate(in)
	if k.op == nil {
		k.unknownOperation()
	} else {
		k.expected = in.expect(k.op.entries)
		k.checkRequest()
		k.checkRefusal()
		k.checkResponse()
	}
	k.checkMatchers(in.request.rules, in.requestExamples)
	k.checkMatchers(in.response.rules, in.responseExamples)
	return k.result
}

// add notes a finding once.
func (k *checking) add(r *Rule, at place, spec Spec, format string, args ...any) {
	f := k.in.pact.finding(r, k.in, at, format, args...)
	if at.node == nil {
		f.Line, f.Column = k.in.pact.position(k.in.offset)
	}
	f.Spec = spec
	if k.vendor != nil {
		f.Vendor = k.vendor.Name
	}
	if k.op != nil {
		f.Operation = k.op.ID
	}
	if k.seen[*f] {
		return
	}
	k.seen[*f] = true
	k.findings = append(k.findings, f)
}

// unknownOperation is a finding unless the reply that is expected is a documented one to such requests.
func (k *checking) unknownOperation() {
	if k.vendor != nil {
		k.expected = k.in.expect(k.vendor.shared())
		if k.expected.code != "" && len(k.expected.entries) > 0 {
			return
		}
	}
	k.add(ruleOperation, k.at, k.spec, "%s", k.why)
}
