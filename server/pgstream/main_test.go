package pgstream_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// openLog opens a log of its own on the shared server.
func openLog(t testing.TB) (*pglog.Log, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := pglog.Options{Schema: pgtest.Name()}
	if err := pglog.Migrate(t.Context(), pool, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop schema if exists "+o.Schema+" cascade") })
	l, err := pglog.Open(t.Context(), pool, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, pool
}
