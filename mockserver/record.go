package mockserver

import (
	"errors"
	"fmt"
	"slices"

	"github.com/countersign/countersign/specs"
)

// RecordError says that a record leaves the schema of its collection.
type RecordError struct {
	// Collection and Schema are the names of the collection and of its schema in the vendor's documents.
	Collection, Schema string
	// Pointer is the JSON pointer to what is wrong, "" for the record as a whole. Reason says in English what is wrong.
	Pointer, Reason string
}

func (e *RecordError) Error() string {
	if e.Pointer == "" {
		return e.Reason
	}
	return e.Pointer + ": " + e.Reason
}

// compileRecords compiles the schemas of a plug's collections. Collections and schemas that do not go together are errors.
func compileRecords(p *Plug) ([]*specs.Schema, error) {
	var problems []error
	out := make([]*specs.Schema, len(p.Collections))
	named := map[string]bool{}
	for i, c := range p.Collections {
		named[c.Name()] = true
		of := p.Spec.Collection(c.Name())
		switch {
		case of == nil:
			problems = append(problems, fmt.Errorf("collection %s: no document has a schema for it (x-collections)", c.Name()))
			continue
		case of.SchemaName != c.SchemaName():
			problems = append(problems, fmt.Errorf("collection %s: its schema is %q, and %q in %s", c.Name(), c.SchemaName(), of.SchemaName, of.File))
		}
		for _, to := range c.RefersTo() {
			if !refersTo(of, to) {
				problems = append(problems, fmt.Errorf("collection %s: its records refer to %s, and %s does not say so (x-references)", c.Name(), to, of.File))
			}
		}
		out[i] = of.Shape.Compile(specs.ForReply, specs.Refusals{})
	}
	for _, of := range p.Spec.Collections {
		if !named[of.Name] {
			problems = append(problems, fmt.Errorf("%s has a schema for the collection %s, which the plug has not", of.File, of.Name))
		}
	}
	return out, errors.Join(problems...)
}

func refersTo(c *specs.CollectionRules, collection string) bool {
	return slices.ContainsFunc(c.References, func(r specs.Reference) bool {
		return slices.ContainsFunc(r.To, func(t specs.Target) bool { return t.Collection == collection })
	})
}

// checkRecord holds a record of the i-th collection against its schema. It fails with a *RecordError.
func (p *plugged) checkRecord(i int, data []byte) error {
	c := p.Collections[i]
	bad := &RecordError{Collection: c.Name(), Schema: c.SchemaName()}
	tape := specs.NewTape()
	defer tape.Release()
	if err := tape.Read(data); err != nil {
		bad.Reason = err.Error()
		if errors.Is(err, specs.ErrBehind) {
			bad.Reason = specs.ErrBehind.Error()
		}
		return bad
	}
	if wrong := p.records[i].CheckTape(tape, specs.Refusals{}, nil); wrong != nil {
		bad.Pointer, bad.Reason = wrong.Pointer, wrong.Reason.String()
		return bad
	}
	return nil
}

// CheckRecord holds a record, as JSON, against the schema of one of a vendor's collections. It fails with a *RecordError
// that says what is wrong first; other errors mean that there is no such vendor or collection.
func (s *Server) CheckRecord(vendor, collection string, data []byte) error {
	p := s.plug(vendor)
	if p == nil {
		return fmt.Errorf("no vendor is named %q", vendor)
	}
	for i, c := range p.Collections {
		if c.Name() == collection {
			return p.checkRecord(i, data)
		}
	}
	return fmt.Errorf("%s has no collection %q", vendor, collection)
}
