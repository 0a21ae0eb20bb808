package specs_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

func TestPrune(t *testing.T) {
	t.Parallel()
	text, free := openapi3.NewStringSchema(), openapi3.NewObjectSchema()
	inner := openapi3.NewObjectSchema().WithProperty("b", text)
	open := openapi3.NewObjectSchema().WithProperty("b", text).WithAdditionalProperties(inner)
	schema := openapi3.NewObjectSchema().WithProperty("a", inner).WithProperty("list", openapi3.NewArraySchema().WithItems(inner)).
		WithProperty("free", free).WithProperty("open", open)
	compiled, err := specs.Compile(schema.NewRef(), specs.ForRequest, specs.Refusals{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ in, want string }{
		"Nothing":    {`{"a":{"b":"1"},"list":[]}`, `{"a":{"b":"1"},"list":[]}`},
		"Top":        {`{"A":1,"a":{},"z":null}`, `{"a":{}}`},
		"Nested":     {`{"a":{"B":1,"b":"1"}}`, `{"a":{"b":"1"}}`},
		"Items":      {`{"list":[{"b":"1","c":2},3,{"c":4}]}`, `{"list":[{"b":"1"},3,{}]}`},
		"FreeForm":   {`{"free":{"x":{"y":1}}}`, `{"free":{"x":{"y":1}}}`},
		"Additional": {`{"open":{"b":"1","more":{"b":"2","c":3}}}`, `{"open":{"b":"1","more":{"b":"2"}}}`},
		"WrongType":  {`{"a":[{"c":1}],"list":{"c":1}}`, `{"a":[{"c":1}],"list":{"c":1}}`},
		"NoObject":   {`"text"`, `"text"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tape specs.Tape
			if err := tape.Read([]byte(tc.in)); err != nil {
				t.Fatal(err)
			}
			compiled.Prune(&tape)
			if got := tape.AppendJSON(nil); string(got) != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
