package pglog_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// transactions is the throughput of transactions that insert a row and publish an event, beside
// those that insert the event as a second row: with a session for each publisher, and with half as
// many, so that most transactions wait for another one's commit. Afterwards it checks that the
// events of each session stand in the order of the commits.
func (f figures) transactions() {
	const workers, half = 64, 32
	pool := pgtest.Pool(f, pgtest.SharedSyncing(f).URL("postgres")+"&pool_max_conns=64")
	l := mustOpen(f, pool, migrated(f, pool, pglog.Options{Retention: pglog.Retention{Entries: -1}}))
	table, plain := orders(f.T, pool), orders(f.T, pool)
	starts := make(map[string]uint64)
	insert := func(tx pgx.Tx, table, session, text string) error {
		_, err := tx.Exec(f.Context(), "insert into "+table+" (session, text) values ($1, $2)", session, text)
		return err
	}
	publish := func(sessions int) func(time.Duration) sample {
		name := func(w int) string { return fmt.Sprintf("%d of %d", w%sessions, sessions) }
		for w := range sessions {
			_, starts[name(w)] = tester{f.T, l}.follow(own(name(w))).bounds()
		}
		return load(f.T, workers, 1, func(w int) error {
			session, text := name(w), fmt.Sprint(w, " ", time.Now().UnixNano(), string(benchData))
			return pgx.BeginFunc(f.Context(), pool, func(tx pgx.Tx) error {
				if _, err := l.AppendTx(f.Context(), tx, own(session), texts(text)); err != nil {
					return err
				}
				// With the lock of the session, so that the numbers are in the order of the commits.
				return insert(tx, table, session, text)
			})
		})
	}
	f.compare("transactions, 64 publishers",
		way{name: "two rows", measure: load(f.T, workers, 1, func(w int) error {
			return pgx.BeginFunc(f.Context(), pool, func(tx pgx.Tx) error {
				if err := insert(tx, plain, "event", string(benchData)); err != nil {
					return err
				}
				return insert(tx, plain, "row", fmt.Sprint(w))
			})
		})},
		way{name: "**a row and `AppendTx`**", measure: publish(workers), goal: rateGoal(8000)},
		way{name: "a row and `AppendTx`, two publishers a session", measure: publish(half)})
	published := 0
	for session, at := range starts {
		rows, err := pool.Query(f.Context(), "select text from "+table+" where session = $1 order by n", session)
		if err != nil {
			f.Fatal(err)
		}
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			f.Fatal(err)
		}
		got := f.read(tester{f.T, l}.follow(own(session)), at, len(want))
		if !slices.Equal(got, want) {
			f.Errorf("session %s: the %d events are not those of the commits, in their order", session, len(got))
		}
		published += len(got)
	}
	f.Logf("%d transactions, and no inversion", published)
}

// read reads so many entries.
func (f figures) read(r eventlog.Reader, at uint64, n int) (got []string) {
	f.Helper()
	for len(got) < n {
		b, err := r.Read(f.Context(), at, 1<<20)
		if err != nil {
			f.Fatal(err)
		}
		at = b.Position
		for _, e := range b.Entries {
			got = append(got, string(e.Data))
		}
	}
	return got
}
