package specs

// Prune takes out of decoded JSON, in place, the properties that Check tells unknown of: those that the schema neither
// names nor has a schema for.
func (s *Schema) Prune(v any) {
	switch v := v.(type) {
	case map[string]any:
		s.pruneObject(v)
	case []any:
		for i := range v {
			if s.items != nil {
				s.items.Prune(v[i])
			}
		}
	}
}

func (s *Schema) pruneObject(obj map[string]any) {
	for name, v := range obj {
		switch p := s.property(name); {
		case p != nil:
			p.schema.Prune(v)
		case s.extra != nil:
			s.extra.Prune(v)
		case len(s.properties) > 0:
			delete(obj, name)
		}
	}
}
