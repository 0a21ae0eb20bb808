package mockserver

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/countersign/countersign/specs"
)

const formType = "application/x-www-form-urlencoded"

// takesForm reports whether the operation reads form bodies.
func (op *Operation) takesForm() bool {
	return op.Spec.RPC != nil || op.body != nil && op.body.forms[formType] != nil
}

// checkBody reads the body and keeps the violation that decides. What handlers bind is the value that was checked, without
// the properties that the document does not name.
func (c *Call) checkBody(found *specs.Violation) {
	rule := c.Op.body
	if rule == nil {
		return
	}
	if len(bytes.TrimSpace(c.Body)) == 0 {
		if rule.required {
			found.Keep(specs.Violation{Kind: specs.Missing, Name: "body", Reason: specs.Required, Refusal: rule.refusals.Missing})
		}
		return
	}
	media, schema := c.bodyForm(rule)
	if schema == nil {
		found.Keep(specs.Violation{Kind: specs.Malformed, Name: "Content-Type", Refusal: rule.refusals.Malformed,
			Reason: specs.Because(fmt.Sprintf("is %s, want %s", media, rule.first))})
		return
	}
	if err := c.readBody(media, schema); err != nil {
		found.Keep(specs.Violation{Kind: specs.Malformed, Name: "body", Reason: specs.Because(err.Error()), Refusal: rule.refusals.Malformed})
		return
	}
	c.body = &c.memory.body
	unknown := false
	schema.FindInTape(found, c.body, rule.refusals, func(pointer string) {
		unknown = true
		c.Warn("body field %s is not documented", pointer)
	})
	if found.Kind != specs.Fine && found.Name == "" { // the whole body is at fault
		found.Name = "body"
	}
	if unknown {
		schema.Prune(c.body)
	}
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

func (c *Call) readBody(media string, schema *specs.Schema) error {
	tape := &c.memory.body
	if media == formType {
		pairs, err := c.Form()
		specs.ReadForm(tape, pairs, schema)
		return err
	}
	if err := tape.Read(c.Body); err != nil {
		return err
	}
	if !tape.IsUTF8() {
		return errors.New("is not UTF-8")
	}
	return nil
}

// BindBody puts the validated body into v by its json tags: exactly the value that was checked. The bytes themselves
// would not do, since encoding/json takes a name in another case for the documented one, and looks into the earlier of
// two values of one name. v keeps nothing of the body's memory.
func (c *Call) BindBody(v any) error {
	if c.body == nil {
		return nil
	}
	return c.body.Bind(v)
}
