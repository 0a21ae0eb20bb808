package mockserver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/specs"
)

// JournalQuery selects entries of the journal. Every field that is set must fit; zero fields select everything.
type JournalQuery struct {
	// World, Vendor and Operation are names; Method and Path are compared as they were sent, the path without the query.
	World     string `json:"world,omitempty"`
	Vendor    string `json:"vendor,omitempty"`
	Operation string `json:"operation,omitempty"`
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	// Status is that of the reply; Code and Error are the code and the name of the catalogue entry that was answered.
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Error  string `json:"error,omitempty"`
	// Since and Until bound the time of the wall clock at which the request came, both inclusive.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// After and Before bound the id, both exclusive.
	After  uint64 `json:"after,omitempty"`
	Before uint64 `json:"before,omitempty"`
	// Unmatched wants requests of no operation, RefusedSignature those whose signature was refused and can be
	// explained, Warned those with warnings.
	Unmatched        bool `json:"unmatched,omitempty"`
	RefusedSignature bool `json:"refused_signature,omitempty"`
	Warned           bool `json:"warned,omitempty"`
	// Faulted wants requests in which something went wrong on purpose.
	Faulted bool `json:"faulted,omitempty"`
	// Parameters are conditions on what was sent.
	Parameters []ParameterMatch `json:"parameters,omitempty"`

	// Limit bounds how many entries are returned, after leaving Offset out. Limit 0: all.
	Limit  int `json:"limit,omitempty"`
	Offset int `json:"offset,omitempty"`
	// Order is "newest" first (default) or "oldest" first.
	Order string `json:"order,omitempty"`
	// WithoutBodies leaves the bodies of requests and replies and the explanations out.
	WithoutBodies bool `json:"without_bodies,omitempty"`
}

// QueryError says that a query can select nothing: it names what does not exist, or contradicts itself.
type QueryError struct{ Problem string }

func (e *QueryError) Error() string { return e.Problem }

func badQuery(format string, args ...any) error { return &QueryError{fmt.Sprintf(format, args...)} }

// selection is a query that has been checked.
type selection struct {
	JournalQuery
	matcher *Matcher
}

// selection checks a query. A name that nothing has is an error, since it would select nothing for ever. Errors:
// *QueryError, one that wraps ErrNoWorld.
func (s *Server) selection(q JournalQuery) (*selection, error) {
	if q.World != "" {
		if _, err := s.World(q.World); err != nil {
			return nil, err
		}
	}
	if err := s.checkNames(&q); err != nil {
		return nil, err
	}
	switch {
	case q.Limit < 0 || q.Offset < 0:
		return nil, badQuery("limit and offset are whole numbers from 0 on")
	case q.Order != "" && q.Order != "newest" && q.Order != "oldest":
		return nil, badQuery("order %q: want \"newest\" or \"oldest\"", q.Order)
	case q.Status != 0 && (q.Status < 100 || q.Status > 599):
		return nil, badQuery("status %d: want 100 to 599", q.Status)
	case q.Unmatched && q.Operation != "":
		return nil, badQuery("unmatched requests have no operation: leave one of the two out")
	}
	m, err := NewMatcher(q.Parameters)
	if err != nil {
		return nil, &QueryError{err.Error()}
	}
	return &selection{q, m}, nil
}

// checkNames wants that the vendor, the operation, the code and the name of the error are somebody's.
func (s *Server) checkNames(q *JournalQuery) error {
	var vendors []*specs.Rules
	var names, operations []string
	for _, v := range s.specs {
		names = append(names, v.Name)
		if q.Vendor == "" || q.Vendor == v.Name {
			vendors = append(vendors, v)
		}
	}
	if len(vendors) == 0 {
		return badQuery("no vendor is named %q; there are %s", q.Vendor, strings.Join(names, ", "))
	}
	var errs []*specs.Error
	for _, v := range vendors {
		for _, op := range v.Operations {
			operations = append(operations, op.ID)
		}
		errs = append(errs, v.Errors...)
	}
	if q.Operation != "" && !slices.Contains(operations, q.Operation) {
		return badQuery("no operation is named %q; there are %s", q.Operation, strings.Join(operations, ", "))
	}
	if q.Error != "" && !slices.ContainsFunc(errs, func(e *specs.Error) bool { return e.Name == q.Error }) {
		return badQuery("no error of the catalogue is named %q; `countersign errors` lists them", q.Error)
	}
	if q.Code != "" && !slices.ContainsFunc(errs, func(e *specs.Error) bool { return e.Code == q.Code || strings.Contains(e.Code, "%s") }) {
		return badQuery("no error of the catalogue has the code %q; `countersign errors` lists them", q.Code)
	}
	return nil
}

// selects reports whether an entry is wanted.
func (q *selection) selects(e *Entry) bool {
	return q.plain(e) && q.matcher.Match(&e.req, e.op)
}

// plain reports whether everything but the parameters fits.
func (q *selection) plain(e *Entry) bool {
	return (q.World == "" || q.World == e.world) && (q.Vendor == "" || q.Vendor == e.vendor()) &&
		(q.Operation == "" || q.Operation == e.operation()) && (q.Method == "" || q.Method == e.req.Method) &&
		(q.Path == "" || q.Path == e.req.RawPath) && (q.Status == 0 || q.Status == e.status) &&
		(q.Code == "" || q.Code == codeOf(e.refusal)) && (q.Error == "" || q.Error == e.errorName()) &&
		(q.Since.IsZero() || !e.at.Before(q.Since)) && (q.Until.IsZero() || !e.at.After(q.Until)) &&
		e.id > q.After && (q.Before == 0 || e.id < q.Before) &&
		(!q.Unmatched || e.op == nil) && (!q.RefusedSignature || e.explain != nil) && (!q.Warned || len(e.warnings) > 0) &&
		(!q.Faulted || e.faulted())
}

func (e *Entry) faulted() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fault != nil
}

func (e *Entry) vendor() string {
	if e.plug == nil {
		return ""
	}
	return e.plug.Name
}

func (e *Entry) operation() string {
	if e.op == nil {
		return ""
	}
	return e.op.ID
}

func (e *Entry) errorName() string {
	if e.refusal == nil {
		return ""
	}
	return e.refusal.Entry.Name
}

// missed is how many evicted entries the query may have selected: those of its world, unless all of them are older than
// it asks for. It is never too few.
func (q *selection) missed(l losses) uint64 {
	if l.last <= q.After || l.at.Before(q.Since) {
		return 0
	}
	return l.count
}

var errEnough = errors.New("no more entries are wanted")

// visit calls f with the entries selected, in the order asked for, limit and offset applied, and returns how many
// evicted ones may be missing. No lock is held meanwhile, so entries may be evicted while f looks at them.
func (s *Server) visit(q *selection, f func(*Entry) error) (missed uint64, err error) {
	list, lost := s.journal.after(q.World, q.After, 0)
	if q.Order != "oldest" {
		slices.Reverse(list)
	}
	skip, left := q.Offset, q.Limit
	for i, e := range list {
		list[i] = nil // what is evicted meanwhile need not wait for the last one
		if !q.selects(e) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if err := f(e); err != nil {
			if errors.Is(err, errEnough) {
				err = nil
			}
			return q.missed(lost), err
		}
		if left--; left == 0 {
			break
		}
	}
	return q.missed(lost), nil
}
