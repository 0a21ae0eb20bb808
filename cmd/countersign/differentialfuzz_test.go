package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// FuzzDifferential is TestDifferential over bytes that nobody drew: query, body, Content-Type and one value that stands in
// the path and in every header that the operation names.
func FuzzDifferential(f *testing.F) {
	server := serverOf(f, bare)
	d := &differential{handler: server.Handler(), subjects: subjectsOf(f, server), met: make([]atomic.Int64, len(differences))}
	for i := range uint64(60) {
		c := newTrial(d.subjects, *differentialSeed, i)
		at := 0
		for d.subjects[at] != c.subject {
			at++
		}
		f.Add(uint8(at), c.lenient, c.query, c.header.Get("Content-Type"), "0833a5737480d53b2f25c010dc1a7b88", c.body) //nolint:gosec // there are ten
	}
	f.Fuzz(func(t *testing.T, at uint8, lenient bool, query, contentType, value string, body []byte) {
		s := d.subjects[int(at)%len(d.subjects)]
		c := &trial{subject: s, method: s.op.Method, query: lineText(query), header: http.Header{}, body: body, lenient: lenient}
		for _, in := range s.op.Parameters {
			if in.In == "header" {
				c.header.Set(in.Name, fieldText(value))
			}
		}
		c.path = s.pathWith(lineText(value))
		if contentType != "" {
			c.header.Set("Content-Type", fieldText(contentType))
		}
		if !d.agree(c) {
			t.Error(d.account(c))
		}
	})
}

// pathWith is the path with one value for all that varies in it.
func (s *subject) pathWith(value string) string {
	var steps []string
	for step := range strings.SplitSeq(s.op.Path, "/") {
		if strings.HasPrefix(step, "{") {
			step = strings.NewReplacer("?", "%3F", "/", "%2F").Replace(value)
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, "/")
}
