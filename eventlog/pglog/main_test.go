package pglog_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// slow tells whether the slow tests are asked for.
func slow() bool { return os.Getenv("MIXSTREAM_SLOW") != "" }

// migrated returns options with a schema that is made for the test.
func migrated(t testing.TB, pool *pgxpool.Pool, o pglog.Options) pglog.Options {
	t.Helper()
	o.Schema = pgtest.Name()
	if err := pglog.Migrate(t.Context(), pool, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The server may be gone by now, and the schema with it.
		_, _ = pool.Exec(context.Background(), "drop schema if exists "+o.Schema+" cascade")
	})
	return o
}

// mustOpen opens a log that is closed with the test.
func mustOpen(t testing.TB, pool *pgxpool.Pool, o pglog.Options) *pglog.Log {
	t.Helper()
	l, err := pglog.Open(t.Context(), pool, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// newLog opens a log of its own on the shared server.
func newLog(t testing.TB, o pglog.Options) (*pglog.Log, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	return mustOpen(t, pool, migrated(t, pool, o)), pool
}
