package pglog_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// A replica that lacks the last entries is promoted. Readers that had them are told a gap and go
// on behind it, the others go on without one, and no id comes twice.
func TestPromotion(t *testing.T) {
	primary := pgtest.Start(t)
	pool := openPool(t, primary.URL("postgres"))
	o := migrated(t, pool, pglog.Options{})
	before := tester{t, mustOpen(t, pool, o)}
	start, _ := before.follow(own("a")).bounds()
	shared := before.append(own("a"), numbered(1, 50)...)

	replica := primary.Replica(t)
	replicated := openPool(t, replica.URL("postgres"))
	until(t, "the replica has the entries", func() bool {
		var n int
		return replicated.QueryRow(t.Context(), "select count(*) from "+o.Schema+".log").Scan(&n) == nil && n == 50
	})
	// Without its receiver, the replica learns of nothing more.
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
	lost := before.append(own("a"), numbered(51, 150)...)

	// A log on the replica does not serve what may be incomplete.
	if _, err := pglog.Open(t.Context(), replicated, o); !errors.Is(err, eventlog.ErrUnavailable) || !errors.Is(err, pglog.ErrReadOnly) {
		t.Errorf("Open on a replica: %v", err)
	}
	primary.Kill(t)
	replica.Promote(t)
	after := tester{t, mustOpen(t, openPool(t, replica.URL("postgres")), o)}
	ahead, behind := after.follow(own("a")), after.follow(own("a"))
	ahead.expectGap(lost)
	floor, end := ahead.bounds()
	if floor <= lost || end < floor {
		t.Fatalf("after the gap the bounds are %d and %d, and %d was lost", floor, end, lost)
	}
	behind.expectGap(shared + 1)
	if at := behind.expect(start, numbered(1, 50)...); at <= lost {
		t.Errorf("the end is %d, and %d was lost", at, lost)
	}
	first := after.append(own("a"), "new")
	if first <= lost {
		t.Errorf("id %d was given out before %d", first, lost)
	}
	ahead.expect(floor, "new")
	behind.expect(shared, "new")
}

// The processes stay, and their address leads to the replica that was promoted.
func TestProcessesSeeAPromotion(t *testing.T) {
	primary := pgtest.Start(t)
	replicaOf := func() *pgtest.Server { return primary.Replica(t) }
	folder := t.TempDir()
	address := filepath.Join(folder, ".s.PGSQL.5432")
	point := func(s *pgtest.Server) {
		_ = os.Remove(address) // the first time there is none
		if err := os.Symlink(filepath.Join(s.Folder(), ".s.PGSQL.5432"), address); err != nil {
			t.Fatal(err)
		}
	}
	point(primary)
	pool := openPool(t, "postgres://postgres@/postgres?host="+folder)
	o := migrated(t, pool, pglog.Options{PollInterval: 100 * time.Millisecond})
	m := tester{t, mustOpen(t, pool, o)}
	replica := replicaOf()
	r := m.follow(own("a"))
	_, end := r.bounds()
	m.append(own("a"), "1")
	end = r.expect(end, "1")
	until(t, "the replica has the entry", func() bool {
		var n int
		return openPool(t, replica.URL("postgres")).QueryRow(t.Context(), "select count(*) from "+o.Schema+".log").Scan(&n) == nil && n == 1
	})
	primary.Kill(t)
	replica.Promote(t)
	point(replica)
	m.append(own("a"), "2")
	r.expect(end, "2")
}
