package pglog_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

func execute(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// dropSchema drops a schema with the test.
func dropSchema(t *testing.T, pool *pgxpool.Pool, name string) {
	t.Helper()
	t.Cleanup(func() {
		_, _ = pool.Exec(context.Background(), "drop schema if exists "+pgx.Identifier{name}.Sanitize()+" cascade")
	})
}

// Migrate makes a log only in a schema of its own, and leaves any other as it is.
func TestMigrateRefuses(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	for _, c := range []struct{ name, sql, want string }{
		{"a table", "create table orders (n int)", `is not empty, it has "orders"`},
		{"a table of a name of the log", "create table log (n int)", "is not empty"},
		{"a table version", "create table version (v text)", "is not empty"},
		{"a table version with n", "create table version (n text)", "is not empty"},
		{"an empty table version", "create table version (n int)", "is not empty"},
		{"a function", "create function f() returns int language sql as 'select 1'", `it has "f"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := pglog.Options{Schema: pgtest.Name()}
			dropSchema(t, pool, o.Schema)
			execute(t, pool, "create schema "+o.Schema+"; set search_path = "+o.Schema+"; "+c.sql+"; reset search_path")
			if err := pglog.Migrate(t.Context(), pool, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Migrate: %v", err)
			}
			_, err := pglog.Open(t.Context(), pool, o)
			wantSchemaError(t, err, pglog.SchemaError{Schema: o.Schema, Have: 0, Want: 1})
		})
	}
}

// A user who may not migrate gets an error that says so, and nothing is half done.
func TestMigrateWithoutRights(t *testing.T) {
	server := pgtest.Shared(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	user := pgtest.Name()
	execute(t, pool, "create user "+user)
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop owned by "+user+"; drop user "+user) })
	weak := pgtest.Pool(t, "postgres://"+user+"@/postgres?host="+server.Folder())
	o := pglog.Options{Schema: pgtest.Name()}
	dropSchema(t, pool, o.Schema)
	for _, grant := range []string{"", "create schema " + o.Schema, "grant usage on schema " + o.Schema + " to " + user} {
		execute(t, pool, grant)
		if err := pglog.Migrate(t.Context(), weak, o); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("after %q, Migrate: %v", grant, err)
		}
	}
	execute(t, pool, "grant create on schema "+o.Schema+" to "+user)
	if err := pglog.Migrate(t.Context(), weak, o); err != nil {
		t.Errorf("Migrate: %v", err)
	}
}

// Whatever the defaults of the role are, many processes may migrate at once.
func TestMigrateAtOnce(t *testing.T) {
	server := pgtest.Shared(t)
	for _, setting := range []string{
		"", "default_transaction_isolation=serializable", "search_path=",
	} {
		t.Run(setting, func(t *testing.T) {
			o := pglog.Options{Schema: "Two-Words_" + pgtest.Name()}
			pool := pgtest.Pool(t, server.URL("postgres"))
			dropSchema(t, pool, o.Schema)
			var wg sync.WaitGroup
			for range 20 {
				each := pgtest.Pool(t, server.URL("postgres")+"&"+setting)
				wg.Go(func() {
					if err := pglog.Migrate(t.Context(), each, o); err != nil {
						t.Errorf("Migrate: %v", err)
					}
				})
			}
			wg.Wait()
			mustOpen(t, pool, o)
		})
	}
}

// The timeouts that a role has for short queries do not end a migration that has to wait.
func TestMigrateWaits(t *testing.T) {
	server := pgtest.Shared(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	o := pglog.Options{Schema: pgtest.Name()}
	dropSchema(t, pool, o.Schema)
	tx := begin(t, pool)
	if _, err := tx.Exec(t.Context(), "create schema "+o.Schema); err != nil {
		t.Fatal(err)
	}
	impatient := pgtest.Pool(t, server.URL("postgres")+"&statement_timeout=300&lock_timeout=1&application_name="+o.Schema)
	migrated := make(chan error)
	go func() { migrated <- pglog.Migrate(t.Context(), impatient, o) }()
	until(t, "the migration has waited for longer than it may", func() bool {
		var waits bool
		_ = pool.QueryRow(t.Context(), "select exists (select from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' and clock_timestamp() - query_start > '0.4 s')", o.Schema).Scan(&waits)
		select {
		case err := <-migrated:
			t.Fatalf("Migrate: %v", err)
		default:
		}
		return waits
	})
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Errorf("Migrate: %v", err)
	}
}
