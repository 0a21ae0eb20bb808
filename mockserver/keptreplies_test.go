package mockserver

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

type letter struct{ text string }

func (l *letter) AppendJSON(b []byte) []byte { return AppendQuoted(b, l.text) }

func TestRepliesAreKeptTheSecondTime(t *testing.T) {
	t.Parallel()
	replies, made := NewReplies[int](), 0
	get := func(key int) string {
		t.Helper()
		got, err := replies.Of(key, func() (Appender, error) { made++; return &letter{fmt.Sprint("no. ", made)}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return string(got.AppendJSON([]byte(">")))
	}
	for _, want := range []string{`>"no. 1"`, `>"no. 2"`, `>"no. 2"`, `>"no. 2"`} {
		if got := get(7); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for key := range 1000 { // each asked for once: none takes the place of another
		get(key + 8)
	}
	if got := get(7); got != `>"no. 2"` {
		t.Errorf("after replies that were asked for once: %s", got)
	}
}

func TestRepliesAreNotKept(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		err  error
	}{
		"too long": {strings.Repeat("x", longestKept), nil},
		"refused":  {"", errors.New("refused")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replies, made := NewReplies[string](), 0
			for range 5 {
				got, err := replies.Of("key", func() (Appender, error) {
					made++
					return &letter{tt.text}, tt.err
				})
				if !errors.Is(err, tt.err) || (got == nil) != (err != nil) {
					t.Fatalf("%v, %v", got, err)
				}
			}
			if made != 5 {
				t.Errorf("made %d times, want each time", made)
			}
		})
	}
}

// Whatever else is asked for at the same time, the reply is that of its key.
func TestRepliesTogether(t *testing.T) {
	t.Parallel()
	replies := NewReplies[int]()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 3000 {
				key := i % 200 // more than there are places
				got, err := replies.Of(key, func() (Appender, error) { return &letter{fmt.Sprint(key)}, nil })
				if text := string(got.AppendJSON(nil)); err != nil || text != fmt.Sprintf("%q", fmt.Sprint(key)) {
					t.Errorf("%d: %s, %v", key, text, err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkReplies(b *testing.B) {
	type key struct {
		name     string
		of       *letter
		from, to int
	}
	of := &letter{strings.Repeat("x", 40_000)}
	replies := NewReplies[key]()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := replies.Of(key{"name", of, 0, 50}, func() (Appender, error) { return of, nil }); err != nil {
			b.Fatal(err)
		}
	}
}
