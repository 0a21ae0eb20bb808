package check

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/countersign/countersign/specs"
)

// vendor is a vendor's documents, compiled once.
type vendor struct {
	*specs.Vendor
	operations []*operation
	// rpc is how calls of RPC operations say which one they mean, empty if there are none.
	rpc rpcNames
	// gateway are the files of documents without operations, whose errors any operation can meet.
	gateway map[string]bool
	// catalogue are the lines of the errors in their documents.
	catalogue map[entryName]int
}

// rpcNames are the names of the parameters and headers that carry an RPC call's action and version.
type rpcNames struct{ action, version, actionHeader, versionHeader string }

type operation struct {
	*specs.Operation
	vendor   *vendor
	segments []string // "" where a path parameter stands
	params   []*parameter
	body     *requestBody
	replies  map[int]*reply
	fallback *reply
	spec     Spec
	// entries are the errors that the operation documents: its own, its document's and the gateway's.
	entries []*specs.Error
}

type parameter struct {
	*openapi3.Parameter
	schema     *specs.Schema
	allowEmpty bool
	refusals   specs.Refusals
	spec       Spec
}

type requestBody struct {
	required bool
	refusals specs.Refusals
	spec     Spec
	// media are the media types, the first being the one that counts where none is sent.
	media   []string
	schemas map[string]*specs.Schema
	refs    map[string]*openapi3.SchemaRef
}

type reply struct {
	spec Spec
	// media are the media types; schemas those of application/json: the document's, then those that switches choose.
	media   []string
	schemas []replySchema
	headers map[string]*replyHeader // by name in lower case
}

type replySchema struct {
	*specs.Schema
	ref *openapi3.SchemaRef
}

type replyHeader struct {
	schema *specs.Schema
	spec   Spec
}

func specOf(o *openapi3.Origin) Spec {
	if o == nil || o.Key == nil {
		return Spec{}
	}
	return Spec{o.Key.File, o.Key.Line}
}

// fieldOf is where a field of something stands, or the thing itself.
func fieldOf(o *openapi3.Origin, name string) Spec {
	if o != nil {
		if l, ok := o.Fields.Lookup(name); ok {
			return Spec{l.File, l.Line}
		}
	}
	return specOf(o)
}

func compileVendor(in *specs.Vendor) (*vendor, error) {
	v := &vendor{Vendor: in, gateway: map[string]bool{}}
	for _, e := range in.Errors {
		v.gateway[e.File] = true
	}
	for _, d := range in.Documents {
		delete(v.gateway, d.File)
	}
	v.catalogue = catalogueLines(in)
	var problems []error
	for _, spec := range in.Operations {
		op, err := v.compile(spec)
		if err != nil {
			problems = append(problems, fmt.Errorf("operation %s: %w", spec.ID, err))
		}
		v.operations = append(v.operations, op)
	}
	for _, p := range in.CommonParameters {
		v.rpc.take(p)
	}
	return v, errors.Join(problems...)
}

// take notes a common parameter that carries the action or version, by its name: Action, x-acs-action.
func (n *rpcNames) take(p specs.CommonParameter) {
	name := strings.ToLower(p.Name)
	switch {
	case p.In == "query" && name == "action":
		n.action = p.Name
	case p.In == "query" && name == "version":
		n.version = p.Name
	case p.In == "header" && strings.HasSuffix(name, "-action"):
		n.actionHeader = p.Name
	case p.In == "header" && strings.HasSuffix(name, "-version"):
		n.versionHeader = p.Name
	}
}

func (v *vendor) compile(spec *specs.Operation) (*operation, error) {
	op := &operation{Operation: spec, vendor: v, replies: map[int]*reply{}, spec: specOf(spec.Spec.Origin)}
	for _, s := range strings.Split(strings.TrimPrefix(spec.Path, "/"), "/") {
		if strings.HasPrefix(s, "{") {
			s = ""
		}
		op.segments = append(op.segments, s)
	}
	for _, e := range v.Errors {
		if e.Operation == op.ID || e.Operation == "" && (e.File == op.Document.File || v.gateway[e.File]) {
			op.entries = append(op.entries, e)
		}
	}
	return op, errors.Join(op.compileParameters(), op.compileBody(), op.compileReplies())
}

func (op *operation) compileParameters() error {
	var problems []error
	for _, in := range op.Parameters {
		part, err1 := specs.PartOf(in.Extensions, op.Refusals)
		schema, err2 := specs.Compile(in.Schema, specs.ForRequest, part.Refusals)
		if err := errors.Join(err1, err2); err != nil {
			problems = append(problems, fmt.Errorf("parameter %s: %w", in.Name, err))
		}
		op.params = append(op.params, &parameter{in, schema, part.AllowEmpty, part.Refusals, specOf(in.Origin)})
	}
	return errors.Join(problems...)
}

func (op *operation) compileBody() error {
	if op.Spec.RequestBody == nil {
		return nil
	}
	in := op.Spec.RequestBody.Value
	part, err := specs.PartOf(in.Extensions, op.Refusals)
	problems := []error{err}
	b := &requestBody{required: in.Required, refusals: part.Refusals, spec: specOf(in.Origin), media: mediaTypes(in.Content),
		schemas: map[string]*specs.Schema{}, refs: map[string]*openapi3.SchemaRef{}}
	for name, media := range in.Content {
		schema, err := specs.Compile(media.Schema, specs.ForRequest, part.Refusals)
		problems = append(problems, err)
		b.schemas[strings.ToLower(name)], b.refs[strings.ToLower(name)] = schema, media.Schema
	}
	op.body = b
	return errors.Join(problems...)
}

func mediaTypes(content openapi3.Content) []string {
	var names []string
	for name := range content {
		names = append(names, strings.ToLower(name))
	}
	sort.Strings(names)
	return names
}

func (op *operation) compileReplies() error {
	var problems []error
	for status, ref := range op.Spec.Responses.Map() {
		r, err := compileReply(op.Document.T, ref.Value)
		problems = append(problems, err)
		if status == "default" {
			op.fallback = r
			continue
		}
		n, err := strconv.Atoi(status)
		problems = append(problems, err)
		op.replies[n] = r
	}
	return errors.Join(problems...)
}

func compileReply(doc *openapi3.T, in *openapi3.Response) (*reply, error) {
	r := &reply{spec: specOf(in.Origin), media: mediaTypes(in.Content), headers: map[string]*replyHeader{}}
	var problems []error
	add := func(ref *openapi3.SchemaRef) {
		schema, err := specs.Compile(ref, specs.ForReply, specs.Refusals{})
		r.schemas = append(r.schemas, replySchema{schema, ref})
		problems = append(problems, err)
	}
	if media := in.Content.Get("application/json"); media != nil && media.Schema != nil {
		add(media.Schema)
	}
	overlays, err := specs.OverlaysOf(in.Extensions)
	problems = append(problems, err)
	for _, o := range overlays {
		if ref := doc.Components.Schemas[o.Schema]; ref != nil {
			add(ref)
		}
	}
	for name, h := range in.Headers {
		schema, err := specs.Compile(h.Value.Schema, specs.ForReply, specs.Refusals{})
		problems = append(problems, err)
		r.headers[strings.ToLower(name)] = &replyHeader{schema, specOf(h.Value.Origin)}
	}
	return r, errors.Join(problems...)
}

// serves reports whether the operation is served with the method.
func (op *operation) serves(method string) bool {
	return op.Method == method || slices.Contains(op.Also, method)
}

// reply is what the document says of a status, nil if nothing.
func (op *operation) reply(status int) *reply {
	if r := op.replies[status]; r != nil {
		return r
	}
	if op.fallback != nil && slices.ContainsFunc(op.entries, func(e *specs.Error) bool { return e.Status == status }) {
		return op.fallback
	}
	return nil
}

// schemaAt is where in the documents the value at a JSON pointer is described, or what comes nearest.
func schemaAt(ref *openapi3.SchemaRef, pointer string) Spec {
	at := Spec{}
	for _, step := range append([]string{""}, pointerSteps(pointer)...) {
		if step != "" || at.File != "" {
			ref = below(ref, step)
		}
		if ref == nil || ref.Value == nil {
			break
		}
		if s := specOf(ref.Value.Origin); s.File != "" {
			at = s
		}
	}
	return at
}

func below(ref *openapi3.SchemaRef, step string) *openapi3.SchemaRef {
	switch {
	case ref == nil || ref.Value == nil:
		return nil
	case ref.Value.Items != nil:
		return ref.Value.Items
	case ref.Value.Properties[step] != nil:
		return ref.Value.Properties[step]
	}
	return ref.Value.AdditionalProperties.Schema
}
