package server

import "time"

// Counted returns how many slots are taken, and of how many sessions and clients
// the server keeps a count.
func (s *Server[E]) Counted() (slots, sessions, clients int) {
	l := &s.engine.streamGate.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inAll(), len(l.open[1]), len(l.open[2])
}

// MaxPart is how early a detached stream may be called for what is due, and half of how
// early for a heartbeat.
const MaxPart = 100 * time.Millisecond

// Publishers returns how many requests have a place to publish.
func (s *Server[E]) Publishers() int {
	l := &s.engine.ingestGate.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inAll()
}

// inAll returns how many requests are open.
func (l *limits) inAll() int {
	if c := l.open[0][inAll(nil, "")]; c != nil {
		return c.n
	}
	return 0
}

// Compact is compact.
var Compact = compact
