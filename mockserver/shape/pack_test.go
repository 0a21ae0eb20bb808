package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
)

func TestPack(t *testing.T) {
	t.Parallel()
	s := Of[person]()
	var k Packer
	var buf []byte
	var want []*person
	for _, in := range append(readTexts, readTexts...) { // the second time most texts are common
		p, err := strict([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if buf, err = k.Append(buf, s, p); err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		want = append(want, written(t, p))
	}
	var u Unpacker
	u.Begin(buf)
	for i, w := range want {
		var got person
		if err := u.Next(s, &got); err != nil || !reflect.DeepEqual(&got, w) {
			t.Errorf("record %d: got %+v, error %v, want %+v", i, got, err, *w)
		}
	}
	if err := u.End(); err != nil {
		t.Error(err)
	}
}

func TestPackedIsSmall(t *testing.T) {
	t.Parallel()
	s, r := Of[approver](), &Reader{}
	var k Packer
	var long, packed int
	all := approverTexts()
	for _, text := range all[:] {
		var a approver
		if !r.Read(s, text, &a) {
			t.Fatalf("%s was not read", text)
		}
		buf, err := k.Append(nil, s, &a)
		if err != nil {
			t.Fatal(err)
		}
		long, packed = long+len(text), packed+len(buf)
	}
	if packed*2 > long {
		t.Errorf("%d bytes of JSON are packed in %d", long, packed)
	}
}

func TestPackDeep(t *testing.T) {
	t.Parallel()
	var p *person
	for range deepest + 1 {
		p = &person{Boss: p}
	}
	if _, err := new(Packer).Append(nil, Of[person](), p); !errors.Is(err, errDeep) {
		t.Errorf("got %v", err)
	}
	var k Packer
	if buf, err := k.Append(nil, Of[person](), p.Boss); err != nil {
		t.Error(err)
	} else {
		var u Unpacker
		u.Begin(buf)
		if err := u.Next(Of[person](), new(person)); err != nil || u.End() != nil {
			t.Errorf("what was packed is not unpacked: %v", err)
		}
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	if got, want := Of[place]().Layout(), "{x int, below list of itself}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	const want = "{id text, name text, born int, seen json, age int, money uint, left bool, roles texts, boss perhaps itself, " +
		"places list of {x int, below list of itself}, above list of perhaps {x int, below list of itself}, words json, any json, share json, raw json, Verbose json}"
	if got := Of[person]().Layout(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// written is a person whose JSON is as encoding/json writes it.
func written(t *testing.T, p *person) *person {
	t.Helper()
	for at := p; at != nil; at = at.Boss {
		if at.Verbose != nil {
			raw, err := json.Marshal(at.Verbose)
			if err != nil {
				t.Fatal(err)
			}
			at.Verbose = raw
		}
	}
	return p
}

// FuzzPack: what encoding/json reads is packed and unpacked as it was.
func FuzzPack(f *testing.F) {
	for _, in := range readTexts {
		f.Add([]byte(in))
	}
	s := Of[person]()
	f.Fuzz(func(t *testing.T, in []byte) {
		want, err := strict(in)
		if err != nil {
			return
		}
		buf, err := new(Packer).Append(nil, s, want)
		if errors.Is(err, errDeep) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		var u Unpacker
		var got person
		u.Begin(buf)
		if err := errors.Join(u.Next(s, &got), u.End()); err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if want = written(t, want); !reflect.DeepEqual(&got, want) {
			t.Fatalf("%q: got %+v, want %+v", in, got, *want)
		}
	})
}

// FuzzUnpack: of any bytes there is a record or an error.
func FuzzUnpack(f *testing.F) {
	s := Of[person]()
	for _, in := range readTexts {
		p, err := strict([]byte(in))
		if err != nil {
			f.Fatal(err)
		}
		buf, err := new(Packer).Append(nil, s, p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(buf)
		f.Add(buf[:len(buf)/2])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var u Unpacker
		u.Begin(in)
		for i := 0; i < 10; i++ {
			if err := u.Next(s, new(person)); err != nil {
				if !errors.Is(err, ErrPacked) || u.End() == nil {
					t.Fatalf("error %v, and no error at the end", err)
				}
				return
			}
		}
	})
}

func approverTexts() (all [1000][]byte) {
	for i := range all {
		all[i] = fmt.Appendf(nil, `{"id":"%d","workspace":"workspace-cn-north-7","approver_name":"liu_%d","user_id":"%032x","email":"%d@hq.example",`+
			`"phone_number":"133%d","app_name":"master_data","creator":"caller","no_sms_notify":true}`, 1000000000+i, i, i*7919, i, 16158410+i)
	}
	return all
}

// approverValues are the values of those, each behind the one before.
func approverValues() (values [][]byte, ends [][]int) {
	for _, text := range approverTexts() {
		fields := bytes.Split(bytes.Trim(text, "{}"), []byte(","))
		var all []byte
		var each []int
		for _, f := range fields {
			_, value, _ := bytes.Cut(f, []byte(":"))
			all = append(all, value...)
			each = append(each, len(all))
		}
		values, ends = append(values, all), append(ends, each)
	}
	return values, ends
}
