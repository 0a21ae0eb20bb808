package mockserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign/specs"
)

// Operation is an operation of the documents, compiled once.
type Operation struct {
	ID   string
	Spec *specs.OperationRules

	handler  Handler
	readOnly bool
	success  int
	params   []param
	// declared are the names that a query, or an RPC request's form, may have.
	declared  []string
	pathNames []string
	segments  []string // "" where a path parameter stands
	headers   []headerRule
	body      *bodyRule
	replies   map[int]*replyRule
	fallback  *replyRule
	catalogue catalogue
	timings   timings
}

type param struct {
	name, in   string
	canonical  string // of a header
	required   bool
	allowEmpty bool
	secret     bool
	blank      string // the assumption by which white space counts as empty
	schema     *specs.Schema
	refusals   specs.Refusals
}

type headerRule struct {
	specs.HeaderRule
	canonical string
}

type bodyRule struct {
	required bool
	forms    map[string]*specs.Schema // by media type
	first    string                   // the media type taken when none is sent
	refusals specs.Refusals
}

type replyRule struct {
	schema *specs.Schema
	// overlays are other schemas, for worlds that chose an alternative which changes the reply.
	overlays []overlay
	headers  []string // required
}

type overlay struct {
	assumption, value string
	schema            *specs.Schema
}

func compileOperations(p *Plug) ([]*Operation, error) {
	var ops []*Operation
	replies := replySchemas{}
	var problems []error
	for _, spec := range p.Spec.Operations {
		op, err := compileOperation(spec, p.Handlers[spec.ID], replies)
		if err != nil {
			problems = append(problems, fmt.Errorf("operation %s: %w", spec.ID, err))
			continue
		}
		op.declare(p.Spec.CommonParameters)
		op.catalogue.spec, op.catalogue.operation = p.Spec, op.ID
		ops = append(ops, op)
	}
	for id := range p.Handlers {
		if p.Spec.Operation(id) == nil {
			problems = append(problems, fmt.Errorf("handler %q is for no documented operation", id))
		}
	}
	return ops, errors.Join(problems...)
}

func compileOperation(spec *specs.OperationRules, h Handler, replies replySchemas) (*Operation, error) {
	op := &Operation{ID: spec.ID, Spec: spec, handler: h, readOnly: spec.Method == http.MethodGet, replies: map[int]*replyRule{}}
	if h == nil {
		return nil, errors.New("has no handler")
	}
	for _, rule := range spec.Headers {
		op.headers = append(op.headers, headerRule{rule, http.CanonicalHeaderKey(rule.Name)})
	}
	op.compilePath(spec.Path)
	return op, errors.Join(op.compileParams(spec), op.compileBody(spec), op.compileReplies(spec, replies))
}

func (op *Operation) compilePath(path string) {
	for _, s := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if strings.HasPrefix(s, "{") {
			op.pathNames = append(op.pathNames, strings.Trim(s, "{}"))
			s = ""
		}
		op.segments = append(op.segments, s)
	}
}

func (op *Operation) compileParams(spec *specs.OperationRules) error {
	var problems []error
	for i := range spec.Params {
		in := &spec.Params[i]
		if err := checkRefusals(in.Part.Refusals); err != nil {
			problems = append(problems, fmt.Errorf("parameter %s: %w", in.Name, err))
		}
		op.params = append(op.params, param{name: in.Name, in: in.In, canonical: http.CanonicalHeaderKey(in.Name), required: in.Required, allowEmpty: in.Part.AllowEmpty,
			secret: in.Part.Secret, blank: in.Part.Blank, schema: in.Shape.Compile(specs.ForRequest, in.Part.Refusals), refusals: in.Part.Refusals})
	}
	return errors.Join(problems...)
}

func (op *Operation) declare(common []specs.CommonParameter) {
	for i := range op.params {
		if op.params[i].in == "query" {
			op.declared = append(op.declared, op.params[i].name)
		}
	}
	for _, p := range common {
		op.declared = append(op.declared, p.Name)
	}
}

func checkRefusals(r specs.Refusals) error {
	if r.Missing == "" || r.Malformed == "" || r.Range == "" {
		return errors.New("x-refusals does not say what answers a missing, malformed or out of range value")
	}
	return nil
}

func (op *Operation) compileBody(spec *specs.OperationRules) error {
	in := spec.Body
	if in == nil {
		return nil
	}
	op.body = &bodyRule{required: in.Required, forms: map[string]*specs.Schema{}, refusals: in.Part.Refusals}
	for i := range in.Forms {
		name := strings.ToLower(in.Forms[i].MediaType)
		op.body.forms[name] = in.Forms[i].Shape.Compile(specs.ForRequest, in.Part.Refusals)
		if op.body.first == "" {
			op.body.first = name
		}
	}
	return checkRefusals(in.Part.Refusals)
}

func (op *Operation) compileReplies(spec *specs.OperationRules, schemas replySchemas) error {
	for i := range spec.Replies {
		in := &spec.Replies[i]
		rule := schemas.compileReply(in)
		if in.Status == 0 {
			op.fallback = rule
			continue
		}
		op.replies[in.Status] = rule
		if in.Status >= 200 && in.Status < 300 && op.success == 0 {
			op.success = in.Status // they are in order
		}
	}
	if op.success == 0 {
		return errors.New("documents no successful reply")
	}
	return nil
}

// replySchemas are the checks of a vendor's replies. Most replies are one of a few errors.
type replySchemas map[*specs.Shape]*specs.Schema

func (r replySchemas) compileReply(in *specs.ReplyRules) *replyRule {
	rule := &replyRule{headers: in.Headers}
	if !in.JSON {
		return rule
	}
	rule.schema = r.of(in.Shape)
	for _, o := range in.Overlays {
		rule.overlays = append(rule.overlays, overlay{o.Assumption, o.Value, r.of(o.Shape)})
	}
	return rule
}

func (r replySchemas) of(shape *specs.Shape) *specs.Schema {
	if r[shape] == nil {
		r[shape] = shape.Compile(specs.ForReply, specs.Refusals{})
	}
	return r[shape]
}

// reply is what the document says of replies with a status, nil if it says nothing.
func (op *Operation) reply(status int) *replyRule {
	if rule := op.replies[status]; rule != nil {
		return rule
	}
	return op.fallback
}

// serves reports whether the operation is served with the method.
func (op *Operation) serves(method string) bool {
	return op.Spec.Method == method || slices.Contains(op.Spec.Also, method)
}

// match reports whether the raw path is the operation's and appends its decoded path arguments.
func (op *Operation) match(args []string, rawPath string) ([]string, bool) {
	rest, ok := strings.CutPrefix(rawPath, "/")
	if !ok {
		return args, false
	}
	for i, want := range op.segments {
		part, tail, more := strings.Cut(rest, "/")
		if more != (i < len(op.segments)-1) {
			return args, false
		}
		rest = tail
		if want != "" || i == 0 && len(op.segments) == 1 {
			if part != want {
				return args, false
			}
			continue
		}
		arg, ok := pathArg(part)
		if !ok {
			return args, false
		}
		args = append(args, arg)
	}
	return args, true
}

// pathArg decodes a segment of a path. An empty one is no argument.
func pathArg(part string) (string, bool) {
	if strings.IndexByte(part, '%') < 0 {
		return part, part != ""
	}
	arg, err := url.PathUnescape(part)
	return arg, err == nil && arg != ""
}
