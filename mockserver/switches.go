package mockserver

// switches are what a world has decided about one vendor's assumptions, each at the place of its number: "QB-003" is at 3.
// Every call asks for ten or twenty of them.
type switches []decision

type decision struct{ id, choice string }

// of returns the alternative chosen for an assumption, and whether it has its place here.
func (s switches) of(id string) (choice string, known bool) {
	if n := numberOf(id); n < uint(len(s)) && s[n].id == id {
		return s[n].choice, true
	}
	return "", false
}

// with returns the switches with another alternative, and grown where the assumption has no place yet.
func (s switches) with(id, choice string) switches {
	n := numberOf(id)
	if n > 999 {
		return s
	}
	out := make(switches, max(len(s), int(n)+1)) //nolint:gosec // no more
	copy(out, s)
	out[n] = decision{id, choice}
	return out
}

// switches are what a world decides that has chosen these alternatives, vendor by vendor.
func (s *Server) switches(chosen map[string]string) []switches {
	out := make([]switches, len(s.plugs))
	for i, p := range s.plugs {
		out[i] = p.defaults
		for _, a := range p.Spec.Assumptions {
			if choice, ok := chosen[a.ID]; ok {
				out[i] = out[i].with(a.ID, choice)
			}
		}
	}
	return out
}

// numberOf is the number that an assumption's id ends in, of three digits as in the documents. Of another id it is any.
func numberOf(id string) uint {
	if len(id) < 3 {
		return 1000
	}
	at := id[len(id)-3:]
	return 100*uint(at[0]-'0') + 10*uint(at[1]-'0') + uint(at[2]-'0')
}
