package pglog_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// Transactions that insert a row and publish an event, until the commit. Afterwards the events are
// read in another process's log and compared with the rows, whose numbers are in the order of the
// commits: inversions counts the events that stand behind one of a later commit, and wrong those
// that are missing, twice, or without a row.
//
//	go test ./eventlog/pglog -run '^$' -bench AppendTx -benchtime 10s
func BenchmarkAppendTx(b *testing.B) {
	for _, test := range []struct{ publishers, sessions int }{{1, 1}, {64, 64}, {64, 8}} {
		b.Run(fmt.Sprintf("publishers=%d/sessions=%d", test.publishers, test.sessions), func(b *testing.B) {
			url := pgtest.SharedSyncing(b).URL("postgres")
			big := pgtest.Pool(b, url+"&pool_max_conns=64")
			o := migrated(b, big, pglog.Options{Retention: pglog.Retention{Entries: -1}})
			from, to := mustOpen(b, pgtest.Pool(b, url), o), mustOpen(b, pgtest.Pool(b, url), o)
			table := pgtest.Name()
			if _, err := big.Exec(b.Context(), "create table "+table+" (n bigint generated always as identity primary key, session text, text text)"); err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _, _ = big.Exec(context.Background(), "drop table "+table) })
			counts := make([]int, test.publishers)
			concurrently(b, test.publishers, func(w int) error {
				counts[w]++
				session, text := fmt.Sprint(w%test.sessions), fmt.Sprintf("%d-%d", w, counts[w])
				return pgx.BeginFunc(b.Context(), big, func(tx pgx.Tx) error {
					data := slices.Concat([]byte(text+" "), benchData)
					if _, err := from.AppendTx(b.Context(), tx, own(session), []eventlog.Entry{{Name: "content", Data: data}}); err != nil {
						return err
					}
					// The lock of the session makes its number that of the commit.
					_, err := tx.Exec(b.Context(), "insert into "+table+" (session, text) values ($1, $2)", session, text)
					return err
				})
			})
			began := time.Now()
			inversions, wrong := 0, 0
			for s := range test.sessions {
				i, w := compareOrder(b, big, table, to, fmt.Sprint(s))
				inversions, wrong = inversions+i, wrong+w
			}
			b.ReportMetric(float64(time.Since(began).Milliseconds()), "drain-ms")
			b.ReportMetric(float64(inversions), "inversions")
			b.ReportMetric(float64(wrong), "wrong")
			if inversions+wrong > 0 {
				b.Errorf("%d inversions, %d wrong", inversions, wrong)
			}
		})
	}
}

// compareOrder compares the events of a session with the rows of a table.
func compareOrder(b *testing.B, pool *pgxpool.Pool, table string, l *pglog.Log, session string) (inversions, wrong int) {
	b.Helper()
	rows, err := pool.Query(b.Context(), "select text from "+table+" where session = $1 order by n", session)
	if err != nil {
		b.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.Fatal(err)
	}
	place := make(map[string]int, len(texts))
	for i, text := range texts {
		place[text] = i
	}
	woken := make(chan struct{}, 1)
	r, err := l.Follow(b.Context(), own(session), func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	at, _, err := r.Bounds(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for seen, last := 0, -1; seen < len(texts); {
		batch, err := r.Read(b.Context(), at, 64<<10)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range batch.Entries {
			var text string
			if _, err := fmt.Sscan(string(e.Data), &text); err != nil {
				b.Fatal(err)
			}
			i, is := place[text]
			delete(place, text) // so that it is wrong when it comes again
			switch {
			case !is:
				wrong++
				continue
			case i < last:
				inversions++
			}
			last = max(last, i)
			seen++
		}
		if at = batch.Position; len(batch.Entries) > 0 {
			continue
		}
		select {
		case <-woken:
		case <-late.C:
			return inversions, wrong + len(place) // they are missing
		}
	}
	return inversions, wrong
}
