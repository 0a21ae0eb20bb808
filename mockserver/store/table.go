package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/countersign/countersign/mockserver/shape"
)

// Index orders the records of a Table by a key.
type Index[T any] struct {
	// Name is used in Page, Count and Search.
	Name string
	// Key returns the record's place in the index, made with the function Key, or false to leave the record out.
	Key func(*T) (string, bool)
	// Keys is Key for a record that stands in several places of the index: all of them, none twice.
	Keys func(*T) []string
	// Unique refuses a second record with the same key.
	Unique bool
}

// Reference says that a field of a record names a record of another collection of the same vendor.
type Reference[T any] struct {
	// Field is the name used in messages.
	Field string
	// To is the name of the other collection.
	To string
	// ID returns the id that must exist there, or "".
	ID func(*T) string
	// IDs is ID for a field of several ids; empty ones are skipped.
	IDs func(*T) []string
}

// Table declares one collection of records of type T. Make it with NewTable and declare it once, as a package variable.
type Table[T any] struct{ c *Collection }

// Collection is a Table without its type, as the core handles it.
type Collection struct {
	name    string
	key     func(any) string
	indexes []index
	refs    []reference
	claims  func(any) []string
	check   func(any) error
	decode  func([]byte) (any, error)
	fresh   func() any // a record to be read into
	shape   func() *shape.Shape
	schema  string
}

type index struct {
	name   string
	key    func(any) (string, bool)
	keys   func(any) []string // in place of key
	unique bool
}

// all returns the record's places in the index; one saves the usual single place an allocation.
func (ix *index) all(rec any, one *[1]string) []string {
	if ix.keys != nil {
		return ix.keys(rec)
	}
	key, ok := ix.key(rec)
	if !ok {
		return nil
	}
	one[0] = key
	return one[:]
}

type reference struct {
	field, to string
	ids       func(any) []string
}

// PrimaryIndex is the name of the index over the records' ids.
const PrimaryIndex = "id"

// NewTable declares a collection. Its index "id" over key is always there.
func NewTable[T any](name string, key func(*T) string, indexes ...Index[T]) *Table[T] {
	c := &Collection{
		name:   name,
		key:    func(r any) string { return key(r.(*T)) },
		decode: decodeStrict[T],
		fresh:  func() any { return new(T) },
		shape:  sync.OnceValue(shape.Of[T]),
	}
	for _, ix := range indexes {
		in := index{name: ix.Name, unique: ix.Unique}
		if ix.Keys != nil {
			in.keys = func(r any) []string { return ix.Keys(r.(*T)) }
		} else {
			in.key = func(r any) (string, bool) { return ix.Key(r.(*T)) }
		}
		c.indexes = append(c.indexes, in)
	}
	return &Table[T]{c: c}
}

func decodeStrict[T any](data []byte) (any, error) {
	rec := new(T)
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(rec); err != nil {
		return nil, err
	}
	return rec, nil
}

// References adds references to other collections, checked when a transaction commits.
func (t *Table[T]) References(refs ...Reference[T]) *Table[T] {
	for _, r := range refs {
		ids := r.IDs
		if ids == nil {
			ids = func(rec *T) []string { return []string{r.ID(rec)} }
		}
		t.c.refs = append(t.c.refs, reference{field: r.Field, to: r.To, ids: func(v any) []string { return ids(v.(*T)) }})
	}
	return t
}

// Claims declares that records carry credentials or ids that belong to exactly one world ("access-key:LTAI...", the
// same text that the vendor's Identify returns). A commit that claims what another world owns is refused.
func (t *Table[T]) Claims(claims func(*T) []string) *Table[T] {
	t.c.claims = func(v any) []string { return claims(v.(*T)) }
	return t
}

// Check refuses records that contradict themselves: its error fails the Put.
func (t *Table[T]) Check(check func(*T) error) *Table[T] {
	t.c.check = func(v any) error { return check(v.(*T)) }
	return t
}

// Schema names the JSON schema of the collection's records in the vendor's documents (components/schemas).
func (t *Table[T]) Schema(name string) *Table[T] {
	t.c.schema = name
	return t
}

// Collection returns the untyped declaration.
func (t *Table[T]) Collection() *Collection { return t.c }

// Name is the collection's name.
func (c *Collection) Name() string { return c.name }

// SchemaName is the name given to Table.Schema, or "".
func (c *Collection) SchemaName() string { return c.schema }

// RefersTo names the collections that records of this one refer to (see Table.References), each once, in the order in
// which they were declared.
func (c *Collection) RefersTo() []string {
	var names []string
	for _, r := range c.refs {
		if !slices.Contains(names, r.to) {
			names = append(names, r.to)
		}
	}
	return names
}

// ID returns the id of a record of this collection.
func (c *Collection) ID(rec any) string { return c.key(rec) }

// Decode reads one record from JSON. Unknown fields are errors.
func (c *Collection) Decode(data []byte) (any, error) {
	rec, err := c.decode(data)
	if err != nil {
		return nil, fmt.Errorf("record of %s: %w", c.name, err)
	}
	return rec, nil
}

func (c *Collection) index(name string) (int, error) {
	if name == PrimaryIndex {
		return 0, nil
	}
	for i := range c.indexes {
		if c.indexes[i].name == name {
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("store: collection %s has no index %q", c.name, name)
}
