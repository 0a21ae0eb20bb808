package shape

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
)

// ErrPacked says that bytes are not what a Packer has written.
var ErrPacked = errors.New("the records are not packed as they should be")

// Layout is a text that is the same for types whose values are packed alike.
func (s *Shape) Layout() string {
	var b strings.Builder
	s.root.layout(&b, map[*plan]bool{})
	return b.String()
}

// words say what the kinds are in a layout.
var words = map[kind]string{foreign: "json", text: "text", texts: "texts", signed: "int", unsigned: "uint", boolean: "bool", list: "list of ", pointer: "perhaps "}

func (p *plan) layout(b *strings.Builder, above map[*plan]bool) {
	b.WriteString(words[p.packed])
	switch {
	case p.packed == structure && above[p]:
		b.WriteString("itself")
	case p.packed == structure:
		above[p] = true
		for i, f := range p.fields {
			b.WriteString([]string{"{", ", "}[min(i, 1)] + f.name + " ")
			f.plan.layout(b, above)
		}
		b.WriteString("}")
		delete(above, p)
	case p.item != nil:
		p.item.layout(b, above)
	}
}

// Packer writes records in fewer bytes than JSON, to be read by an Unpacker of the same layout: of each structure which
// fields are not zero, and those; of a text that came a short while ago where it was. It is not for concurrent use; its
// zero value is ready.
type Packer struct {
	common [commonTexts]string
	depth  int
	err    error
}

// Reset forgets the records before, so that what follows can be read without them.
func (k *Packer) Reset() { *k = Packer{} }

var errDeep = fmt.Errorf("a record holds more than %d others within each other", deepest)

// Append appends a record: a pointer to a value of the shape's type. It fails where encoding/json does, and where values
// hold themselves more than 200 times.
func (k *Packer) Append(buf []byte, s *Shape, record any) ([]byte, error) {
	buf = k.value(buf, s.root, reflect.ValueOf(record).Elem())
	return buf, k.err
}

func (k *Packer) value(buf []byte, p *plan, v reflect.Value) []byte {
	switch p.packed {
	case text:
		return k.text(buf, v.String())
	case boolean:
		if v.Bool() {
			return append(buf, 1)
		}
		return append(buf, 0)
	case signed:
		return binary.AppendVarint(buf, v.Int())
	case unsigned:
		return binary.AppendUvarint(buf, v.Uint())
	case structure:
		return k.structure(buf, p, v)
	case texts, list:
		return k.list(buf, p, v)
	case pointer:
		if v.IsNil() {
			return append(buf, 0)
		}
		return k.value(append(buf, 1), p.item, v.Elem())
	}
	raw, err := json.Marshal(v.Interface())
	k.err = errors.Join(k.err, err)
	return append(binary.AppendUvarint(buf, uint64(len(raw))), raw...)
}

func (k *Packer) structure(buf []byte, p *plan, v reflect.Value) []byte {
	if k.depth++; k.depth > deepest {
		k.err = errDeep
		return buf
	}
	defer func() { k.depth-- }()
	var there uint64
	for i := range p.fields {
		if !v.Field(p.fields[i].index).IsZero() {
			there |= 1 << i
		}
	}
	buf = binary.AppendUvarint(buf, there)
	for i := range p.fields {
		if there&(1<<i) != 0 {
			buf = k.value(buf, p.fields[i].plan, v.Field(p.fields[i].index))
		}
	}
	return buf
}

// list writes one more than the number of items, 0 for a list that is nil.
func (k *Packer) list(buf []byte, p *plan, v reflect.Value) []byte {
	if v.IsNil() {
		return append(buf, 0)
	}
	buf = binary.AppendUvarint(buf, uint64(v.Len())+1) //nolint:gosec // not negative
	for i := range v.Len() {
		if p.packed == texts {
			buf = k.text(buf, v.Index(i).String())
		} else {
			buf = k.value(buf, p.item, v.Index(i))
		}
	}
	return buf
}

// text writes twice the length and the text, or an odd number for one of the common texts.
func (k *Packer) text(buf []byte, s string) []byte {
	if s != "" && len(s) <= commonLongest {
		i := mixed(s)
		if k.common[i] == s {
			return binary.AppendUvarint(buf, uint64(i)<<1|1)
		}
		k.common[i] = s
	}
	return append(binary.AppendUvarint(buf, uint64(len(s))<<1), s...)
}

// Unpacker reads what a Packer has written, in the same order. It is not for concurrent use; its zero value is ready. What
// it reads has to be what was written, byte by byte (see Sum): of other bytes it makes an error or any record.
type Unpacker struct {
	in     []byte
	bad    bool
	depth  int
	memory memory
	common [commonTexts]string
}

// Begin begins with packed records of which none is referred to by those before.
func (u *Unpacker) Begin(in []byte) {
	u.in, u.bad, u.depth = in, false, 0
	clear(u.common[:])
}

// Next reads a record into what into points at, which must be the zero value of the shape's type. Error: ErrPacked.
func (u *Unpacker) Next(s *Shape, into any) error {
	u.value(s.root, reflect.ValueOf(into).Elem())
	if u.bad {
		return ErrPacked
	}
	return nil
}

// End fails unless all was read. Error: ErrPacked.
func (u *Unpacker) End() error {
	if len(u.in) > 0 || u.bad {
		return ErrPacked
	}
	return nil
}

// uint reads a number that is at most most.
func (u *Unpacker) uint(most uint64) uint64 {
	x, n := binary.Uvarint(u.in)
	if n <= 0 || x > most {
		u.bad, u.in = true, nil
		return 0
	}
	u.in = u.in[n:]
	return x
}

func (u *Unpacker) int() int64 {
	x, n := binary.Varint(u.in)
	if n <= 0 {
		u.bad, u.in = true, nil
		return 0
	}
	u.in = u.in[n:]
	return x
}

// bytes reads so many bytes.
func (u *Unpacker) bytes(n uint64) []byte {
	if n > uint64(len(u.in)) {
		u.bad, u.in = true, nil
		return nil
	}
	b := u.in[:n]
	u.in = u.in[n:]
	return b
}

func (u *Unpacker) text() string {
	const longest = 1 << 40
	n := u.uint(longest)
	if n&1 == 1 {
		if n >>= 1; n < commonTexts {
			return u.common[n]
		}
		u.bad = true
		return ""
	}
	b := u.bytes(n >> 1)
	if len(b) == 0 {
		return ""
	}
	s := u.memory.hold(b)
	if len(b) <= commonLongest {
		u.common[mixed(s)] = s
	}
	return s
}

func (u *Unpacker) value(p *plan, v reflect.Value) {
	if u.bad {
		return
	}
	switch p.packed {
	case text:
		v.SetString(u.text())
	case boolean:
		v.SetBool(u.uint(1) == 1)
	case signed:
		n := u.int()
		u.bad = u.bad || v.OverflowInt(n)
		v.SetInt(n)
	case unsigned:
		n := u.uint(1<<p.of.Bits() - 1)
		v.SetUint(n)
	case structure:
		u.structure(p, v)
	case texts, list:
		u.list(p, v)
	case pointer:
		if u.uint(1) == 1 {
			v.Set(reflect.New(p.item.of))
			u.value(p.item, v.Elem())
		}
	default:
		if json.Unmarshal(u.bytes(u.uint(uint64(len(u.in)))), v.Addr().Interface()) != nil {
			u.bad = true
		}
	}
}

func (u *Unpacker) structure(p *plan, v reflect.Value) {
	if u.depth++; u.depth > deepest {
		u.bad = true
		return
	}
	there := u.uint(1<<64 - 1)
	for i := range p.fields {
		if there&(1<<i) != 0 {
			u.value(p.fields[i].plan, v.Field(p.fields[i].index))
		}
	}
	u.bad = u.bad || there>>len(p.fields) != 0
	u.depth--
}

func (u *Unpacker) list(p *plan, v reflect.Value) {
	n := int(u.uint(uint64(len(u.in)))) - 1 //nolint:gosec // every item takes a byte
	if n < 0 {
		return
	}
	v.Set(reflect.MakeSlice(p.of, 0, min(n, 16))) // no more before there is something for it
	for i := 0; i < n && !u.bad; i++ {
		if i == v.Cap() {
			v.Grow(min(n-i, i))
		}
		v.SetLen(i + 1)
		if p.packed == texts {
			v.Index(i).SetString(u.text())
		} else {
			u.value(p.item, v.Index(i))
		}
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is a checksum of packed records: CRC-32C.
func Sum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
