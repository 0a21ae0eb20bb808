package mockserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// Operation is an operation of the documents, compiled once.
type Operation struct {
	ID   string
	Spec *specs.Operation

	handler   Handler
	readOnly  bool
	success   int
	params    []param
	pathNames []string
	segments  []string // "" where a path parameter stands
	headers   []headerRule
	body      *bodyRule
	replies   map[int]*replyRule
	fallback  *replyRule
	timings   timings
}

type param struct {
	name, in   string
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
	var problems []error
	for _, spec := range p.Spec.Operations {
		op, err := compileOperation(spec, p.Handlers[spec.ID])
		if err != nil {
			problems = append(problems, fmt.Errorf("operation %s: %w", spec.ID, err))
			continue
		}
		ops = append(ops, op)
	}
	for id := range p.Handlers {
		if p.Spec.Operation(id) == nil {
			problems = append(problems, fmt.Errorf("handler %q is for no documented operation", id))
		}
	}
	return ops, errors.Join(problems...)
}

func compileOperation(spec *specs.Operation, h Handler) (*Operation, error) {
	op := &Operation{ID: spec.ID, Spec: spec, handler: h, readOnly: spec.Method == http.MethodGet, replies: map[int]*replyRule{}}
	if h == nil {
		return nil, errors.New("has no handler")
	}
	for _, rule := range spec.Headers {
		op.headers = append(op.headers, headerRule{rule, http.CanonicalHeaderKey(rule.Name)})
	}
	op.compilePath(spec.Path)
	return op, errors.Join(op.compileParams(spec), op.compileBody(spec), op.compileReplies(spec))
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

func (op *Operation) compileParams(spec *specs.Operation) error {
	var problems []error
	for _, in := range spec.Parameters {
		at, err := specs.PartOf(in.Extensions, spec.Refusals)
		if err == nil {
			err = checkRefusals(at.Refusals)
		}
		schema, err2 := specs.Compile(in.Schema, specs.ForRequest, at.Refusals)
		if err := errors.Join(err, err2); err != nil {
			problems = append(problems, fmt.Errorf("parameter %s: %w", in.Name, err))
		}
		op.params = append(op.params, param{name: in.Name, in: in.In, required: in.Required, allowEmpty: at.AllowEmpty,
			secret: at.Secret, blank: at.Blank, schema: schema, refusals: at.Refusals})
	}
	return errors.Join(problems...)
}

func checkRefusals(r specs.Refusals) error {
	if r.Missing == "" || r.Malformed == "" || r.Range == "" {
		return errors.New("x-refusals does not say what answers a missing, malformed or out of range value")
	}
	return nil
}

func (op *Operation) compileBody(spec *specs.Operation) error {
	if spec.Spec.RequestBody == nil {
		return nil
	}
	in := spec.Spec.RequestBody.Value
	at, err := specs.PartOf(in.Extensions, spec.Refusals)
	if err == nil {
		err = checkRefusals(at.Refusals)
	}
	op.body = &bodyRule{required: in.Required, forms: map[string]*specs.Schema{}, refusals: at.Refusals}
	problems := []error{err}
	for _, name := range mediaTypes(in.Content) {
		schema, err := specs.Compile(in.Content[name].Schema, specs.ForRequest, at.Refusals)
		problems = append(problems, err)
		op.body.forms[strings.ToLower(name)] = schema
		if op.body.first == "" {
			op.body.first = strings.ToLower(name)
		}
	}
	return errors.Join(problems...)
}

func mediaTypes(content openapi3.Content) []string {
	names := make([]string, 0, len(content))
	for name := range content {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (op *Operation) compileReplies(spec *specs.Operation) error {
	var problems []error
	for status, ref := range spec.Spec.Responses.Map() {
		rule, err := compileReply(spec.Document.T, ref.Value)
		if err != nil {
			problems = append(problems, fmt.Errorf("reply %s: %w", status, err))
		}
		if status == "default" {
			op.fallback = rule
			continue
		}
		n, err := strconv.Atoi(status)
		if err != nil {
			problems = append(problems, fmt.Errorf("reply %q: want a status code or default", status))
		}
		op.replies[n] = rule
		if n >= 200 && n < 300 && (op.success == 0 || n < op.success) {
			op.success = n
		}
	}
	if op.success == 0 {
		problems = append(problems, errors.New("documents no successful reply"))
	}
	return errors.Join(problems...)
}

func compileReply(doc *openapi3.T, in *openapi3.Response) (*replyRule, error) {
	rule := &replyRule{}
	for name, h := range in.Headers {
		if h.Value.Required {
			rule.headers = append(rule.headers, name)
		}
	}
	sort.Strings(rule.headers)
	media := in.Content.Get("application/json")
	if media == nil {
		return rule, nil
	}
	schema, err := specs.Compile(media.Schema, specs.ForReply, specs.Refusals{})
	rule.schema = schema
	problems := []error{err}
	names, err := specs.OverlaysOf(in.Extensions)
	problems = append(problems, err)
	for _, o := range names {
		ref := doc.Components.Schemas[o.Schema]
		if ref == nil {
			problems = append(problems, fmt.Errorf("overlay schema %q is not in components", o.Schema))
			continue
		}
		schema, err := specs.Compile(ref, specs.ForReply, specs.Refusals{})
		problems = append(problems, err)
		rule.overlays = append(rule.overlays, overlay{o.Assumption, o.Value, schema})
	}
	return rule, errors.Join(problems...)
}

// serves reports whether the operation is served with the method.
func (op *Operation) serves(method string) bool {
	return op.Spec.Method == method || slices.Contains(op.Spec.Also, method)
}

// match reports whether the raw path is the operation's and returns its decoded path arguments.
func (op *Operation) match(rawPath string) ([]string, bool) {
	rest, ok := strings.CutPrefix(rawPath, "/")
	if !ok {
		return nil, false
	}
	var args []string
	for i, want := range op.segments {
		part, tail, more := strings.Cut(rest, "/")
		if more != (i < len(op.segments)-1) {
			return nil, false
		}
		rest = tail
		if want != "" || i == 0 && len(op.segments) == 1 {
			if part != want {
				return nil, false
			}
			continue
		}
		arg, err := url.PathUnescape(part)
		if err != nil || arg == "" {
			return nil, false
		}
		args = append(args, arg)
	}
	return args, true
}
