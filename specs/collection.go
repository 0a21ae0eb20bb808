package specs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Collection is one collection of the records that a world of the vendor remembers, as x-collections declares it.
type Collection struct {
	CollectionRules
	// Schema is that of one record. It is an object.
	Schema *openapi3.SchemaRef
}

// Collection returns the vendor's collection of that name, or nil.
func (v *Vendor) Collection(name string) *Collection {
	return found(v.Collections, func(c *Collection) bool { return c.Name == name })
}

// Property returns the schema of a property of the collection's records, or nil.
func (c *Collection) Property(name string) *openapi3.SchemaRef {
	return c.Schema.Value.Properties[name]
}

// collections reads the x-collections of a document.
func (b *builder) collections(d *Document, x *extensions) {
	var list []struct {
		Name, Schema string
		Key          []string
		Unique       [][]string
	}
	x.get("x-collections", &list)
	if len(list) > 0 && d.T.Paths.Len() == 0 {
		b.cited = append(b.cited, d)
	}
	for _, in := range list {
		c := &Collection{CollectionRules: CollectionRules{Name: in.Name, File: d.File, SchemaName: in.Schema, Key: in.Key, Unique: in.Unique}}
		if d.T.Components != nil {
			c.Schema = d.T.Components.Schemas[in.Schema]
		}
		where := d.File + ": collection " + in.Name
		switch {
		case in.Name == "" || b.v.Collection(in.Name) != nil:
			b.fail(where, "wants a name of its own")
		case c.Schema == nil || c.Schema.Value == nil:
			b.fail(where, "schema %q is not in components/schemas", in.Schema)
		case !c.Schema.Value.Type.Is("object"):
			b.fail(where, "schema %q is not of an object", in.Schema)
		default:
			b.collection(c, where)
		}
	}
}

func (b *builder) collection(c *Collection, where string) {
	c.Shape = b.shapes.shape(c.Schema, "")
	if err := b.shapes.errs(); err != nil {
		b.fail(where, "%v", err)
	}
	b.v.Collections = append(b.v.Collections, c)
	b.v.Rules.Collections = append(b.v.Rules.Collections, &c.CollectionRules)
}

// checkCollections looks at keys and references once all collections are known.
func (b *builder) checkCollections() {
	for i, c := range b.v.Collections {
		where := c.File + ": collection " + c.Name
		if len(c.Key) == 0 {
			b.fail(where, "has no key")
		}
		for _, set := range append([][]string{c.Key}, c.Unique...) {
			for _, name := range set {
				if c.Property(name) == nil {
					b.fail(where, "key or unique names %q, which is no property", name)
				}
			}
		}
		if c.Schema.Value.AdditionalProperties.Has == nil || *c.Schema.Value.AdditionalProperties.Has {
			b.fail(where, "schema %s does not refuse other properties", c.SchemaName)
		}
		f := &referenceFinder{b: b, where: where, known: b.v.Collections[:i+1], busy: map[*openapi3.Schema]bool{}}
		f.find("", c.Schema)
		c.References = f.found
		within(c.Schema, b.records)
	}
}

// referenceFinder collects the x-references within one record's schema.
type referenceFinder struct {
	b     *builder
	where string
	// known are the collections that may be referred to.
	known []*Collection
	found []Reference
	busy  map[*openapi3.Schema]bool
}

func (f *referenceFinder) find(pointer string, ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil || f.busy[ref.Value] {
		return
	}
	s := ref.Value
	f.busy[s] = true
	defer delete(f.busy, s) // a schema may stand in several places, but not within itself
	f.note(pointer, s)
	f.find(pointer+"/*", s.Items)
	for _, name := range orderedProperties(s) {
		f.find(pointer+"/"+escape(name), s.Properties[name])
	}
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func (f *referenceFinder) note(pointer string, s *openapi3.Schema) {
	names, err := decodeExtension[[]string](s.Extensions, "x-references")
	if err != nil {
		f.b.fail(f.where, "%s: %v", pointer, err)
	}
	if len(names) == 0 {
		return
	}
	r := Reference{Pointer: pointer}
	for _, name := range names {
		to, problem := f.target(name)
		if problem != "" {
			f.b.fail(f.where, "%s: x-references %s: %s", pointer, name, problem)
			continue
		}
		r.To = append(r.To, to)
	}
	f.found = append(f.found, r)
}

// target reads "collection" or "collection.property".
func (f *referenceFinder) target(text string) (to Target, problem string) {
	name, property, chosen := strings.Cut(text, ".")
	i := slices.IndexFunc(f.known, func(c *Collection) bool { return c.Name == name })
	if i < 0 {
		return to, "no collection of that name stands before it"
	}
	c := f.known[i]
	switch {
	case !chosen && len(c.Key) != 1:
		return to, "its key has several properties"
	case !chosen:
		property = c.Key[0]
	case !slices.ContainsFunc(append([][]string{c.Key}, c.Unique...), func(set []string) bool { return slices.Equal(set, []string{property}) }):
		return to, fmt.Sprintf("%s is not unique there", property)
	}
	return Target{name, property}, ""
}

// within adds a schema and all that stand in it.
func within(ref *openapi3.SchemaRef, all map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || all[ref.Value] {
		return
	}
	all[ref.Value] = true
	within(ref.Value.Items, all)
	within(ref.Value.AdditionalProperties.Schema, all)
	for _, p := range ref.Value.Properties {
		within(p, all)
	}
}
