package store

import (
	"errors"
	"fmt"
)

// ErrNotFound says that no record has the id.
var ErrNotFound = errors.New("record not found")

// ErrReadOnly says that a write was tried in a read transaction.
var ErrReadOnly = errors.New("store: write in a read-only transaction")

// ErrRetired says that the store has been replaced: the write is to be tried on what took its place.
var ErrRetired = errors.New("store: it has been replaced")

// DuplicateError says that a unique index already has the key.
type DuplicateError struct {
	Collection, Index string
	// ID is the id of the record that is there.
	ID string
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("collection %s: record %q already has this %s", e.Collection, e.ID, e.Index)
}

// ReferenceError says that a record names another one that does not exist.
type ReferenceError struct {
	Collection, ID, Field, To, Missing string
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("collection %s: record %q: %s names %q, which collection %s does not have",
		e.Collection, e.ID, e.Field, e.Missing, e.To)
}

// InvalidError says that a record contradicts itself.
type InvalidError struct {
	Collection, ID string
	Err            error
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("collection %s: record %q: %v", e.Collection, e.ID, e.Err)
}

// Unwrap returns what the collection's check said.
func (e *InvalidError) Unwrap() error { return e.Err }

// errNoText says that an index was not declared with a text.
func errNoText(collection, index string) error {
	return fmt.Errorf("store: index %q of collection %s has no text to search", index, collection)
}
