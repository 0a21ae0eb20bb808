package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTable(t *testing.T) {
	t.Parallel()
	row := []string{"a", "bb", "one two three four five six seven eight nine", "ten"}
	tests := []struct {
		name  string
		width int
		row   []string
		want  string
	}{
		{"OneLineARow", 0, row, "A  B   TEXT                                          MORE\n" +
			"a  bb  one two three four five six seven eight nine  ten\n"},
		{"WideEnough", 60, row, "A  B   TEXT                                          MORE\n" +
			"a  bb  one two three four five six seven eight nine  ten\n"},
		{"Wrapped", 65, []string{"a", "bb", strings.Repeat("word ", 12), "ten ten ten ten ten ten ten"},
			"A  B   TEXT                           MORE\n" +
				"a  bb  word word word word word word  ten ten ten ten ten ten ten\n" +
				"       word word word word word word\n"},
		{"Paragraphs", 30, row, "a bb\n    text: one two three four\n    five six seven eight nine\n    more: ten\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tab := table{head: []string{"A", "B", "TEXT", "MORE"}, rows: [][]string{tt.row}, text: 2}
			var b strings.Builder
			if err := tab.print(&b, tt.width); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got\n%swant\n%s", &b, tt.want)
			}
		})
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 5)
	f.Add("one", 1)
	f.Add("", 3)
	f.Add("ä ö ü", 2)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if width < 1 || width > 200 || !utf8.ValidString(text) {
			t.Skip()
		}
		lines := wrap(text, width)
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("line %q has %d characters, more than %d", line, n, width)
			}
		}
		all := strings.Join(strings.Fields(text), "")
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(all, " ", "") {
			t.Errorf("wrapped %q into %q", text, lines)
		}
	})
}
