package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/countersign/countersign/mockserver/shape"
)

// Index orders the records of a Table by a key. R is as there.
type Index[R any] struct {
	// Name is used in Page, Count and Search.
	Name string
	// Key returns the record's place in the index, made with the function Key, or false to leave the record out.
	Key func(R) (string, bool)
	// Append is Key for an index that leaves no record out: it appends the key, see AppendKey. That saves an allocation.
	Append func(b []byte, rec R) []byte
	// Keys is Key for a record that stands in several places of the index: all of them, none twice.
	Keys func(R) []string
	// Unique refuses a second record with the same key.
	Unique bool
	// Text, if set, returns what Search looks for a text in. The index keeps a copy of it.
	Text func(R) string
}

// keysOf returns the record's places in the index; one saves the usual single place an allocation.
func (ix *Index[R]) keysOf(rec R, one *[1]string) []string {
	if ix.Keys != nil {
		return ix.Keys(rec)
	}
	if ix.Append != nil {
		var room [keyRoom]byte
		one[0] = string(ix.Append(room[:0], rec))
		return one[:]
	}
	key, ok := ix.Key(rec)
	if !ok {
		return nil
	}
	one[0] = key
	return one[:]
}

// Reference says that a field of a record names a record of another collection of the same vendor.
type Reference[R any] struct {
	// Field is the name used in messages.
	Field string
	// To is the name of the other collection.
	To string
	// ID returns the id that must exist there, or "".
	ID func(R) string
	// IDs is ID for a field of several ids; empty ones are skipped.
	IDs func(R) []string
}

// idsOf returns the ids that the record names; one saves the usual single id an allocation.
func (r *Reference[R]) idsOf(rec R, one *[1]string) []string {
	if r.ID == nil {
		return r.IDs(rec)
	}
	one[0] = r.ID(rec)
	return one[:]
}

// Table declares one collection. R is a pointer to the type of its records: all tables share one machine code that way, which
// a Table of the type itself would not. Make it with NewTable and declare it once, as a package variable.
type Table[R any] struct {
	c       *Collection
	key     func(R) string
	indexes []Index[R]
	// orders are those of the trees: by id, then as the indexes.
	orders  []order[R]
	refs    []Reference[R]
	claims  func(R) []string
	check   func(R) error
	writers sync.Pool
}

// Collection is a Table without its type, as the core handles it.
type Collection struct {
	name   string
	table  untyped
	blank  func() any        // makes a record to be read into
	fresh  func() func() any // makes a source of records to be read into, for one goroutine
	shape  func() *shape.Shape
	schema string
}

// PrimaryIndex is the name of the index over the records' ids.
const PrimaryIndex = "id"

// NewTable declares a collection. Its index "id" over key is always there.
func NewTable[T any](name string, key func(*T) string, indexes ...Index[*T]) *Table[*T] {
	t := newTable(key, indexes)
	t.c = &Collection{
		name: name, table: t, blank: func() any { return new(T) }, fresh: freshRecords[T],
		shape: sync.OnceValue(shape.Of[T]),
	}
	return t
}

func newTable[R any](key func(R) string, indexes []Index[R]) *Table[R] {
	t := &Table[R]{key: key, indexes: indexes, orders: []order[R]{{}}}
	for i := range indexes {
		t.orders = append(t.orders, order[R]{id: key, text: indexes[i].Text})
	}
	t.writers.New = func() any { return new(writer[R]) }
	return t
}

// none reports whether there is no record.
func none[R any](rec R) bool {
	var no R
	return same(rec, no)
}

// same reports whether two records are one. With R comparable it would be ==, but then tables would not share their code.
func same[R any](a, b R) bool { return any(a) == any(b) }

// recordsPiece is about how many bytes of records share a piece of memory: as long as one of them is used, all of it is held.
// The collector is quickest with pieces of up to 512 bytes.
const recordsPiece = 512

// freshRecords makes a source of records that costs the allocator little.
func freshRecords[T any]() func() any {
	var piece []T
	each := int(max(1, recordsPiece/max(1, reflect.TypeFor[T]().Size())))
	return func() any {
		if len(piece) == 0 {
			piece = make([]T, each)
		}
		rec := &piece[0]
		piece = piece[1:]
		return rec
	}
}

// References adds references to other collections, checked when a transaction commits.
func (t *Table[R]) References(refs ...Reference[R]) *Table[R] {
	t.refs = append(t.refs, refs...)
	return t
}

// Claims declares that records carry credentials or ids that belong to exactly one world ("access-key:LTAI...", the
// same text that the vendor's Identify returns). A commit that claims what another world owns is refused.
func (t *Table[R]) Claims(claims func(R) []string) *Table[R] {
	t.claims = claims
	return t
}

// Check refuses records that contradict themselves: its error fails the Put.
func (t *Table[R]) Check(check func(R) error) *Table[R] {
	t.check = check
	return t
}

// Schema names the JSON schema of the collection's records in the vendor's documents (components/schemas).
func (t *Table[R]) Schema(name string) *Table[R] {
	t.c.schema = name
	return t
}

// Collection returns the untyped declaration.
func (t *Table[R]) Collection() *Collection { return t.c }

// treeOf returns the place of an index among the trees.
func (t *Table[R]) treeOf(index string) (int, error) {
	if index == PrimaryIndex {
		return 0, nil
	}
	for i := range t.indexes {
		if t.indexes[i].Name == index {
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("store: collection %s has no index %q", t.c.name, index)
}

// Name is the collection's name.
func (c *Collection) Name() string { return c.name }

// SchemaName is the name given to Table.Schema, or "".
func (c *Collection) SchemaName() string { return c.schema }

// RefersTo names the collections that records of this one refer to (see Table.References), each once, in the order in
// which they were declared.
func (c *Collection) RefersTo() []string { return c.table.refersTo() }

// ID returns the id of a record of this collection.
func (c *Collection) ID(rec any) string { return c.table.idAny(rec) }

// Decode reads one record from JSON. Unknown fields are errors.
func (c *Collection) Decode(data []byte) (any, error) {
	rec, err := c.table.decode(data)
	if err != nil {
		return nil, fmt.Errorf("record of %s: %w", c.name, err)
	}
	return rec, nil
}

// Referred is a reference that a record makes: a field of it names a record of another collection.
type Referred struct {
	Field string
	// To is the name of the other collection, ID that of the record there.
	To, ID string
}

// Referred lists the references of a record of this collection, in the order in which they were declared. Empty ids are
// left out.
func (c *Collection) Referred(rec any) []Referred { return c.table.referred(rec) }

func (t *Table[R]) refersTo() []string {
	var names []string
	for _, r := range t.refs {
		if !slices.Contains(names, r.To) {
			names = append(names, r.To)
		}
	}
	return names
}

func (t *Table[R]) decode(data []byte) (any, error) {
	rec := t.c.blank()
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(rec); err != nil {
		return nil, err
	}
	return rec, nil
}

func (t *Table[R]) referred(rec any) []Referred {
	var out []Referred
	var one [1]string
	for i := range t.refs {
		r := &t.refs[i]
		for _, id := range r.idsOf(rec.(R), &one) {
			if id != "" {
				out = append(out, Referred{r.Field, r.To, id})
			}
		}
	}
	return out
}
