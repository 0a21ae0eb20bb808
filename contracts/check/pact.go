package check

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// Pact is a pact file that was read. What could not be read of it is among the findings.
type Pact struct {
	// File is the file as it was named.
	File               string
	Consumer, Provider string
	// Version is the major version of the Pact specification, 1 to 4.
	Version int

	interactions []*interaction
	lines        []int // offsets at which lines begin
	problems     []*Finding
}

type interaction struct {
	place
	pact        *Pact
	index       int
	description string
	states      []state
	comments    place
	request     request
	response    response
}

type state struct {
	name   string
	params *node
}

type request struct {
	place
	method, path text
	query        []pair
	headers      []pair
	body         *body
	rules        []matchingRule
}

type response struct {
	place
	status  int
	at      place // of the status
	headers []pair
	body    *body
	rules   []matchingRule
}

// text is a piece of text and where it stands.
type text struct {
	place
	value string
}

type pair struct {
	name string
	text
}

// Read reads a pact file of version 1 to 4. file is only a name.
func Read(file string, data []byte) *Pact {
	p := &Pact{File: file, lines: lineStarts(data)}
	root, err := parse(bytes.TrimPrefix(data, []byte("\uFEFF")))
	if err != nil {
		offset := 0
		if syntax, ok := err.(*syntaxError); ok { //nolint:errorlint // parse promises the type
			offset = syntax.offset
		}
		p.unreadable(nil, place{&node{offset: offset}, "$"}, "not JSON: %v", err)
		return p
	}
	p.read(place{root, "$"})
	return p
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// position is the line and column of a byte, from 1.
func (p *Pact) position(offset int) (line, column int) {
	i := sort.SearchInts(p.lines, offset+1) - 1
	return i + 1, offset - p.lines[i] + 1
}

func (p *Pact) finding(r *Rule, in *interaction, at place, format string, args ...any) *Finding {
	f := &Finding{Rule: r.ID, Severity: r.Severity, File: p.File, Path: at.path, Message: fmt.Sprintf(format, args...)}
	if at.node != nil {
		f.Line, f.Column = p.position(at.offset)
	}
	if in != nil {
		f.Interaction = in.description
	}
	return f
}

func (p *Pact) unreadable(in *interaction, at place, format string, args ...any) {
	p.problems = append(p.problems, p.finding(ruleUnreadable, in, at, format, args...))
}

func (p *Pact) read(root place) {
	if root.kind != object {
		p.unreadable(nil, root, "a pact is a JSON object")
		return
	}
	p.Consumer, _ = root.field("consumer").field("name").string()
	p.Provider, _ = root.field("provider").field("name").string()
	list := root.field("interactions")
	messages := root.field("messages")
	if list.node == nil && messages.node == nil {
		p.unreadable(nil, root, "not a pact: it has neither interactions nor messages")
		return
	}
	if !p.readVersion(root) {
		return
	}
	p.readInteractions(list)
	if messages.node != nil {
		p.problems = append(p.problems, p.finding(ruleUnsupported, nil, messages, "messages are not checked"))
	}
	if len(p.interactions) == 0 && len(p.problems) == 0 || messages.node != nil && len(p.interactions) == 0 {
		p.problems = append(p.problems, p.finding(ruleEmpty, nil, root, "the file has no HTTP interaction"))
	}
}

func (p *Pact) readVersion(root place) bool {
	meta := root.field("metadata")
	at := meta.field("pactSpecification").field("version")
	for _, other := range []place{meta.field("pact-specification").field("version"), meta.field("pactSpecificationVersion")} {
		if at.node == nil {
			at = other
		}
	}
	p.Version = 2 // what says nothing is old
	if at.node == nil {
		return true
	}
	version, _ := at.text()
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil || n < 1 || n > 4 {
		p.unreadable(nil, at, "version %q of the Pact specification is not one of 1 to 4", version)
		return false
	}
	p.Version = n
	return true
}

func (p *Pact) readInteractions(list place) {
	if list.node == nil {
		return
	}
	if list.kind != array {
		p.unreadable(nil, list, "interactions is not an array")
		return
	}
	for i := range list.items {
		in := &interaction{place: list.item(i), pact: p, index: i}
		if in.kind != object {
			p.unreadable(nil, in.place, "an interaction is an object")
			continue
		}
		in.description, _ = in.field("description").string()
		if in.description == "" {
			in.description = fmt.Sprintf("interaction %d", i)
		}
		if what, ok := in.field("type").string(); ok && what != "Synchronous/HTTP" {
			p.problems = append(p.problems, p.finding(ruleUnsupported, in, in.field("type"), "an interaction of type %s is not checked", what))
			continue
		}
		if in.read() {
			p.interactions = append(p.interactions, in)
		}
	}
}

// read reports whether there is enough of an interaction to check.
func (in *interaction) read() bool {
	in.readStates()
	in.comments = in.field("comments")
	before := len(in.pact.problems)
	in.readRequest(in.field("request"))
	in.readResponse(in.field("response"))
	return len(in.pact.problems) == before
}

func (in *interaction) bad(at place, format string, args ...any) {
	in.pact.unreadable(in, at, format, args...)
}

func (in *interaction) readStates() {
	for _, name := range []string{"providerState", "provider_state"} {
		if s, ok := in.field(name).string(); ok {
			in.states = append(in.states, state{name: s})
		}
	}
	list := in.field("providerStates")
	if list.node == nil || list.kind != array {
		return
	}
	for i := range list.items {
		name, _ := list.item(i).field("name").string()
		in.states = append(in.states, state{name, list.item(i).field("params").node})
	}
}

func (in *interaction) readRequest(at place) {
	if at.node == nil || at.kind != object {
		at.orAt(in.place, func(at place) { in.bad(at, "the interaction has no request object") })
		return
	}
	r := &in.request
	r.place = at
	r.method = in.readText(at, "method", "GET")
	r.method.value = strings.ToUpper(r.method.value)
	r.path = in.readText(at, "path", "/")
	r.headers = in.readPairs(at.field("headers"))
	in.readQuery(at.field("query"))
	if path, query, ok := strings.Cut(r.path.value, "?"); ok {
		r.path.value = path
		r.query = append(r.query, in.readQueryText(r.path.place, query)...)
	}
	r.body = in.readBody(at, r.headers)
	r.rules = in.readRules(at.field("matchingRules"))
}

func (in *interaction) readResponse(at place) {
	if at.node == nil || at.kind != object {
		at.orAt(in.place, func(at place) { in.bad(at, "the interaction has no response object") })
		return
	}
	r := &in.response
	r.place, r.at, r.status = at, at.field("status"), 200 // the specification's default
	if r.at.node != nil {
		status, _ := r.at.text()
		n, err := strconv.Atoi(status)
		if err != nil || n < 100 || n > 599 {
			in.bad(r.at, "the status is no HTTP status")
		}
		r.status = n
	} else {
		r.at.node = at.node
	}
	r.headers = in.readPairs(at.field("headers"))
	r.body = in.readBody(at, r.headers)
	r.rules = in.readRules(at.field("matchingRules"))
}

// orAt calls f with the place, or with its path and another place's line where there is nothing.
func (p place) orAt(other place, f func(place)) {
	if p.node == nil {
		p.node = other.node
	}
	f(p)
}

func (in *interaction) readText(at place, name, absent string) text {
	field := at.field(name)
	if field.node == nil {
		return text{place{at.node, field.path}, absent}
	}
	s, ok := field.string()
	if !ok {
		in.bad(field, "the %s is not a string", name)
	}
	return text{field, s}
}

// readPairs reads headers, or the query of versions 3 and 4: an object whose values are texts or arrays of texts.
func (in *interaction) readPairs(at place) []pair {
	if at.isNull() {
		return nil
	}
	if at.kind != object {
		in.bad(at, "want an object of names and values")
		return nil
	}
	var list []pair
	for _, name := range at.names {
		value := at.field(name)
		if value.kind != array {
			list = append(list, in.readPair(name, value)...)
			continue
		}
		for i := range value.items {
			list = append(list, in.readPair(name, value.item(i))...)
		}
		if len(value.items) == 0 {
			list = append(list, pair{name, text{value, ""}})
		}
	}
	return list
}

func (in *interaction) readPair(name string, at place) []pair {
	s, ok := at.text()
	if !ok && !at.isNull() {
		in.bad(at, "the value of %s is not a text", name)
		return nil
	}
	return []pair{{name, text{at, s}}}
}

// readQuery reads the query: a text in versions 1 and 2, an object later. Either is taken in every version.
func (in *interaction) readQuery(at place) {
	if s, ok := at.string(); ok {
		in.request.query = in.readQueryText(at, s)
		return
	}
	in.request.query = in.readPairs(at)
}

func (in *interaction) readQueryText(at place, query string) []pair {
	list, err := decodePairs(at, strings.TrimPrefix(query, "?"))
	if err != nil {
		in.bad(at, "%v", err)
	}
	return list
}

// decodePairs reads a=b&c=d. What is not percent-encoded is left out.
func decodePairs(at place, encoded string) ([]pair, error) {
	var list []pair
	var problems []error
	for _, part := range strings.Split(encoded, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			problems = append(problems, fmt.Errorf("%q is not percent-encoded", part))
			continue
		}
		list = append(list, pair{name, text{at, value}})
	}
	return list, errors.Join(problems...)
}

// header is the value of a header, whatever the case of its name. Several values are joined as HTTP joins them: writers
// of pacts tear values apart at their commas.
func header(headers []pair, name string) (text, bool) {
	var found text
	n := 0
	for _, h := range headers {
		if !strings.EqualFold(h.name, name) {
			continue
		}
		if n++; n == 1 {
			found = h.text
		} else {
			found.value += ", " + h.value
		}
	}
	return found, n > 0
}
