package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/fixtures/gen/format"
	"github.com/countersign/countersign/mockserver"
	"github.com/countersign/countersign/specs"
)

// unsignedStart is when an archive of messages without a date begins.
var unsignedStart = time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)

// operated is an operation for which messages are made.
type operated struct {
	vendor  *fixtureVendor
	spec    *specs.Operation
	options gen.RequestOptions
	// made are its negatives, left the ways that have none.
	made []*gen.Request
	left []gen.Unsendable
}

// operations are those that the flags name: one, or all of the vendors.
func (f *fixtureFlags) operations(vendors []*fixtureVendor) ([]*operated, error) {
	var list []*operated
	var names []string
	for _, v := range vendors {
		for _, op := range v.Spec.Operations {
			names = append(names, op.ID)
			if fits(f.operation, op.ID) {
				list = append(list, &operated{vendor: v, spec: op})
			}
		}
	}
	if len(list) == 0 {
		return nil, unknown("operation", f.operation, names)
	}
	return list, nil
}

// operationSet is a set of messages.
func (a *app) operationSet(ctx context.Context, f *fixtureFlags, kind string, vendors []*fixtureVendor) (*fixtureSet, error) {
	meaningless := map[string][]string{
		kindReplies: {"sign", "at", "unsendable"}, kindErrors: {"sign", "at", "count", "size", "set", "unsendable"},
		kindNegatives: {"count", "size", "set", "xml"}, kindRequests: {"size", "xml", "unsendable"},
	}
	if err := f.without(kind, meaningless[kind]...); err != nil {
		return nil, err
	}
	operations, err := f.operations(vendors)
	if err == nil {
		err = f.suits(kind, operations)
	}
	if err != nil {
		return nil, err
	}
	if len(f.set) > 0 && f.operation == "" {
		return nil, usagef("--set is for the messages of one operation; name it with --operation")
	}
	asked := kind == kindRequests || kind == kindNegatives
	if asked || f.format.value == string(format.HAR) { // an archive has the request of every reply
		if err := a.prepareRequests(ctx, f, operations, asked); err != nil {
			return nil, err
		}
	}
	if kind == kindNegatives {
		if err := makeNegatives(operations); err != nil {
			return nil, err
		}
	}
	if f.unsendable {
		return f.unsendables(operations), nil
	}
	s := &fixtureSet{name: f.messagesName(kind), formats: format.Formats(format.Requests)}
	options := format.Options{Shape: format.Requests, Title: fmt.Sprintf("%s, seed %d", s.name, f.seed), Started: operations[0].options.At}
	if !asked {
		s.formats, options.Shape = format.Formats(format.Replies), format.Replies
	}
	produce, err := f.producer(kind, operations)
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindRequests:
		s.total = f.count * uint64(len(operations))
		s.note = f.poolNote(operations)
	case kindNegatives:
		s.note = unsendableNote(operations)
	}
	s.validate = messageCheck(kind, operations)
	s.write = func(w io.Writer, n format.Name, each func(*format.Record) error) error {
		return written(n, w, options, produce, each)
	}
	return s, nil
}

// suits refuses flags that fit the kind, but not the operations.
func (f *fixtureFlags) suits(kind string, operations []*operated) error {
	for _, op := range operations {
		switch {
		case f.xml && op.vendor.XML == nil:
			return usagef("--xml: %s answers JSON only; name a vendor that answers XML with --vendor", op.vendor.vendor.title)
		case kind == kindNegatives && f.sign == unsigned && gen.Guarded(op.spec):
			return usagef("--sign none: %s asks for credentials before it looks at anything else, so that all its negatives would meet the same refusal; "+
				"leave --sign out, or name with --operation one that asks for none", op.spec.ID)
		}
	}
	return nil
}

// messagesName is "dataarts.requests" or "ListApprovers.requests", or "requests" of all vendors.
func (f *fixtureFlags) messagesName(kind string) string {
	switch {
	case f.operation != "":
		return f.operation + "." + kind
	case f.vendor != "":
		return f.vendor + "." + kind
	}
	return kind
}

// emitter is handed one record after the other.
type emitter func(*format.Record) error

// producer makes the messages of a kind. What can go wrong before the first one does so here.
func (f *fixtureFlags) producer(kind string, operations []*operated) (func(emit func(*format.Record) error) error, error) {
	var parts []func(emitter) error
	for _, op := range operations {
		part, err := f.producerOf(kind, op)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return func(emit func(*format.Record) error) error {
		for _, part := range parts {
			if err := part(emit); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (f *fixtureFlags) producerOf(kind string, op *operated) (func(emitter) error, error) {
	switch kind {
	case kindReplies:
		return f.replies(op)
	case kindErrors:
		replies, err := op.vendor.Failures(op.spec.ID, f.options())
		return func(emit emitter) error { return op.emitErrors(replies, f.xml, emit) }, err
	case kindNegatives:
		return func(emit emitter) error {
			for _, r := range op.made {
				note := fmt.Sprintf("%s: %s, %s: %d %s", r.Operation, r.Expect.Constraint, r.Expect.How, r.Expect.Status, r.Expect.Code)
				if err := emitRequest(r, note, emit); err != nil {
					return err
				}
			}
			return nil
		}, nil
	}
	requests, err := op.vendor.Requests(op.spec.ID, op.options)
	if err != nil {
		return nil, f.blame(err)
	}
	return func(emit emitter) error {
		for i := range f.count {
			r, err := requests.At(i)
			if err != nil {
				return err
			}
			if err := emitRequest(r, "", emit); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func emitRequest(r *gen.Request, note string, emit emitter) error {
	text, err := r.MarshalJSON()
	if err != nil {
		return err
	}
	return emit(&format.Record{JSON: text, Request: r, Note: note})
}

// replies is the chain of replies that shows --count records.
func (f *fixtureFlags) replies(op *operated) (func(emitter) error, error) {
	size := f.size
	switch p := op.spec.Pagination; {
	case p == nil && size > 0 && f.operation != "":
		return nil, usagef("--size: %s has no pages", op.spec.ID)
	case p == nil:
		size = 0
	case size == 0:
		size = p.DefaultSize
	case size < p.MinSize || size > p.MaxSize:
		return nil, usagef("--size %d: a page of %s has from %d to %d records", size, op.spec.ID, p.MinSize, p.MaxSize)
	}
	of := op.vendor.Operations[op.spec.ID]
	if of == nil || of.Replies == nil {
		return nil, fmt.Errorf("nobody makes the replies of %s", op.spec.ID)
	}
	replies, err := of.Replies(f.options(), f.count, size)
	if err != nil {
		return nil, f.blame(err)
	}
	return func(emit emitter) error { return op.emitReplies(replies, f.xml, emit) }, nil
}

// emitReplies hands replies on, each with a request that is answered so where requests were prepared.
func (op *operated) emitReplies(replies func(func(gen.Reply) bool), inXML bool, emit emitter) error {
	var requests *gen.Requests
	if op.options.Env != nil {
		var err error
		if requests, err = op.vendor.Requests(op.spec.ID, op.options); err != nil {
			return err
		}
	}
	i := uint64(0)
	for reply := range replies {
		if inXML {
			var err error
			if reply, err = op.vendor.InXML(reply); err != nil {
				return err
			}
		}
		record := &format.Record{Reply: &reply, Note: reply.Error}
		if requests != nil {
			request, err := requests.At(i)
			if err != nil {
				return err
			}
			record.Request = asking(request, reply.Request)
		}
		var err error
		if record.JSON, err = encoded(&reply); err != nil {
			return err
		}
		if err := emit(record); err != nil {
			return err
		}
		i++
	}
	return nil
}

// emitErrors hands error replies on, each with a request that it answers where requests were prepared: a negative one that must
// meet that error. Where there is none, nothing but a valid request is at hand, and the note says that it is not the cause.
func (op *operated) emitErrors(replies []gen.Reply, inXML bool, emit emitter) error {
	if op.options.Env == nil {
		return op.emitReplies(slices.Values(replies), inXML, emit)
	}
	bad, _, err := op.vendor.Negatives(op.spec.ID, op.options)
	if err != nil {
		return err
	}
	return op.emitReplies(slices.Values(replies), inXML, func(r *format.Record) error {
		i := slices.IndexFunc(bad, func(n *gen.Request) bool {
			return n.Expect.Error == r.Reply.Error && strings.Contains(string(r.Reply.Content()), n.Expect.Message)
		})
		if i < 0 {
			r.Note += "; the request is a valid one of the operation, not what causes this"
			return emit(r)
		}
		r.Request, r.Note = bad[i], fmt.Sprintf("%s: %s, %s", r.Note, bad[i].Expect.Constraint, bad[i].Expect.How)
		return emit(r)
	})
}

// poolNote says which of the requests find nothing left where all are sent to the same world, "" if none.
func (f *fixtureFlags) poolNote(operations []*operated) string {
	var notes []string
	for _, op := range operations {
		of := op.vendor.Operations[op.spec.ID]
		if of == nil || of.Pool == nil {
			continue
		}
		size, what := of.Pool(op.options.Env)
		if size < 0 || f.count <= uint64(size) {
			continue
		}
		notes = append(notes, fmt.Sprintf("the world lists %d %s, and each request of %s takes one: of %s sent one after the other, the first %d succeed. "+
			"Send the others to a fresh world, or make one that has more with --kind world (at most 50 are listed) and name it with --env",
			size, what, op.spec.ID, plural(int(f.count), "request"), size)) //nolint:gosec // only told
	}
	return strings.Join(notes, "; ")
}

// encoded is a value in JSON without the escapes that are for HTML.
func encoded(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return []byte(strings.TrimSuffix(b.String(), "\n")), err
}

// asking is the request with the parameters that a reply answers put in place of its own of the same name.
func asking(r *gen.Request, query string) *gen.Request {
	if query == "" {
		return r
	}
	base, own, _ := strings.Cut(r.URL, "?")
	pairs := strings.Split(query, "&")
	name := func(pair string) string { name, _, _ := strings.Cut(pair, "="); return name }
	kept := slices.DeleteFunc(strings.Split(own, "&"), func(pair string) bool {
		return pair == "" || slices.ContainsFunc(pairs, func(p string) bool { return name(p) == name(pair) })
	})
	out := *r
	out.URL = base + "?" + strings.Join(append(kept, pairs...), "&")
	return &out
}

// prepareRequests puts the addresses, credentials and signers of a world into the options of operations.
func (a *app) prepareRequests(ctx context.Context, f *fixtureFlags, operations []*operated, signed bool) error {
	world, err := a.worldOf(ctx, f)
	if err != nil {
		return err
	}
	at, err := f.signingTime(a.now())
	if err != nil {
		return err
	}
	if !signed {
		at = unsignedStart
	}
	for _, op := range operations {
		raw := world[op.vendor.Name]
		if raw == nil {
			return usagef("--env has nothing for %s; it wants what 'countersign env --format json' prints", op.vendor.Name)
		}
		env, err := gen.NewEnvironment(raw)
		if err != nil {
			return fmt.Errorf("--env: %s: %w", op.vendor.Name, err)
		}
		scheme, err := op.vendor.vendor.scheme(f, signed)
		if err != nil {
			return err
		}
		base := f.url
		if base == "" {
			base = env.Text("url")
		}
		op.options = scheme.options(gen.RequestOptions{Options: f.options(), Base: base, Env: env, At: at.UTC()})
		if !signed {
			op.options.Set = nil // what is set is in the replies
		}
	}
	return nil
}

// worldOf is what --env names, by vendor; without it, the demo world.
func (a *app) worldOf(ctx context.Context, f *fixtureFlags) (map[string]json.RawMessage, error) {
	var data []byte
	var err error
	switch f.env {
	case "":
		data, err = a.demoEnv(ctx, &envFlags{world: mockserver.DefaultWorld})
	case "-":
		data, err = io.ReadAll(a.in)
	default:
		data, err = os.ReadFile(f.env)
	}
	if err != nil {
		return nil, err
	}
	var world map[string]json.RawMessage
	if err := json.Unmarshal(data, &world); err != nil {
		return nil, usagef("--env %s: want what 'countersign env --format json' prints: %w", f.env, err)
	}
	return world, nil
}
