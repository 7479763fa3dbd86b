package pglog_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// lagging returns a replica that has what the log has, and a transaction that has published "late"
// to session a. That is not in the log yet. The replica learns of nothing more.
func lagging(t *testing.T, primary *pgtest.Server, pool *pgxpool.Pool, o pglog.Options, m tester, table string) *pgtest.Server {
	t.Helper()
	replica := primary.Replica(t)
	replicated := pgtest.Pool(t, replica.URL("postgres"))
	locked := begin(t, pool) // so that nothing is moved into the log
	if _, err := locked.Exec(t.Context(), "set local search_path = "+o.Schema+"; select lock()"); err != nil {
		t.Fatal(err)
	}
	pending := m.order(pool, table, "late")
	until(t, "the replica has the transaction", func() bool {
		var has bool
		return replicated.QueryRow(t.Context(), "select exists (select from "+table+")").Scan(&has) == nil && has
	})
	// A receiver that has no address ends.
	if _, err := replicated.Exec(t.Context(), "alter system set primary_conninfo = ''"); err != nil {
		t.Fatal(err)
	}
	if _, err := replicated.Exec(t.Context(), "select pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	until(t, "the replica follows no more", func() bool {
		var n int
		return replicated.QueryRow(t.Context(), "select count(*) from pg_stat_wal_receiver").Scan(&n) == nil && n == 0
	})
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := pending.IDs(t.Context()); err != nil {
		t.Fatal(err)
	}
	return replica
}

// order publishes to session a in a transaction, with a row.
func (m tester) order(pool *pgxpool.Pool, table, text string) (p *pglog.Pending) {
	m.Helper()
	if err := pgx.BeginFunc(m.Context(), pool, func(tx pgx.Tx) (err error) {
		if p, err = m.log.(*pglog.Log).AppendTx(m.Context(), tx, own("a"), texts(text)); err != nil {
			return err
		}
		_, err = tx.Exec(m.Context(), "insert into "+table+" (session, text) values ('a', $1)", text)
		return err
	}); err != nil {
		m.Fatal(err)
	}
	return p
}

// A replica that lacks the last 100 transactions is promoted. Readers that had their entries are
// told a gap and go on behind it, the others go on without one, and no id comes twice.
func TestPromotion(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t)
	pool := pgtest.Pool(t, primary.URL("postgres"))
	o, table := migrated(t, pool, pglog.Options{}), orders(t, pool)
	before := tester{t, mustOpen(t, pool, o)}
	start, _ := before.follow(own("a")).bounds()
	shared := before.append(own("a"), numbered(1, 50)...)
	replica := lagging(t, primary, pool, o, before, table)
	replicated := pgtest.Pool(t, replica.URL("postgres"))
	all := append([]string{"late"}, numbered(51, 150)...)
	for i, text := range all[1:] {
		if i%2 == 0 {
			before.append(own("a"), text)
		} else if _, err := before.order(pool, table, text).IDs(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// Readers have got as far as each of these positions.
	var lost []uint64
	seen := before.follow(own("a"))
	for at, n := shared, 0; n < len(all); n++ {
		var b eventlog.Batch
		var err error
		until(t, "the reader has the next entry", func() bool {
			b, err = seen.Read(t.Context(), at, 0)
			return err != nil || len(b.Entries) > 0
		})
		if err != nil || len(b.Entries) != 1 || string(b.Entries[0].Data) != all[n] {
			t.Fatalf("Read(%d): %v, error %v; want %s", at, b.Entries, err, all[n])
		}
		at = b.Entries[0].ID
		lost = append(lost, at)
	}
	highest := lost[len(lost)-1]

	// A log on the replica does not serve what may be incomplete.
	if _, err := pglog.Open(t.Context(), replicated, o); !errors.Is(err, eventlog.ErrUnavailable) || !errors.Is(err, pglog.ErrReadOnly) {
		t.Errorf("Open on a replica: %v", err)
	}
	primary.Kill(t)
	replica.Promote(t)
	after := tester{t, mustOpen(t, replicated, o)}
	ahead, behind := after.follow(own("a")), after.follow(own("a"))
	for _, at := range append(lost, shared+1) {
		ahead.expectGap(at)
	}
	floor, end := ahead.bounds()
	if floor <= highest || end < floor {
		t.Fatalf("after the gap the bounds are %d and %d, and %d was lost", floor, end, highest)
	}
	// The transaction is published anew, since it is committed in this history as well.
	if at := behind.expect(start, append(numbered(1, 50), "late")...); at <= highest {
		t.Errorf("the end is %d, and %d was lost", at, highest)
	}
	if first := after.append(own("a"), "new"); first <= highest {
		t.Errorf("id %d was given out before %d", first, highest)
	}
	ahead.expect(floor, "late", "new")
	behind.expect(shared, "late", "new")
	var rows int
	if err := replicated.QueryRow(t.Context(), "select count(*) from "+table).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, error %v; want that of the entry late", rows, err)
	}
}

// The processes stay, and their address leads to the replica that was promoted. What they know of
// the outbox is not true of the other history.
func TestProcessesSeeAPromotion(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t)
	folder := t.TempDir()
	address := filepath.Join(folder, ".s.PGSQL.5432")
	point := func(s *pgtest.Server) {
		_ = os.Remove(address) // the first time there is none
		if err := os.Symlink(filepath.Join(s.Folder(), ".s.PGSQL.5432"), address); err != nil {
			t.Fatal(err)
		}
	}
	point(primary)
	pool := pgtest.Pool(t, "postgres://postgres@/postgres?host="+folder)
	o, table := migrated(t, pool, pglog.Options{PollInterval: 100 * time.Millisecond}), orders(t, pool)
	m := tester{t, mustOpen(t, pool, o)}
	r := m.follow(own("a"))
	_, start := r.bounds()
	shared := m.append(own("a"), "1")
	replica := lagging(t, primary, pool, o, m, table)
	for range 200 { // so that its number is far from being given out again
		execute(t, pool, "select pg_current_xact_id()")
	}
	gone := m.order(pool, table, "gone")
	lost := r.expect(start, "1", "late", "gone")
	primary.Kill(t)
	replica.Promote(t)
	point(replica)
	m.append(own("a"), "2")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if ids, err := gone.IDs(ctx); !errors.Is(err, pglog.ErrRolledBack) {
		t.Errorf("the database lacks the transaction: ids %d, error %v", ids, err)
	}
	until(t, "the log can be read again", func() bool {
		_, _, err := r.Bounds(t.Context())
		return err == nil
	})
	r.expectGap(lost)
	floor, _ := r.bounds()
	r.expect(floor, "late", "2")
	r.expect(shared, "late", "2")
}
