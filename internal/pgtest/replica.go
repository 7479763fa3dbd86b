package pgtest

import "testing"

// Replica starts a streaming replica of the server, which follows it until it is promoted.
func (s *Server) Replica(t testing.TB, settings ...string) *Server {
	t.Helper()
	r, err := newServer(s.programs, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.remove)
	if err := s.programs.run("pg_basebackup", "-h", s.folder, "-U", "postgres", "-D", r.data(), "-R", "-X", "stream", "-c", "fast", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	r.Up(t)
	return r
}

// Promote makes a replica a server of its own.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	if err := s.programs.run("pg_ctl", "promote", "-w", "-D", s.data()); err != nil {
		t.Fatal(err)
	}
}
