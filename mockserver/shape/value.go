package shape

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
)

// value reads one value. Of null it makes what is there already: nothing.
func (r *Reader) value(p *plan, v reflect.Value) bool {
	r.space()
	if p.kind != foreign && r.word("null") {
		return true
	}
	switch p.kind {
	case text:
		b, ok := r.quotedOrEscaped()
		if ok {
			v.SetString(r.text(b))
		}
		return ok
	case boolean:
		return r.boolean(v)
	case signed:
		n, err := strconv.ParseInt(string(r.digits()), 10, p.of.Bits())
		v.SetInt(n)
		return err == nil
	case unsigned:
		n, err := strconv.ParseUint(string(r.digits()), 10, p.of.Bits())
		v.SetUint(n)
		return err == nil
	case unmarshalsText:
		b, ok := r.quotedOrEscaped()
		return ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(b) == nil
	case pointer:
		v.Set(reflect.New(p.item.of))
		return r.value(p.item, v.Elem())
	}
	return r.compound(p, v)
}

func (r *Reader) compound(p *plan, v reflect.Value) bool {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > deepest {
		return false
	}
	switch p.kind {
	case structure:
		return r.structure(p, v)
	case texts:
		return r.texts(v)
	case list:
		return r.list(p, v)
	}
	return r.foreign(v)
}

func (r *Reader) boolean(v reflect.Value) bool {
	if r.word("true") {
		v.SetBool(true)
		return true
	}
	return r.word("false")
}

// digits returns a whole number, nothing where there is none that JSON knows.
func (r *Reader) digits() []byte {
	from := r.at
	if r.at < len(r.in) && r.in[r.at] == '-' {
		r.at++
	}
	first := r.at
	for r.at < len(r.in) && '0' <= r.in[r.at] && r.in[r.at] <= '9' {
		r.at++
	}
	if r.at-first > 1 && r.in[first] == '0' {
		return nil
	}
	return r.in[from:r.at]
}

// quotedOrEscaped returns a text, in memory that the next one takes where it has escapes.
func (r *Reader) quotedOrEscaped() ([]byte, bool) {
	from := r.at
	if b, ok := r.quoted(); ok {
		return b, true
	}
	r.at = from
	r.skip()
	var s string
	if json.Unmarshal(r.in[from:r.at], &s) != nil || bytes.HasPrefix(r.in[from:r.at], []byte("n")) {
		return nil, false
	}
	return []byte(s), true
}

func (r *Reader) structure(p *plan, v reflect.Value) bool {
	if !r.take('{') {
		return false
	}
	if r.take('}') {
		return true
	}
	var read uint64
	for next := 0; ; next++ {
		name, ok := r.quoted()
		if !ok || !r.take(':') {
			return false
		}
		next = p.find(name, next)
		if next < 0 || read&(1<<next) != 0 { // a name that comes twice may mix two values
			return false
		}
		read |= 1 << next
		f := &p.fields[next]
		if !r.value(f.plan, v.Field(f.index)) {
			return false
		}
		if !r.take(',') {
			return r.take('}')
		}
	}
}

// find returns the place of a field, which mostly is the one behind the field before; -1: there is none of that name.
func (p *plan) find(name []byte, next int) int {
	for range p.fields {
		if next >= len(p.fields) {
			next = 0
		}
		if p.fields[next].name == string(name) {
			return next
		}
		next++
	}
	return -1
}

// texts reads a list of texts.
func (r *Reader) texts(v reflect.Value) bool {
	if !r.take('[') {
		return false
	}
	r.items = r.items[:0]
	for more := !r.take(']'); more; {
		r.space()
		b, ok := r.quotedOrEscaped()
		if !ok {
			return false
		}
		r.items = append(r.items, r.text(b))
		if more = r.take(','); !more && !r.take(']') {
			return false
		}
	}
	v.Set(reflect.ValueOf(append(make([]string, 0, len(r.items)), r.items...)))
	return true
}

func (r *Reader) list(p *plan, v reflect.Value) bool {
	if !r.take('[') {
		return false
	}
	v.Set(reflect.MakeSlice(p.of, 0, 0))
	for more := !r.take(']'); more; {
		n := v.Len()
		v.Grow(1)
		v.SetLen(n + 1)
		if !r.value(p.item, v.Index(n)) {
			return false
		}
		if more = r.take(','); !more && !r.take(']') {
			return false
		}
	}
	return true
}

// foreign leaves a value to encoding/json.
func (r *Reader) foreign(v reflect.Value) bool {
	from := r.at
	r.skip()
	dec := json.NewDecoder(bytes.NewReader(r.in[from:r.at]))
	dec.DisallowUnknownFields()
	return dec.Decode(v.Addr().Interface()) == nil && !dec.More()
}

// skip goes behind a value. Of what is no JSON it skips anything, for encoding/json to refuse.
func (r *Reader) skip() {
	depth := 0
	for ; r.at < len(r.in); r.at++ {
		switch c := r.in[r.at]; c {
		case '"':
			r.skipText()
			r.at-- // on its last byte
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			r.at++
			return
		}
	}
}

// skipText goes behind a text.
func (r *Reader) skipText() {
	for r.at++; r.at < len(r.in); r.at++ {
		i := slices.IndexFunc(r.in[r.at:], func(c byte) bool { return c == '"' || c == '\\' })
		if i < 0 {
			break
		}
		if r.at += i; r.in[r.at] == '"' {
			r.at++
			return
		}
		r.at++
	}
	r.at = len(r.in)
}
