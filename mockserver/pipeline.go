package mockserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/countersign/countersign/mockserver/disk"
	"github.com/countersign/countersign/mockserver/store"
)

// reply is what goes to the client.
type reply struct {
	status int
	header *ReplyHeader
	body   []byte
	// again makes a body again for whoever asks the journal for it; then body is the call's own memory, or kept elsewhere.
	again Appender
	// refusal is the catalogue entry it carries, if it is an error.
	refusal *Refusal
	// wire says how it goes out if a fault has to do with it, nil else.
	wire *wire
}

// answer is the request pipeline, from the vendor to the encoded reply. edge.go comes before it (0) and writes what it
// returns (9, 10).
func (s *Server) answer(ctx context.Context, c *Call, edge *edgeProblem) (out *reply) {
	p := s.vendorOf(c.Request) // 1
	w, err := s.worldOf(p, c)
	if err != nil || p == nil {
		c.World = s.defaultWorld()
		return s.plain(c.Request, err)
	}
	s.beginCall(ctx, c, p, w) // 2
	defer func() {
		if r := recover(); r != nil {
			s.panics.Add(1)
			out = s.broken(c, fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	value, err := s.process(ctx, c, edge)
	c.stages.enter(stageEncode)
	if unkept := w.settle(&c.extra); unkept != nil {
		s.log.Error("a nonce could not be kept on disk", "world", w.name, "error", unkept)
		c.Warn("the nonce could not be kept on disk: after a restart it could be used again")
	}
	if err != nil {
		out = s.refuse(c, err)
	} else {
		out = s.encode(c, c.Op.success, p.Success(c, value), nil) // 8
	}
	c.stages.enter(stageWrite)
	return c.fault.shape(out)
}

// process runs the steps that can refuse a request.
func (s *Server) process(ctx context.Context, c *Call, edge *edgeProblem) (any, error) {
	if c.plug.Begin != nil {
		c.plug.Begin(c)
	}
	if edge != nil {
		return nil, c.plug.Refuse(c, edge.reason).Because("%s", edge.text)
	}
	if err := c.locate(); err != nil { // 3
		return nil, err
	}
	if err := c.plug.Authenticate(c); err != nil { // 4
		return nil, err
	}
	c.stages.enter(stageValidate)
	if r := c.validate(); r != nil { // 5
		return nil, r
	}
	c.stages.enter(stageHandle)
	if c.watched {
		c.countTransitions()
	}
	return s.act(ctx, c) // 6, 7
}

func (s *Server) beginCall(ctx context.Context, c *Call, p *plugged, w *World) {
	w.touch()
	c.World, c.plug, c.plugged, c.switches = w, p.Plug, p, w.switches[p.index]
	c.watched = w.passTime()
	c.sequence = w.count()
	c.memory.chance.Seed(w.callSeed(c.sequence))
	c.stages = s.timeStages(c.sequence)
	c.now, c.signingNow = w.Now(), w.SigningNow()
	c.Tx = &c.memory.tx
	w.store(p).SnapshotInto(ctx, c.Tx)
	if c.watched {
		w.transitions.warn(c)
	}
}

// locate finds the operation: by action where the vendor has RPC, else by path.
func (c *Call) locate() error {
	if c.plug.Locate != nil {
		id, err := c.plug.Locate(c)
		if err != nil {
			return err
		}
		for _, op := range c.plugged.ops {
			if op.ID == id {
				c.Op = op
				return c.checkMethod()
			}
		}
		panic(fmt.Sprintf("vendor %s: Locate names the unknown operation %q", c.plug.Name, id))
	}
	return c.locatePath()
}

func (c *Call) checkMethod() error {
	if !c.Op.serves(c.Method) {
		return c.plug.Refuse(c, NoSuchMethod).Because("%s is served with %s", c.Op.ID, c.Op.Spec.Method)
	}
	return nil
}

func (c *Call) locatePath() error {
	for _, op := range c.plugged.ops {
		if !op.serves(c.Method) {
			continue
		}
		args, ok := op.match(c.memory.pathArgs[:0], c.RawPath)
		c.memory.pathArgs = args[:0]
		if ok {
			c.Op, c.pathArgs = op, args
			return nil
		}
	}
	var methods []string
	for _, op := range c.plugged.ops {
		if _, ok := op.match(nil, c.RawPath); ok {
			methods = append(methods, op.Spec.Method)
		}
	}
	if len(methods) > 0 {
		return c.plug.Refuse(c, NoSuchMethod).Because("the path is served with %s, not with %s", strings.Join(methods, ", "), c.Method)
	}
	return c.plug.Refuse(c, NoSuchOperation).Because("no operation has the path %s", c.RawPath)
}

// handle runs the handler in a transaction of its own.
func (c *Call) handle(ctx context.Context) (value any, err error) {
	if c.Op.readOnly {
		c.World.store(c.plugged).SnapshotInto(ctx, c.Tx)
		return c.Op.handler(c)
	}
	if c.World.server.keeps() {
		ctx = c.extra.with(ctx)
	}
	err = c.World.updateWith(ctx, c.plugged, c.Tx, func(*store.Tx) error {
		value, err = c.Op.handler(c)
		return err
	})
	return value, err
}

// refuse turns an error into a reply: a refusal in the vendor's words; anything else is a bug of ours.
func (s *Server) refuse(c *Call, err error) *reply {
	r := refusalOf(err)
	if r == nil {
		if out := plainly(err); out != nil {
			return out
		}
		if errors.Is(err, ErrNoWorld) || errors.Is(err, disk.ErrNoWorld) {
			return s.unable(c, "the world "+c.World.name+" was deleted meanwhile; nothing was changed")
		}
		if full := (*disk.Error)(nil); errors.As(err, &full) {
			s.log.Error("a change could not be kept on disk; it was not made", "vendor", c.plug.Name, "world", c.World.name, "error", err)
			return s.unable(c, err.Error()+"; nothing was changed")
		}
		return s.broken(c, err)
	}
	if c.plug.Revise != nil {
		r = c.plug.Revise(c, r)
	}
	return s.encode(c, r.Entry.Status, c.plug.Failure(c, r), r)
}

// refusalOf returns the refusal that an error is or wraps, or nil.
func refusalOf(err error) *Refusal {
	if r, is := err.(*Refusal); is { //nolint:errorlint // as nearly always; errors.As would allocate
		return r
	}
	var r *Refusal
	errors.As(err, &r)
	return r
}

// broken answers for a bug of the stand-in in the vendor's envelope; it is logged and counted.
func (s *Server) broken(c *Call, err error) (out *reply) {
	s.bug(c, err)
	c.fault = nil // a bug is not dressed up
	defer func() {
		if recover() != nil { // even the vendor's envelope fails: say so plainly
			out = jsonReply(http.StatusInternalServerError, map[string]any{"countersign": "internal error; see the server's log"})
		}
	}()
	r := c.plug.Refuse(c, Broken)
	return s.encode(c, r.Entry.Status, c.plug.Failure(c, r), r)
}

// unable answers that a call could not be carried out though nothing is wrong with it or with the stand-in: the disk is
// full, the world gone.
func (s *Server) unable(c *Call, why string) *reply {
	c.problem = why
	r := c.plug.Refuse(c, Broken).Because("%s", why)
	return s.encode(c, r.Entry.Status, c.plug.Failure(c, r), r)
}

func (s *Server) bug(c *Call, err error) {
	s.bugs.Add(1)
	c.problem = err.Error()
	op := ""
	if c.Op != nil {
		op = c.Op.ID
	}
	s.log.Error("bug in the stand-in", "vendor", c.plug.Name, "operation", op, "world", c.World.name, "error", err)
	if s.onBug != nil {
		s.onBug(fmt.Errorf("%s %s: %w", c.plug.Name, op, err))
	}
}

// vendorOf chooses the vendor by Host, then by path, then by signature scheme.
func (s *Server) vendorOf(req *Request) *plugged {
	host := req.HostName()
	for _, p := range s.plugs {
		for _, h := range p.hosts {
			if h.match(host) {
				return p
			}
		}
	}
	for _, p := range s.plugs {
		for _, prefix := range p.Paths {
			if prefix == "/" && req.RawPath == "/" || prefix != "/" && strings.HasPrefix(req.RawPath, prefix) {
				return p
			}
		}
	}
	for _, p := range s.plugs {
		if p.Signed != nil && p.Signed(req) {
			return p
		}
	}
	return nil
}

// worldHeader selects a world by name, before anything else does.
const worldHeader = "X-Countersign-World"

func (s *Server) worldOf(p *plugged, c *Call) (*World, error) {
	if name := HeaderOf(c.Header, worldHeader); name != "" {
		return s.World(name)
	}
	if p == nil {
		return s.defaultWorld(), nil
	}
	m := c.memory
	m.claims = p.Identify(c.Request, m.claims[:0])
	for _, claim := range m.claims {
		m.text = appendClaimKey(m.text[:0], p, claim.Kind, claim.Value)
		if w := s.owner(m.text); w != nil {
			return w, nil
		}
	}
	return s.defaultWorld(), nil
}

// plain answers what belongs to no vendor, in countersign's own words.
func (s *Server) plain(req *Request, err error) *reply {
	if err != nil {
		return jsonReply(http.StatusNotFound, map[string]any{"countersign": err.Error()})
	}
	if s.opts.AdminApart && isAdmin(req.RawPath) {
		text := "the admin API is not served at this address"
		if p, ok := s.place(true, "http"); ok {
			text += "; it is at " + p.url(req.Host)
		}
		return jsonReply(http.StatusNotFound, map[string]any{"countersign": text})
	}
	claims := map[string][]string{}
	for _, p := range s.plugs {
		claims[p.Name] = p.Paths
	}
	return jsonReply(http.StatusNotFound, map[string]any{
		"countersign": fmt.Sprintf("no vendor has the path %s; these paths are claimed", req.RawPath),
		"paths":       claims,
	})
}
