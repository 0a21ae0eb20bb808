package specs

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowly reads a JSON text as encoding/json does: one value and nothing behind it.
func slowly(text string) (v any, err error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, ErrBehind
	}
	return v, nil
}

// value decodes a node as encoding/json would.
func (t *Tape) value(i uint32) any {
	switch n := t.nodes[i]; n.kind {
	case isNull:
		return nil
	case isFalse, isTrue:
		return n.kind == isTrue
	case isNumber:
		return json.Number(t.bytes(i))
	case isString:
		return string(t.bytes(i))
	case isList:
		list := []any{}
		for k := i + 1; k < n.next; k = t.nodes[k].next {
			list = append(list, t.value(k))
		}
		return list
	default:
		obj := map[string]any{}
		for k := i + 1; k < n.next; k = t.nodes[k+1].next {
			obj[string(t.bytes(k))] = t.value(k + 1)
		}
		return obj
	}
}

var jsonTexts = []string{
	"", " ", "null", "true", "false", "nul", "truex", "nullnull", "tru", `"`, `""`, `"a"`, `"a" "b"`, "\t\r\n 1 \n", "\v1", "1\x00", "\x00",
	"0", "-0", "-", "+1", "01", "-01", "1.", ".5", "1.5", "1e5", "1E+5", "1e-5", "1e", "1e+", "1.5e400", "123456789012345678901234567890", "0x1", "Inf", "NaN",
	"[]", "[ ]", "[1]", "[1,]", "[,1]", "[1,2 , 3]", "[1 2]", "[", "]", "[[]]", "[1}", "{", "}", "{}", "{ }", `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a" 1}`,
	`{a:1}`, `{'a':1}`, `{"a":1 "b":2}`, `{"a":{"b":[{"c":null}]}}`, `{"a":1,"a":{"b":2}}`, `{"":0}`, `{"a":1}{}`, `{"a":1}]`, `[{"a":1},{"a":2}]`,
	`"\"\\\/\b\f\n\r\t"`, `"\u0041"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`, `"\ud83d\n"`, `"\ud83d\u12"`,
	`"\u12"`, `"\u12g4"`, `"\uABCD\uabcd"`, `"\x41"`, `"\`, `"\u`, `"a\`, "\"\x01\"", "\"\x7f\"", "\"a\nb\"", `"é审😀"`, "\"\xff\"", "\"a\xff\\n\xc3\"", "\"\xed\xa0\x80\"", "\"é\\u0041\xe5\"",
	`{"\u0061":1,"a":2}`, `{"` + "\xff" + `":1}`, "\ufeff1", "1 // x", "/**/1", "\u00a01",
}

// TestTapeReadsAsEncodingJSON holds the tape to the same verdict, the same values and the same words.
func TestTapeReadsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range append(jsonTexts, strings.Repeat("[", deepest)+strings.Repeat("]", deepest), strings.Repeat("[", deepest+1)+strings.Repeat("]", deepest+1),
		strings.Repeat(`{"a":`, deepest)+"1"+strings.Repeat("}", deepest), strings.Repeat(`{"a":`, deepest+1)+"1"+strings.Repeat("}", deepest+1)) {
		sameAsEncodingJSON(t, text)
	}
}

func sameAsEncodingJSON(t *testing.T, text string) {
	t.Helper()
	tape := NewTape()
	defer tape.Release()
	err := tape.Read([]byte(text))
	want, wantErr := slowly(text)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%.80q: got error %v, encoding/json says %v", text, err, wantErr)
	}
	if err != nil {
		if !tape.Empty() {
			t.Errorf("%.80q: there is something on the tape", text)
		}
		if !strings.Contains(err.Error(), wantErr.Error()) {
			t.Errorf("%.80q: got error %v, want %v in it", text, err, wantErr)
		}
		return
	}
	if got := tape.value(0); !reflect.DeepEqual(got, want) {
		t.Errorf("%.80q: got %v, want %v", text, got, want)
	}
	if tape.IsUTF8() != utf8.ValidString(text) {
		t.Errorf("%.80q: got UTF-8 %v", text, tape.IsUTF8())
	}
	tapeIsWhole(t, tape, text)
	again := new(Tape)
	again.put(want)
	for name, written := range map[string][]byte{"read": tape.AppendJSON(nil), "put": again.AppendJSON(nil)} {
		if back, err := slowly(string(written)); err != nil || !reflect.DeepEqual(back, want) {
			t.Errorf("%.80q: %s, it is written as %.80q (%v)", text, name, written, err)
		}
	}
}

// tapeIsWhole checks what the checks lean on: each string knows whether it is ASCII, each list how much is in it.
func tapeIsWhole(t *testing.T, tape *Tape, text string) {
	t.Helper()
	for i, n := range tape.nodes {
		i := uint32(i) //nolint:gosec // small
		count := uint32(0)
		switch n.kind {
		case isString:
			if got, want := tape.length(i), utf8.RuneCount(tape.bytes(i)); got != want {
				t.Errorf("%.80q: node %d has length %d, want %d", text, i, got, want)
			}
		case isList:
			for k := i + 1; k < n.next; k = tape.nodes[k].next {
				count++
			}
		case isObject:
			for k := i + 1; k < n.next; k = tape.nodes[k+1].next {
				count++
			}
		}
		if count != n.count {
			t.Errorf("%.80q: node %d counts %d, want %d", text, i, n.count, count)
		}
	}
}

func FuzzTape(f *testing.F) {
	for _, text := range jsonTexts {
		f.Add(text)
	}
	f.Fuzz(sameAsEncodingJSON)
}

// TestGoodValuesDoNotAllocate once the tape has grown: neither reading nor checking them.
func TestGoodValuesDoNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun
	text := []byte(`{"zip":"12345","name":"n\u00e9","age":7,"tags":["a","b"],"note":null,"inner":{"x":true},"any":[1,{}],"map":{}}`)
	schema, err := Compile(schemaOf(t, personSchema), ForRequest, Refusals{})
	if err != nil {
		t.Fatal(err)
	}
	var tape Tape
	if allocs := testing.AllocsPerRun(100, func() {
		if err := tape.Read(text); err != nil {
			t.Fatal(err)
		}
		if v := schema.CheckTape(&tape, Refusals{}, func(string) { t.Error("unknown") }); v != nil {
			t.Fatal(v)
		}
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	schema, err := Compile(schemaOf(t, "type: object\nproperties:\n  n: {type: integer}\n  f: {type: number}\n  b: {type: boolean}\n  s: {type: string}"), ForRequest, Refusals{})
	if err != nil {
		t.Fatal(err)
	}
	type pair struct{ Name, Value string }
	for _, tt := range []struct {
		pairs []pair
		want  string
	}{
		{nil, `{}`},
		{[]pair{{"n", "1"}, {"f", "-1.5e3"}, {"b", "true"}, {"s", "1"}}, `{"b":true,"f":-1.5e3,"n":1,"s":"1"}`},
		{[]pair{{"n", "x"}, {"f", ""}, {"b", "TRUE"}, {"s", "é\""}}, `{"b":"TRUE","f":"","n":"x","s":"é\""}`},
		{[]pair{{"s", "first"}, {"s", "second"}, {"other", "1"}}, `{"other":"1","s":"first"}`},
	} {
		var tape Tape
		ReadForm(&tape, tt.pairs, schema)
		if got := tape.AppendJSON(nil); string(got) != tt.want {
			t.Errorf("%v: got %s, want %s", tt.pairs, got, tt.want)
		}
	}
}
