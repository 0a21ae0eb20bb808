package store

// untyped is a Table as its Collection sees it. Records are of the table's type, whatever the signatures say.
type untyped interface {
	// empty is the first version of the collection.
	empty() version
	idAny(rec any) string
	decode(data []byte) (any, error)
	getAny(tx *Tx, id string) (any, error)
	// has is for a transaction that changes nothing any more.
	has(tx *Tx, id string) bool
	putAny(tx *Tx, rec any) error
	loadAny(tx *Tx, recs []any) error
	deleteAny(tx *Tx, id string) error
	scan(tx *Tx, index, prefix string, r Range, visit func(any) bool) error
	// refersTo and referred are Collection.RefersTo and Collection.Referred.
	refersTo() []string
	referred(rec any) []Referred
	// checkReferences looks for what recs, one record or a slice of them, refers to.
	checkReferences(tx *Tx, recs any) error
	// claimsOf is everything that the records of a version claim.
	claimsOf(v version) []string
}

// version is one state of a collection, a *trees of the table's type; it stands still once it is published.
type version interface {
	at() Version
	len() int
	// clone returns a version to write to.
	clone() version
}

func (t *Table[R]) idAny(rec any) string { return t.key(rec.(R)) }

func (t *Table[R]) getAny(tx *Tx, id string) (any, error) {
	rec, err := t.Get(tx, id)
	if err != nil {
		return nil, err // not a record that is nil
	}
	return rec, nil
}

// has remembers one id that is there: records that are made one after the other often refer to the same.
func (t *Table[R]) has(tx *Tx, id string) bool {
	v := t.in(tx)
	there := v.there.Load()
	if there != nil && *there == id {
		return true
	}
	if none(lookup(t, v, id)) {
		return false
	}
	if there == nil {
		kept := id
		v.there.Store(&kept)
	}
	return true
}

func (t *Table[R]) putAny(tx *Tx, rec any) error { return t.Put(tx, rec.(R)) }

func (t *Table[R]) loadAny(tx *Tx, recs []any) error {
	typed := make([]R, len(recs))
	for i, rec := range recs {
		typed[i] = rec.(R)
	}
	return t.Load(tx, typed)
}

func (t *Table[R]) deleteAny(tx *Tx, id string) error { return t.Delete(tx, id) }

// GetAny is Table.Get for callers that do not know the type.
func (tx *Tx) GetAny(c *Collection, id string) (any, error) { return c.table.getAny(tx, id) }

// PutAny stores a record made by Collection.Decode.
func (tx *Tx) PutAny(c *Collection, rec any) error { return c.table.putAny(tx, rec) }

// LoadAny is Table.Load for callers that do not know the type: records made by Collection.Decode.
func (tx *Tx) LoadAny(c *Collection, recs []any) error { return c.table.loadAny(tx, recs) }

// DeleteAny removes a record by id.
func (tx *Tx) DeleteAny(c *Collection, id string) error { return c.table.deleteAny(tx, id) }

// CountAny returns the number of records of the collection.
func (tx *Tx) CountAny(c *Collection) int { return tx.state.tables[tx.layout.placeOf(c)].len() }

// Scan walks the records of the index whose key has the prefix until visit returns false. It is Page for callers that
// do not know the type.
func (tx *Tx) Scan(c *Collection, index, prefix string, r Range, visit func(any) bool) error {
	return c.table.scan(tx, index, prefix, r, visit)
}
