package store

import "encoding/binary"

// column is a list of texts in one piece of memory without pointers: where each of them ends, then the texts. Whoever
// has one knows how many texts it holds.
type column string

// endSize is the number of bytes that say where a text ends.
const endSize = 4

// emptyText is the column of one text that is empty.
const emptyText column = "\x00\x00\x00\x00"

// end returns where text i ends, behind the ends; that of text -1 is 0.
func (c column) end(i int) int {
	if i < 0 {
		return 0
	}
	at := i * endSize
	b := c[at : at+endSize]
	return int(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}

// text returns text i of n.
func (c column) text(i, n int) string { return string(c[n*endSize+c.end(i-1) : n*endSize+c.end(i)]) }

// all returns the n texts as one.
func (c column) all(n int) string { return string(c[n*endSize:]) }

// columnMaker makes columns; its memory is used again.
type columnMaker struct{ ends, texts []byte }

// ended marks the end of a text that was appended to texts.
func (m *columnMaker) ended() {
	m.ends = binary.LittleEndian.AppendUint32(m.ends, uint32(len(m.texts)))
}

func (m *columnMaker) make() column {
	m.ends = append(m.ends, m.texts...)
	made := column(m.ends)
	m.ends, m.texts = m.ends[:0], m.texts[:0]
	return made
}

// insert returns the column of n texts with another one before text i.
func (m *columnMaker) insert(c column, i, n int, text string) column {
	at, texts := c.end(i-1), c.all(n)
	b := m.ends[:0]
	b = append(b, c[:i*endSize]...)
	for ; i <= n; i++ {
		b = binary.LittleEndian.AppendUint32(b, uint32(c.end(i-1)+len(text)))
	}
	b = append(append(append(b, texts[:at]...), text...), texts[at:]...)
	m.ends = b[:0]
	return column(b)
}

// remove returns the column of n texts without text i.
func (m *columnMaker) remove(c column, i, n int) column {
	from, to, texts := c.end(i-1), c.end(i), c.all(n)
	b := m.ends[:0]
	b = append(b, c[:i*endSize]...)
	for i++; i < n; i++ {
		b = binary.LittleEndian.AppendUint32(b, uint32(c.end(i)-(to-from)))
	}
	b = append(append(b, texts[:from]...), texts[to:]...)
	m.ends = b[:0]
	return column(b)
}
