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
		Header http.Header `json:"header"`
		Body   string      `json:"body,omitempty"`
	} `json:"request"`
	Reply struct {
		Status int         `json:"status"`
		Header http.Header `json:"header"`
		Body   string      `json:"body,omitempty"`
	} `json:"reply"`
	// Error is the catalogue entry that was answered.
	Error *ErrorView `json:"error,omitempty"`
	// Problem is what went wrong in the stand-in itself.
	Problem  string   `json:"problem,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Explanation says why a signature was refused.
	Explanation *Explanation `json:"explanation,omitempty"`
	// Complete is false while the reply is on its way; ClientGone says that it could not be delivered.
	Complete   bool    `json:"complete"`
	ClientGone bool    `json:"client_gone,omitempty"`
	Millis     float64 `json:"ms"`
	Bytes      int64   `json:"bytes"`
}

// ErrorView is the refusal of a journal entry.
type ErrorView struct {
	Name      string `json:"name"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Parameter string `json:"parameter,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

func (e *Entry) view() EntryView {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := EntryView{ID: e.id, Time: e.at.UTC(), World: e.world.name, WorldTime: e.worldNow, Operation: e.op, Problem: e.problem,
		Warnings: e.warnings, Complete: e.done, ClientGone: e.done && !e.sent, Bytes: e.written,
		Millis: float64(e.took.Microseconds()) / 1000}
	secrets := &secretNames{headers: []string{"Authorization", "Proxy-Authorization", "Cookie"}}
	if e.plug != nil {
		v.Vendor, secrets = e.plug.Name, &e.plug.secrets
	}
	v.Request.Method, v.Request.Host = e.req.Method, e.req.Host
	path, query, has := strings.Cut(e.req.URI, "?")
	if v.Request.URI = path; has {
		v.Request.URI += "?" + secrets.pairs(query)
	}
	v.Request.Header, v.Request.Body = secrets.header(e.req.Header), secrets.body(e.req.MediaType(), e.req.Body)
	v.Reply.Status, v.Reply.Header = e.status, secrets.header(e.header)
	quoted := secrets.quoted(e.req)
	v.Reply.Body = quoted(secrets.body(mediaType(e.header.Get("Content-Type")), e.body))
	if r := e.refusal; r != nil {
		v.Error = &ErrorView{Name: r.Entry.Name, Code: r.Code, Message: quoted(r.Message), Parameter: r.Parameter, Reason: quoted(r.Reason)}
	}
	if e.explain != nil {
		v.Explanation = e.explain()
	}
	return v
}

// JournalQuery selects entries. Zero fields select everything.
type JournalQuery struct {
	World, Vendor, Operation string
	// Code is the code of a catalogue entry.
	Code   string
	Status int
	// Limit bounds the number of entries, the newest first. Zero: all.
	Limit int
}

// Requests returns the journal, newest first, and how many older entries were evicted to stay within its budget.
func (s *Server) Requests(q JournalQuery) (entries []EntryView, evicted uint64) {
	list, evicted := s.journal.list()
	entries = []EntryView{}
	for _, e := range list {
		if q.selects(e) {
			entries = append(entries, e.view())
		}
		if q.Limit > 0 && len(entries) == q.Limit {
			break
		}
	}
	return entries, evicted
}

func (q *JournalQuery) selects(e *Entry) bool {
	vendor := ""
	if e.plug != nil {
		vendor = e.plug.Name
	}
	code := ""
	if e.refusal != nil {
		code = e.refusal.Code
	}
	return (q.World == "" || q.World == e.world.name) && (q.Vendor == "" || q.Vendor == vendor) &&
		(q.Operation == "" || q.Operation == e.op) && (q.Code == "" || q.Code == code) && (q.Status == 0 || q.Status == e.status)
}
