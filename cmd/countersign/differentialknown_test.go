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
		name:   "a body of white space is none",
		why:    "the library reads white space as broken JSON or as a form without fields, and minds its Content-Type",
		source: "mockserver checkBody",
		judge:  blankBody,
	},
	{
		name:   "query and form are percent-encoded UTF-8",
		why:    "the library drops pairs that are not percent-encoding, and takes any bytes",
		source: "DESIGN, pipeline step 5; mockserver checkReadable",
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

// with adds a finding unless the place is among them.
func with(found []finding, f finding) []finding {
	if slices.ContainsFunc(found, func(have finding) bool { return have.place == f.place && have.inBody == f.inBody }) {
		return found
	}
	return append(slices.Clone(found), f)
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
	if m.media != "" || len(m.body) == 0 || m.op.Spec.RequestBody == nil || m.demandsMedia() {
		return false
	}
	for media := range m.op.Spec.RequestBody.Value.Content { // each has one
		m.header = m.header.Clone()
		m.header.Set("Content-Type", media)
		m.media = media
	}
	return true
}

func (m *merged) demandsMedia() bool {
	return slices.ContainsFunc(m.op.Headers, func(h specs.HeaderRule) bool { return h.Name == "Content-Type" && h.When != "never" })
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
		if part.Blank != "" && text != "" && strings.TrimSpace(text) == "" {
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
	if m.readable {
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
	for _, h := range m.op.Headers {
		if h.When == "never" || h.When == "body" && len(m.body) == 0 {
			continue
		}
		if m.header.Get(h.Name) == "" || len(h.MediaTypes) > 0 && !slices.Contains(h.MediaTypes, m.media) {
			return []finding{{place: h.Name, kind: specs.Missing}} // before anything else is looked at
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
	switch {
	case m.jsonBody():
		if v, rest, ok := m.json(); ok && len(rest) == 0 && utf8.Valid(m.body) {
			return emptyWithin(found, m.op.Spec.RequestBody.Value.Content.Get(m.media).Schema.Value, v, "")
		}
	case m.media == formMedia && m.takesForm() && len(m.body) > 0 && m.readable:
		fields := map[string]any{}
		for name, values := range m.parse(string(m.body)) {
			fields[name] = values[0]
		}
		return emptyWithin(found, m.op.Spec.RequestBody.Value.Content.Get(m.media).Schema.Value, fields, "")
	}
	return found
}

func emptyWithin(found []finding, in *openapi3.Schema, v any, at string) []finding {
	switch v := v.(type) {
	case map[string]any:
		for name, ref := range in.Properties {
			value, there := v[name]
			allowed, _ := ref.Value.Extensions["x-allow-empty"].(bool)
			place := strings.TrimPrefix(at+"/"+name, "/")
			if there && value == "" && !allowed && slices.Contains(in.Required, name) {
				found = with(found, finding{place: place, kind: specs.Missing, inBody: true})
				continue
			}
			found = emptyWithin(found, ref.Value, value, place)
		}
	case []any:
		if in.Items != nil {
			for i, item := range v {
				found = emptyWithin(found, in.Items.Value, item, strings.TrimPrefix(at+"/"+strconv.Itoa(i), "/"))
			}
		}
	}
	return found
}
