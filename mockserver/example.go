package mockserver

import (
	"context"
	"fmt"
	"net/http"
)

// Example is a reply as the stand-in would send it.
type Example struct {
	Status int
	Header http.Header
	Body   []byte
}

// ErrorExample returns the reply that carries a catalogue entry for an operation, and what is wrong with it if it
// leaves the document. The entry is one of the operation's or of the vendor's gateway.
func (s *Server) ErrorExample(vendor, operation, name string) (Example, error) {
	p := s.plug(vendor)
	if p == nil {
		return Example{}, fmt.Errorf("no vendor is named %q", vendor)
	}
	for _, op := range p.ops {
		if op.ID != operation {
			continue
		}
		e := op.catalogue.of(name)
		if e == nil {
			return Example{}, fmt.Errorf("operation %s of %s has no error %q in its catalogue", operation, vendor, name)
		}
		return s.errorExample(p, op, newRefusal(e, []string{"Parameter", "Parameter", "Parameter"}))
	}
	return Example{}, fmt.Errorf("vendor %s has no operation %q", vendor, operation)
}

func (s *Server) errorExample(p *plugged, op *Operation, r *Refusal) (Example, error) {
	probe := &Server{wall: s.wall, log: s.log, checkAll: true, defaults: s.defaults}
	var problem error
	probe.onBug = func(err error) { problem = err }
	w := &World{name: DefaultWorld, server: probe, clock: newClock(s.wall, ClockSetting{At: demoTime, Frozen: true})}
	e := &Entry{req: Request{Method: op.Spec.Method, URI: op.Spec.Path, RawPath: op.Spec.Path, Header: http.Header{}}}
	c := newCallMemory().begin(e)
	c.World, c.Op, c.plug, c.plugged, c.now, c.signingNow = w, op, p.Plug, p, demoTime, demoTime
	c.memory.chance.Seed(w.callSeed(0))
	c.Tx = p.demo.Snapshot(context.Background())
	if p.Begin != nil {
		p.Begin(c)
	}
	out := probe.encode(c, r.Entry.Status, p.Failure(c, r), r)
	return Example{Status: out.status, Header: out.header.All(), Body: out.body}, problem
}
