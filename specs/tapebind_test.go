package specs

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type boundInner struct {
	X string `json:"x"`
	Y bool   `json:"y"`
}

type boundOdd struct {
	boundInner
	Own string
}

type boundAll struct {
	Text  string         `json:"text"`
	Flag  bool           `json:"flag,omitempty"`
	TextP *string        `json:"text_p"`
	FlagP *bool          `json:"flag_p"`
	In    boundInner     `json:"in"`
	InP   *boundInner    `json:"in_p"`
	Int   int            `json:"int"`
	IntP  *int8          `json:"int_p"`
	List  []string       `json:"list"`
	Map   map[string]any `json:"map"`
	Any   any            `json:"any"`
	Time  time.Time      `json:"time"`
	TimeP *time.Time     `json:"time_p"`
	Raw   json.Number    `json:"raw"`
	Odd   boundOdd       `json:"odd"`
	Next  *boundAll      `json:"next"`
}

// TestBind holds Bind to json.Unmarshal.
func TestBind(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `null`, `{"text":"é\n","flag":true,"text_p":"p","flag_p":false,"in":{"x":"1","y":true},"in_p":{"x":"2"}}`,
		`{"text":null,"flag":null,"text_p":null,"flag_p":null,"in":null,"in_p":null,"list":null,"any":null,"time":null,"time_p":null}`,
		`{"int":-5,"int_p":7,"list":["a","b"],"map":{"k":[1,{"z":null}]},"any":1.5,"raw":1e3}`,
		`{"time":"2026-01-15T08:00:00Z","time_p":"2026-01-15T08:00:00+08:00"}`,
		`{"odd":{"x":"promoted","Own":"o"},"next":{"next":{"text":"deep"}}}`,
		`{"unknown":1,"text":"a"}`, `{"next":{"in":{"y":true,"x":"swapped"}},"flag":true,"text":"late"}`,
		`{"text":1}`, `{"flag":"x"}`, `{"text_p":1}`, `{"in":"x"}`, `{"in_p":[]}`, `{"int":1.5}`, `{"int_p":300}`, `{"time_p":"x"}`, `[]`, `"x"`,
		`{"text":"` + strings.Repeat("x", 2*mostShared) + `","text_p":"` + strings.Repeat("y", mostShared) + `"}`,
	} {
		was := "was there"
		got, want := boundAll{Text: "default", TextP: &was}, boundAll{Text: "default", TextP: &was}
		var tape Tape
		if err := tape.Read([]byte(text)); err != nil {
			t.Fatal(err)
		}
		err, wantErr := tape.Bind(&got), json.Unmarshal([]byte(text), &want)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%.80s: got error %v, want %v", text, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%.80s: got %+v, want %+v", text, got, want)
		}
	}
}

// TestBindTakesWhatWasChecked and nothing else: names in the case of the tags, of each the last, none that was pruned.
func TestBindTakesWhatWasChecked(t *testing.T) {
	t.Parallel()
	text := []byte(`{"TEXT":"wrong case","in":{"x":"first","y":true},"in":{"x":"second"},"text_p":"pruned"}`)
	schema, err := Compile(schemaOf(t, "type: object\nproperties: {text: {type: string}, in: {type: object}}"), ForRequest, Refusals{})
	if err != nil {
		t.Fatal(err)
	}
	var tape Tape
	if err := tape.Read(text); err != nil {
		t.Fatal(err)
	}
	schema.Prune(&tape)
	var got boundAll
	if err := tape.Bind(&got); err != nil {
		t.Fatal(err)
	}
	clear(text) // and nothing of it is of the text
	if want := (boundAll{In: boundInner{X: "second"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBindWantsAPointer(t *testing.T) {
	t.Parallel()
	var tape Tape
	if err := tape.Read([]byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{nil, boundInner{}, (*boundInner)(nil)} {
		if err := tape.Bind(v); err == nil {
			t.Errorf("%T: bound", v)
		}
	}
}

// FuzzBind holds Bind to json.Unmarshal of the same value, of each name the last, as long as no name is spelt as no tag is.
func FuzzBind(f *testing.F) {
	for _, text := range append([]string{`{"text":"a","in":{"x":"b","y":true},"in":{"x":"c"},"next":{"flag_p":null,"list":["d"]}}`}, jsonTexts...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var tape Tape
		if tape.Read([]byte(text)) != nil || strings.ToLower(text) != text {
			return
		}
		var got, want boundAll
		err, wantErr := tape.Bind(&got), json.Unmarshal(tape.AppendJSON(nil), &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: got error %v, want %v", text, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	})
}
