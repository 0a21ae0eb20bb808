package mockserver

import (
	"bytes"
	"encoding/json"
	"net/http"
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
