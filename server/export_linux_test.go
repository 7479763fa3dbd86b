package server

// Watched returns how many clients of detached streams the server watches.
func (s *Server[E]) Watched() int { return s.engine.pool.Watched() }
