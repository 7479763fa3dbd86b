package server

// Counted returns how many slots are taken, and of how many sessions and clients
// the server keeps a count.
func (s *engine) Counted() (slots, sessions, clients int) {
	l := &s.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, len(l.bySession), len(l.byClient)
}

// MaxPart is how early a detached stream may be called for what is due, and half of how
// early for a heartbeat.
const MaxPart = maxPart

// Publishers returns how many requests have a place to publish.
func (s *engine) Publishers() int {
	s.publishers.mu.Lock()
	defer s.publishers.mu.Unlock()
	return s.publishers.open
}
