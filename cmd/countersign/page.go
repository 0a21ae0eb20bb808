package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/countersign/countersign/specs"
)

// page is text for people, as wide as their terminal; width 0 means that nothing is wrapped.
type page struct {
	strings.Builder
	width int
}

func (p *page) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if p.width > 0 && utf8.RuneCountInString(text) > p.width {
		writeParagraph(&p.Builder, text, "", p.width)
		return
	}
	fmt.Fprintln(&p.Builder, text)
}

func (p *page) heading(text string) {
	fmt.Fprintf(&p.Builder, "\n%s\n", text)
}

func (p *page) paragraph(text string) { writeParagraph(&p.Builder, text, "  ", p.width) }

// table writes a table indented; without a head, rows alone.
func (p *page) table(t table) {
	if len(t.rows) == 0 {
		p.paragraph("none")
		return
	}
	var b strings.Builder
	width := p.width
	if width > 0 {
		width -= 2
	}
	if err := t.print(&b, width); err != nil {
		panic(err) // a builder never fails
	}
	for line := range strings.Lines(b.String()) {
		p.WriteString("  " + line)
	}
}

func (p *page) guesses(list []guess) {
	t := table{text: 1}
	for _, g := range list {
		t.rows = append(t.rows, []string{g.ID, g.Default, g.Title + " (" + strings.Join(g.Alternatives, " | ") + ")"})
	}
	p.table(t)
}

func (p *page) sources(list []specs.Source) {
	t := table{text: 1}
	for _, s := range list {
		text := s.Title
		if s.Note != "" {
			text += " (" + s.Note + ")"
		}
		t.rows = append(t.rows, []string{s.Key, strings.TrimSpace(text + " " + s.URL)})
	}
	p.table(t)
}
