package check

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

// expectation is what an interaction expects of an error reply.
type expectation struct {
	status int
	// code and message are empty where the interaction does not expect any.
	code, message     string
	codeAt, messageAt place
	// entries are the documented errors that have the status, and the code if one is expected.
	entries []*specs.Error
	// coded are those with the code, whatever their status.
	coded []*specs.Error
}

// expect reads what an interaction expects and which of the documented errors that can be.
func (in *interaction) expect(documented []*specs.Error) expectation {
	e := expectation{status: in.response.status}
	if e.status < 400 {
		return e
	}
	e.readBody(in.response.body)
	for _, d := range documented {
		named := e.code == "" || fits(d.Code, e.code)
		if named && e.code != "" {
			e.coded = append(e.coded, d)
		}
		if named && d.Status == e.status {
			e.entries = append(e.entries, d)
		}
	}
	return e
}

// codeNames and messageNames are what vendors call the code and the text of an error, in lower case.
var (
	codeNames    = []string{"code", "error_code", "errorcode"}
	messageNames = []string{"message", "msg", "error_msg", "errormessage"}
)

// readBody finds code and message: the members of these names that stand nearest to the root. Envelopes differ (at the
// top, within error, within the elements of errors), names hardly do.
func (e *expectation) readBody(b *body) {
	switch {
	case b == nil:
	case !b.isJSON:
		e.readXML(b)
	default:
		level := []place{b.place}
		for depth := 0; depth < 4 && len(level) > 0 && e.code == ""; depth++ {
			level = e.readLevel(level)
		}
	}
}

func (e *expectation) readLevel(level []place) (below []place) {
	for _, p := range level {
		found := false
		for _, name := range p.names {
			field := p.field(name)
			value, isText := field.text()
			switch lower := strings.ToLower(name); {
			case isText && slices.Contains(codeNames, lower) && e.code == "":
				e.code, e.codeAt, found = value, field, true
			case isText && slices.Contains(messageNames, lower) && (e.code == "" || found):
				e.message, e.messageAt = value, field
			}
		}
		if found {
			return nil
		}
		list, _ := find(p, []step{{all: true, index: -1}})
		below = append(below, list...)
	}
	return below
}

// readXML reads the elements of these names from an XML reply.
func (e *expectation) readXML(b *body) {
	if !strings.HasSuffix(b.media, "xml") {
		return
	}
	dec := xml.NewDecoder(strings.NewReader(b.text))
	element := ""
	for {
		token, err := dec.Token()
		if err != nil {
			return // its end, or no XML: then it expects no code
		}
		switch t := token.(type) {
		case xml.StartElement:
			element = strings.ToLower(t.Name.Local)
		case xml.EndElement:
			element = ""
		case xml.CharData:
			value := strings.TrimSpace(string(t))
			if slices.Contains(codeNames, element) && e.code == "" {
				e.code, e.codeAt = value, b.place
			}
			if slices.Contains(messageNames, element) && e.message == "" {
				e.message, e.messageAt = value, b.place
			}
		}
	}
}

// fits compares with a text of the catalogue, in which %s stands for anything.
func fits(pattern, s string) bool {
	if !strings.Contains(pattern, "%s") {
		return pattern == s
	}
	parts := strings.Split(pattern, "%s")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	ok, err := regexp.MatchString("^(?s:"+strings.Join(parts, ".+")+")$", s)
	return err == nil && ok
}

// checkRefusal compares what is wrong with the request with the reply that is expected: success makes every violation a
// finding; an error has to be the one that the document refuses the request with.
func (k *checking) checkRefusal() {
	for _, v := range k.violations {
		if k.decides == nil || v.kind < k.decides.kind {
			k.decides = v
		}
	}
	switch {
	case k.decides == nil:
	case k.expected.status < 400:
		for _, v := range k.violations {
			k.add(v.rule, v.at, v.spec, "%s%s", v.text, k.refusedWith(v))
		}
	case !k.accepts(k.decides):
		v := k.decides
		k.add(ruleRefusal, v.at, v.spec, "%s%s, but the interaction expects %s", v.text, k.refusedWith(v), k.expected.String())
	}
}

func (e *expectation) String() string {
	if e.code == "" {
		return "status " + itoa(e.status)
	}
	return e.code + " with status " + itoa(e.status)
}

func (k *checking) refusedWith(v *violation) string {
	e := k.vendor.Error(k.op.ID, v.refusal)
	if e == nil {
		return ""
	}
	return "; the document refuses it with " + strings.ReplaceAll(e.Code, "%s", v.name) + " (" + itoa(e.Status) + ")"
}

// accepts says whether the expected error can be the answer to a request with that violation: it is the documented
// refusal; or another alternative of a guess that the refusal rests on; or one that is decided before parameters are
// looked at: the gateway's, or the document's with another status (credentials, permissions, throttling).
func (k *checking) accepts(v *violation) bool {
	refusal := k.vendor.Error(k.op.ID, v.refusal)
	if refusal == nil || len(k.expected.entries) == 0 {
		return true // nothing to compare with; an undocumented error is a finding of its own
	}
	return slices.ContainsFunc(k.attribute(), func(e *specs.Error) bool {
		switch {
		case e.Status != refusal.Status:
			return e.Operation == ""
		case e.Code == refusal.Code && (k.expected.code == "" || fits(strings.ReplaceAll(refusal.Code, "%s", v.name), k.expected.code)):
			return true
		case e.Code != refusal.Code && k.vendor.gateway[e.File] && !k.op.refuses(e):
			return true
		}
		return e.Code != refusal.Code && k.sameGuess(e, refusal)
	})
}

// refuses says whether an error is what a wrong header, parameter or body of the operation is answered with.
func (op *operation) refuses(e *specs.Error) bool {
	names := []string{op.Refusals.Missing, op.Refusals.Malformed, op.Refusals.Range}
	for _, p := range op.params {
		names = append(names, p.refusals.Missing, p.refusals.Malformed, p.refusals.Range)
	}
	for _, h := range op.Headers {
		names = append(names, h.Refusal)
	}
	return slices.Contains(names, e.Name)
}

// sameGuess says whether two errors are alternatives: they rest on the same number, or one is a value of a number that
// the other rests on.
func (k *checking) sameGuess(a, b *specs.Error) bool {
	for _, id := range b.Assumption {
		if slices.Contains(a.Assumption, id) {
			return true
		}
		n := k.vendor.Assumption(id)
		if n != nil && slices.ContainsFunc(n.Alternatives, func(x specs.Alternative) bool { return x.Value == a.Name }) {
			return true
		}
	}
	return false
}
