package mockserver

// Watchers counts who watches the journal.
func (s *Server) Watchers() int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return len(s.journal.watchers)
}
