package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// table prints rows, under a head if it has one. Its last columns are running text, which is wrapped where the terminal ends.
type table struct {
	head []string
	rows [][]string
	// text is how many of the last columns are running text.
	text int
}

const (
	columnGap = 2
	// leastText is the width, in columns of the terminal, below which running text is not squeezed.
	leastText = 28
)

// print writes the table for a terminal of that width; 0 means that nobody looks at it as it is: one line a row.
// Where the running text would be too narrow, every row becomes a paragraph.
func (t table) print(w io.Writer, width int) error {
	widths := t.widths()
	fixed := len(widths) - t.text
	room := width
	for _, n := range widths[:fixed] {
		room -= n + columnGap
	}
	room -= columnGap * (t.text - 1)
	switch {
	case width == 0 || room >= sum(widths[fixed:]):
	case t.text > 0 && room/t.text >= leastText:
		share(widths[fixed:], room)
	default:
		return t.printParagraphs(w, width)
	}
	var b strings.Builder
	for _, row := range t.lines() {
		writeRow(&b, row, widths)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lines are the head, if there is one, and the rows.
func (t table) lines() [][]string {
	if t.head == nil {
		return t.rows
	}
	return append([][]string{t.head}, t.rows...)
}

func (t table) widths() []int {
	lines := t.lines()
	widths := make([]int, len(lines[0]))
	for _, row := range lines {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func sum(list []int) (n int) {
	for _, x := range list {
		n += x
	}
	return n
}

// share divides room among columns: none gets more than it wants, those that want more get the same.
func share(widths []int, room int) {
	left := len(widths)
	given := make([]bool, len(widths))
	for again := true; again; {
		again = false
		for i, want := range widths {
			if !given[i] && want <= room/left {
				given[i], again = true, true
				room -= want
				left--
			}
		}
	}
	for i := range widths {
		if !given[i] {
			widths[i] = room / left
		}
	}
}

// writeRow writes a row on as many lines as its tallest cell has.
func writeRow(b *strings.Builder, row []string, widths []int) {
	cells := make([][]string, len(row))
	lines := 1
	for i, cell := range row {
		cells[i] = wrap(cell, widths[i])
		lines = max(lines, len(cells[i]))
	}
	for n := range lines {
		var line strings.Builder
		for i, cell := range cells {
			text := ""
			if n < len(cell) {
				text = cell[n]
			}
			line.WriteString(text)
			line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+columnGap))
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
}

// printParagraphs writes a row as a line of its short cells and an indented paragraph for each running text.
func (t table) printParagraphs(w io.Writer, width int) error {
	var b strings.Builder
	for _, row := range t.rows {
		fixed := len(row) - t.text
		for _, line := range wrap(strings.Join(row[:fixed], "  "), width) {
			fmt.Fprintln(&b, line)
		}
		for i, cell := range row[fixed:] {
			if t.head != nil {
				cell = strings.ToLower(t.head[fixed+i]) + ": " + cell
			}
			writeParagraph(&b, cell, "    ", width)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeParagraph writes text indented, wrapped to width; 0 means one line.
func writeParagraph(b *strings.Builder, text, indent string, width int) {
	room := 0
	if width > 0 {
		room = max(width-len(indent), leastText)
	}
	for _, line := range wrap(text, room) {
		fmt.Fprintln(b, indent+line)
	}
}

// wrap breaks text into lines of at most width characters; 0 means no bound. Words that are longer are broken.
func wrap(text string, width int) []string {
	words := strings.Fields(text)
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return []string{strings.Join(words, " ")}
	}
	var lines []string
	line := ""
	for _, word := range words {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		runes := []rune(word)
		for len(runes) > width {
			lines = append(lines, string(runes[:width]))
			runes = runes[width:]
		}
		line = string(runes)
	}
	return append(lines, line)
}

// width is that of the terminal written to, in columns: $COLUMNS if it is set, else what the terminal says; 0 if the
// output is no terminal.
func (a *app) width() int {
	if n, err := strconv.Atoi(a.getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := a.out.(*os.File); ok {
		return terminalWidth(f)
	}
	return 0
}
