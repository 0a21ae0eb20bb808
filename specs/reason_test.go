package specs

import (
	"math"
	"strconv"
	"testing"
)

// TestReasons holds the words of every kind of violation: clients, the journal and fixtures show them.
func TestReasons(t *testing.T) {
	t.Parallel()
	least, most, few := 1.0, 2.5, 2
	text := &Shape{Type: "string"}
	for _, tt := range []struct {
		name, value, want string
		shape             *Shape
	}{
		{"Null", `null`, "is null, want string", text},
		{"NoString", `1`, "is a number, want a string", text},
		{"NoBoolean", `"true"`, "is a string, want a boolean", &Shape{Type: "boolean"}},
		{"NoObject", `[]`, "is an array, want an object", &Shape{Type: "object"}},
		{"NoArray", `{}`, "is an object, want an array", &Shape{Type: "array"}},
		{"NoInteger", `true`, "is a boolean, want an integer", &Shape{Type: "integer"}},
		{"NoNumber", `"1"`, "is a string, want a number", &Shape{Type: "number"}},
		{"Fraction", `1.50`, "is 1.50, want a whole number", &Shape{Type: "integer"}},
		{"TooSmall", `-1e0`, "is -1, want at least 1", &Shape{Type: "number", Min: &least}},
		{"TooLarge", `1e15`, "is 1e+15, want at most 2.5", &Shape{Type: "number", Max: &most}},
		{"OtherNumber", `3`, "is 3, want one of 1, 2.5, null", &Shape{Type: "number", Enum: []any{1.0, 2.5, nil}}},
		{"OtherText", `"a\"b\u00e9"`, `is "a\"bé", want one of x, y`, &Shape{Type: "string", Enum: []any{"x", "y"}}},
		{"LongText", `"0123456789012345678901234567890123456789012345678901234567890123é"`,
			`is "0123456789012345678901234567890123456789012345678901234567890123…", want one of x`, &Shape{Type: "string", Enum: []any{"x"}}},
		{"Short", `""`, "has 0 characters, want at least 1", &Shape{Type: "string", MinLength: 1}},
		{"Long", `"ééé"`, "has 3 characters, want at most 2", &Shape{Type: "string", MaxLength: &few}},
		{"Pattern", `"A"`, "does not match ^[a-z]%d+$", &Shape{Type: "string", Pattern: "^[a-z]%d+$"}},
		{"Date", `"now"`, `is "now", want a date and time such as 2026-01-15T08:00:00Z`, &Shape{Type: "string", DateTime: true}},
		{"FewItems", `[]`, "has 0 items, want at least 1", &Shape{Type: "array", MinItems: 1}},
		{"ManyItems", `[1,2,3]`, "has 3 items, want at most 2", &Shape{Type: "array", MaxItems: &few}},
		{"Required", `{}`, "is required", &Shape{Type: "object", Properties: []Property{{Name: "a", Required: true, Shape: text}}}},
		{"Undocumented", `{"a":1}`, "is not a documented property", &Shape{Type: "object", Closed: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tape := NewTape()
			if err := tape.Read([]byte(tt.value)); err != nil {
				t.Fatal(err)
			}
			v := tt.shape.Compile(ForRequest, Refusals{}).CheckTape(tape, Refusals{}, nil)
			if v == nil {
				t.Fatal("accepted")
			}
			if tape.Release(); v.Reason.String() != tt.want { // what was found outlives the tape
				t.Errorf("got %q, want %q", v.Reason.String(), tt.want)
			}
		})
	}
}

// TestReasonsOfText does the same for parameters.
func TestReasonsOfText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, typ, text, want string }{
		{"NoInteger", "integer", "1x", `is "1x", want a whole number`},
		{"Beyond", "integer", "9223372036854775808", "is 9223372036854775808, which no 64-bit integer can be"},
		{"NoBoolean", "boolean", "1", `is "1", want true or false`},
		{"NoUTF8", "string", "\xff", "is not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, v := (&Shape{Type: tt.typ}).Compile(ForRequest, Refusals{}).CheckText("p", tt.text, Refusals{})
			if v == nil || v.Reason.String() != tt.want || v.Error() != "p: "+tt.want {
				t.Errorf("got %v, want %s", v, tt.want)
			}
		})
	}
	if got := Because("100 %t").String(); got != "100 %t" { //nolint:govet // a text with a sign of percent
		t.Errorf("got %q", got)
	}
}

// TestDecimals holds numbers against those that strconv writes.
func TestDecimals(t *testing.T) {
	t.Parallel()
	for _, n := range []float64{0, math.Copysign(0, -1), 1, -1, 50, 100, -7.5, 0.1, 1e14, 999_999_999_999_999, -999_999_999_999_999, 1e-9} {
		if got, want := string(appendDecimal(nil, n)), strconv.FormatFloat(n, 'f', -1, 64); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for n, want := range map[float64]string{1e15: "1e+15", -2e300: "-2e+300"} {
		if got := string(appendDecimal(nil, n)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
