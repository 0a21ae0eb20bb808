package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/countersign/countersign/specs"
)

const formType = "application/x-www-form-urlencoded"

// takesForm reports whether the operation reads form bodies.
func (op *Operation) takesForm() bool {
	return op.Spec.RPC != nil || op.body != nil && op.body.forms[formType] != nil
}

// checkBody decodes the body and checks it. What handlers bind is the value that was checked, without the properties
// that the document does not name.
func (c *Call) checkBody() *specs.Violation {
	rule := c.Op.body
	if rule == nil {
		return nil
	}
	if len(bytes.TrimSpace(c.Body)) == 0 {
		if rule.required {
			return &specs.Violation{Kind: specs.Missing, Name: "body", Reason: "is required", Refusal: rule.refusals.Missing}
		}
		return nil
	}
	media, schema := c.bodyForm(rule)
	if schema == nil {
		return &specs.Violation{Kind: specs.Malformed, Name: "Content-Type", Refusal: rule.refusals.Malformed,
			Reason: fmt.Sprintf("is %s, want %s", media, rule.first)}
	}
	v, err := c.decodeBody(media, schema)
	if err != nil {
		return &specs.Violation{Kind: specs.Malformed, Name: "body", Reason: err.Error(), Refusal: rule.refusals.Malformed}
	}
	unknown := false
	found := schema.Check(v, rule.refusals, func(pointer string) {
		unknown = true
		c.Warn("body field %s is not documented", pointer)
	})
	if found != nil && found.Name == "" { // the whole body is at fault
		found.Name = "body"
	}
	if unknown {
		schema.Prune(v)
	}
	c.body, c.hasBody = v, true
	return found
}

// bodyForm is the media type that the body is read as, and its schema: the declared one; the document's own where none
// is declared, or where the world does not mind which. The schema is nil if the document has no such body.
func (c *Call) bodyForm(rule *bodyRule) (string, *specs.Schema) {
	media := c.MediaType()
	if schema := rule.forms[media]; schema != nil {
		return media, schema
	}
	if media == "" || c.anyMediaType() {
		return rule.first, rule.forms[rule.first]
	}
	return media, nil
}

// anyMediaType reports whether the world does not mind the Content-Type.
func (c *Call) anyMediaType() bool {
	for i := range c.Op.headers {
		if h := &c.Op.headers[i]; h.canonical == "Content-Type" && c.lenient(h) {
			return true
		}
	}
	return false
}

func (c *Call) decodeBody(media string, schema *specs.Schema) (any, error) {
	if media == formType {
		pairs, err := c.Form()
		return formObject(pairs, schema), err
	}
	dec := json.NewDecoder(bytes.NewReader(c.Body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("has something behind its JSON value, at byte %d", dec.InputOffset())
	}
	if !utf8.Valid(c.Body) {
		return nil, errors.New("is not UTF-8")
	}
	return v, nil
}

// formObject turns pairs into the object a form schema describes; numbers and booleans become such where they can.
func formObject(pairs Pairs, schema *specs.Schema) map[string]any {
	obj := make(map[string]any, len(pairs))
	for _, p := range pairs {
		if _, dup := obj[p.Name]; dup {
			continue
		}
		obj[p.Name] = p.Value
		switch schema.PropertyType(p.Name) {
		case "integer", "number":
			if _, err := strconv.ParseFloat(p.Value, 64); err == nil {
				obj[p.Name] = json.Number(p.Value)
			}
		case "boolean":
			if p.Value == "true" || p.Value == "false" {
				obj[p.Name] = p.Value == "true"
			}
		}
	}
	return obj
}

// BindBody puts the validated body into v by its json tags: exactly the value that was checked. The bytes themselves
// would not do, since encoding/json takes a name in another case for the documented one, and looks into the earlier of
// two values of one name.
func (c *Call) BindBody(v any) error {
	if !c.hasBody {
		return nil
	}
	data, err := json.Marshal(c.body)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}
