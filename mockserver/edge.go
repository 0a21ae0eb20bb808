package mockserver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// edge is the outermost handler: gin routes /__admin, everything else is a vendor's.
func (s *Server) edge() http.Handler {
	engine := s.engine()
	if s.opts.AdminApart {
		engine.NoRoute(func(c *gin.Context) { s.serve(c.Writer, c.Request) })
		return engine
	}
	other := s.mountAdmin(engine)
	engine.NoRoute(func(c *gin.Context) {
		if isAdmin(c.Request.URL.Path) {
			other(c)
			return
		}
		s.serve(c.Writer, c.Request)
	})
	return engine
}

func (s *Server) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash, engine.RedirectFixedPath = false, false
	engine.Use(s.recoverAdmin)
	return engine
}

// edgeProblem is what was wrong with a request before the pipeline saw it.
type edgeProblem struct {
	reason Reason
	text   string
}

// serve takes one vendor request through the pipeline, journals it and writes the reply.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	start := s.wall()
	memory := callMemories.Get().(*callMemory)
	e := &Entry{at: start}
	c := memory.begin(e)
	problem := s.receive(w, r, c.Request)
	out := s.answer(r.Context(), c, problem)
	s.record(e, c, out)
	e.req.forget() // the journal keeps the request for long, and only as it was received
	s.journal.add(e)
	n, err := s.send(w, r, out)
	e.noteWire(out.wire)
	c.stages.over(start)
	took := s.wall().Sub(start)
	e.finish(took, n, err == nil)
	s.observe(c, out.status, took)
	onTheWire := out.wire
	memory.over()
	onTheWire.hangUp(w)
}

// receive keeps the request exactly as it came.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, req *Request) *edgeProblem {
	req.Method, req.URI, req.Host, req.Header, req.TLS = r.Method, r.RequestURI, r.Host, r.Header, r.TLS != nil
	target := req.URI
	if !strings.HasPrefix(target, "/") { // absolute form, or OPTIONS *
		if u, err := url.Parse(target); err == nil && u.Host != "" {
			target = u.RequestURI()
		}
	}
	req.RawPath, req.RawQuery, _ = strings.Cut(target, "?")
	problem := s.receiveBody(w, r, req)
	if problem == nil && req.tooManyPairs() {
		problem = &edgeProblem{Unreadable, "the query or the form has " + errTooManyPairs.Error()}
	}
	return problem
}

func (s *Server) receiveBody(w http.ResponseWriter, r *http.Request, req *Request) *edgeProblem {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if r.ContentLength > s.maxBody {
		if r.Header.Get("Expect") != "" { // the client waits to be told whether to send it at all
			return s.overLimit()
		}
		return s.tooLarge(w, r.Body)
	}
	body, err := readBody(r.Body, r.ContentLength, s.maxBody)
	switch {
	case err != nil:
		req.Body = body
		return &edgeProblem{Unreadable, fmt.Sprintf("the body ended early, after %d bytes: %v", len(body), err)}
	case int64(len(body)) > s.maxBody:
		return s.tooLarge(w, r.Body)
	}
	req.Body = body
	return nil
}

// maxDrained bounds what is read of an oversized body so that the client hears the answer instead of a reset, in bytes.
const maxDrained = 256 << 20

func (s *Server) tooLarge(w http.ResponseWriter, rest io.Reader) *edgeProblem {
	drain(w, rest)
	return s.overLimit()
}

// drain reads the rest of a body; behind one without end the connection is closed.
func drain(w http.ResponseWriter, rest io.Reader) {
	if n, err := io.CopyN(io.Discard, rest, maxDrained); err == nil || n == maxDrained {
		w.Header().Set("Connection", "close")
	}
}

func (s *Server) overLimit() *edgeProblem {
	return &edgeProblem{TooLarge, fmt.Sprintf("the body is over the limit of %d bytes", s.maxBody)}
}

// readBody reads a body of known length, or one of unknown length up to a byte over most.
func readBody(r io.Reader, length, most int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(io.LimitReader(r, most+1))
	}
	body := make([]byte, length)
	n, err := io.ReadFull(r, body)
	return body[:n], err
}

// record fills in the journal entry of a call.
func (s *Server) record(e *Entry, c *Call, out *reply) {
	e.world, e.plug, e.op, e.secrets, e.worldNow = c.World.name, c.plugged, c.Op, s.secretsOf(c.plugged), c.now
	e.status, e.refusal, e.problem, e.warnings, e.explain, e.fault = out.status, out.refusal, c.problem, c.warnings, c.explain, c.fault.note()
	e.reply = replyBody{bytes: out.body, size: len(out.body)}
	if out.again != nil {
		e.reply.bytes, e.reply.again = nil, out.again
	}
	if out.header != &e.header {
		e.header = *out.header
		out.header = &e.header
	}
	if c.plugged != nil && s.log.Enabled(context.Background(), slog.LevelDebug) {
		s.log.Debug("request", "vendor", c.plug.Name, "operation", e.operation(), "world", c.World.name, "method", c.Method,
			"path", c.RawPath, "status", out.status, "code", codeOf(out.refusal))
	}
}

func codeOf(r *Refusal) string {
	if r == nil {
		return ""
	}
	return r.Code
}

// write sends the reply and returns how many bytes of its body went out.
func (s *Server) write(w http.ResponseWriter, r *http.Request, out *reply) (int64, error) {
	h := w.Header()
	out.header.writeTo(h)
	h["Content-Length"] = out.header.lengthOf(out.body)
	w.WriteHeader(out.status)
	if r.Method == http.MethodHead {
		if gw, ok := w.(gin.ResponseWriter); ok {
			gw.WriteHeaderNow() // or gin would put its own 404 in place of ours
		}
		return 0, nil
	}
	n, err := w.Write(out.body)
	return int64(n), err
}

// recoverAdmin keeps a panic in the admin API from taking the connection down unanswered.
func (s *Server) recoverAdmin(c *gin.Context) {
	defer func() {
		if r := recover(); r == http.ErrAbortHandler { //nolint:errorlint,err113 // net/http compares it so, too
			panic(r)
		} else if r != nil {
			s.panics.Add(1)
			s.log.Error("panic at the edge", "path", c.Request.URL.Path, "panic", fmt.Sprint(r))
			adminError(c, http.StatusInternalServerError, "internal error; see the server's log")
		}
	}()
	c.Next()
}
