package server

// WithReaders returns how many sessions the server counts the readers of.
func (s *Server[E]) WithReaders() int {
	r := &s.engine.readers
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bySession)
}
