package pglog_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// snapshot is the throughput at the end of a minute's load while a transaction holds a snapshot, as
// a dump does, beside the same load in a database without one. Sessions are trimmed, one publisher in
// eight publishes in transactions, and no row that is deleted meanwhile can be vacuumed.
func (f figures) snapshot() {
	const workers = 64
	server := pgtest.Start(f, "fsync=on")
	admin := pgtest.Pool(f, server.URL("template1"))
	f.exec(admin, "create database held", "create database free")
	publishing := func(database string) func(time.Duration) sample {
		pool := pgtest.Pool(f, server.URL(database)+"&pool_max_conns=16")
		l := mustOpen(f, pool, migrated(f, pool, pglog.Options{Retention: pglog.Retention{Entries: 1000}}))
		return load(f.T, workers, 1, func(w int) error {
			entries := []eventlog.Entry{{Name: "content", Data: benchData}}
			if w%8 > 0 {
				return l.Append(f.Context(), own(fmt.Sprint(w)), nil, entries)
			}
			return pgx.BeginFunc(f.Context(), pool, func(tx pgx.Tx) error {
				_, err := l.AppendTx(f.Context(), tx, own(fmt.Sprint(w)), entries)
				return err
			})
		})
	}
	free, held := publishing("free"), publishing("held")
	holder := pgtest.Pool(f, server.URL("held"))
	tx, err := holder.BeginTx(f.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(f.Context(), "select pg_current_xact_id()"); err != nil {
		f.Fatal(err)
	}
	for range 60 - rounds { // the last turns are those that count
		free(f.turn)
		held(f.turn)
	}
	f.compare("appends, 64 publishers, after 60 turns",
		way{name: "no snapshot", measure: free},
		way{name: "**an open snapshot**", measure: held, goal: ratioGoal(0.8)})
}
