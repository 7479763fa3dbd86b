package pglog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// Sessions without an entry and a reader are forgotten, and no others.
func TestIdle(t *testing.T) {
	p := openPair(t, pglog.Options{Retention: pglog.Retention{Idle: 3 * time.Second}})
	m := tester{t, p.logs[0]}
	read := tester{t, p.logs[1]}.follow(own("read"))
	first, second := m.append(own("idle"), "1"), m.append(own("read"), "1")
	busy := time.NewTicker(100 * time.Millisecond)
	defer busy.Stop()
	until(t, "the idle session is forgotten", func() bool {
		<-busy.C
		m.append(own("busy"), "1")
		_, err := m.log.Lookup(t.Context(), "idle")
		return errors.Is(err, eventlog.ErrSessionNotFound)
	})
	for _, id := range []string{"read", "busy"} {
		if _, err := m.log.Lookup(t.Context(), id); err != nil {
			t.Errorf("Lookup of %s: %v", id, err)
		}
	}
	read.expect(second-1, "1")
	r := m.follow(own("idle"))
	m.append(own("idle"), "2")
	r.expectGap(first - 1)
	floor, _ := r.bounds()
	r.expect(floor, "2")
}

// Followers of sessions where nothing happens cost no queries of their own.
func TestIdleFollowers(t *testing.T) {
	t.Parallel()
	const most = 100 // some ten on a machine that is not busy
	followers := 300
	if slow() {
		followers = 10_000
	}
	server := pgtest.Start(t)
	pool := pgtest.Pool(t, server.URL("postgres"))
	m := tester{t, mustOpen(t, pool, migrated(t, pool, pglog.Options{}))}
	m.append(own("0"), "1")
	for i := range followers {
		m.follow(own(numbered(i, i)[0]))
	}
	transactions := func() (n int) {
		t.Helper()
		// What a connection has done is counted a second later at most.
		time.Sleep(1500 * time.Millisecond)
		if err := pool.QueryRow(t.Context(), "select xact_commit + xact_rollback from pg_stat_database where datname = 'postgres'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := transactions()
	time.Sleep(3 * time.Second)
	if n := transactions() - before; n > most {
		t.Errorf("%d transactions for %d followers", n, followers)
	}
}

// Sessions that have entries but no readers do not keep the log from forgetting those that are idle.
func TestIdleAmongBusy(t *testing.T) {
	r := newRetained(t, pglog.Retention{Idle: 24 * time.Hour})
	for _, id := range numbered(1, 120) {
		r.append(own(id), "1")
	}
	r.append(own("idle"), "1")
	r.exec("update session set seen = now() - interval '3 days'; update session set seen = now() - interval '2 days', born = 1 where id = 'idle';" +
		"update log set id = 1 where id = (select max(id) from log)")
	if err := r.log.ForgetIdle(); err != nil {
		t.Fatal(err)
	}
	if n := r.count("session where born is not null"); n != 120 {
		t.Errorf("%d sessions are known, want 120", n)
	}
	if _, err := r.tester.log.Lookup(t.Context(), "idle"); !errors.Is(err, eventlog.ErrSessionNotFound) {
		t.Errorf("Lookup: %v", err)
	}
}
