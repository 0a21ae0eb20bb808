package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/countersign/countersign/fixtures"
	"github.com/countersign/countersign/fixtures/gen"
	"github.com/countersign/countersign/specs"
)

// replyCase is a reply of the corpus with the checks of its schema.
type replyCase struct {
	oracle *oracle
	reply  *gen.Reply
	schema *openapi3.Schema
	checks *specs.Schema
	// overlay says that the schema is another than the one of the document's responses, chosen by a switch. The corpus has no
	// such replies; they are drawn.
	overlay bool
	// accepted and refused count its cases.
	accepted, refused atomic.Int64
}

// replyDifference is a way in which we judge otherwise than the library in replies: it corrects what the library found.
type replyDifference struct {
	name, why, source string
	judge             func(in *openapi3.Schema, found []finding, value any) []finding
}

var replyDifferences = []replyDifference{
	{
		name:   "a whole number in JSON may be beyond 64 bits",
		why:    "the checks bound int64 in the text of parameters alone; no reply has more, being written from 64 bits",
		source: "specs formatBounds",
		judge:  beyondBits,
	},
}

func beyondBits(in *openapi3.Schema, found []finding, value any) []finding {
	return without(found, func(f finding) bool {
		at := in
		walk(in, f.place, func(above *openapi3.Schema, step string) { at = below(above, step) })
		if !at.Type.Is("integer") || at.Format == "int32" || at.Max != nil || at.Enum != nil {
			return false
		}
		number, ok := valueAt(value, f.place).(json.Number)
		n, _ := number.Float64()
		return ok && (n > 1<<63 || n < -1<<63 && at.Min == nil)
	})
}

// read checks the reply as the server does, without decoding it.
func (a *replyCase) read(text []byte) *specs.Violation {
	tape := specs.NewTape()
	defer tape.Release()
	if err := tape.Read(text); err != nil {
		panic(err) // draw gives JSON
	}
	return a.checks.CheckTape(tape, specs.Refusals{}, nil)
}

// valueAt is what stands at a place of a body.
func valueAt(v any, place string) any {
	for step := range strings.SplitSeq(place, "/") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		}
	}
	return v
}

// TestDifferentialReplies holds the checks of replies to the library's verdict on the corpus's replies with changes drawn
// for them: the same acceptance, or the place that the library finds first in the order of the document.
func TestDifferentialReplies(t *testing.T) {
	t.Parallel()
	operations := corpusReplies(t)
	total := max(*differentialCases, enoughCases) / 5
	if raced {
		total /= 10
	}
	met := make([]atomic.Int64, len(replyDifferences))
	each(total, func(n uint64) bool {
		r := rand.New(rand.NewPCG(*differentialSeed, n))
		a := operations[r.IntN(len(operations))].pick(r)
		text, changes := a.draw(r)
		if how := a.disagree(text, met); how != "" {
			t.Errorf("reply case %d of seed %d: %s: %s\n%q\n%.800s", n, *differentialSeed, a.oracle.op.ID, how, changes, text)
			return false
		}
		return true
	})
	for i := range replyDifferences {
		if met[i].Load() == 0 && total >= enoughCases/5 {
			t.Errorf("no case met the difference %q: it is none any more", replyDifferences[i].name)
		}
	}
	for _, op := range operations {
		for _, some := range [][]*replyCase{op.successes, op.errors} {
			accepted, refused := int64(0), int64(0)
			for _, a := range some {
				accepted, refused = accepted+a.accepted.Load(), refused+a.refused.Load()
			}
			t.Logf("%8d accepted, %8d refused: %s, %d replies", accepted, refused, op.oracle.op.ID, len(some))
			if total >= enoughCases/5 && (accepted*10 < refused || refused*10 < accepted) {
				t.Errorf("%s: too few of one kind to tell anything", op.oracle.op.ID)
			}
		}
	}
}

// replyCases are the replies of one operation.
type replyCases struct {
	oracle            *oracle
	successes, errors []*replyCase
}

func (c *replyCases) pick(r *rand.Rand) *replyCase {
	some := c.successes
	if r.IntN(3) == 0 {
		some = c.errors
	}
	return some[r.IntN(len(some))]
}

// corpusReplies are the replies in JSON that the corpus has.
func corpusReplies(t *testing.T) (all []*replyCases) {
	t.Helper()
	for _, v := range vendors {
		documents, err := specs.Load(v.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range documents.Operations {
			o, err := newOracle(op)
			if err != nil {
				t.Fatal(err)
			}
			c := &replyCases{oracle: o}
			for _, reply := range committed(t, path.Join(v.name, op.ID)) {
				if cases := newReplyCases(t, o, reply); reply.Status < http.StatusBadRequest {
					c.successes = append(c.successes, cases...)
				} else {
					c.errors = append(c.errors, cases...)
				}
			}
			all = append(all, c)
		}
	}
	return all
}

func committed(t *testing.T, folder string) (all []*gen.Reply) {
	t.Helper()
	entries, err := fs.ReadDir(fixtures.Corpus(), folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		kind := strings.TrimSuffix(e.Name(), ".json")
		if strings.HasSuffix(kind, "-xml") || kind == "requests" || kind == "negatives" || kind == "unsendable" {
			continue
		}
		text, err := fs.ReadFile(fixtures.Corpus(), path.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var several []*committedReply
		if err := json.Unmarshal(text, &several); err != nil {
			several = []*committedReply{{}}
			if err := json.Unmarshal(text, several[0]); err != nil {
				t.Fatalf("%s: %v", e.Name(), err)
			}
		}
		for _, r := range several {
			all = append(all, cmp.Or(r.Within, &r.Reply))
		}
	}
	return all
}

// committedReply is a reply of the corpus, bare or within a case that says what is unusual about it.
type committedReply struct {
	gen.Reply
	Within *gen.Reply `json:"reply"`
}

// newReplyCases are a reply and its like in other worlds.
func newReplyCases(t *testing.T, o *oracle, reply *gen.Reply) []*replyCase {
	t.Helper()
	described := o.op.Spec.Responses.Status(reply.Status)
	if described == nil {
		described = o.op.Spec.Responses.Default()
	}
	if described == nil || described.Value.Content.Get("application/json") == nil {
		t.Fatalf("%s answers no JSON with status %d: %s", o.op.ID, reply.Status, reply.Error)
	}
	overlays, err := specs.OverlaysOf(described.Value.Extensions)
	if err != nil {
		t.Fatal(err)
	}
	schemas := []*openapi3.SchemaRef{described.Value.Content.Get("application/json").Schema}
	for _, overlay := range overlays {
		schemas = append(schemas, o.op.Document.T.Components.Schemas[overlay.Schema])
	}
	var all []*replyCase
	for i, schema := range schemas {
		checks, err := specs.Compile(schema, specs.ForReply, specs.Refusals{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &replyCase{oracle: o, reply: reply, schema: schema.Value, checks: checks, overlay: i > 0})
	}
	return all
}

// draw changes the reply; what comes out is JSON, since the server encodes nothing else.
func (a *replyCase) draw(r *rand.Rand) (text []byte, changes []string) {
	for {
		s := a.begin(r)
		changes = nil
		for range r.IntN(4) {
			changes = append(changes, s.spoil(r))
		}
		var b strings.Builder
		s.write(&b, r, false)
		if text = []byte(b.String()); json.Valid(text) && utf8.Valid(text) {
			return text, changes
		}
	}
}

func (a *replyCase) begin(r *rand.Rand) *sketch {
	if a.overlay {
		return sketchOf(r, a.schema)
	}
	s, err := sketchFrom(a.reply.Body, a.schema)
	if err != nil {
		panic(err) // the corpus is JSON
	}
	return s
}

func (a *replyCase) disagree(text []byte, met []atomic.Int64) string {
	value := decoded(text)
	us, them := a.checks.Check(value, specs.Refusals{}, nil), a.theirs(text)
	if read := a.read(text); fmt.Sprint(read) != fmt.Sprint(us) {
		return fmt.Sprintf("read from text it is %v, as a value %v", read, us)
	}
	for i := range replyDifferences {
		before := len(them)
		if them = replyDifferences[i].judge(a.schema, them, value); len(them) != before {
			met[i].Add(1)
		}
	}
	if us == nil && len(them) == 0 {
		a.accepted.Add(1)
		return ""
	}
	if us != nil && len(them) > 0 && placeOf(us) == first(them, func(f finding) []int { return rankWithin(a.schema, f.place) }).place {
		a.refused.Add(1)
		return ""
	}
	return fmt.Sprintf("we say %v, the library finds %+v", us, them)
}

func placeOf(v *specs.Violation) string {
	if place := strings.TrimPrefix(v.Pointer, "/"); place != "" {
		return place
	}
	return "body"
}

func decoded(text []byte) (v any) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		panic(err) // draw gives JSON
	}
	return v
}

func (a *replyCase) theirs(text []byte) []finding {
	if a.overlay {
		return pointers(nil, a.schema.VisitJSON(decoded(text), openapi3.MultiErrors(), openapi3.VisitAsResponse()))
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for _, h := range a.reply.Headers {
		if h.Name != "Content-Type" {
			header.Add(h.Name, h.Value)
		}
	}
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: &http.Request{Method: a.oracle.op.Method}, Route: a.oracle.route},
		Status:                 a.reply.Status, Header: header, Body: io.NopCloser(bytes.NewReader(text)),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	})
	if err == nil {
		return nil
	}
	var response *openapi3filter.ResponseError
	if !errors.As(err, &response) || response.Err == nil {
		panic("the library reports an error of another type: " + err.Error())
	}
	return pointers(nil, response.Err)
}

// sketchFrom is JSON as a sketch, each value with what the schema says of it.
func sketchFrom(text []byte, in *openapi3.Schema) (*sketch, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return readSketch(dec, in)
}

func readSketch(dec *json.Decoder, in *openapi3.Schema) (*sketch, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	s := &sketch{schema: in}
	switch token := token.(type) {
	case json.Delim:
		s.kind = byte(token) //nolint:gosec // a brace or a bracket
		err := s.readParts(dec)
		return s, err
	case string:
		s.kind, s.text = '"', token
	case nil:
		s.text = "null"
	default:
		s.text = fmt.Sprint(token)
	}
	return s, nil
}

func (s *sketch) readParts(dec *json.Decoder) error {
	for dec.More() {
		step := "0"
		if s.kind == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			step = name.(string)
			s.names = append(s.names, step)
		}
		var in *openapi3.Schema
		if s.schema != nil {
			in = below(s.schema, step)
		}
		part, err := readSketch(dec, in)
		if err != nil {
			return err
		}
		s.parts = append(s.parts, part)
	}
	_, err := dec.Token()
	return err
}
