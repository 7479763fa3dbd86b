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

// HoldStreams stops whatever opens or ends a stream, and Shutdown, until release. Then they go
// on in the order in which they came: each gives the mutex to the next at once. A test needs
// GOMAXPROCS(1), so that the next goroutine also runs at once.
func (s *Server[E]) HoldStreams() (release func()) {
	mu := &s.engine.streams.mu
	mu.Lock()
	return func() {
		mu.Unlock()
		mu.Lock() // before the first can take it: it has waited in vain then, which makes the mutex fair
		time.Sleep(10 * time.Millisecond)
		mu.Unlock()
	}
}
