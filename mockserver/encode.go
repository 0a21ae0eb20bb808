package mockserver

import (
	"bytes"
	"encoding/json"
)

// encode writes an envelope in the vendor's format and checks it against the document.
func (s *Server) encode(c *Call, status int, envelope any, r *Refusal) *reply {
	out := &c.memory.reply
	*out = reply{status: status, header: c.header, refusal: r}
	checked := s.checks(c, status)
	other, contentType, isOther := c.format(envelope)
	if checked || !isOther {
		var err error
		if out.body, out.again, err = c.marshal(envelope, r != nil); err != nil {
			if r == nil {
				return s.broken(c, err)
			}
			panic(err) // the vendor's error envelope cannot be encoded: broken answers plainly
		}
	}
	if checked {
		s.checkReply(c, out)
	}
	if isOther {
		out.body, out.again = other, nil
	}
	if c.header.getCanonical("Content-Type") == "" {
		c.header.SetCanonical("Content-Type", contentType)
	}
	return out
}

// format encodes an envelope in a format other than JSON if the vendor wants that, and says which Content-Type goes with
// what is wanted.
func (c *Call) format(envelope any) (body []byte, contentType string, other bool) {
	if c.plug.Format == nil {
		return nil, c.plug.ContentType, false
	}
	text, contentType, other := c.plug.Format(c, envelope, c.memory.text[:0])
	if !other {
		return nil, c.plug.ContentType, false
	}
	c.memory.text = text[:0]
	return bytes.Clone(text), contentType, true
}

// Appender is an envelope that writes its JSON itself, for vendors that keep records encoded. It gives the same bytes
// whenever it is asked, also by other goroutines long after the call: the journal keeps the envelope of a long reply in
// place of its bytes. So it holds nothing that changes, and nothing of the call.
type Appender interface {
	AppendJSON(b []byte) []byte
}

// longReply is the length from which the journal keeps a reply's envelope, in bytes: what is shorter takes hardly more memory
// as a copy. A refusal's envelope it keeps whatever the length, as the refusal's texts are in the journal anyway.
const longReply = 512

// marshal encodes an envelope in the call's own memory. again is set for a body that stays there, and for one that Replies
// keeps; others are copied, for the journal to keep.
func (c *Call) marshal(envelope any, refused bool) (body []byte, again Appender, err error) {
	if w, ok := envelope.(*wholeReply); ok && c.fault == nil {
		return w.text, w.envelope, nil
	}
	a, ok := envelope.(Appender)
	if !ok {
		body, err = marshal(envelope)
		return body, nil, err
	}
	text := a.AppendJSON(c.memory.text[:0])
	c.memory.text = text[:0]
	if (refused || len(text) >= longReply) && c.fault == nil { // a fault's reply may be a part of the text
		return text, a, nil
	}
	return bytes.Clone(text), nil, nil
}

// marshal is JSON without HTML escapes and without a line end.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func jsonReply(status int, v any) *reply {
	body, err := marshal(v)
	if err != nil {
		body = []byte(`{"countersign":"a reply that could not be encoded"}`)
	}
	h := &ReplyHeader{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	return &reply{status: status, header: h, body: body}
}
