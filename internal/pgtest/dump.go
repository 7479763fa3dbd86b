package pgtest

import (
	"bytes"
	"testing"
)

// Dump returns what pg_dump writes of a schema.
func (s *Server) Dump(t testing.TB, database, schema string) []byte {
	t.Helper()
	return s.client(t, nil, "pg_dump", "-n", schema, database)
}

// Restore makes in a database what Dump has returned.
func (s *Server) Restore(t testing.TB, database string, dump []byte) {
	t.Helper()
	s.client(t, dump, "psql", "-q", "-v", "ON_ERROR_STOP=1", database)
}

// client runs a program that connects to the server, and returns its output.
func (s *Server) client(t testing.TB, input []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := s.programs.command(name, append([]string{"-h", s.folder, "-U", "postgres"}, args...)...)
	var output, errors bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &output, &errors
	if err := cmd.Run(); err != nil {
		t.Fatalf("pgtest: %s: %v: %s", name, err, errors.String())
	}
	return output.Bytes()
}
