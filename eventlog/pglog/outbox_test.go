package pglog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// orders makes a table of an application, which is dropped with the test.
func orders(t *testing.T, pool *pgxpool.Pool) (table string) {
	t.Helper()
	table = pgtest.Name()
	if _, err := pool.Exec(t.Context(), "create table "+table+" (n int generated always as identity, session text, text text)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = pool.Exec(context.Background(), "drop table "+table) })
	return table
}

func begin(t *testing.T, pool *pgxpool.Pool) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

func TestAppendTx(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	s := eventlog.Session{ID: "a", Scope: "x"}
	r := m.follow(s)
	_, end := r.bounds()

	rolledBack, committed := begin(t, pool), begin(t, pool)
	if _, err := l.AppendTx(t.Context(), rolledBack, own("b"), texts("never")); err != nil {
		t.Fatal(err)
	}
	p, err := l.AppendTx(t.Context(), committed, s, texts("1", "2"))
	if err != nil {
		t.Fatal(err)
	}
	m.append(own("c"), "other") // moves nothing
	if b, err := r.Read(t.Context(), end, 100); err != nil || len(b.Entries) > 0 {
		t.Errorf("before the commit: %v, error %v", b.Entries, err)
	}
	if err := rolledBack.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := committed.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	// What is appended after the commit stands after it.
	m.append(s, "3")
	r.expect(end, "1", "2", "3")
	ids, err := p.IDs(t.Context())
	b, _ := r.Read(t.Context(), end, 100)
	if err != nil || len(ids) != 2 || ids[0] != b.Entries[0].ID || ids[1] != b.Entries[1].ID {
		t.Errorf("IDs %d, error %v, want those of %v", ids, err, b.Entries)
	}
	if record, err := l.Lookup(t.Context(), "a"); err != nil || record.Scope != "x" {
		t.Errorf("Lookup: %+v, error %v", record, err)
	}
	if _, err := l.Lookup(t.Context(), "b"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("Lookup of the session of the rollback: %v", err)
	}
}

func TestAppendTxRefuses(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	m.append(own("a"), "1")
	end := texts("end")[0]
	if err := l.Delete(t.Context(), "a", &end, time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		var p *pglog.Pending
		err := pgx.BeginTxFunc(t.Context(), pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
			_, err := l.AppendTx(t.Context(), tx, own("a"), texts("2"))
			if !errors.Is(err, eventlog.ErrSessionDeleted) {
				t.Errorf("%s, AppendTx to a deleted session: %v", level, err)
			}
			_, err = l.AppendTx(t.Context(), tx, own("b"), texts("two\nlines"))
			if !errors.Is(err, eventlog.ErrInvalidEntry) {
				t.Errorf("%s, AppendTx of two lines: %v", level, err)
			}
			p, err = l.AppendTx(t.Context(), tx, own("b"), texts("good"))
			return err
		})
		if err == nil {
			_, err = p.IDs(t.Context()) // the record of the session changes until then
		}
		if err != nil {
			t.Errorf("%s: %v", level, err)
		}
	}
	floor, _ := m.follow(own("b")).bounds()
	m.follow(own("b")).expect(floor, "good", "good", "good")
}

// A deletion waits for the transactions that publish to its session, while other sessions go on.
func TestDeleteWaitsForAppendTx(t *testing.T) {
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	floor, _ := m.follow(own("a")).bounds()
	m.append(own("a"), "1")
	tx := begin(t, pool)
	if _, err := l.AppendTx(t.Context(), tx, own("a"), texts("2")); err != nil {
		t.Fatal(err)
	}
	deleted := make(chan error)
	go func() {
		end := texts("end")[0]
		deleted <- l.Delete(t.Context(), "a", &end, time.Hour)
	}()
	m.append(own("b"), "other")
	select {
	case err := <-deleted:
		t.Fatalf("Delete returned before the commit, error %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	m.follow(own("a")).expect(floor, "1", "2", "end")
}

func TestAppendSQLTx(t *testing.T) {
	l, _ := newLog(t, pglog.Options{})
	db, err := sql.Open("pgx", pgtest.Shared(t).URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.AppendSQLTx(t.Context(), tx, own("a"), texts("1", "2")); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	r.expect(end, "1", "2")
}

// The order within a session is that of the commits, by whichever process.
func TestCommitOrder(t *testing.T) {
	const writers, each = 8, 40
	p := openPair(t, pglog.Options{})
	pool := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	table := orders(t, pool)
	m := tester{t, p.logs[0]}
	r := m.follow(own("a"))
	_, end := r.bounds()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var seen []string // what appends that came after a commit saw of it
	for w := range writers {
		l := p.logs[w%2]
		wg.Go(func() {
			for i := range each {
				text := fmt.Sprint(w, "-", i)
				err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
					if _, err := l.AppendTx(t.Context(), tx, own("a"), texts(text)); err != nil {
						return err
					}
					// The lock of the session makes this the order of the commits.
					_, err := tx.Exec(t.Context(), "insert into "+table+" (session, text) values ('a', $1)", text)
					if i%5 == 4 {
						return errors.Join(err, errRollback)
					}
					return err
				})
				if err != nil && !errors.Is(err, errRollback) {
					t.Error(err)
					return
				}
				mu.Lock()
				seen = append(seen, text)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	rows, err := pool.Query(t.Context(), "select text from "+table+" order by n")
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != writers*each*4/5 || len(seen) != writers*each {
		t.Fatalf("%d rows", len(want))
	}
	r.expect(end, want...)
}

var errRollback = errors.New("rolled back")

// More rows than one step moves, in one transaction, keep other sessions waiting for no more than
// a step, and their own session's order.
func TestAppendTxOfMany(t *testing.T) {
	const n = 5000
	l, pool := newLog(t, pglog.Options{})
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	all := numbered(1, n)
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := l.AppendTx(t.Context(), tx, own("a"), texts(all...))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m.append(own("a"), "last")
	r.expect(end, append(all, "last")...)
}

// The process that has committed dies before it can move anything: another one does. A process
// that dies before its commit leaves nothing.
func TestAppendTxOfTheDead(t *testing.T) {
	p := openPair(t, pglog.Options{PollInterval: 100 * time.Millisecond})
	dead := pgtest.Pool(t, pgtest.Shared(t).URL("postgres"))
	m := tester{t, p.logs[0]}
	r := m.follow(own("a"))
	_, end := r.bounds()
	tx := begin(t, dead)
	if _, err := p.logs[1].AppendTx(t.Context(), tx, own("a"), texts("1")); err != nil {
		t.Fatal(err)
	}
	cut := begin(t, dead)
	if _, err := p.logs[1].AppendTx(t.Context(), cut, own("b"), texts("never")); err != nil {
		t.Fatal(err)
	}
	if err := p.logs[1].Close(); err != nil {
		t.Fatal(err)
	}
	if err := cut.Conn().Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.expect(end, "1")
	if _, err := p.logs[0].Lookup(t.Context(), "b"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("Lookup: %v", err)
	}
}

// The database is killed while transactions publish: every row that was committed has its event,
// and no other has.
func TestAppendTxSurvivesKills(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	l := mustOpen(t, pool, migrated(t, pool, pglog.Options{}))
	table := orders(t, pool)
	m := tester{t, l}
	r := m.follow(own("a"))
	_, end := r.bounds()
	var wg sync.WaitGroup
	var over atomic.Bool
	for w := range 4 {
		wg.Go(func() {
			for i := 0; i < 1000 && !over.Load(); i++ {
				text := fmt.Sprint(w, "-", i)
				// An error tells nothing here: the row does.
				err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
					if _, err := l.AppendTx(t.Context(), tx, own("a"), texts(text)); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), "insert into "+table+" (session, text) values ('a', $1)", text)
					return err
				})
				if err != nil {
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	for range 2 {
		rows := func() (n int) {
			_ = pool.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n) // 0 while it is down
			return n
		}
		before := rows()
		until(t, "some transactions are committed", func() bool { return rows() >= before+30 })
		server.Kill(t)
		server.Up(t)
	}
	over.Store(true)
	wg.Wait()
	m.append(own("a"), "last")
	var got []string
	for !slices.Contains(got, "last") {
		b, err := r.Read(t.Context(), end, 1<<20)
		if err != nil {
			if errors.Is(err, eventlog.ErrUnavailable) {
				<-r.woken
				continue
			}
			t.Fatal(err)
		}
		for _, e := range b.Entries {
			got = append(got, string(e.Data))
		}
		end = b.Position
	}
	var want []string
	rows, err := pool.Query(t.Context(), "select text from "+table+" order by n")
	if err == nil {
		want, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if want = append(want, "last"); err != nil || !slices.Equal(got, want) {
		t.Errorf("error %v, events\n%s\nrows\n%s", err, strings.Join(got, " "), strings.Join(want, " "))
	}
	t.Logf("%d were committed", len(want)-1)
}
