package pglog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// configuredPool opens a pool whose configuration a test has changed.
func configuredPool(t *testing.T, url string, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	change(config)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// The connection of the log itself is made as the pool makes its own.
func TestPoolHooks(t *testing.T) {
	server := pgtest.Shared(t)
	o := migrated(t, pgtest.Pool(t, server.URL("postgres")), pglog.Options{RequestTimeout: time.Second})
	var connected atomic.Int64
	pool := configuredPool(t, "postgres://postgres@/postgres?host=/nowhere&pool_max_conns=2", func(c *pgxpool.Config) {
		c.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
			c.Host = server.Folder()
			return nil
		}
		c.AfterConnect = func(context.Context, *pgx.Conn) error {
			connected.Add(1)
			return nil
		}
	})
	mustOpen(t, pool, o)
	if n := int64(pool.Stat().TotalConns()); connected.Load() <= n {
		t.Errorf("AfterConnect was called %d times for the pool's %d connections and the log's", connected.Load(), n)
	}
}

// A pool may reset its connections, and so forget what is prepared.
func TestPoolResets(t *testing.T) {
	server := pgtest.Shared(t)
	told := new(notes)
	o := migrated(t, pgtest.Pool(t, server.URL("postgres")), pglog.Options{Logger: slog.New(slog.NewTextHandler(told, nil))})
	pool := configuredPool(t, server.URL("postgres")+"&pool_max_conns=1", func(c *pgxpool.Config) {
		c.PrepareConn = func(ctx context.Context, c *pgx.Conn) (bool, error) {
			_, err := c.Exec(ctx, "discard all")
			return err == nil, err
		}
	})
	m := tester{t, mustOpen(t, pool, o)}
	r := m.follow(own("a"))
	_, end := r.bounds()
	for _, text := range numbered(1, 4) {
		m.append(own("a"), text)
		end = r.expect(end, text)
		if _, err := m.log.Lookup(t.Context(), "a"); err != nil {
			t.Errorf("Lookup: %v", err)
		}
	}
	if told.has("WARN") {
		t.Errorf("the logger was told %s", told.text.String())
	}
}

// An operator ends connections and cancels queries: appends and look-ups go on, and what was
// appended is there once.
func TestEndedConnections(t *testing.T) {
	server := pgtest.Start(t)
	admin := pgtest.Pool(t, server.URL("postgres")+"&application_name=admin")
	o := migrated(t, admin, pglog.Options{})
	l := mustOpen(t, pgtest.Pool(t, server.URL("postgres")), o)
	tester{t, l}.append(own("0"), "first")
	var over atomic.Bool
	var appended atomic.Int64
	appended.Add(1)
	var wg sync.WaitGroup
	for w := range 8 {
		id := fmt.Sprint(w)
		wg.Go(func() {
			for i := 0; !over.Load(); i++ {
				var key *eventlog.Key
				if w%2 == 0 {
					key = &eventlog.Key{Name: fmt.Sprint(i)}
				}
				if err := l.Append(t.Context(), own(id), key, texts(fmt.Sprint(i))); err != nil {
					t.Errorf("Append: %v", err)
				}
				appended.Add(1)
			}
		})
	}
	for n := range 30 {
		before := appended.Load()
		until(t, "appends go on", func() bool { return appended.Load() > before })
		end := []string{"pg_cancel_backend", "pg_terminate_backend"}[n%2]
		execute(t, admin, "select "+end+"(pid) from pg_stat_activity where backend_type = 'client backend' and application_name <> 'admin' and query not ilike 'listen%'")
		if _, err := l.Lookup(t.Context(), "0"); err != nil {
			t.Errorf("Lookup after %s: %v", end, err)
		}
	}
	over.Store(true)
	wg.Wait()
	var there, different int64
	err := admin.QueryRow(t.Context(), "select count(*), count(distinct (stream, data)) from "+o.Schema+".log").Scan(&there, &different)
	if err != nil || there != different || there != appended.Load() {
		t.Errorf("%d entries, %d different ones, %d appended, error %v", there, different, appended.Load(), err)
	}
}

// Deletions that wait for transactions leave connections of the pool to appends.
func TestAppendsFindAConnection(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres")+"&pool_max_conns=10")
	o := migrated(t, admin, pglog.Options{})
	m := tester{t, mustOpen(t, pgtest.Pool(t, server.URL("postgres")+"&pool_max_conns=4"), o)}
	l := m.log.(*pglog.Log)
	var wg sync.WaitGroup
	var open []pgx.Tx
	for i := range 8 {
		id := fmt.Sprint(i)
		m.append(own(id), "1")
		tx := begin(t, admin)
		if _, err := l.AppendTx(t.Context(), tx, own(id), texts("2")); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			e := texts("end")[0]
			if err := l.Delete(t.Context(), id, &e, time.Hour); err != nil {
				t.Errorf("Delete: %v", err)
			}
		})
		open = append(open, tx)
	}
	until(t, "a deletion waits", func() (waits bool) {
		_ = admin.QueryRow(t.Context(), "select exists (select from pg_locks where locktype = 'advisory' and not granted)").Scan(&waits)
		return waits
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience/2)
	defer cancel()
	if err := l.Append(ctx, own("other"), nil, texts("1")); err != nil {
		t.Errorf("Append while deletions wait: %v", err)
	}
	for _, tx := range open {
		if err := tx.Commit(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

// However many readers wait for the database, appends do not wait behind them.
func TestAppendsPassReaders(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, admin, pglog.Options{RequestTimeout: patience})
	m := tester{t, mustOpen(t, pgtest.Pool(t, server.URL("postgres")+"&pool_max_conns=3"), o)}
	var readers [9]*follower
	for i := range readers {
		readers[i] = m.follow(own("a"))
	}
	tx := begin(t, admin)
	if _, err := tx.Exec(t.Context(), "lock table "+o.Schema+".trimmed"); err != nil { // which appends do not need
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, r := range readers {
		wg.Go(func() {
			if _, _, err := r.Bounds(t.Context()); err != nil {
				t.Errorf("Bounds: %v", err)
			}
		})
	}
	until(t, "two readers wait", func() bool {
		var n int
		_ = admin.QueryRow(t.Context(), "select count(*) from pg_locks where relation = $1::text::regclass and not granted", o.Schema+".trimmed").Scan(&n)
		return n >= 2
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience/3)
	defer cancel()
	if err := m.log.Append(ctx, own("a"), nil, texts("1")); err != nil {
		t.Errorf("Append: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
}

// Wherever Open is when its context ends, it leaves no connection behind, nor a goroutine, which
// TestMain checks.
func TestOpenIsCancelled(t *testing.T) {
	server := pgtest.Shared(t)
	admin := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, admin, pglog.Options{})
	pool := pgtest.Pool(t, server.URL("postgres")+"&application_name="+o.Schema)
	opened := 0
	for n := 0; opened < 3 && n < 400; n++ {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(n)*200*time.Microsecond, errRollback)
		l, err := pglog.Open(ctx, pool, o)
		cancel()
		switch {
		case err == nil:
			opened++
			if err := l.Append(t.Context(), own("a"), nil, texts("1")); err != nil {
				t.Errorf("Append: %v", err)
			}
			_ = l.Close()
		case !errors.Is(err, errRollback):
			t.Errorf("Open: %v", err)
		}
	}
	pool.Close()
	until(t, "all connections are closed", func() bool {
		var n int
		err := admin.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name = $1", o.Schema).Scan(&n)
		return err == nil && n == 0
	})
}

// Notifications of a log of the same name in another database are of no use.
func TestListenElsewhere(t *testing.T) {
	server := pgtest.Shared(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, pool, pglog.Options{RequestTimeout: time.Second})
	other := pgtest.Name()
	execute(t, pool, "create database "+other)
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop database "+other+" with (force)") })
	elsewhere := pgtest.Pool(t, server.URL(other))
	if err := pglog.Migrate(t.Context(), elsewhere, o); err != nil {
		t.Fatal(err)
	}
	refused := func(o pglog.Options) {
		t.Helper()
		l, err := pglog.Open(t.Context(), pool, o)
		if err == nil {
			_ = l.Close()
		}
		for _, err := range []error{err, pglog.Check(t.Context(), pool, o)} {
			if err == nil || !strings.Contains(err.Error(), "leads to another database") || errors.Is(err, eventlog.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
		}
	}
	o.Listen = elsewhere.Config().ConnConfig
	refused(o)
	execute(t, elsewhere, "drop schema "+o.Schema+" cascade")
	refused(o)
	server.Restore(t, other, server.Dump(t, "postgres", o.Schema)) // a copy of the log itself
	refused(o)
}
