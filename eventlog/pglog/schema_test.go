package pglog_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

func wantSchemaError(t *testing.T, err error, want pglog.SchemaError) {
	t.Helper()
	var got *pglog.SchemaError
	if !errors.As(err, &got) || *got != want {
		t.Errorf("error %v, want %+v", err, want)
	}
}

// Open makes nothing, and says what is missing. Migrate may be called by all processes at once.
func TestMigrate(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := pglog.Options{Schema: pgtest.Name()}
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop schema "+o.Schema+" cascade") })
	_, err := pglog.Open(t.Context(), pool, o)
	wantSchemaError(t, err, pglog.SchemaError{Schema: o.Schema, Have: 0, Want: 1})

	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := pglog.Migrate(t.Context(), pool, o); err != nil {
				t.Errorf("Migrate: %v", err)
			}
		})
	}
	wg.Wait()
	mustOpen(t, pool, o)

	if _, err := pool.Exec(t.Context(), "update "+o.Schema+".version set n = 7"); err != nil {
		t.Fatal(err)
	}
	_, err = pglog.Open(t.Context(), pool, o)
	wantSchemaError(t, err, pglog.SchemaError{Schema: o.Schema, Have: 7, Want: 1})
	wantSchemaError(t, pglog.Migrate(t.Context(), pool, o), pglog.SchemaError{Schema: o.Schema, Have: 7, Want: 1})
}

// Whatever the pool says, what changes the log is on the disk when it is acknowledged, and in a
// transaction of the isolation level that the log needs.
func TestSettings(t *testing.T) {
	server := pgtest.Shared(t)
	o := migrated(t, pgtest.Pool(t, server.URL("postgres")), pglog.Options{})
	tx := begin(t, pgtest.Pool(t, server.URL("postgres")+"&synchronous_commit=off"))
	var setting string
	err := tx.QueryRow(t.Context(), "with locked as materialized (select "+o.Schema+".lock()) select current_setting('synchronous_commit') from locked").Scan(&setting)
	if err != nil || setting != "on" {
		t.Errorf("synchronous_commit is %q, error %v", setting, err)
	}
	serializable := pgtest.Pool(t, server.URL("postgres")+"&default_transaction_isolation=serializable")
	if _, err := pglog.Open(t.Context(), serializable, o); !errors.Is(err, pglog.ErrIsolation) {
		t.Errorf("Open with serializable transactions: %v", err)
	}
}

// A role has a short limit for locks: appends of many processes wait all the same, and the log does
// not seem to be down.
func TestLockTimeout(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, admin, pglog.Options{})
	l := mustOpen(t, pgtest.Pool(t, server.URL("postgres")+"&lock_timeout=1"), o)
	for range 2 { // the session has a record the second time
		tx := begin(t, admin)
		if _, err := tx.Exec(t.Context(), "set local search_path = "+o.Schema+"; select lock()"); err != nil {
			t.Fatal(err)
		}
		appended := make(chan error)
		go func() { appended <- l.Append(t.Context(), own("a"), nil, texts("1")) }()
		until(t, "the append has waited for longer than a lock may take", func() (waits bool) {
			_ = admin.QueryRow(t.Context(), "select exists (select from pg_stat_activity where wait_event = 'advisory' and clock_timestamp() - query_start > '20 ms')").Scan(&waits)
			if err := l.Writable(t.Context()); err != nil {
				t.Fatal(err)
			}
			return waits
		})
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-appended; err != nil {
			t.Error(err)
		}
	}
}

// The user of a log needs no more than its documentation says.
func TestLeastPrivilege(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, admin, pglog.Options{})
	user := pgtest.Name()
	for _, sql := range []string{
		"create user " + user,
		"grant usage on schema " + o.Schema + " to " + user,
		"grant select, insert, update, delete on all tables in schema " + o.Schema + " to " + user,
		"revoke execute on all functions in schema " + o.Schema + " from public",
		"grant execute on all functions in schema " + o.Schema + " to " + user,
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), "drop owned by "+user+"; drop user "+user) })
	pool := pgtest.Pool(t, "postgres://"+user+"@/postgres?host="+server.Folder())
	l := mustOpen(t, pool, o)
	m := tester{t, l}
	floor, _ := m.follow(own("a")).bounds()
	m.append(own("a"), "1")
	tx := begin(t, pool)
	if _, err := l.AppendTx(t.Context(), tx, own("a"), texts("2")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := texts("end")[0]
	if err := l.Delete(t.Context(), "a", &end, 0); err != nil {
		t.Fatal(err)
	}
	if err := l.Retain(); err != nil {
		t.Errorf("retention: %v", err)
	}
	m.append(own("b"), "3")
	m.follow(own("b")).expect(floor, "3")
}
