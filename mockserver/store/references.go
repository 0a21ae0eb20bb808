package store

// Referred is a reference that a record makes: a field of it names a record of another collection.
type Referred struct {
	Field string
	// To is the name of the other collection, ID that of the record there.
	To, ID string
}

// Referred lists the references of a record of this collection, in the order in which they were declared. Empty ids are
// left out.
func (c *Collection) Referred(rec any) []Referred {
	var out []Referred
	for _, r := range c.refs {
		for _, id := range r.ids(rec) {
			if id != "" {
				out = append(out, Referred{r.field, r.to, id})
			}
		}
	}
	return out
}
