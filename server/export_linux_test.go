package server

// Watched returns how many clients of detached streams the server watches.
func (s *engine) Watched() int { return s.pool.Watched() }
