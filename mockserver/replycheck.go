package mockserver

import (
	"fmt"
	"sync"

	"github.com/countersign/countersign/specs"
)

// checks reports whether this reply is checked: always where asked for. Else the first of its kind in each world, so that
// what is wrong with all of them is found, and of the others the world's every checkEvery-th call, which even the slowest
// one in a hundred calls does not feel.
func (s *Server) checks(c *Call, status int) bool {
	return s.checkAll || c.Op != nil && (c.sequence%checkEvery == 0 || c.World.firstReply(c.Op.reply(status)))
}

const checkEvery = 1024

// checkedReplies is where a world remembers which kinds of replies were checked.
type checkedReplies struct{}

// firstReply reports whether nobody has asked for the rule before.
func (w *World) firstReply(rule *replyRule) bool {
	checked := w.Memo(checkedReplies{}, newChecked).(*sync.Map)
	if _, known := checked.Load(rule); known {
		return false
	}
	_, known := checked.LoadOrStore(rule, nil)
	return !known
}

func newChecked() any { return new(sync.Map) }

// checkReply holds a reply, errors too, against the document. Leaving it is a bug of the stand-in.
func (s *Server) checkReply(c *Call, out *reply) {
	if c.Op == nil {
		return // no document describes a reply to no operation
	}
	rule := c.Op.reply(out.status)
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
