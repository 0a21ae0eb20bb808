package specs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Vendor is everything the documents of one vendor say: the rules that a server works by, and the documents themselves.
type Vendor struct {
	Rules
	// Documents are the documents with paths, by file name.
	Documents []*Document
	// Operations are those of Rules, with their documents.
	Operations []*Operation
	// Sources are ordered by key.
	Sources []Source
	// Collections are those of Rules, with their schemas.
	Collections []*Collection
}

// Document is one OpenAPI document.
type Document struct {
	// File is the path below specs/ ("wps/oauth.yaml").
	File string
	T    *openapi3.T
}

// Operation is one operation with its extensions.
type Operation struct {
	OperationRules
	Document *Document
	Spec     *openapi3.Operation
	// Parameters are those of the path, then those of the operation, in the order of the document.
	Parameters []*openapi3.Parameter
}

// Vendors names the vendors that have documents, sorted.
func Vendors() []string {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err) // the embedded root cannot be missing
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// File returns the text of a document by its path below specs/ ("wps/oauth.yaml"), WorldSchemaFile or AdminFile.
func File(name string) ([]byte, error) { return files.ReadFile(name) }

// Files lists the paths of a vendor's documents, those without paths of their own too.
func Files(vendor string) ([]string, error) {
	names, err := fs.Glob(files, vendor+"/*.yaml")
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("no documents of a vendor named %q; there are %s", vendor, strings.Join(Vendors(), ", "))
	}
	return names, err
}

// Load reads the documents of one vendor and checks everything they say against each other. Its error lists every
// problem, each with its file.
func Load(vendor string) (*Vendor, error) { return LoadFS(files, vendor) }

// LoadFS is Load for documents that are not part of countersign: those of a vendor's folder in fsys.
func LoadFS(fsys fs.FS, vendor string) (*Vendor, error) {
	names, err := fs.Glob(fsys, vendor+"/*.yaml")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no documents of a vendor named %q", vendor)
	}
	b := &builder{fsys: fsys, v: &Vendor{Rules: Rules{Name: vendor}}, sources: map[string]Source{}, errors: map[errorKey]bool{},
		records: map[*openapi3.Schema]bool{}, shapes: newShaper()}
	// One loader reads each file once, however many documents refer to it.
	b.loader = &openapi3.Loader{IncludeOrigin: true, IsExternalRefsAllowed: true, ReadFromURIFunc: b.read}
	for _, name := range names {
		b.document(name)
	}
	b.finish()
	if err := errors.Join(b.problems...); err != nil {
		return nil, fmt.Errorf("specs of %s: %w", vendor, err)
	}
	return b.v, nil
}

// RulesFS is LoadFS for those who need the rules alone.
func RulesFS(fsys fs.FS, vendor string) (*Rules, error) {
	v, err := LoadFS(fsys, vendor)
	if err != nil {
		return nil, err
	}
	return &v.Rules, nil
}

// Operation returns the operation with the id, or nil.
func (v *Vendor) Operation(id string) *Operation {
	return found(v.Operations, func(o *Operation) bool { return o.ID == id })
}

type builder struct {
	loader  *openapi3.Loader
	fsys    fs.FS
	v       *Vendor
	sources map[string]Source
	errors  map[errorKey]bool // those met
	shapes  *shaper
	// cited are the documents whose parts have to name their sources: those with operations or collections.
	cited []*Document
	// records are the schemas that stand in those of collections.
	records  map[*openapi3.Schema]bool
	problems []error
}

func (b *builder) fail(where, format string, args ...any) {
	b.problems = append(b.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (b *builder) read(_ *openapi3.Loader, uri *url.URL) ([]byte, error) {
	return fs.ReadFile(b.fsys, uri.Path)
}

func (b *builder) document(name string) {
	t, err := b.loader.LoadFromURI(&url.URL{Path: name})
	if err != nil {
		b.fail(name, "%v", err)
		return
	}
	if err := t.Validate(context.Background(), openapi3.EnableSchemaFormatValidation()); err != nil {
		b.fail(name, "%v", err)
		return
	}
	d := &Document{File: name, T: t}
	b.root(d)
	if t.Paths.Len() == 0 {
		return
	}
	b.cited = append(b.cited, d)
	b.v.Documents = append(b.v.Documents, d)
	b.hosts(d)
	for _, p := range t.Paths.InMatchingOrder() {
		item := t.Paths.Value(p)
		for _, method := range sortedKeys(item.Operations()) {
			b.operation(d, p, method, item)
		}
	}
}

func (b *builder) root(d *Document) {
	x := b.extensions(d.File, d.T.Extensions)
	var vendor string
	if x.get("x-vendor", &vendor); vendor != b.v.Name {
		b.fail(d.File, "x-vendor is %q, want %q", vendor, b.v.Name)
	}
	var sources map[string]Source
	x.get("x-sources", &sources)
	for key, s := range sources {
		s.Key = key
		if old, ok := b.sources[key]; ok && old != s {
			b.fail(d.File, "source %q is described differently in another document", key)
		}
		b.sources[key] = s
	}
	var assumptions []*Assumption
	x.get("x-assumptions", &assumptions)
	b.v.Assumptions = append(b.v.Assumptions, assumptions...)
	b.addErrors(d, d.File, "", x)
	var common []CommonParameter
	x.get("x-common-parameters", &common)
	b.v.CommonParameters = append(b.v.CommonParameters, common...)
	b.collections(d, x)
	x.done("x-refusals")
}

func (b *builder) addErrors(d *Document, where, operation string, x *extensions) {
	var list []*Error
	x.get("x-errors", &list)
	for _, e := range list {
		e.Operation, e.File = operation, d.File
		if e.Name == "" {
			e.Name = e.Code
		}
		key := errorKey{operation, e.Name}
		if b.errors[key] {
			b.fail(where, "error %q stands there twice", e.Name)
		}
		b.errors[key] = true
		b.v.Errors = append(b.v.Errors, e)
	}
}

func (b *builder) hosts(d *Document) {
	for _, s := range d.T.Servers {
		host := s.URL
		if _, rest, ok := strings.Cut(host, "://"); ok {
			host = rest
		}
		host, _, _ = strings.Cut(host, "/")
		for name := range s.Variables {
			host = strings.ReplaceAll(host, "{"+name+"}", "*")
		}
		if !slices.Contains(b.v.Hosts, host) {
			b.v.Hosts = append(b.v.Hosts, host)
		}
	}
}

func (b *builder) operation(d *Document, p, method string, item *openapi3.PathItem) {
	spec := item.GetOperation(method)
	where := fmt.Sprintf("%s: %s %s", d.File, method, p)
	if spec.OperationID == "" {
		b.fail(where, "has no operationId")
		return
	}
	o := &Operation{Document: d, Spec: spec,
		OperationRules: OperationRules{ID: spec.OperationID, Method: strings.ToUpper(method), Path: p, File: d.File}}
	x := b.extensions(where, spec.Extensions)
	x.get("x-rpc", &o.RPC)
	x.get("x-also", &o.Also)
	x.get("x-headers", &o.Headers)
	x.get("x-pagination", &o.Pagination)
	var own, root Refusals
	x.get("x-refusals", &own)
	b.extensions(d.File, d.T.Extensions).get("x-refusals", &root)
	o.Refusals = own.or(root)
	b.addErrors(d, where, o.ID, x)
	x.done("x-sources", "x-grade", "x-assumption")
	for i := range o.Also {
		o.Also[i] = strings.ToUpper(o.Also[i])
	}
	for _, list := range []openapi3.Parameters{item.Parameters, spec.Parameters} {
		for _, ref := range list {
			o.Parameters = append(o.Parameters, ref.Value)
		}
	}
	if b.v.Operation(o.ID) != nil {
		b.fail(where, "operationId %q is taken", o.ID)
	}
	b.v.Operations = append(b.v.Operations, o)
	b.v.Rules.Operations = append(b.v.Rules.Operations, &o.OperationRules)
	b.rules(o, where)
}

// Or returns r with the kinds it does not name taken from outer.
func (r Refusals) or(outer Refusals) Refusals {
	if r.Missing == "" {
		r.Missing = outer.Missing
	}
	if r.Malformed == "" {
		r.Malformed = outer.Malformed
	}
	if r.Range == "" {
		r.Range = outer.Range
	}
	return r
}

func (b *builder) finish() {
	for _, key := range sortedKeys(b.sources) {
		b.v.Sources = append(b.v.Sources, b.sources[key])
	}
	sort.SliceStable(b.v.Assumptions, func(i, j int) bool { return b.v.Assumptions[i].ID < b.v.Assumptions[j].ID })
	sort.SliceStable(b.v.Errors, func(i, j int) bool { return b.v.Errors[i].Operation < b.v.Errors[j].Operation })
	b.v.Secrets = secretsOf(b.v)
	b.checkAssumptions()
	b.checkErrors()
	b.checkOperations()
	b.checkCollections()
	b.checkCitations()
}

// extensions reads x- fields strictly: a field nobody asked for is a problem, so that a misspelt one is not lost.
type extensions struct {
	b     *builder
	where string
	all   map[string]any
	read  map[string]bool
}

func (b *builder) extensions(where string, all map[string]any) *extensions {
	return &extensions{b: b, where: where, all: all, read: map[string]bool{"x-vendor": true}}
}

func (x *extensions) get(name string, into any) {
	x.read[name] = true
	v, ok := x.all[name]
	if !ok {
		return
	}
	data, err := json.Marshal(v)
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		err = dec.Decode(into)
	}
	if err != nil {
		x.b.fail(x.where, "%s: %v", name, err)
	}
}

// done reports every extension that was not read and is not in others.
func (x *extensions) done(others ...string) {
	for _, name := range sortedKeys(x.all) {
		if strings.HasPrefix(name, "x-") && !x.read[name] && !slices.Contains(others, name) {
			x.b.fail(x.where, "unknown extension %s", name)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// base is the file name of a document, for messages.
func base(file string) string { return path.Base(file) }
