package mockserver

import (
	"fmt"

	"github.com/countersign/countersign/specs"
)

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
	tape := specs.NewTape()
	defer tape.Release()
	if err := tape.Read(out.body); err != nil {
		s.bug(c, fmt.Errorf("reply %d %w", out.status, err))
		return
	}
	var extra []string
	violation := schema.CheckTape(tape, specs.Refusals{}, func(pointer string) { extra = append(extra, pointer) })
	if violation != nil {
		s.bug(c, fmt.Errorf("reply %d leaves the document: %w", out.status, violation))
	}
	if len(extra) > 0 {
		s.bug(c, fmt.Errorf("reply %d has fields that the document does not: %v", out.status, extra))
	}
}
