package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// violation is something that the document refuses a request for.
type violation struct {
	// kind orders them: what is wrong with a header comes first (specs.Fine), then the kinds in their order.
	kind    specs.Kind
	rule    *Rule
	at      place
	name    string
	text    string
	refusal string
	spec    Spec
}

var ruleOfKind = map[specs.Kind]*Rule{specs.Missing: ruleMissing, specs.Malformed: ruleType, specs.Range: ruleValue}

func (k *checking) violate(v *violation) { k.violations = append(k.violations, v) }

// rpcPairs are the query and the form of a request: an RPC call takes parameters from both.
func (in *interaction) rpcPairs() []pair {
	form, _ := in.request.body.form()
	return slices.Concat(in.request.query, form)
}

// form are the pairs of a body that is a form; a body whose media type is not known is taken for one if it is a text.
func (b *body) form() ([]pair, error) {
	if b == nil || b.isJSON || b.media != formType && b.media != "" {
		return nil, nil
	}
	return decodePairs(b.place, b.text)
}

func (k *checking) checkRequest() {
	k.checkHeaderRules()
	k.checkParameters()
	k.checkUnknownParameters()
	k.checkUnknownHeaders()
	k.checkRequestBody()
	k.checkCredentials()
}

// contentType is the Content-Type of a request: the header's, else that of the body.
func (r *request) contentType() text {
	if h, ok := header(r.headers, "Content-Type"); ok {
		return h
	}
	if r.body != nil && r.body.media != "" {
		return text{r.body.mediaAt, r.body.media}
	}
	return text{place: place{r.node, r.place.path + ".headers['Content-Type']"}}
}

// checkHeaderRules looks at the headers that OpenAPI does not let parameters describe.
func (k *checking) checkHeaderRules() {
	r := &k.in.request
	for _, h := range k.op.Headers {
		if h.When == "never" || h.When == "body" && r.body == nil {
			continue
		}
		value, _ := header(r.headers, h.Name)
		rule := ruleMissing
		if strings.EqualFold(h.Name, "Content-Type") {
			value, rule = r.contentType(), ruleMediaType
		}
		v := &violation{rule: rule, at: value.place, name: h.Name, refusal: h.Refusal, spec: fieldOf(k.op.Spec.Origin, "x-headers")}
		switch {
		case value.value == "":
			v.at = place{r.node, r.place.field("headers").field(h.Name).path}
			v.text = fmt.Sprintf("the header %s is missing", h.Name)
		case len(h.MediaTypes) > 0 && !slices.Contains(h.MediaTypes, mediaType(value.value)):
			v.text = fmt.Sprintf("the header %s is %q, want %s", h.Name, value.value, strings.Join(h.MediaTypes, " or "))
		default:
			continue
		}
		k.violate(v)
	}
}

func (k *checking) checkParameters() {
	r := &k.in.request
	pairs := r.query
	if k.op.RPC != nil {
		pairs = k.in.rpcPairs()
	}
	path := 0
	for _, p := range k.op.params {
		var value text
		switch p.In {
		case "query":
			value = first(pairs, p.Name)
			value.orMissing(r.place.field("query").field(p.Name), r.node)
		case "header":
			value, _ = header(r.headers, p.Name)
			value.orMissing(r.place.field("headers").field(p.Name), r.node)
		case "path":
			value = text{r.path.place, k.args[path]}
			path++
		}
		k.checkParameter(p, value)
	}
}

// orMissing gives what is not sent the place where it would stand.
func (t *text) orMissing(at place, near *node) {
	if t.place.path == "" {
		t.place = place{near, at.path}
	}
}

func (k *checking) checkParameter(p *parameter, value text) {
	sentEmpty := value.value == "" && p.allowEmpty && k.wasSent(p, value)
	if value.value == "" && !sentEmpty {
		if p.Required {
			k.violate(&violation{kind: specs.Missing, rule: ruleMissing, at: value.place, name: p.Name, refusal: p.refusals.Missing, spec: p.spec,
				text: fmt.Sprintf("the %s parameter %s is required", p.In, p.Name)})
		}
		return
	}
	_, v := p.schema.CheckText(p.Name, value.value, p.refusals)
	if v == nil {
		k.sent[sent{p.In, p.Name}] = true
		return
	}
	k.violate(&violation{kind: v.Kind, rule: ruleOfKind[v.Kind], at: value.place, name: p.Name, refusal: v.Refusal, spec: p.spec,
		text: fmt.Sprintf("the %s parameter %s %s", p.In, p.Name, v.Reason)})
}

// wasSent tells an empty value from one that is not there.
func (k *checking) wasSent(p *parameter, value text) bool {
	if p.In == "header" {
		_, ok := header(k.in.request.headers, p.Name)
		return ok
	}
	return slices.ContainsFunc(k.in.rpcPairs(), func(q pair) bool { return q.name == p.Name && q.place == value.place })
}

func (k *checking) checkUnknownParameters() {
	pairs := k.in.request.query
	if k.op.RPC != nil {
		pairs = k.in.rpcPairs()
	}
	for i, p := range pairs {
		if !k.op.takes("query", p.name) {
			k.add(ruleParameter, p.place, k.op.spec, "%s has no parameter %s; it has %s", k.op.ID, p.name, k.op.parameterNames())
		} else if slices.ContainsFunc(pairs[:i], func(q pair) bool { return q.name == p.name }) {
			k.add(ruleRepeated, p.place, k.op.spec, "the parameter %s is sent more than once", p.name)
		}
	}
}

// takes reports whether a parameter or header is one of the operation's, of all operations, or a credential.
func (op *operation) takes(in, name string) bool {
	same := func(other string) bool { return other == name || in == "header" && strings.EqualFold(other, name) }
	for _, p := range op.params {
		if p.In == in && same(p.Name) {
			return true
		}
	}
	for _, p := range op.vendor.CommonParameters {
		if p.In == in && same(p.Name) {
			return true
		}
	}
	for _, s := range op.schemes() {
		if s.Value != nil && s.Value.In == in && same(s.Value.Name) {
			return true
		}
	}
	return in == "header" && slices.ContainsFunc(op.Headers, func(h specs.HeaderRule) bool { return same(h.Name) })
}

func (op *operation) schemes() openapi3.SecuritySchemes {
	if op.Document.T.Components == nil {
		return nil
	}
	return op.Document.T.Components.SecuritySchemes
}

func (op *operation) parameterNames() string {
	var names []string
	for _, p := range op.params {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (k *checking) checkUnknownHeaders() {
	for _, h := range k.in.request.headers {
		name := strings.ToLower(h.name)
		if !httpRequestHeaders[name] && !strings.HasPrefix(name, "x-countersign-") && !k.op.takes("header", h.name) {
			k.add(ruleHeader, h.place, k.op.spec, "%s has no header %s", k.op.ID, h.name)
		}
	}
}

func (k *checking) checkRequestBody() {
	b, want := k.in.request.body, k.op.body
	switch {
	case want == nil:
		if b != nil && (k.op.RPC == nil || b.isJSON || b.media != formType) {
			k.add(ruleBody, b.place, k.op.spec, "%s has no body", k.op.ID)
		}
		return
	case b == nil || !b.isJSON && strings.TrimSpace(b.text) == "":
		if want.required {
			at := k.in.request.place.field("body")
			at.orAt(k.in.request.place, func(at place) {
				k.violate(&violation{kind: specs.Missing, rule: ruleMissing, at: at, name: "body", refusal: want.refusals.Missing, spec: want.spec,
					text: "the body is required"})
			})
		}
		return
	}
	media := b.media
	if media == "" {
		media = want.media[0]
	}
	if want.schemas[media] == nil {
		k.wrongMedia(b, media)
		return
	}
	k.checkContent(b, media)
}

func (k *checking) wrongMedia(b *body, media string) {
	if slices.ContainsFunc(k.violations, func(v *violation) bool { return v.rule == ruleMediaType }) {
		return
	}
	k.violate(&violation{kind: specs.Malformed, rule: ruleMediaType, at: b.mediaAt, name: "Content-Type", refusal: k.op.body.refusals.Malformed,
		spec: k.op.body.spec, text: fmt.Sprintf("the body is %s, want %s", media, strings.Join(k.op.body.media, " or "))})
}

func (k *checking) checkContent(b *body, media string) {
	want := k.op.body
	schema, ref := want.schemas[media], want.refs[media]
	value, err := b.value(media, schema)
	if err != nil {
		k.violate(&violation{kind: specs.Malformed, rule: ruleType, at: b.place, name: "body", refusal: want.refusals.Malformed, spec: want.spec,
			text: "the body " + err.Error()})
		return
	}
	at := func(pointer string) place {
		if b.isJSON {
			return b.follow(pointer)
		}
		return b.place
	}
	subject := func(pointer string) string {
		if pointer == "" {
			return "the body"
		}
		return "the body field " + pointer
	}
	bad := map[string]bool{}
	for _, v := range schema.CheckAll(value, want.refusals, func(pointer string) {
		k.add(ruleField, at(pointer), schemaAt(ref, pointer), "%s has no field %s in its body", k.op.ID, pointer)
	}) {
		bad[v.Pointer] = true
		k.violate(&violation{kind: v.Kind, rule: ruleOfKind[v.Kind], at: at(v.Pointer), name: v.Name, refusal: v.Refusal, spec: schemaAt(ref, v.Pointer),
			text: subject(v.Pointer) + " " + v.Reason.String()})
	}
	k.noteFields(ref, "", "", value, bad)
}

// value is the content as the document's schema sees it.
func (b *body) value(media string, schema *specs.Schema) (any, error) {
	if media != formType {
		if !b.isJSON {
			return nil, fmt.Errorf("is not JSON")
		}
		return b.plain(), nil
	}
	if b.isJSON {
		return nil, fmt.Errorf("is not a form")
	}
	pairs, err := decodePairs(b.place, b.text)
	if err != nil {
		return nil, fmt.Errorf("is not a form: %w", err)
	}
	obj := map[string]any{}
	for _, p := range pairs {
		if _, again := obj[p.name]; !again {
			obj[p.name] = typed(p.value, schema.PropertyType(p.name))
		}
	}
	return obj, nil
}

// typed is a form's text as what the schema calls it, where it can be one.
func typed(s, typ string) any {
	switch typ {
	case "integer", "number":
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return json.Number(s)
		}
	case "boolean":
		if s == "true" || s == "false" {
			return s == "true"
		}
	}
	return s
}

// noteFields notes the body fields that were sent and about which nothing is wrong.
func (k *checking) noteFields(ref *openapi3.SchemaRef, name, pointer string, value any, bad map[string]bool) {
	if ref == nil || ref.Value == nil {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for _, field := range sortedNames(ref.Value.Properties) {
			if below, there := v[field]; there {
				k.noteFields(ref.Value.Properties[field], join(name, field), pointer+"/"+field, below, bad)
			}
		}
	case []any:
		for i, item := range v {
			k.noteFields(ref.Value.Items, name, pointer+"/"+strconv.Itoa(i), item, bad)
		}
	}
	if name != "" && !bad[pointer] && isLeaf(ref) {
		k.sent[sent{"body", name}] = true
	}
}

// isLeaf says that a schema describes a value, or an array of values, and no object with fields of its own.
func isLeaf(ref *openapi3.SchemaRef) bool {
	if ref.Value.Items != nil {
		return isLeaf(ref.Value.Items)
	}
	return len(ref.Value.Properties) == 0
}

func join(outer, name string) string {
	if outer == "" {
		return name
	}
	return outer + "." + name
}

// checkCredentials wants the headers and parameters of one of the documented ways to prove who calls.
func (k *checking) checkCredentials() {
	if k.in.response.status >= 400 {
		return
	}
	security := k.op.Spec.Security
	spec := fieldOf(k.op.Spec.Origin, "security")
	if security == nil {
		security = &k.op.Document.T.Security
	}
	var ways []string
	for _, way := range *security {
		carriers, all := k.carriers(way)
		if all {
			return
		}
		ways = append(ways, strings.Join(carriers, " and "))
	}
	if len(ways) > 0 {
		slices.Sort(ways)
		at := k.in.request.place.field("headers")
		at.orAt(k.in.request.place, func(at place) {
			k.add(ruleCredentials, at, spec, "the request has no credentials: want %s", strings.Join(slices.Compact(ways), ", or "))
		})
	}
}

var carrier = map[string]string{"header": "header", "query": "parameter", "cookie": "cookie"}

// carriers are the headers and parameters that a way to prove who calls wants, and whether all are there.
func (k *checking) carriers(way openapi3.SecurityRequirement) (names []string, all bool) {
	all = true
	for _, scheme := range sortedNames(way) {
		ref := k.op.schemes()[scheme]
		if ref == nil || ref.Value == nil {
			continue
		}
		in, name := "header", "Authorization" // where OpenAPI's own schemes put theirs
		if ref.Value.Type == "apiKey" {
			in, name = ref.Value.In, ref.Value.Name
		}
		names = append(names, "the "+carrier[in]+" "+name)
		sent := first(k.in.rpcPairs(), name)
		if in == "header" {
			sent, _ = header(k.in.request.headers, name)
		}
		all = all && sent.value != ""
	}
	return names, all
}
