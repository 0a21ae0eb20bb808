package mockserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// walked is the items of {"name": [item, ...]} as the stream finds them.
func walked(s *jsonStream) (map[string][]string, error) {
	all := map[string][]string{}
	err := s.fields(func(name string) error {
		all[name] = nil
		return s.each(func() error {
			raw, err := s.value()
			if err == nil && !json.Valid(raw) {
				err = fmt.Errorf("%q is not JSON", raw)
			}
			all[name] = append(all[name], string(raw))
			return err
		})
	})
	if err == nil {
		err = s.end()
	}
	return all, err
}

func TestJSONStream(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want, says string }{
		{`{}`, `map[]`, ""},
		{` { "a" : [ ] , "b":[1 , -2.5e3,"x\"]}",{"c":[{"d":"\\"}]} , null,true] }` + "\n", `map[a:[] b:[1 -2.5e3 "x\"]}" {"c":[{"d":"\\"}]} null true]]`, ""},
		{`{"\u0061":null}`, `map[a:[]]`, ""},
		{`{"a":["` + strings.Repeat(`\\`, 9) + `"]}`, `map[a:["` + strings.Repeat(`\\`, 9) + `"]]`, ""},
		{``, "", "cut short"},
		{`{"a":[1,2`, "", "cut short"},
		{`{"a":["x`, "", "cut short"},
		{`{"a":["\`, "", "cut short"},
		{`{"a":[1 2]}`, "", "is wanted"},
		{`{"a":[1,]}`, "", "is not JSON"},
		{`{"a":[1]`, "", "cut short"},
		{`{"a":[1]}]`, "", "behind the document"},
		{`{"a":nil}`, "", "a list is wanted"},
		{`{"a":{}}`, "", "is wanted"},
		{`{a:[]}`, "", "invalid character"},
		{`{"a"[]}`, "", "is wanted"},
		{`[]`, "", "is wanted"},
		{`{"a":[[1}]}`, "", "is not JSON"},
	} {
		for how, s := range map[string]*jsonStream{"text": {buf: []byte(tt.in)}, "bytes": {from: iotest.OneByteReader(strings.NewReader(tt.in))},
			"error": {from: iotest.DataErrReader(strings.NewReader(tt.in))}} {
			got, err := walked(s)
			if tt.says == "" && (err != nil || fmt.Sprint(got) != tt.want) || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("%s by %s: got %v, error %v; want %s%s", tt.in, how, got, err, tt.want, tt.says)
			}
		}
	}
	broken := errors.New("broken")
	if _, err := walked(&jsonStream{from: io.MultiReader(strings.NewReader(`{"a":[1,`), iotest.ErrReader(broken))}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

// FuzzJSONStream: whatever encoding/json reads as lists of values by name, the stream finds the same, whole or in pieces.
func FuzzJSONStream(f *testing.F) {
	f.Add([]byte(`{"a": [1, "x\\\"", {"b": [null, "\u0041"]}], "c": null}`), uint8(3))
	f.Add([]byte(`{"a": [" ", [[]], {}], "": []} `), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, piece uint8) {
		var want map[string][]json.RawMessage
		valid := json.Unmarshal(in, &want) == nil && want != nil
		got, err := walked(&jsonStream{from: pieces{bytes.NewReader(in), int(piece)%7 + 1}})
		if whole, err2 := walked(&jsonStream{buf: slices.Clone(in)}); (err == nil) != (err2 == nil) || err == nil && fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Fatalf("%q: in pieces %v (%v), whole %v (%v)", in, got, err, whole, err2)
		}
		if !valid {
			if err == nil {
				t.Fatalf("%q is refused by encoding/json, and the stream finds %v", in, got)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		for name, list := range want {
			if len(list) != len(got[name]) {
				t.Fatalf("%q: %s has %q, want %q", in, name, got[name], list)
			}
			for i := range list {
				if string(list[i]) != got[name][i] {
					t.Fatalf("%q: %s[%d] is %q, want %q", in, name, i, got[name][i], list[i])
				}
			}
		}
	})
}

// pieces reads few bytes at a time.
type pieces struct {
	from io.Reader
	n    int
}

func (p pieces) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), p.n)]) }
