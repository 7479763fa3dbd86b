package pglog_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/natstest"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// delivery returns a measurement of the time until a reader in another process has an event. publish
// publishes a text, and returns when the time begins.
func (f figures) delivery(reader *process, publish func(text string) (time.Time, error)) func(time.Duration) sample {
	n := 0
	return func(d time.Duration) sample {
		began := time.Now()
		var took []time.Duration
		for time.Since(began) < d {
			time.Sleep(2 * time.Millisecond) // light load
			n++
			since, err := publish(strconv.Itoa(n))
			if err != nil {
				f.Fatal(err)
			}
			at, text, _ := strings.Cut(reader.line(f), " ")
			nanoseconds, err := strconv.ParseInt(at, 10, 64)
			if err != nil || text != strconv.Itoa(n) {
				f.Fatalf("the reader got %q after %d events", text, n)
			}
			took = append(took, time.Unix(0, nanoseconds).Sub(since))
		}
		s := summary(took, 1, time.Since(began))
		s.rate = 0 // of no meaning
		return s
	}
}

// toReader is the time from the call of Append, or of the commit, until a reader in another process
// has the event.
func (f figures) toReader() {
	url := pgtest.SharedSyncing(f).URL("postgres")
	pool := pgtest.Pool(f, url)
	single := func(l eventlog.Log) func(string) (time.Time, error) {
		return func(text string) (time.Time, error) {
			began := time.Now()
			return began, l.Append(f.Context(), own("a"), nil, texts(text))
		}
	}
	o := migrated(f, pool, pglog.Options{})
	l := mustOpen(f, pool, o)
	tx := migrated(f, pool, pglog.Options{})
	txLog := mustOpen(f, pool, tx)
	server := natstest.Start(f, &natsserver.Options{SyncAlways: true})
	cluster := f.openNATS(natslog.Options{URL: server.ClientURL()})
	f.compare("publish to a reader in another process",
		way{name: "**pglog, `Append`**", measure: f.delivery(f.start(0, o.Schema, url), single(l)), goal: timeGoal(1500*time.Microsecond, 5*time.Millisecond)},
		way{name: "**pglog, `AppendTx`**, from the call of commit", goal: timeGoal(2500*time.Microsecond, 0),
			measure: f.delivery(f.start(0, tx.Schema, url), func(text string) (began time.Time, err error) {
				err = pgx.BeginFunc(f.Context(), pool, func(tx pgx.Tx) error {
					_, err := txLog.AppendTx(f.Context(), tx, own("a"), texts(text))
					began = time.Now()
					return err
				})
				return began, err
			})},
		way{name: "NATS, `sync_interval: always`", measure: f.delivery(f.start(0, "-", server.ClientURL()), single(cluster))})
}

// replay is the throughput of reading a session of 100,000 events from its beginning, beside one
// query for the same rows.
func (f figures) replay() {
	const n, page = 100_000, 64 << 10
	replayed := func(l eventlog.Log) func(time.Duration) sample {
		for range n / 500 {
			if err := l.Append(f.Context(), own("a"), nil, benchEntries(500)); err != nil {
				f.Fatal(err)
			}
		}
		r := tester{f.T, l}.follow(own("a"))
		return func(time.Duration) sample {
			began := time.Now()
			at, _ := r.bounds()
			for got := 0; got < n; {
				b, err := r.Read(f.Context(), at, page)
				if err != nil {
					f.Fatal(err)
				}
				at, got = b.Position, got+len(b.Entries)
			}
			return sample{rate: n / time.Since(began).Seconds()}
		}
	}
	pool := pgtest.Pool(f, pgtest.SharedSyncing(f).URL("postgres"))
	o := migrated(f, pool, pglog.Options{Retention: pglog.Retention{Entries: -1}})
	ours := replayed(mustOpen(f, pool, o))
	file := replayed(f.openNATS(natslog.Options{Dir: f.TempDir(), Retention: natslog.Retention{Entries: -1}}))
	server := natstest.Start(f, nil)
	cluster := replayed(f.openNATS(natslog.Options{URL: server.ClientURL(), Retention: natslog.Retention{Entries: -1}}))
	f.compare("events of a replay of 100,000",
		way{name: "one query of the rows", measure: func(time.Duration) sample {
			began := time.Now()
			rows, err := pool.Query(f.Context(), "select id, name, data from "+o.Schema+".log order by stream, id")
			if err != nil {
				f.Fatal(err)
			}
			var id int64
			var name, data []byte
			tag, err := pgx.ForEachRow(rows, []any{&id, &name, &data}, func() error { return nil })
			if err != nil || tag.RowsAffected() != n {
				f.Fatal(err, tag)
			}
			return sample{rate: n / time.Since(began).Seconds()}
		}},
		way{name: "**pglog**", measure: ours, goal: rateGoal(250_000)},
		way{name: "file log", measure: file}, way{name: "NATS", measure: cluster})
}

// queries counts the queries of a process.
type queries struct{ n atomic.Int64 }

func (q *queries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	q.n.Add(1)
	return ctx
}

func (q *queries) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// idle is how many queries a process with 10,000 idle followers makes.
func (f figures) idle() {
	const followers = 10_000
	config, err := pgxpool.ParseConfig(pgtest.SharedSyncing(f).URL("postgres"))
	if err != nil {
		f.Fatal(err)
	}
	made := new(queries)
	config.ConnConfig.Tracer = made
	pool, err := pgxpool.NewWithConfig(f.Context(), config)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(pool.Close)
	l := mustOpen(f, pool, migrated(f, pool, pglog.Options{}))
	for i := range followers {
		r, err := l.Follow(f.Context(), own(fmt.Sprint(i)), func() {})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(r.Close)
	}
	before, began := made.n.Load(), time.Now()
	time.Sleep(10 * f.turn)
	s := sample{rate: float64(made.n.Load()-before) / time.Since(began).Seconds()}
	f.row("queries of 10,000 idle followers", way{name: "**pglog**", goal: goal{"≤ 2 a second", func(s sample) bool { return s.rate <= 2 }}}, s)
}
