package pglog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// appendTx writes texts to a session in a transaction, and fails the test on an error.
func (m tester) appendTx(tx pgx.Tx, s eventlog.Session, all ...string) *pglog.Pending {
	m.Helper()
	p, err := m.log.(*pglog.Log).AppendTx(m.Context(), tx, s, texts(all...))
	if err != nil {
		m.Fatalf("AppendTx: %v", err)
	}
	return p
}

func commit(t *testing.T, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func isCode(err error, code string) bool {
	e, is := errors.AsType[*pgconn.PgError](err)
	return is && e.Code == code
}

// What a rollback to a savepoint undoes is not published; the rest is.
func TestAppendTxSavepoints(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	tx := begin(t, pool)
	m.appendTx(tx, own("a"), "1")
	var undone *pglog.Pending
	for _, step := range []struct {
		text string
		err  error
	}{{"2", errRollback}, {"3", nil}} {
		err := pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
			if p := m.appendTx(tx, own("a"), step.text); step.err != nil {
				undone = p
			}
			m.appendTx(tx, own("b"), step.text)
			return step.err
		})
		if !errors.Is(err, step.err) {
			t.Fatal(err)
		}
	}
	m.appendTx(tx, own("a"), "4")
	commit(t, tx)
	r.expect(end, "1", "3", "4")
	m.follow(own("b")).expect(end, "3")
	if ids, err := undone.IDs(t.Context()); !errors.Is(err, pglog.ErrRolledBack) {
		t.Errorf("IDs of what was undone: %d, error %v", ids, err)
	}
}

// Each way in which pgx can send a query carries all that an entry may have.
func TestAppendTxQueryModes(t *testing.T) {
	l, _ := newLog(t, pglog.Options{})
	m := tester{t, l}
	odd := eventlog.Session{ID: "\x00\xff'\\{\",", Scope: "\xfe\x00"}
	many := numbered(1, 300)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			m := tester{t, l}
			r, others := m.follow(odd), m.follow(own("b"))
			_, end := r.bounds()
			pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres")+"&default_query_exec_mode="+mode)
			tx := begin(t, pool)
			var b pgx.Batch
			b.Queue("select 1")
			b.Queue("select $1::text", "x")
			if err := tx.SendBatch(t.Context(), &b).Close(); err != nil {
				t.Fatal(err)
			}
			m.appendTx(tx, odd, "", "{}", "\\x00'\"", "ü\x00\xff")
			p := m.appendTx(tx, own("b"), many...)
			if _, err := l.AppendTx(t.Context(), tx, own("b"), []eventlog.Entry{{}}); err != nil {
				t.Errorf("an entry without a name and data: %v", err)
			}
			commit(t, tx)
			r.expect(end, "", "{}", "\\x00'\"", "ü\x00\xff")
			others.expect(end, append(slices.Clone(many), "")...)
			if ids, err := p.IDs(t.Context()); err != nil || len(ids) != len(many) || !slices.IsSorted(ids) {
				t.Errorf("%d ids, error %v", len(ids), err)
			}
		})
	}
	if record, err := l.Lookup(t.Context(), odd.ID); err != nil || record.Scope != odd.Scope {
		m.Errorf("Lookup: %+v, error %v", record, err)
	}
}

// A transaction of another database is refused, whether or not that has a log.
func TestAppendTxOtherDatabase(t *testing.T) {
	server := pgtest.Shared(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	name := pgtest.Name()
	if _, err := pool.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop database "+name+" (force)") })
	o := migrated(t, pool, pglog.Options{})
	l := mustOpen(t, pool, o)
	other := pgtest.Pool(t, server.URL(name))
	if _, err := l.AppendTx(t.Context(), begin(t, other), own("a"), texts("1")); !errors.Is(err, pglog.ErrOtherDatabase) {
		t.Errorf("without a log: %v", err)
	}
	if err := pglog.Migrate(t.Context(), other, o); err != nil {
		t.Fatal(err)
	}
	tx := begin(t, other)
	if _, err := l.AppendTx(t.Context(), tx, own("a"), texts("1")); !errors.Is(err, pglog.ErrOtherDatabase) {
		t.Errorf("with another log: %v", err)
	}
	var rows int
	if err := tx.QueryRow(t.Context(), "select count(*) from "+o.Schema+".outbox").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows in the other outbox, error %v", rows, err)
	}
}

// A log whose schema was made again while it is open takes transactions all the same.
func TestAppendTxSchemaMadeAgain(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	l := mustOpen(t, pool, o)
	m := tester{t, l}
	tx := begin(t, pool)
	m.appendTx(tx, own("a"), "1")
	commit(t, tx)
	if _, err := pool.Exec(t.Context(), "drop schema "+o.Schema+" cascade"); err != nil {
		t.Fatal(err)
	}
	if err := pglog.Migrate(t.Context(), pool, o); err != nil {
		t.Fatal(err)
	}
	tx = begin(t, pgtest.Pool(t, pgtest.Shared(t).URL("postgres")))
	p := m.appendTx(tx, own("a"), "2")
	commit(t, tx)
	if _, err := p.IDs(t.Context()); err != nil {
		t.Error(err)
	}
}

// Neither a search_path with other tables of these names nor another role leads astray.
func TestAppendTxSearchPathAndRole(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	l := mustOpen(t, pool, o)
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	role := pgtest.Name()
	if _, err := pool.Exec(t.Context(), "create role "+role); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop owned by "+role+"; drop role "+role) })

	tx := begin(t, pool)
	if _, err := tx.Exec(t.Context(), "create temp table outbox (n int) on commit drop; create temp table session (n int) on commit drop; create temp table log (n int) on commit drop; set local search_path = pg_temp"); err != nil {
		t.Fatal(err)
	}
	m.appendTx(tx, own("a"), "1")
	commit(t, tx)

	as := func() pgx.Tx {
		tx := begin(t, pool)
		if _, err := tx.Exec(t.Context(), "set local role "+role); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	if _, err := l.AppendTx(t.Context(), as(), own("a"), texts("never")); !isCode(err, "42501") {
		t.Errorf("without privileges: %v", err)
	}
	grants := fmt.Sprintf("grant usage on schema %[1]s to %[2]s; grant select on all tables in schema %[1]s to %[2]s; grant insert on %[1]s.outbox to %[2]s", o.Schema, role)
	if _, err := pool.Exec(t.Context(), grants); err != nil {
		t.Fatal(err)
	}
	tx = as()
	m.appendTx(tx, own("a"), "2")
	commit(t, tx)
	r.expect(end, "1", "2")
}

// A transaction that cannot write, is in use, over or none is refused as what it is.
func TestAppendTxWithoutATransaction(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	if _, err := l.AppendTx(t.Context(), nil, own("a"), texts("1")); err == nil || !strings.Contains(err.Error(), "is nil") {
		t.Errorf("none: %v", err)
	}
	if _, err := l.AppendSQLTx(t.Context(), nil, own("a"), texts("1")); err == nil || !strings.Contains(err.Error(), "is nil") {
		t.Errorf("none of database/sql: %v", err)
	}
	busy := begin(t, pool)
	rows, err := busy.Query(t.Context(), "select 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.AppendTx(t.Context(), busy, own("a"), texts("1")); errors.Is(err, eventlog.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "close its rows") {
		t.Errorf("with rows: %v", err)
	}
	rows.Close()
	tester{t, l}.appendTx(busy, own("busy"), "1")
	tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.AppendTx(t.Context(), tx, own("a"), texts("1"))
	if !errors.Is(err, pglog.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = l.AppendTx(t.Context(), tx, own("a"), texts("1"))
	if !errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("over: %v", err)
	}

	db, err := sql.Open("pgx", pgtest.Shared(t).URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	over, err := db.BeginTx(t.Context(), nil)
	if err == nil {
		err = over.Rollback()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.AppendSQLTx(t.Context(), over, own("a"), texts("1"))
	if !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("over, of database/sql: %v", err)
	}
}

// A snapshot that is older than the end of the session must not let the publication pass: the
// entries could not get into the log.
func TestAppendTxOldSnapshot(t *testing.T) {
	end := texts("end")[0]
	for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
		for name, meanwhile := range map[string]func(m tester, l *pglog.Log, pool *pgxpool.Pool) error{
			"deleted": func(m tester, l *pglog.Log, _ *pgxpool.Pool) error {
				return l.Delete(m.Context(), "old", &end, time.Hour)
			},
			"created and deleted": func(m tester, l *pglog.Log, _ *pgxpool.Pool) error {
				m.append(own("new"), "1")
				return l.Delete(m.Context(), "new", &end, time.Hour)
			},
			"deleted in a transaction": func(m tester, l *pglog.Log, pool *pgxpool.Pool) error {
				return pgx.BeginFunc(m.Context(), pool, func(tx pgx.Tx) error {
					_, err := l.DeleteTx(m.Context(), tx, own("new"), end, time.Hour)
					return err
				})
			},
		} {
			t.Run(fmt.Sprint(level, "/", name), func(t *testing.T) {
				l, pool := newLog(t, pglog.Options{})
				m := tester{t, l}
				m.append(own("old"), "1")
				tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = tx.Rollback(context.Background()) }()
				if _, err := tx.Exec(t.Context(), "select 1"); err != nil { // takes the snapshot
					t.Fatal(err)
				}
				if err := meanwhile(m, l, pool); err != nil {
					t.Fatal(err)
				}
				s := own("new")
				if name == "deleted" {
					s = own("old")
				}
				if _, err := l.AppendTx(t.Context(), tx, s, texts("2")); !isCode(err, "40001") {
					t.Errorf("got %v, want a serialization failure", err)
				}
			})
		}
	}
}

// Serializable transactions that publish to different sessions do not make each other fail, and
// keep no append to their sessions waiting.
func TestAppendTxSerializable(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	_, end := m.follow(own("old")).bounds()
	m.append(own("old"), "0")
	var open []pgx.Tx
	sessions := []string{"old", "new", "newer"}
	for _, s := range sessions {
		tx, err := pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.Serializable})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
		m.appendTx(tx, own(s), "2")
		open = append(open, tx)
	}
	for _, s := range sessions {
		m.append(own(s), "1")
	}
	for i, tx := range open {
		commit(t, tx)
		want := []string{"0", "1", "2"}
		m.follow(own(sessions[i])).expect(end, want[min(i, 1):]...)
	}
}

// Without sequential scans, a plan that needs one has such a cost that PostgreSQL compiles it, which
// takes a hundred milliseconds.
func TestFunctionsDoNotCompile(t *testing.T) {
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	rows, err := pool.Query(t.Context(), `select proname from pg_proc where pronamespace = $1::text::regnamespace
		and 'enable_seqscan=off' = any(proconfig) and not 'jit=off' = any(proconfig)`, o.Schema)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(names) > 0 {
		t.Errorf("these leave jit on: %q, error %v", names, err)
	}
}
