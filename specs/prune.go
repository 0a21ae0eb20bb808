package specs

// Prune takes out of the value on a tape the properties that Check tells unknown of: those that the schema neither names
// nor has a schema for.
func (s *Schema) Prune(t *Tape) { s.prune(t, 0) }

func (s *Schema) prune(t *Tape, i uint32) {
	switch n := t.nodes[i]; n.kind {
	case isObject:
		for k := i + 1; k < n.next; k = t.nodes[k+1].next {
			s.pruneProperty(t, k)
		}
	case isList:
		for k := i + 1; s.items != nil && k < n.next; k = t.nodes[k].next {
			s.items.prune(t, k)
		}
	}
}

// pruneProperty looks at the property whose name is node k.
func (s *Schema) pruneProperty(t *Tape, k uint32) {
	switch j := s.find(t.bytes(k), 0); {
	case j >= 0:
		s.properties[j].schema.prune(t, k+1)
	case s.extra != nil:
		s.extra.prune(t, k+1)
	case len(s.properties) > 0:
		t.nodes[k].dropped = true
	}
}
