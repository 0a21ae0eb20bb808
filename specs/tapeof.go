package specs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// put puts decoded JSON on the tape, in the place of what was there.
func (t *Tape) put(v any) {
	t.rewind()
	t.putValue(v)
}

func (t *Tape) putValue(v any) {
	switch v := v.(type) {
	case nil:
		t.add(node{kind: isNull})
	case bool:
		t.putBool(v)
	case string:
		t.putString(v)
	case json.Number:
		t.putNumber(string(v))
	case []any:
		at := t.add(node{kind: isList})
		for _, item := range v {
			t.putValue(item)
		}
		t.close(at, uint32(len(v))) //nolint:gosec // decoded from a text
	case map[string]any:
		at := t.add(node{kind: isObject})
		for _, name := range sortedKeys(v) {
			t.putString(name)
			t.putValue(v[name])
		}
		t.close(at, uint32(len(v))) //nolint:gosec // decoded from a text
	default:
		t.putNumber(fmt.Sprint(v)) // Go's own numbers
	}
}

func (t *Tape) putBool(b bool) {
	if b {
		t.add(node{kind: isTrue})
	} else {
		t.add(node{kind: isFalse})
	}
}

func (t *Tape) putString(text string) {
	start, end := t.keep(text)
	ascii := isASCII(text)
	t.mangled = t.mangled || !ascii && !utf8.ValidString(text)
	t.add(node{kind: isString, inSpare: true, ascii: ascii, start: start, end: end})
}

func isASCII(text string) bool {
	var bits byte
	for i := range len(text) {
		bits |= text[i]
	}
	return bits < utf8.RuneSelf
}

func (t *Tape) putNumber(text string) {
	start, end := t.keep(text)
	t.add(node{kind: isNumber, inSpare: true, start: start, end: end})
}

// keep copies a text to where the tape's own strings are.
func (t *Tape) keep(text string) (start, end uint32) {
	start = uint32(len(t.spare)) //nolint:gosec // decoded from a text
	t.spare = append(t.spare, text...)
	return start, uint32(len(t.spare)) //nolint:gosec // decoded from a text
}

// ReadForm puts the object on a tape that the pairs of a form are by its schema: numbers and booleans become such where
// they can. Of two pairs of one name the first counts.
func ReadForm[P ~struct{ Name, Value string }](t *Tape, pairs []P, s *Schema) {
	t.rewind()
	at := t.add(node{kind: isObject})
	for _, p := range slices.Backward(pairs) { // for of an object's properties it is the last
		pair := struct{ Name, Value string }(p)
		t.putString(pair.Name)
		t.putField(pair.Value, s.PropertyType(pair.Name))
	}
	t.close(at, uint32(len(pairs))) //nolint:gosec // decoded from a text
}

func (t *Tape) putField(value, typ string) {
	switch typ {
	case "integer", "number":
		if _, err := strconv.ParseFloat(value, 64); err == nil {
			t.putNumber(value)
			return
		}
	case "boolean":
		if value == "true" || value == "false" {
			t.putBool(value == "true")
			return
		}
	}
	t.putString(value)
}
