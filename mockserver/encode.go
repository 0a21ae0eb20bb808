package mockserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/countersign/countersign/specs"
)

// encode writes an envelope in the vendor's format and checks it against the document.
func (s *Server) encode(c *Call, status int, envelope any, r *Refusal) *reply {
	body, err := marshal(envelope)
	if err != nil {
		if r == nil {
			return s.broken(c, err)
		}
		panic(err) // the vendor's error envelope cannot be encoded: broken answers plainly
	}
	out := &reply{status: status, header: c.header, body: body, refusal: r}
	if s.checks(c) {
		s.checkReply(c, out)
	}
	contentType := c.plug.ContentType
	if c.plug.Format != nil {
		if other, ct, ok := c.plug.Format(c, envelope); ok {
			out.body, contentType = other, ct
		}
	}
	if c.header.Get("Content-Type") == "" {
		c.header.Set("Content-Type", contentType)
	}
	return out
}

// Appender is an envelope that writes its JSON itself, for vendors that keep records encoded.
type Appender interface {
	AppendJSON(b []byte) []byte
}

// marshal is JSON without HTML escapes and without a line end.
func marshal(v any) ([]byte, error) {
	if a, ok := v.(Appender); ok {
		return a.AppendJSON(nil), nil
	}
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
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	return &reply{status: status, header: h, body: body}
}

// checks reports whether this reply is checked: always where asked for, else one in checkEvery.
func (s *Server) checks(c *Call) bool {
	return s.checkAll || c.sequence%checkEvery == 1
}

const checkEvery = 64

// checkReply holds a reply, errors too, against the document. Leaving it is a bug of the stand-in.
func (s *Server) checkReply(c *Call, out *reply) {
	if c.Op == nil {
		return // no document describes a reply to no operation
	}
	rule := c.Op.replies[out.status]
	if rule == nil {
		rule = c.Op.fallback
	}
	if rule == nil {
		s.bug(c, fmt.Errorf("reply %d is not documented", out.status))
		return
	}
	for _, name := range rule.headers {
		if c.header.Get(name) == "" {
			s.bug(c, fmt.Errorf("reply %d lacks the header %s", out.status, name))
		}
	}
	schema := rule.schema
	for _, o := range rule.overlays {
		if c.Switch(o.assumption) == o.value {
			schema = o.schema
		}
	}
	if schema == nil {
		return
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(out.body))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		s.bug(c, fmt.Errorf("reply %d is not JSON: %w", out.status, err))
		return
	}
	var extra []string
	violation := schema.Check(v, specs.Refusals{}, func(pointer string) { extra = append(extra, pointer) })
	if violation != nil {
		s.bug(c, fmt.Errorf("reply %d leaves the document: %w", out.status, violation))
	}
	if len(extra) > 0 {
		s.bug(c, fmt.Errorf("reply %d has fields that the document does not: %v", out.status, extra))
	}
}

func validUTF8(b []byte) bool { return utf8.Valid(b) }
