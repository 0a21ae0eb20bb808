package main

import (
	"io"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/fixtures/gen/format"
)

// unsendableSchema is the form of gen.Unsendable.
var unsendableSchema = openapi3.NewObjectSchema().WithProperties(map[string]*openapi3.Schema{
	"operation": openapi3.NewStringSchema(), "constraint": openapi3.NewStringSchema(),
	"how": openapi3.NewStringSchema(), "reason": openapi3.NewStringSchema(),
}).WithRequired([]string{"operation", "constraint", "how", "reason"}).NewRef()

// makeNegatives makes the negatives of operations, and what has none.
func makeNegatives(operations []*operated) (err error) {
	for _, op := range operations {
		if op.made, op.left, err = op.vendor.Negatives(op.spec.ID, op.options); err != nil {
			return err
		}
	}
	return nil
}

// leftOut are the ways to break a constraint that negatives have no request for.
func leftOut(operations []*operated) (all []gen.Unsendable) {
	for _, op := range operations {
		all = append(all, op.left...)
	}
	return all
}

// unsendableNote says how many there are, "" of none.
func unsendableNote(operations []*operated) string {
	all := leftOut(operations)
	if len(all) == 0 {
		return ""
	}
	return plural(len(all), "way") + " to break a constraint left out; --unsendable lists them with the reasons"
}

// unsendables is a set of them.
func (f *fixtureFlags) unsendables(operations []*operated) *fixtureSet {
	all := leftOut(operations)
	check := schemaCheck(unsendableSchema)
	return &fixtureSet{
		name: f.messagesName("unsendable"), total: uint64(len(all)), formats: []format.Name{format.JSON, format.NDJSON, format.YAML, format.CSV},
		validate: func(r *format.Record) error { return check(r.JSON) },
		write: func(w io.Writer, n format.Name, each func(*format.Record) error) error {
			return written(n, w, format.Options{Schema: unsendableSchema}, func(emit func(*format.Record) error) error {
				for _, u := range all {
					text, err := encoded(u)
					if err != nil {
						return err
					}
					if err := emit(&format.Record{JSON: text}); err != nil {
						return err
					}
				}
				return nil
			}, each)
		},
	}
}
