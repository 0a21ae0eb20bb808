package mockserver

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"sync"
	"testing"
)

type paper struct{ text string }

type quoting struct{ mark byte }

func (q quoting) AppendRecord(b []byte, p *paper) []byte {
	return append(append(append(b, q.mark), p.text...), q.mark)
}

// What comes out is what the form makes, whatever is kept, and what is kept stays within the budget.
func TestEncodings(t *testing.T) {
	t.Parallel()
	const budget = 8 << 10
	kept := NewEncodings[paper, quoting](budget)
	papers := make([]*paper, 300)
	for i := range papers {
		papers[i] = &paper{"paper " + strconv.Itoa(i)}
	}
	papers[7].text = string(make([]byte, 2*budget)) // never fits
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			var b []byte
			for round := range 50 {
				for i, p := range papers {
					form := quoting{"'|"[(round+worker)%2]}
					for range 3 {
						if b = kept.Append(b[:0], p, form); !bytes.Equal(b, form.AppendRecord(nil, p)) {
							t.Errorf("paper %d in the form %c: %q", i, form.mark, b)
						}
					}
				}
			}
		})
	}
	all.Wait()
	sum := int64(0)
	for i := range kept.slots {
		sum += kept.slots[i].is.Load().cost()
	}
	if got := kept.used.Load(); got != sum || got > budget || got == 0 {
		t.Errorf("%d bytes in use, %d counted, the budget is %d", sum, got, budget)
	}
}

// A record is kept when it is asked for the second time, and found from then on.
func TestEncodingsLetInOnSecondSight(t *testing.T) {
	t.Parallel()
	kept := NewEncodings[paper, quoting](1 << 20)
	p := &paper{"x"}
	for want := range 3 {
		if got := kept.used.Load(); (got > 0) != (want >= 2) {
			t.Errorf("before request %d: %d bytes in use", want+1, got)
		}
		kept.Append(nil, p, quoting{'"'})
	}
}

// A record that is shown in two forms in turn is found in both.
func TestEncodingsTwoForms(t *testing.T) {
	t.Parallel()
	kept := NewEncodings[paper, quoting](1 << 20)
	p := &paper{"x"}
	for range 3 {
		kept.Append(nil, p, quoting{'"'})
		kept.Append(nil, p, quoting{'|'})
	}
	hash := maphash.Comparable(kept.seed, p)
	if a, b := kept.place(hash, 0).is.Load(), kept.place(hash, 1).is.Load(); a == nil || b == nil || a.form == b.form {
		t.Errorf("in the two places: %v and %v", a, b)
	}
}

func BenchmarkEncodings(b *testing.B) {
	papers := make([]*paper, 50)
	for i := range papers {
		papers[i] = &paper{string(make([]byte, 400))}
	}
	kept := NewEncodings[paper, quoting](1 << 20)
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = buffer[:0]
		for _, p := range papers {
			buffer = kept.Append(buffer, p, quoting{'"'})
		}
	}
}
