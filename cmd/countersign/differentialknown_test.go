package main

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// difference is one way in which we mean to judge otherwise than the library. Each must be met in every run: one that is
// not is no difference any more and has to go.
type difference struct {
	name string
	// why we differ, and what says so.
	why, source string
	// ready, if set, changes what the library is given, and reports whether it did.
	ready func(m *merged) bool
	// judge, if set, corrects what the library found.
	judge func(m *merged, found []finding) []finding
}

// differences are all of them. What is ready comes before the library is asked, in this order; what judges comes after.
var differences = []difference{
	{
		name:   "a semicolon is an ordinary character",
		why:    "url.ParseQuery refuses a pair with a bare semicolon, where the vendors' SDKs and servers see a character",
		source: "mockserver.ParsePairs; WHATWG URL, application/x-www-form-urlencoded parsing",
		ready:  semicolons,
	},
	{
		name:   "of a repeated parameter the first counts, even empty",
		why:    "the library passes over leading empty values of a repeated name",
		source: "mockserver.Pairs.Get; kin-openapi issue 1230",
		ready:  firstOnly,
	},
	{
		name:   "a body without Content-Type is read as the document's",
		why:    "IAM's page asks for a Content-Type but its clients may leave it out; x-headers says never",
		source: "specs/dataarts/iam.yaml x-headers; mockserver bodyForm",
		ready:  impliedMedia,
	},
	{
		name:   "a lenient world reads any body as the document's",
		why:    "the switch is there for clients that declare something else",
		source: "DA-030 lenient; mockserver bodyForm",
		ready:  lenientMedia,
	},
	{
		name:   "required but empty",
		why:    "the library takes an empty text for a value that is there; to the vendors an empty required parameter is missing",
		source: "DESIGN, traps of kin-openapi; specs/doc.go x-allow-empty",
		judge:  emptyRequired,
	},
	{
		name:   "optional and empty is absent",
		why:    "the library holds an empty optional parameter against its schema; generated clients send such for unset fields",
		source: "specs/doc.go x-refusals (missing: absent, or present and empty)",
		judge:  emptyOptional,
	},
	{
		name:   "white space counts as empty",
		why:    "the reason of a decision must say something",
		source: "QB-032, x-blank",
		judge:  blank,
	},
	{
		name:   "an integer has no plus sign",
		why:    "strconv takes one; no vendor documents it, and in a query it is a blank that was not encoded",
		source: "specs.CheckText",
		judge:  plusSign,
	},
	{
		name:   "a boolean is true or false",
		why:    "strconv takes 1, t, TRUE and the like; OpenAPI has two words",
		source: "specs.CheckText",
		judge:  booleanWords,
	},
	{
		name:   "texts are UTF-8",
		why:    "the library takes any bytes in a header or a path, and counts each bad one as a character",
		source: "specs/doc.go x-refusals (malformed: not UTF-8)",
		judge:  notUTF8,
	},
	{
		name:   "nothing stands behind the JSON value",
		why:    "the library reads the first value of a body and leaves the rest",
		source: "RFC 8259; mockserver decodeBody",
		judge:  trailing,
	},
	{
		name:   "JSON is UTF-8",
		why:    "encoding/json puts U+FFFD for bytes that are none",
		source: "RFC 8259, 8.1; specs/doc.go x-refusals",
		judge:  jsonNotUTF8,
	},
	{
		name:   "required but empty in a body",
		why:    "as of parameters",
		source: "specs/doc.go x-allow-empty",
		judge:  emptyFields,
	},
	{
		name:   "null in a required field is a missing one",
		why:    "the library calls it a value of the wrong type; both refuse, but in other words",
		source: "specs/doc.go x-refusals",
		judge:  nullFields,
	},
	{
		name:   "a body of white space is none",
		why:    "the library reads white space as broken JSON or as a form without fields, and minds its Content-Type",
		source: "mockserver checkBody",
		judge:  blankBody,
	},
	{
		name:   "query and form are percent-encoded UTF-8, of ten thousand pairs at most",
		why:    "the library drops pairs that are not percent-encoding, takes any bytes, and has no bound",
		source: "DESIGN, pipeline step 5; mockserver checkReadable, ParsePairs",
		judge:  undecodable,
	},
	{
		name:   "headers that OpenAPI ignores",
		why:    "the library looks at Content-Type only where there is a body",
		source: "x-headers of the documents (WPS-008, DA-030)",
		judge:  headerRules,
	},
}

// without takes findings away.
func without(found []finding, drop func(f finding) bool) []finding {
	return slices.DeleteFunc(slices.Clone(found), drop)
}

// with adds a finding; at a place that is among them the least kind counts.
func with(found []finding, f finding) []finding {
	found = slices.Clone(found)
	if i := slices.IndexFunc(found, f.samePlace); i >= 0 {
		found[i].kind = min(found[i].kind, f.kind)
		return found
	}
	return append(found, f)
}

func (f finding) samePlace(other finding) bool {
	return f.place == other.place && f.inBody == other.inBody
}

// eachParameter goes through the parameters that were sent.
func (m *merged) eachParameter(visit func(in *openapi3.Parameter, part specs.Part, text string)) {
	for _, in := range m.op.Parameters {
		if text, ok := m.text(in); ok {
			visit(in, m.parts[in.Name], text)
		}
	}
}

func semicolons(m *merged) bool {
	if m.semicolons && m.media == formMedia && m.takesForm() {
		m.body = bytes.ReplaceAll(m.body, []byte(";"), []byte("%3B"))
	}
	return m.semicolons // merge has read them as characters already
}

func firstOnly(m *merged) (did bool) {
	for name, values := range m.query {
		if len(values) > 1 && values[0] == "" {
			m.query[name], did = values[:1], true
		}
	}
	if m.media != formMedia || !m.takesForm() {
		return did
	}
	var kept [][]byte
	firsts := map[string]bool{} // whether the first value is empty
	for pair := range bytes.SplitSeq(m.body, []byte("&")) {
		values := m.parse(string(pair))
		for name, all := range values {
			if firsts[name] {
				did, pair = true, nil
			} else if _, again := firsts[name]; !again {
				firsts[name] = all[0] == ""
			}
		}
		kept = append(kept, pair)
	}
	m.body = bytes.Join(kept, []byte("&"))
	return did
}

func impliedMedia(m *merged) bool {
	return m.media == "" && !m.rules(func(h *specs.HeaderRule) bool { return h.When != "never" }) && m.takeAsDocumented()
}

func lenientMedia(m *merged) bool {
	return m.lenient && m.rules(func(h *specs.HeaderRule) bool { return h.Assumption != "" }) && m.takeAsDocumented()
}

// takeAsDocumented declares the body as what the document wants, and reports whether it was not.
func (m *merged) takeAsDocumented() bool {
	if len(m.body) == 0 || m.op.Spec.RequestBody == nil {
		return false
	}
	before := m.media
	for media := range m.op.Spec.RequestBody.Value.Content { // each has one
		m.media, m.header = media, m.header.Clone()
		m.header.Set("Content-Type", media)
	}
	return m.media != before
}

// rules reports whether one of the rules on Content-Type is like that.
func (m *merged) rules(like func(h *specs.HeaderRule) bool) bool {
	return slices.ContainsFunc(m.op.Headers, func(h specs.HeaderRule) bool { return h.Name == "Content-Type" && like(&h) })
}

func emptyRequired(m *merged, found []finding) []finding {
	m.eachParameter(func(in *openapi3.Parameter, part specs.Part, text string) {
		if in.Required && text == "" && !part.AllowEmpty {
			found = with(found, finding{place: in.Name, kind: specs.Missing})
		}
	})
	return found
}

func emptyOptional(m *merged, found []finding) []finding {
	m.eachParameter(func(in *openapi3.Parameter, part specs.Part, text string) {
		if !in.Required && text == "" && !part.AllowEmpty {
			found = without(found, func(f finding) bool { return f.place == in.Name && !f.inBody })
		}
	})
	return found
}

func blank(m *merged, found []finding) []finding {
	m.eachParameter(func(in *openapi3.Parameter, part specs.Part, text string) {
		if part.Blank != "" && !m.lenient && text != "" && strings.TrimSpace(text) == "" {
			found = with(found, finding{place: in.Name, kind: specs.Missing})
		}
	})
	return found
}

func plusSign(m *merged, found []finding) []finding {
	m.eachParameter(func(in *openapi3.Parameter, _ specs.Part, text string) {
		if in.Schema.Value.Type.Is("integer") && strings.HasPrefix(text, "+") {
			found = with(found, finding{place: in.Name, kind: specs.Malformed})
		}
	})
	return found
}

func booleanWords(m *merged, found []finding) []finding {
	m.eachParameter(func(in *openapi3.Parameter, _ specs.Part, text string) {
		if in.Schema.Value.Type.Is("boolean") && text != "" && text != "true" && text != "false" {
			found = with(found, finding{place: in.Name, kind: specs.Malformed})
		}
	})
	return found
}

func undecodable(m *merged, found []finding) []finding {
	if m.readable && !m.flooded {
		return found
	}
	return []finding{{place: placeUnreadable, kind: specs.Malformed}} // nothing else is looked at
}

func notUTF8(m *merged, found []finding) []finding {
	m.eachParameter(func(in *openapi3.Parameter, _ specs.Part, text string) {
		if in.In != openapi3.ParameterInQuery && !utf8.ValidString(text) {
			found = with(found, finding{place: in.Name, kind: specs.Malformed})
		}
	})
	return found
}

func headerRules(m *merged, found []finding) []finding {
	if m.flooded { // refused before anything is looked at, even the path
		return found
	}
	for _, h := range m.op.Headers {
		if h.When == "never" || h.When == "body" && len(m.body) == 0 || h.Assumption != "" && m.lenient {
			continue
		}
		if m.header.Get(h.Name) == "" || len(h.MediaTypes) > 0 && !slices.Contains(h.MediaTypes, m.media) {
			return []finding{{place: h.Name, kind: specs.Missing, refusal: h.Refusal}} // before anything else is looked at
		}
	}
	return found
}

// broken says that the body cannot be read, whatever was found in it.
func broken(found []finding) []finding {
	return append(without(found, func(f finding) bool { return f.inBody }), finding{place: "body", kind: specs.Malformed, inBody: true})
}

func trailing(m *merged, found []finding) []finding {
	if !m.jsonBody() {
		return found
	}
	if _, rest, ok := m.json(); ok && len(rest) > 0 {
		return broken(found)
	}
	return found
}

func jsonNotUTF8(m *merged, found []finding) []finding {
	if !m.jsonBody() || utf8.Valid(m.body) {
		return found
	}
	if _, rest, ok := m.json(); ok && len(rest) == 0 {
		return broken(found)
	}
	return found
}

func blankBody(m *merged, found []finding) []finding {
	body := m.op.Spec.RequestBody
	if body == nil || len(m.body) == 0 || len(bytes.TrimSpace(m.body)) > 0 {
		return found
	}
	found = without(found, func(f finding) bool { return f.inBody || f.place == "Content-Type" })
	if body.Value.Required {
		found = with(found, finding{place: "body", kind: specs.Missing, inBody: true})
	}
	return found
}

func emptyFields(m *merged, found []finding) []finding {
	m.eachRequired(func(place string, _ *openapi3.Schema, value any) {
		if value == "" {
			found = with(found, finding{place: place, kind: specs.Missing, inBody: true})
		}
	})
	return found
}

func nullFields(m *merged, found []finding) []finding {
	m.eachRequired(func(place string, in *openapi3.Schema, value any) {
		if value == nil && !in.Nullable {
			found = with(found, finding{place: place, kind: specs.Missing, inBody: true})
		}
	})
	return found
}

// eachRequired goes through the required fields that are there and must not be empty.
func (m *merged) eachRequired(visit func(place string, in *openapi3.Schema, value any)) {
	if v, ok := m.bodyValue(); ok && utf8.Valid(m.body) {
		requiredWithin(m.bodySchema(), v, "", visit)
	}
}

func requiredWithin(in *openapi3.Schema, v any, at string, visit func(place string, in *openapi3.Schema, value any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, ref := range in.Properties {
			value, there := v[name]
			if allowed, _ := ref.Value.Extensions["x-allow-empty"].(bool); there && !allowed && slices.Contains(in.Required, name) {
				visit(at+name, ref.Value, value)
			}
			requiredWithin(ref.Value, value, at+name+"/", visit)
		}
	case []any:
		for i := range v {
			if in.Items != nil {
				requiredWithin(in.Items.Value, v[i], at+strconv.Itoa(i)+"/", visit)
			}
		}
	}
}
