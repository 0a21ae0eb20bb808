package quickbi

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// xmlHead begins every XML reply.
const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>`

// appendElement appends an element that holds a text, made of texts that follow each other.
func appendElement(b []byte, name string, parts ...string) []byte {
	b = appendTag(b, "<", name)
	for _, s := range parts {
		b = appendXMLText(b, s)
	}
	return appendTag(b, "</", name)
}

func appendTag(b []byte, bracket, name string) []byte {
	return append(append(append(b, bracket...), name...), '>')
}

// appendXMLText appends a text as encoding/xml writes it, but for quotes: those need escapes in attributes only, of which
// there are none.
func appendXMLText(b []byte, s string) []byte {
	from, at := 0, len(b)
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' {
			return appendUnusualXML(b[:at], s)
		}
		if c == '&' || c == '<' || c == '>' {
			b = append(append(b, s[from:i]...), xmlEscape(c)...)
			from = i + 1
		}
	}
	return append(b, s[from:]...)
}

func xmlEscape(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	default:
		return "&gt;"
	}
}

var plainQuotes = strings.NewReplacer("&#39;", "'", "&#34;", `"`)

// appendUnusualXML leaves a text to encoding/xml.
func appendUnusualXML(b []byte, s string) []byte {
	var buf bytes.Buffer
	if err := xml.EscapeText(&buf, []byte(s)); err != nil {
		panic(err) // into memory
	}
	return append(b, plainQuotes.Replace(buf.String())...)
}
