package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/internal/pgtest"
)

// query runs a statement that returns one boolean.
func query(t *testing.T, s *pgtest.Server, sql string) (answer bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestReplica(t *testing.T) {
	s := pgtest.Start(t)
	s.Kill(t)
	s.Up(t)
	s.KillPostmaster(t)
	s.Up(t)
	r := s.Replica(t)
	if query(t, s, "select pg_is_in_recovery()") || !query(t, r, "select pg_is_in_recovery()") {
		t.Error("the replica does not follow")
	}
	s.Stop(t)
	r.Promote(t)
	if query(t, r, "select pg_is_in_recovery()") {
		t.Error("the replica is not promoted")
	}
}
