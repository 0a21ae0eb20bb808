package mockserver

import (
	"bytes"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// A list is what its records make one by one, whatever is kept of it and of others: other records, other forms, shorter and
// longer ones, those that are too long to be kept.
func TestEncodedLists(t *testing.T) {
	t.Parallel()
	kept := NewEncodings[paper, quoting](1 << 20)
	papers := make([]*paper, 40)
	for i := range papers {
		papers[i] = &paper{"paper " + strconv.Itoa(i)}
	}
	papers[30].text = string(make([]byte, longestList))
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			var b, want []byte
			for round := range 200 {
				from := round % 7
				list := slices.Clone(papers[from : from+round%(len(papers)-6)])
				if round%3 == 0 && len(list) > 2 {
					list[len(list)/2] = papers[0]
				}
				form := quoting{"'|"[(round/5+worker)%2]}
				want = want[:0]
				for i, p := range list {
					if i > 0 {
						want = append(want, ',')
					}
					want = form.AppendRecord(want, p)
				}
				for range 3 {
					if b = kept.AppendList(append(b[:0], '['), list, form); !bytes.Equal(b[1:], want) || b[0] != '[' {
						t.Errorf("round %d: got %.200q, want %.200q", round, b, want)
					}
				}
			}
		})
	}
	all.Wait()
	for i := range kept.lists {
		if l := kept.lists[i].is.Load(); l != nil && len(l.text) > longestList {
			t.Errorf("a list of %d bytes is kept", len(l.text))
		}
	}
}

// A list is kept when it is asked for the second time, and only in the form in which it was.
func TestEncodedListsOnSecondSight(t *testing.T) {
	t.Parallel()
	kept := NewEncodings[paper, quoting](1 << 20)
	papers := make([]*paper, shortestList)
	for i := range papers {
		papers[i] = &paper{strconv.Itoa(i)}
	}
	for want := range 3 {
		lists := 0
		for i := range kept.lists {
			if kept.lists[i].is.Load() != nil {
				lists++
			}
		}
		if lists != want/2 {
			t.Errorf("after being asked for %d times %d are kept", want, lists)
		}
		kept.AppendList(nil, papers, quoting{'"'})
	}
	var first [keptLists]*listed[paper, quoting]
	for i := range kept.lists {
		first[i] = kept.lists[i].is.Load()
	}
	for range 3 { // in turn with another form, which would have to be kept each time anew
		if got := string(kept.AppendList(nil, papers, quoting{'|'})); got != "|0|,|1|,|2|,|3|" {
			t.Error(got)
		}
		kept.AppendList(nil, papers, quoting{'\''})
	}
	for i := range kept.lists {
		if kept.lists[i].is.Load() != first[i] {
			t.Error("a form that is asked for in turn with another one is kept")
		}
	}
}
