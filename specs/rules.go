package specs

import (
	"slices"
	"sync"
)

// Rules are what a server needs of a vendor's documents: what to answer and what to refuse, without the texts that
// people read and the lines where they stand. They are plain data, so that the rules of countersign's own documents can
// be part of the program, ready made (see package compiled). They are never changed once they are in use.
type Rules struct {
	Name string
	// Operations are in the order of the documents.
	Operations []*OperationRules
	// Errors is the whole catalogue: the gateway's entries, then each operation's.
	Errors []*Error
	// Assumptions are ordered by number.
	Assumptions []*Assumption
	// CommonParameters are taken by every operation.
	CommonParameters []CommonParameter
	// Collections are those of the vendor's records, in the order of the documents: a record names only records of its own
	// collection and of those before it.
	Collections []*CollectionRules
	// Hosts are the documents' servers as host patterns, "*" standing for one varying part ("dayu.*.myhuaweicloud.com").
	Hosts []string
	// Secrets are what a journal must not show, each once, in a fixed order.
	Secrets []Secret

	indexing sync.Once
	errors   map[errorKey]*Error
}

type errorKey struct{ operation, name string }

// OperationRules are what a server needs of one operation.
type OperationRules struct {
	ID string
	// Method is in upper case; Also are further methods served the same way.
	Method string
	Also   []string
	Path   string
	RPC    *RPC
	// Headers and Pagination are nil where the document has none.
	Headers    []HeaderRule
	Pagination *Pagination
	// Refusals are the defaults for this operation's parameters and body.
	Refusals Refusals
	// File is the document's path below specs/ ("wps/oauth.yaml").
	File string
	// Params are the parameters of the path, then those of the operation, in the order of the document.
	Params []ParamRules
	// Body is nil where the operation takes none.
	Body *BodyRules
	// Replies are ordered by status; one for every other status (0) comes first.
	Replies []ReplyRules
	// Security has the alternatives, in each of which all schemes are wanted. It is nil where no credentials are.
	Security [][]Scheme
}

// ParamRules are what a server needs of one parameter.
type ParamRules struct {
	Name, In string
	Required bool
	Part     Part
	Shape    *Shape
}

// BodyRules are what a server needs of a request body.
type BodyRules struct {
	Required bool
	Part     Part
	// Forms are ordered by media type.
	Forms []FormRules
}

// FormRules are a media type that a body may have, and its shape.
type FormRules struct {
	MediaType string
	Shape     *Shape
}

// ReplyRules are what a reply of one status must have.
type ReplyRules struct {
	// Status is 0 for the reply of every status that has none of its own.
	Status int
	// Headers are those required, in alphabetical order.
	Headers []string
	// JSON says that the reply has a body of application/json, Shape which; Overlays are in a fixed order.
	JSON     bool
	Shape    *Shape
	Overlays []OverlayRules
}

// OverlayRules are the shape that a reply has in worlds which chose Value for Assumption.
type OverlayRules struct {
	Assumption, Value string
	Shape             *Shape
}

// Scheme is a security scheme that an operation wants, with the scopes of which it wants one.
type Scheme struct {
	Name   string
	Scopes []string
}

// Secret is a header, parameter or property of a body. In is "header", "query", "path" or "body".
type Secret struct{ In, Name string }

// CollectionRules are what a server needs of one collection of the records that a world of the vendor remembers.
type CollectionRules struct {
	// Name is that of the plug's collection ("applications").
	Name string
	// File is the document that declares it ("quickbi/records.yaml").
	File string
	// SchemaName is the name of the records' schema in the document's components/schemas.
	SchemaName string
	// Shape is that of one record. It is an object.
	Shape *Shape
	// Key are the properties that together tell a record from the others of the collection. An absent one counts as "".
	Key []string
	// Unique are further sets of properties that no two records of the collection share. Records that lack one of a
	// set's properties may be many.
	Unique [][]string
	// References are the places of a record that name other records, in the order of the document.
	References []Reference
}

// Reference is a place in a record that names a record of another collection, or of its own. The server refuses a name
// that nobody has where the vendor's plug declares the reference too.
type Reference struct {
	// Pointer is the JSON pointer of the place, with * for any item of an array ("/visible_scopes/*/scope_id").
	Pointer string
	// To are the collections and properties; where there are several, other properties of the record say which.
	To []Target
}

// Target is a property of the records of a collection.
type Target struct{ Collection, Property string }

// Error returns the operation's catalogue entry of that name, else the gateway's, else nil.
func (r *Rules) Error(operation, name string) *Error {
	r.indexing.Do(r.index)
	if e := r.errors[errorKey{operation, name}]; e != nil {
		return e
	}
	return r.errors[errorKey{"", name}]
}

func (r *Rules) index() {
	r.errors = make(map[errorKey]*Error, len(r.Errors))
	for _, e := range r.Errors {
		r.errors[errorKey{e.Operation, e.Name}] = e
	}
}

// Assumption returns the assumption with the number, or nil.
func (r *Rules) Assumption(id string) *Assumption {
	return found(r.Assumptions, func(a *Assumption) bool { return a.ID == id })
}

// Operation returns the operation with the id, or nil.
func (r *Rules) Operation(id string) *OperationRules {
	return found(r.Operations, func(o *OperationRules) bool { return o.ID == id })
}

// Collection returns the collection of that name, or nil.
func (r *Rules) Collection(name string) *CollectionRules {
	return found(r.Collections, func(c *CollectionRules) bool { return c.Name == name })
}

// Reply returns what a reply of the status must be, or nil if the document has neither that status nor a default.
func (o *OperationRules) Reply(status int) *ReplyRules {
	var found *ReplyRules
	for i := range o.Replies {
		if s := o.Replies[i].Status; s == status || s == 0 {
			found = &o.Replies[i]
		}
	}
	return found
}

// found returns the first of a list that fits, or nil.
func found[T any](list []*T, fits func(*T) bool) *T {
	if i := slices.IndexFunc(list, fits); i >= 0 {
		return list[i]
	}
	return nil
}
