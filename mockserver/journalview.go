package mockserver

import (
	"net/http"
	"strings"
	"time"
)

// EntryView is a journal entry as it is shown: without secrets, and with the explanation of a refused signature.
type EntryView struct {
	ID        uint64    `json:"id"`
	Time      time.Time `json:"time"`
	World     string    `json:"world"`
	WorldTime time.Time `json:"world_time"`
	Vendor    string    `json:"vendor,omitempty"`
	Operation string    `json:"operation,omitempty"`
	Request   struct {
		Method string      `json:"method"`
		URI    string      `json:"uri"`
		Host   string      `json:"host"`
		TLS    bool        `json:"tls,omitempty"`
		Header http.Header `json:"header"`
		Body   string      `json:"body,omitempty"`
		// BodyBytes is the length of the body as it was received.
		BodyBytes int `json:"body_bytes"`
	} `json:"request"`
	Reply struct {
		Status    int         `json:"status"`
		Header    http.Header `json:"header"`
		Body      string      `json:"body,omitempty"`
		BodyBytes int         `json:"body_bytes"`
	} `json:"reply"`
	// Error is the catalogue entry that was answered.
	Error *ErrorView `json:"error,omitempty"`
	// Problem is what went wrong in the stand-in itself.
	Problem  string   `json:"problem,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Fault is what went wrong on purpose.
	Fault *FaultNote `json:"fault,omitempty"`
	// Explanation says why a signature was refused.
	Explanation *Explanation `json:"explanation,omitempty"`
	// Complete is false while the reply is on its way; ClientGone says that it could not be delivered.
	Complete   bool `json:"complete"`
	ClientGone bool `json:"client_gone,omitempty"`
	// Millis is from the end of the request's header to the last byte of the reply handed over, Bytes how much of the
	// reply's body was; both are 0 until the entry is complete.
	Millis float64 `json:"ms"`
	Bytes  int64   `json:"bytes"`
}

// ErrorView is the refusal of a journal entry.
type ErrorView struct {
	Name      string `json:"name"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Parameter string `json:"parameter,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// view is the entry as it is shown, with its bodies or without.
func (e *Entry) view(bodies bool) EntryView {
	v := EntryView{ID: e.id, Time: e.at.UTC(), World: e.world, WorldTime: e.worldNow, Vendor: e.vendor(), Operation: e.operation(),
		Problem: e.problem, Warnings: e.warnings}
	e.viewOutcome(&v)
	secrets := e.secrets
	req := e.request()
	header := e.header.All()
	path, query, has := strings.Cut(req.URI, "?")
	if v.Request.URI = path; has {
		v.Request.URI += "?" + secrets.pairs(query)
	}
	v.Request.Method, v.Request.Host, v.Request.TLS = req.Method, req.Host, req.TLS
	v.Request.Header, v.Request.BodyBytes = secrets.header(req.Header), len(req.Body)
	v.Reply.Status, v.Reply.Header, v.Reply.BodyBytes = e.status, secrets.header(header), e.reply.size
	if e.refusal == nil && !bodies {
		return v
	}
	quoted := secrets.quoted(req)
	if r := e.refusal; r != nil {
		v.Error = &ErrorView{Name: r.Entry.Name, Code: r.Code, Message: quoted(r.Message), Parameter: r.Parameter, Reason: quoted(r.Reason())}
	}
	if bodies {
		v.Request.Body = secrets.body(req.MediaType(), req.Body)
		v.Reply.Body = quoted(secrets.body(mediaType(e.header.Get("Content-Type")), e.reply.text()))
	}
	return v
}

// whole is the entry with everything, its explanation too, or with neither bodies nor explanation.
func (e *Entry) whole(bodies bool) EntryView {
	v := e.view(bodies)
	if bodies {
		v.Explanation = e.explained()
	}
	return v
}

func (e *Entry) viewOutcome(v *EntryView) {
	e.mu.Lock()
	defer e.mu.Unlock()
	v.Complete, v.ClientGone, v.Bytes = e.done, e.done && !e.sent, e.written
	v.Fault = e.fault
	v.Millis = float64(e.took.Microseconds()) / 1000
}

// request is the request as received. It is a copy, so that what is decoded of it is forgotten with it.
func (e *Entry) request() *Request {
	r := &e.req
	return &Request{Method: r.Method, URI: r.URI, RawPath: r.RawPath, RawQuery: r.RawQuery, Host: r.Host, Header: r.Header,
		Body: r.Body, TLS: r.TLS}
}

// explained works out why the signature was refused.
func (e *Entry) explained() *Explanation {
	if e.explain == nil {
		return nil
	}
	e.explaining.Lock()
	defer e.explaining.Unlock()
	defer e.req.forget()
	return e.explain()
}

// secretsOf are the secrets of a vendor, or of all of them where a request found none: it may have been meant for any.
func (s *Server) secretsOf(p *plugged) *secretNames {
	if p != nil {
		return &p.secrets
	}
	j := s.journal
	j.strangers.Do(func() {
		for _, p := range s.plugs {
			for _, name := range p.secrets.headers {
				j.anybodys.add("header", name)
			}
			for _, name := range p.secrets.fields {
				j.anybodys.add("body", name)
			}
		}
	})
	return &j.anybodys
}

// Found is what Find returns.
type Found struct {
	Entries []EntryView
	// Missed is how many entries were evicted that the query may have selected; 0 means that nothing is missing.
	Missed uint64
}

// Find returns the entries that a query selects. Errors: *QueryError, one that wraps ErrNoWorld.
func (s *Server) Find(q JournalQuery) (Found, error) {
	sel, err := s.selection(q)
	if err != nil {
		return Found{}, err
	}
	found := Found{Entries: []EntryView{}}
	found.Missed, err = s.visit(sel, func(e *Entry) error {
		found.Entries = append(found.Entries, e.whole(!q.WithoutBodies))
		return nil
	})
	return found, err
}

// Requests returns the entries that a query selects, the newest first unless it says otherwise, and how many were
// evicted from the world that it names, or from all. A query that cannot be right selects nothing; Find says why.
func (s *Server) Requests(q JournalQuery) (entries []EntryView, evicted uint64) {
	found, err := s.Find(q)
	if err != nil {
		return []EntryView{}, 0
	}
	return found.Entries, found.Missed
}

// Request returns one entry, whole. ok is false if there is none of that id, or none any more.
func (s *Server) Request(id uint64) (view EntryView, ok bool) {
	e := s.journal.entry(id)
	if e == nil {
		return EntryView{}, false
	}
	return e.whole(true), true
}

// ClearRequests forgets the entries of a world, or of all (""), and what was evicted of them. It returns how many
// entries there were. Error: one that wraps ErrNoWorld.
func (s *Server) ClearRequests(world string) (int, error) {
	if world != "" {
		if _, err := s.World(world); err != nil {
			return 0, err
		}
	}
	return s.journal.clear(world), nil
}
