package dataarts

import "slices"

// approverPage is one page of the list. It is put together when it is written.
type approverPage struct {
	// total counts everything that matches, on all pages together.
	total   int
	records []*Approver
	// look is how they are shown, looks how each of them is where they differ.
	look  look
	looks []look
}

// show sets how the record is shown that stands at the place; those before it have been set.
func (p *approverPage) show(place int, l look) {
	switch {
	case place == 0:
		p.look = l
	case p.looks == nil && l != p.look:
		p.looks = slices.Repeat([]look{p.look}, len(p.records))
		fallthrough
	case p.looks != nil:
		p.looks[place] = l
	}
}

// AppendJSON appends the page in the envelope of the service.
func (p *approverPage) AppendJSON(b []byte) []byte {
	b = append(b, dataHead+`{"total":`...)
	b = appendInt(b, p.total)
	b = append(b, `,"records":[`...)
	for i, a := range p.records {
		if i > 0 {
			b = append(b, ',')
		}
		l := p.look
		if p.looks != nil {
			l = p.looks[i]
		}
		b = encodings.Append(b, a, l)
	}
	return append(b, "]}"+dataTail...)
}
