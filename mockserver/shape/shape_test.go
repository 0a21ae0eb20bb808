package shape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
)

// person has a field of every kind that records have.
type person struct {
	ID      string         `json:"id"`
	Name    string         `json:"name,omitempty"`
	Born    day            `json:"born,omitempty"`
	Seen    *time.Time     `json:"seen,omitempty"`
	Age     int8           `json:"age"`
	Money   uint64         `json:"money,omitempty"`
	Left    bool           `json:"left,omitempty"`
	Roles   []string       `json:"roles,omitempty"`
	Boss    *person        `json:"boss,omitempty"`
	Places  []place        `json:"places,omitempty"`
	Above   []*place       `json:"above,omitempty"`
	Words   map[string]int `json:"words,omitempty"`
	Any     any            `json:"any,omitempty"`
	Share   float64        `json:"share,omitempty"`
	Raw     []byte         `json:"raw,omitempty"`
	Verbose json.RawMessage
	hidden  string //nolint:unused // encoding/json does not see it either
	Not     string `json:"-"`
}

type place struct {
	X     int     `json:"x"`
	Below []place `json:"below,omitempty"`
}

// day is a date as a number.
type day int

func (d *day) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.DateOnly, string(text))
	*d = day(at.YearDay())
	return err
}

// strict is what encoding/json makes of it.
func strict(in []byte) (*person, error) {
	var p person
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF { //nolint:errorlint // as it is
		return nil, fmt.Errorf("more: %w", err)
	}
	return &p, nil
}

// texts that are read, and texts that are left to encoding/json.
var (
	readTexts = []string{
		`{}`, ` { } `, `{"id":"a"}`, `{"id":"","age":0}`, `{"name":"王 \"x\" \u00e9","id":"b"}`, "{\n\t\"id\" : \"a\" ,\r\n\"age\":-7}",
		`{"born":"2024-02-29","seen":"2026-01-15T08:00:00Z"}`, `{"age":127,"money":18446744073709551615,"left":true}`, `{"left":false,"age":-0}`,
		`{"id":"` + "\xff" + `"}`, `{"roles":[],"places":[],"above":[null,{"x":1}]}`, `{"roles":["a","b","a"]}`, `{"places":[{"x":1,"below":[{"x":2},{"x":3}]},{}]}`,
		`{"boss":{"id":"c","boss":{"id":"d"}},"words":{"a":1},"any":[1,{"b":"]}\""}],"share":1.5e3,"raw":"YWJj","Verbose":{ "a": 1 }}`,
		`{"id":null,"born":null,"seen":null,"age":null,"left":null,"roles":null,"boss":null,"places":null,"words":null,"any":null,"Verbose":null}`,
	}
	leftTexts = []string{
		``, `null x`, `[]`, `{"id":1}`, `{"ID":"a"}`, `{"unknown":1}`, `{"id":"a","id":"b"}`, `{"id":"a"} {}`, `{"id":"a"`, `{"id":"a",}`, `{,}`,
		`{"id" "a"}`, `{"id":"a` + "\x01" + `"}`, `{"age":1.0}`, `{"age":128}`, `{"age":01}`, `{"age":-}`, `{"age":+1}`, `{"age":"1"}`,
		`{"left":1}`, `{"left":truex}`, `{"roles":["a"`, `{"roles":[1]}`, `{"roles":["a",]}`, `{"places":{}}`, `{"born":"yesterday"}`, `{"born":1}`, `{"boss":[]}`,
		`{"words":{"a":"b"}}`, `{"any":[1}}`, `{"Not":"a"}`, `{"hidden":"a"}`, `{"money":-1}`, `{"seen":1}`, `{"id":"\x"}`, `{"any":}`, `{"any":1 2}`, `nul`,
	}
)

func TestReadAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	s, r := Of[person](), &Reader{}
	for _, in := range readTexts {
		var got person
		want, err := strict([]byte(in))
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if !r.Read(s, []byte(in), &got) {
			t.Errorf("%s: was not read", in)
		} else if !reflect.DeepEqual(&got, want) {
			t.Errorf("%s: got %+v, want %+v", in, got, *want)
		}
	}
}

func TestLeaveTheRest(t *testing.T) {
	t.Parallel()
	s, r := Of[person](), &Reader{}
	for _, in := range append(leftTexts, strings.Repeat(`{"boss":`, deepest+1)+`{}`+strings.Repeat(`}`, deepest+1)) {
		if r.Read(s, []byte(in), &person{}) {
			t.Errorf("%.80s: was read", in)
		}
	}
}

// TestForeignTypes are types of which encoding/json reads more than names and values.
// TestFieldsReader holds objects that are read of their values against the same that are read as a whole.
func TestFieldsReader(t *testing.T) {
	t.Parallel()
	names := []string{"share", "name", "age", "id", "born", "roles", "left", "boss"}
	fields := Of[person]().Fields(names)
	for _, tt := range []struct {
		name   string
		values []string
		read   bool
	}{
		{"OKAll", []string{"1.5", `"王五"`, "-7", `"a"`, `"2024-02-29"`, `["a","b"]`, "true", `{"id":"c"}`}, true},
		{"OKFew", []string{"", "", "12", "", "", "", "", ""}, true},
		{"OKNone", make([]string, 8), true},
		{"OKNumbersSideBySide", []string{"1", "", "2", `"3"`, "", "", "", ""}, true},
		{"OKNull", []string{"null", "null", "null", "null", "null", "null", "null", "null"}, true},
		{"OKEscapes", []string{"", `"a\"\u00e9b"`, "", `"\\"`, "", "", "", ""}, true},
		{"ErrEndsInside", []string{"", `"a`, "", `b"`, "", "", "", ""}, false},
		{"ErrMore", []string{"", `"a""b"`, "", "", "", "", "", ""}, false},
		{"ErrSpaceBehind", []string{"", "", "1 ", "", "", "", "", ""}, false},
		{"ErrOtherType", []string{"", "7", "", "", "", "", "", ""}, false},
		{"ErrRange", []string{"", "", "128", "", "", "", "", ""}, false},
		{"ErrUnknownWithin", []string{"", "", "", "", "", "", "", `{"unknown":1}`}, false},
	} {
		t.Run(tt.name, func(t *testing.T) { //nolint:paralleltest // one reader reads all
			var values []byte
			var ends []int
			var whole []string
			for i, v := range tt.values {
				values = append(values, v...)
				ends = append(ends, len(values))
				if v != "" {
					whole = append(whole, fmt.Sprintf("%q:%s", names[i], v))
				}
			}
			var got person
			if read := fields.Read(values, ends, &got); read != tt.read {
				t.Fatalf("read %v, want %v", read, tt.read)
			}
			if !tt.read {
				return
			}
			want, err := strict([]byte("{" + strings.Join(whole, ",") + "}"))
			if err != nil || !reflect.DeepEqual(&got, want) {
				t.Errorf("got %+v, want %+v, %v", &got, want, err)
			}
		})
	}
	for _, names := range [][]string{nil, {"id", "unknown"}, {"ID"}} {
		if Of[person]().Fields(names) != nil {
			t.Errorf("there are fields %q", names)
		}
	}
	if Of[map[string]int]().Fields([]string{"a"}) != nil {
		t.Error("a map has fields")
	}
}

// TestTextsOfAnyLength reads texts whose end, escape, control character or letter of several bytes is anywhere.
func TestTextsOfAnyLength(t *testing.T) {
	t.Parallel()
	s, fields := Of[[]string](), Of[person]().Fields([]string{"id"})
	var r Reader
	for n := range 30 {
		for _, odd := range []string{"", "王", `\"`, `\u00e9`, "\x01", "\x1f", " ", "!", "#", "[", "]", "\x7f", "\xff", "\xc3", `"`} {
			for at := range n + 1 {
				in := []byte(`["` + strings.Repeat("a", at) + odd + strings.Repeat("z", n-at) + `","behind it"]`)
				var got, want []string
				err := json.Unmarshal(in, &want)
				if read := r.Read(s, in, &got); read && (err != nil || !reflect.DeepEqual(got, want)) || !read && err == nil && odd != "\xff" && odd != "\xc3" {
					t.Fatalf("%s: read %v %q, encoding/json %q %v", in, read, got, want, err)
				}
				in = in[1 : len(in)-len(`,"behind it"]`)]
				var one person
				if read := fields.Read(in, []int{len(in)}, &one); read != (err == nil && odd != `"`) || read && one.ID != want[0] {
					t.Fatalf("%s: a field read %v %q, encoding/json %q %v", in, read, one.ID, want, err)
				}
			}
		}
	}
}

func TestForeignTypes(t *testing.T) {
	t.Parallel()
	type embeds struct {
		place
		Y int
	}
	type quotes struct {
		N int `json:",string"`
	}
	doubled := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"B"`}, {Name: "B", Type: reflect.TypeFor[int]()}})
	r := &Reader{}
	var e embeds
	if !r.Read(Of[embeds](), []byte(`{"x":1,"Y":2}`), &e) || e.X != 1 || e.Y != 2 {
		t.Errorf("embedded: got %+v", e)
	}
	var q quotes
	if !r.Read(Of[quotes](), []byte(`{"N":"7"}`), &q) || q.N != 7 {
		t.Errorf("quoted: got %+v", q)
	}
	if got := kindOfPlan(doubled); got != foreign {
		t.Errorf("two fields of one name: got kind %d, want foreign", got)
	}
}

func kindOfPlan(t reflect.Type) kind { return planOf(t, map[reflect.Type]*plan{}).kind }

// TestTextsAreTheReadersOwn: nothing refers to what was read, and a text stays as it is when others are read.
func TestTextsAreTheReadersOwn(t *testing.T) {
	t.Parallel()
	s, r := Of[person](), &Reader{}
	var all []person
	var buf []byte
	const n = 3000
	for i := range n {
		buf = fmt.Appendf(buf[:0], `{"id":"person-%d","name":"%s","roles":["role-%d"]}`, i, strings.Repeat("x", i), i%7)
		var p person
		if !r.Read(s, buf, &p) {
			t.Fatalf("%s: was not read", buf)
		}
		all = append(all, p)
	}
	for i, p := range all {
		if p.ID != fmt.Sprintf("person-%d", i) || p.Name != strings.Repeat("x", i) || p.Roles[0] != fmt.Sprintf("role-%d", i%7) {
			t.Fatalf("person %d became %q, %.20q, %q", i, p.ID, p.Name, p.Roles)
		}
	}
}

// FuzzRead: what is read has the meaning that encoding/json gives it.
func FuzzRead(f *testing.F) {
	for _, in := range append(readTexts, leftTexts...) {
		f.Add([]byte(in))
	}
	s, r := Of[person](), &Reader{}
	f.Fuzz(func(t *testing.T, in []byte) {
		var got person
		if !r.Read(s, in, &got) {
			return
		}
		want, err := strict(in)
		if err != nil {
			t.Fatalf("%q was read, and encoding/json says: %v", in, err)
		}
		if !reflect.DeepEqual(&got, want) {
			t.Fatalf("%q: got %+v, want %+v", in, got, *want)
		}
	})
}

// approver is about what a world holds most of.
type approver struct {
	ID        string `json:"id"`
	Workspace string `json:"workspace"`
	Name      string `json:"approver_name"`
	UserID    string `json:"user_id"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone_number,omitempty"`
	App       string `json:"app_name"`
	Creator   string `json:"creator"`
	NoEmail   bool   `json:"no_email_notify,omitempty"`
	NoSMS     bool   `json:"no_sms_notify,omitempty"`
}

func BenchmarkRecord(b *testing.B) {
	all := approverTexts()
	b.Run("Shape", func(b *testing.B) {
		s, r := Of[approver](), &Reader{}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if !r.Read(s, all[i%len(all)], new(approver)) {
				b.Fatal("was not read")
			}
		}
	})
	b.Run("Fields", func(b *testing.B) {
		values, ends := approverValues()
		r := Of[approver]().Fields([]string{"id", "workspace", "approver_name", "user_id", "email", "phone_number", "app_name", "creator", "no_sms_notify"})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if !r.Read(values[i%len(values)], ends[i%len(ends)], new(approver)) {
				b.Fatal("was not read")
			}
		}
	})
	b.Run("EncodingJSON", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			dec := json.NewDecoder(bytes.NewReader(all[i%len(all)]))
			dec.DisallowUnknownFields()
			if err := dec.Decode(new(approver)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Packed", func(b *testing.B) {
		s, r := Of[approver](), &Reader{}
		var k Packer
		var packed []byte
		for _, text := range all[:] {
			var a approver
			if !r.Read(s, text, &a) {
				b.Fatal("was not read")
			}
			var err error
			if packed, err = k.Append(packed, s, &a); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportAllocs()
		var u Unpacker
		for b.Loop() {
			if len(u.in) == 0 {
				u.Begin(packed)
			}
			if err := u.Next(s, new(approver)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Pack", func(b *testing.B) {
		s := Of[approver]()
		a := &approver{ID: "1000000000", Workspace: "workspace", Name: "liu", UserID: "ffffffffffffffffffffffffffffffff", NoSMS: true}
		var k Packer
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = k.Append(buf[:0], s, a)
		}
	})
}
