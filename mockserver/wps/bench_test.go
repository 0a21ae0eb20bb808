package wps

import (
	"strconv"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// thirty are as many definitions as a page holds.
func thirty(t testing.TB) []*Define {
	t.Helper()
	d, err := template()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*Define, 30)
	for i := range list {
		next := d
		next.ID = "73000" + strconv.Itoa(i)
		list[i] = &next
	}
	return list
}

// BenchmarkPage writes a page of definitions: hot, all encoded before, and cold, none.
func BenchmarkPage(b *testing.B) {
	p := &page{items: thirty(b), view: view{current: true}, hasMore: true, nextCursor: "x"}
	buf := p.AppendJSON(p.AppendJSON(nil)[:0]) // what is asked for twice is kept
	b.Run("Hot", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			buf = p.AppendJSON(buf[:0])
		}
	})
	b.Run("Cold", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(buf)))
		for b.Loop() {
			buf = buf[:0]
			for _, d := range p.items {
				buf = p.view.AppendRecord(buf, d)
			}
		}
	})
}

// BenchmarkFailure writes the reply to a refused call.
func BenchmarkFailure(b *testing.B) {
	f := &failureReply{Code: 401000001, Msg: "kso1sign check error: invalid signature"}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = f.AppendJSON(buf[:0])
	}
}

func BenchmarkCursor(b *testing.B) {
	c, p := newCursors(1, "u1001"), position{1767225600000, "7300000"}
	b.Run("Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.encode(p)
		}
	})
	text := c.encode(p)
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := c.decode(text); !ok {
				b.Fatal("is refused")
			}
		}
	})
}

func BenchmarkParseDate(b *testing.B) {
	for _, zone := range []string{"GMT", "UTC", "CST"} {
		b.Run(zone, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := parseDate("Thu, 15 Jan 2026 08:00:00 "+zone, false); !ok {
					b.Fatal("is refused")
				}
			}
		})
	}
}

// BenchmarkVerify computes and compares a signature, the right one and another, and the string that is signed.
func BenchmarkVerify(b *testing.B) {
	v := readVectors(b)["page-get"]
	r := v.request()
	for name, secret := range map[string]string{"Right": v.Secret, "Wrong": v.Secret + "x"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if verify(r, secret, v.Signature) != (name == "Right") {
					b.Fatal("the other outcome")
				}
			}
		})
	}
	b.Run("StringToSign", func(b *testing.B) {
		buf := make([]byte, 0, usualText)
		b.ReportAllocs()
		for b.Loop() {
			buf = appendSigned(buf[:0], r)
		}
	})
}

func BenchmarkIdentify(b *testing.B) {
	r := readVectors(b)["page-get"].request()
	var few [8]mockserver.Claim
	b.ReportAllocs()
	for b.Loop() {
		identify(r, few[:0])
	}
}
