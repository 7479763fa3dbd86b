package pglog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// wantUnavailable checks that an error says that the log is unavailable, and why.
func wantUnavailable(t *testing.T, call string, err, why error) {
	t.Helper()
	if !errors.Is(err, eventlog.ErrUnavailable) || why != nil && !errors.Is(err, why) {
		t.Errorf("%s: error %v, want %v, %v", call, err, eventlog.ErrUnavailable, why)
	}
}

// A reader is woken when the database is gone, and when it is back. An append waits for it.
func TestRestart(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	m := tester{t, mustOpen(t, pool, o)}
	hasty := mustOpen(t, pool, pglog.Options{Schema: o.Schema, AppendTimeout: 100 * time.Millisecond})
	r := m.follow(own("a"))
	_, end := r.bounds()
	m.append(own("a"), "1")
	end = r.expect(end, "1")
	for _, down := range []func(testing.TB){server.Stop, server.Kill} {
		down(t)
		until(t, "the reader sees that the database is gone", func() bool {
			_, err := r.Read(t.Context(), end, 100)
			return errors.Is(err, eventlog.ErrUnavailable)
		})
		<-r.woken
		wantUnavailable(t, "Append", hasty.Append(t.Context(), own("a"), nil, texts("never")), nil)
		wantUnavailable(t, "Writable", hasty.Writable(t.Context()), nil)
		_, err := hasty.Lookup(t.Context(), "a")
		wantUnavailable(t, "Lookup", err, nil)
		_, err = pglog.Open(t.Context(), pool, o)
		wantUnavailable(t, "Open", err, nil)
		appended := make(chan error)
		go func() { appended <- m.log.Append(t.Context(), own("a"), nil, texts("2")) }()
		time.Sleep(50 * time.Millisecond) // so that it tries, which it need not
		server.Up(t)
		if err := <-appended; err != nil {
			t.Errorf("Append: %v", err)
		}
		end = r.expect(end, "2")
		until(t, "entries can be appended again", func() bool { return hasty.Writable(t.Context()) == nil })
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	o := migrated(t, pool, pglog.Options{AppendTimeout: 300 * time.Millisecond})
	m := tester{t, mustOpen(t, pool, o)}
	r := m.follow(own("a"))
	_, end := r.bounds()
	m.append(own("a"), "1")
	if _, err := pool.Exec(t.Context(), "alter database postgres set default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	pool.Reset() // new connections have the setting
	until(t, "the log is read-only", func() bool {
		err := m.log.Append(t.Context(), own("a"), nil, texts("never"))
		return errors.Is(err, pglog.ErrReadOnly) && errors.Is(err, eventlog.ErrUnavailable)
	})
	r.expect(end, "1")
}

// Another transaction keeps the log locked.
func TestSlow(t *testing.T) {
	l, pool := newLog(t, pglog.Options{RequestTimeout: 200 * time.Millisecond, AppendTimeout: 400 * time.Millisecond})
	var schema string
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	if err := pool.QueryRow(t.Context(), "select nspname from pg_namespace where nspname like 'test%' order by oid desc limit 1").Scan(&schema); err != nil {
		t.Fatal(err)
	}
	tx := begin(t, pool)
	if _, err := tx.Exec(t.Context(), "set local search_path = "+schema+"; select lock()"); err != nil {
		t.Fatal(err)
	}
	err := l.Append(t.Context(), own("a"), nil, texts("maybe"))
	if !errors.Is(err, pglog.ErrSlow) || !errors.Is(err, eventlog.ErrOutcomeUnknown) {
		t.Errorf("Append: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the log goes on", func() bool { return l.Append(t.Context(), own("a"), nil, texts("last")) == nil })
	until(t, "the entry is read", func() bool {
		b, err := r.Read(t.Context(), end, 100)
		n := len(b.Entries)
		return err == nil && n > 0 && string(b.Entries[n-1].Data) == "last"
	})
}

// Answers and requests that are lost on the way change nothing: what was appended is there once.
func TestLostAnswers(t *testing.T) {
	server := pgtest.Shared(t)
	direct, err := pgx.ParseConfig(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	o := migrated(t, pgtest.Pool(t, server.URL("postgres")), pglog.Options{Listen: direct})
	p := newProxy(t, server.Folder())
	l := mustOpen(t, pgtest.Pool(t, "postgres://postgres@/postgres?host="+p.folder+"&pool_max_conns=4"), o)
	m := tester{t, l}
	floor, _ := m.follow(own("a")).bounds()
	var want []string
	for _, cut := range []cut{beforeRequest, beforeAnswer, beforeRequest, beforeAnswer} {
		for _, key := range []*eventlog.Key{nil, {Name: string(rune('k' + len(want)))}} {
			text := string(rune('a' + len(want)))
			want = append(want, text)
			m.append(own("warm"), "up") // so that a connection is there
			p.cutOnce(cut)
			if err := l.Append(t.Context(), own("a"), key, texts(text)); err != nil {
				t.Fatalf("%v: %v", cut, err)
			}
			until(t, "a connection was cut", p.hasCut)
		}
	}
	m.append(own("a"), "last")
	until(t, "the log can be read", func() bool {
		_, err := l.Lookup(t.Context(), "a")
		return err == nil
	})
	m.follow(own("a")).expect(floor, append(want, "last")...)
}

func TestInvalidOptions(t *testing.T) {
	for _, o := range []pglog.Options{
		{Schema: "a b"}, {Schema: `"`}, {RequestTimeout: -1}, {AppendTimeout: time.Hour}, {Retention: pglog.Retention{Age: time.Second}},
	} {
		if o.Check() == nil {
			t.Errorf("Check accepts %+v", o)
		}
	}
	if err := (pglog.Options{}).Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
}
