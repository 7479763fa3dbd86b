package pglog_test

import (
	"fmt"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/natstest"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// to returns a call that appends to a log, with a session for each worker.
func to(t *testing.T, l eventlog.Log, each int) func(int) error {
	return func(w int) error {
		return l.Append(t.Context(), own(fmt.Sprint(w)), nil, benchEntries(each))
	}
}

// keyed is to with a new key for each call.
func keyed(t *testing.T, l eventlog.Log, workers int) func(int) error {
	counts := make([]int, workers)
	return func(w int) error {
		counts[w]++
		return l.Append(t.Context(), own(fmt.Sprint(w)), &eventlog.Key{Name: fmt.Sprint(counts[w]), Close: true}, benchEntries(1))
	}
}

// open opens a log with a schema of its own on a server that syncs.
func (f figures) open(o pglog.Options) *pglog.Log {
	f.Helper()
	pool := pgtest.Pool(f, pgtest.SharedSyncing(f).URL("postgres"))
	return mustOpen(f, pool, migrated(f, pool, o))
}

// openNATS opens a log of nats-server: in a folder, in this process, or of a server.
func (f figures) openNATS(o natslog.Options) eventlog.Log {
	f.Helper()
	l, err := natslog.Open(f.Context(), o)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := l.Close(); err != nil {
			f.Error(err)
		}
	})
	return l
}

// others are the other logs that survive a power cut.
func (f figures) others(workers, each int) []way {
	f.Helper()
	file := f.openNATS(natslog.Options{Dir: f.TempDir()})
	server := natstest.Start(f, &natsserver.Options{SyncAlways: true})
	cluster := f.openNATS(natslog.Options{URL: server.ClientURL()})
	return []way{
		{name: "file log", measure: load(f.T, workers, each, to(f.T, file, each))},
		{name: "NATS, `sync_interval: always`", measure: load(f.T, workers, each, to(f.T, cluster, each))},
	}
}

// appends is the throughput of single events, beside a raw insert with the same group commit.
func (f figures) appends() {
	for _, g := range []struct {
		title   string
		workers int
		ratio   float64
	}{{"appends, 64 publishers", 64, 0.45}, {"appends, 1 publisher", 1, 0.5}} {
		ways := []way{
			{name: "raw insert", measure: load(f.T, g.workers, 1, newRaw(f, pgtest.SharedSyncing(f).URL("postgres"), 1).append)},
			{name: "**pglog**", measure: load(f.T, g.workers, 1, to(f.T, f.open(pglog.Options{}), 1)), goal: ratioGoal(g.ratio)},
			{name: "pglog, a key each", measure: load(f.T, g.workers, 1, keyed(f.T, f.open(pglog.Options{}), g.workers))},
		}
		f.compare(g.title, append(ways, f.others(g.workers, 1)...)...)
	}
}

// many is the throughput of 256 events a call. The raw insert and the goal are without retention: at
// this rate a session has the entries that it retains by default within half a second, and from then
// on each event costs the deletion of another.
func (f figures) many() {
	const each, workers = 256, 4
	ways := []way{
		{name: "raw insert", measure: load(f.T, workers, each, newRaw(f, pgtest.SharedSyncing(f).URL("postgres"), each).append)},
		{name: "**pglog**, no limit of entries", measure: load(f.T, workers, each, to(f.T, f.open(pglog.Options{Retention: pglog.Retention{Entries: -1}}), each)), goal: rateGoal(100_000)},
		{name: "pglog, 10,000 entries of a session", measure: load(f.T, workers, each, to(f.T, f.open(pglog.Options{}), each))},
	}
	f.compare("events in appends of 256, 4 publishers", append(ways, f.others(workers, each)...)...)
}
