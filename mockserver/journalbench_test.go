package mockserver_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// BenchmarkJournal is the pipeline with a full journal, in which every entry pushes another out: of one world, and of
// the noisiest of a thousand.
func BenchmarkJournal(b *testing.B) {
	for _, worlds := range []int{1, 1000} {
		b.Run(fmt.Sprint(worlds), func(b *testing.B) {
			s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}, JournalBytes: 4 << 20})
			if err != nil {
				b.Fatal(err)
			}
			requests := make([]*http.Request, worlds)
			for i := range requests {
				w, err := s.CreateWorld(b.Context(), mockserver.WorldSetting{})
				if err != nil {
					b.Fatal(err)
				}
				requests[i] = benchRequest(b, "POST", "/acme/notes")
				requests[i].Header.Set("X-Countersign-World", w.Name())
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Handler().ServeHTTP(&sink{header: http.Header{}}, requests[i%worlds])
			}
		})
	}
}

// BenchmarkVerify looks at ten thousand entries.
func BenchmarkVerify(b *testing.B) {
	s, err := mockserver.New(mockserver.Options{Vendors: []mockserver.Vendor{acme}})
	if err != nil {
		b.Fatal(err)
	}
	for range 10_000 {
		s.Handler().ServeHTTP(&sink{header: http.Header{}}, benchRequest(b, "GET", "/acme/notes/demo?mode=a&size=3"))
	}
	size := "3"
	e := mockserver.Expectation{JournalQuery: mockserver.JournalQuery{Operation: "GetNote", Parameters: []mockserver.ParameterMatch{{Name: "size", Equals: &size}}}}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := s.Verify(e); err != nil || v.Count != 10_000 {
			b.Fatal(v.Count, err)
		}
	}
}
