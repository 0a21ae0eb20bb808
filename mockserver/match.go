package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// ParameterMatch is a condition on one parameter of a request. All of Equals, Contains and Matches that are given must
// hold; a parameter that was not sent fulfils only Absent.
type ParameterMatch struct {
	// Name is a parameter's name, or a JSON pointer into a JSON body ("/user/0/id"). Where the operation declares the
	// name, its place counts (query and form are one where the vendor has RPC). Else the value is looked for in query,
	// form, the top level of a JSON body and the headers, in this order. Of several values the first counts.
	Name string `json:"name"`
	// Equals, Contains and Matches compare the decoded text; of a JSON value that is not a string, its compact JSON.
	// Matches is a regular expression of Go's syntax (RE2) and may fit anywhere in the text.
	Equals   *string `json:"equals,omitempty"`
	Contains *string `json:"contains,omitempty"`
	Matches  *string `json:"matches,omitempty"`
	// Absent wants that the parameter was not sent.
	Absent bool `json:"absent,omitempty"`
}

// Matcher holds conditions that a request fulfils all or not. It is made once and used by many goroutines.
type Matcher struct{ conditions []condition }

type condition struct {
	ParameterMatch
	pointer []string // of Name, where that is a JSON pointer
	pattern *regexp.Regexp
}

// NewMatcher compiles conditions. The error names the condition and what is wrong with it. No conditions: every request
// matches.
func NewMatcher(matches []ParameterMatch) (*Matcher, error) {
	m := &Matcher{}
	for i, pm := range matches {
		c, err := compileCondition(pm)
		if err != nil {
			return nil, fmt.Errorf("parameters[%d] (%q): %w", i, pm.Name, err)
		}
		m.conditions = append(m.conditions, c)
	}
	return m, nil
}

func compileCondition(pm ParameterMatch) (condition, error) {
	c := condition{ParameterMatch: pm}
	given := pm.Equals != nil || pm.Contains != nil || pm.Matches != nil
	switch {
	case pm.Name == "":
		return c, errors.New("name is missing")
	case pm.Absent && given:
		return c, errors.New("absent cannot stand with equals, contains or matches")
	case !pm.Absent && !given:
		return c, errors.New("want one of equals, contains, matches or absent")
	case pm.Equals != nil && (pm.Contains != nil || pm.Matches != nil):
		return c, errors.New("equals says all there is to say: leave contains and matches out")
	}
	if rest, ok := strings.CutPrefix(pm.Name, "/"); ok {
		var err error
		if c.pointer, err = parsePointer(rest); err != nil {
			return c, err
		}
	}
	if pm.Matches != nil {
		pattern, err := regexp.Compile(*pm.Matches)
		if err != nil {
			return c, fmt.Errorf("matches: %w", err)
		}
		c.pattern = pattern
	}
	return c, nil
}

var (
	escapes  = strings.NewReplacer("~0", "", "~1", "")
	unescape = strings.NewReplacer("~0", "~", "~1", "/")
)

// parsePointer reads a JSON pointer (RFC 6901) behind its first slash.
func parsePointer(rest string) ([]string, error) {
	if strings.Contains(escapes.Replace(rest), "~") {
		return nil, errors.New("a ~ in a JSON pointer is written ~0, a / is written ~1")
	}
	tokens := strings.Split(rest, "/")
	for i, t := range tokens {
		tokens[i] = unescape.Replace(t)
	}
	return tokens, nil
}

// Match reports whether a request fulfils every condition. The operation may be nil where none was found. The request is
// only read: neither what signatures cover nor what it remembers as decoded changes, so that one in the journal may be
// matched by several goroutines.
func (m *Matcher) Match(r *Request, op *Operation) bool {
	if m == nil || len(m.conditions) == 0 {
		return true
	}
	values := &sentValues{req: r, op: op}
	for i := range m.conditions {
		if text, sent := values.get(&m.conditions[i]); !m.conditions[i].holds(text, sent) {
			return false
		}
	}
	return true
}

// Mismatch is a condition that a request does not fulfil. Got may hold a secret that the client sent.
type Mismatch struct {
	Name string
	// Want says what was asked for (`equals "1"`), Got what was sent, Sent whether anything was.
	Want, Got string
	Sent      bool
}

// Mismatches returns the conditions that a request does not fulfil, in their order.
func (m *Matcher) Mismatches(r *Request, op *Operation) []Mismatch {
	if m == nil {
		return nil
	}
	var out []Mismatch
	values := &sentValues{req: r, op: op}
	for i := range m.conditions {
		c := &m.conditions[i]
		if text, sent := values.get(c); !c.holds(text, sent) {
			out = append(out, Mismatch{Name: c.Name, Want: c.want(), Got: text, Sent: sent})
		}
	}
	return out
}

func (c *condition) holds(text string, sent bool) bool {
	if c.Absent || !sent {
		return c.Absent && !sent
	}
	return (c.Equals == nil || text == *c.Equals) && (c.Contains == nil || strings.Contains(text, *c.Contains)) &&
		(c.pattern == nil || c.pattern.MatchString(text))
}

func (c *condition) want() string {
	if c.Absent {
		return "absent"
	}
	var parts []string
	for _, p := range []struct {
		verb string
		text *string
	}{{"equals", c.Equals}, {"contains", c.Contains}, {"matches", c.Matches}} {
		if p.text != nil {
			parts = append(parts, p.verb+" "+strconv.Quote(*p.text))
		}
	}
	return strings.Join(parts, " and ")
}

// sentValues decodes what conditions ask of one request, each part once.
type sentValues struct {
	req         *Request
	op          *Operation
	query, form Pairs
	parsed      bool
	body        any
	decoded     bool
}

func (s *sentValues) get(c *condition) (text string, sent bool) {
	if c.pointer != nil {
		return s.atPointer(c.pointer)
	}
	if s.op != nil {
		for i := range s.op.params {
			if s.op.params[i].name == c.Name {
				return s.declared(s.op.params[i].in, c.Name)
			}
		}
	}
	for _, look := range []func(string) (string, bool){s.inQuery, s.inForm, s.inBody, s.inHeader} {
		if text, sent = look(c.Name); sent {
			return text, true
		}
	}
	return "", false
}

func (s *sentValues) declared(in, name string) (string, bool) {
	switch in {
	case "path":
		return s.inPath(name)
	case "header":
		return s.inHeader(name)
	}
	text, sent := s.inQuery(name)
	if !sent && s.op.Spec.RPC != nil {
		return s.inForm(name)
	}
	return text, sent
}

func (s *sentValues) inPath(name string) (string, bool) {
	args, ok := s.op.match(nil, s.req.RawPath)
	for i, n := range s.op.pathNames {
		if ok && n == name {
			return args[i], true
		}
	}
	return "", false
}

func (s *sentValues) inHeader(name string) (string, bool) {
	if strings.EqualFold(name, "Host") { // net/http keeps it apart
		return s.req.Host, s.req.Host != ""
	}
	values := s.req.Header[http.CanonicalHeaderKey(name)]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

func (s *sentValues) inQuery(name string) (string, bool) {
	s.parse()
	return s.query.Get(name)
}

func (s *sentValues) inForm(name string) (string, bool) {
	s.parse()
	return s.form.Get(name)
}

// parse decodes query and form for itself: what the request remembers belongs to the goroutine that serves it.
func (s *sentValues) parse() {
	if s.parsed {
		return
	}
	s.parsed = true
	s.query, _ = ParsePairs(s.req.RawQuery)
	if s.req.hasForm() {
		s.form, _ = ParsePairs(string(s.req.Body))
	}
}

func (s *sentValues) inBody(name string) (string, bool) { return s.atPointer([]string{name}) }

func (s *sentValues) atPointer(tokens []string) (string, bool) {
	s.decode()
	v := s.body
	for _, t := range tokens {
		switch inner := v.(type) {
		case map[string]any:
			var there bool
			if v, there = inner[t]; !there {
				return "", false
			}
		case []any:
			i, err := strconv.Atoi(t)
			if err != nil || i < 0 || i >= len(inner) || strconv.Itoa(i) != t {
				return "", false
			}
			v = inner[i]
		default:
			return "", false
		}
	}
	return jsonText(v), true
}

// decode reads the body as JSON, whatever its declared type, unless it is a form. A body that is not JSON has no values.
func (s *sentValues) decode() {
	if s.decoded || s.req.hasForm() {
		return
	}
	s.decoded = true
	dec := json.NewDecoder(bytes.NewReader(s.req.Body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return
	}
	if _, err := dec.Token(); err == io.EOF {
		s.body = v
	}
}

// jsonText is a string itself, and any other value as compact JSON.
func jsonText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	b, err := marshal(v)
	if err != nil { // what was decoded can be encoded
		return ""
	}
	return string(b)
}
