package pglog_test

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// slowSync is the throughput with 2 ms more for each sync: the server sleeps before it, with the
// lock held under which it syncs. A commit takes as long as on a disk that is so slow. Several
// commits at the same time share one sleep, as they would share one sync.
func (f figures) slowSync() {
	server := pgtest.Start(f, "fsync=on", "commit_delay=2000", "commit_siblings=0")
	pool := pgtest.Pool(f, server.URL("postgres"))
	f.compare("appends, 64 publishers, 2 ms more for a sync",
		way{name: "raw insert", measure: load(f.T, 64, 1, newRaw(f, server.URL("postgres"), 1).append)},
		way{name: "**pglog**", measure: load(f.T, 64, 1, to(f.T, mustOpen(f, pool, migrated(f, pool, pglog.Options{})), 1)), goal: rateGoal(8000)})
}

// replica is the throughput with a synchronous replica, beside commits that do not wait for it.
func (f figures) replica() {
	server := pgtest.Start(f, "fsync=on")
	standby := server.Replica(f, "fsync=on")
	defer standby.Stop(f)
	admin := pgtest.Pool(f, server.URL("postgres"))
	f.exec(admin, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
	var ways []way
	for _, w := range []struct{ name, commit string }{{"no wait for the replica", "local"}, {"**until it has synced**", "on"}, {"until readers of the replica see it", "remote_apply"}} {
		pool := pgtest.Pool(f, server.URL("postgres")+"&synchronous_commit="+w.commit)
		ways = append(ways, way{name: w.name, measure: load(f.T, 64, 1, to(f.T, mustOpen(f, pool, migrated(f, admin, pglog.Options{})), 1))})
	}
	f.compare("appends, 64 publishers, a synchronous replica", ways...)
	f.exec(admin, "alter system reset synchronous_standby_names", "select pg_reload_conf()")
}

// exec runs statements, each by itself.
func (f figures) exec(pool *pgxpool.Pool, statements ...string) {
	f.Helper()
	for _, sql := range statements {
		if _, err := pool.Exec(f.Context(), sql); err != nil {
			f.Fatal(err)
		}
	}
}
