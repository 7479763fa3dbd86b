package server

// Watched returns how many detached streams the epoll instance watches, or none if there
// is no instance.
func (s *engine) Watched() int {
	g := &s.leaving
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.poll == nil {
		return 0
	}
	return g.n
}
