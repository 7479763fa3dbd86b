package pglog_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// The benchmarks use a server that syncs, and events of 200 bytes.
var benchData = []byte(`{"type":"content","content":"` + strings.Repeat("word ", 34) + `"}`)

// benchLog opens a log on a server that syncs.
func benchLog(b *testing.B, o pglog.Options) (*pglog.Log, *pgxpool.Pool) {
	b.Helper()
	pool := openPool(b, pgtest.SharedSyncing(b).URL("postgres"))
	return mustOpen(b, pool, migrated(b, pool, o)), pool
}

// concurrently calls f from so many goroutines, for as long as the benchmark goes on, and reports
// the median and the 99th percentile of how long a call takes.
func concurrently(b *testing.B, n int, f func(worker int) error) {
	b.Helper()
	all := make([][]time.Duration, n)
	var wg sync.WaitGroup
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	b.ResetTimer()
	for w := range n {
		wg.Go(func() {
			for range left {
				began := time.Now()
				if err := f(w); err != nil {
					b.Error(err)
					return
				}
				all[w] = append(all[w], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	report(b, slices.Concat(all...))
}

func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// raw inserts with the same group commit, and does nothing else.
type raw struct {
	pool  *pgxpool.Pool
	table string
	mu    sync.Mutex
	queue []chan error
	work  chan struct{}
}

func newRaw(b *testing.B) *raw {
	b.Helper()
	r := &raw{pool: openPool(b, pgtest.SharedSyncing(b).URL("postgres")), table: pgtest.Name(), work: make(chan struct{}, 1)}
	if _, err := r.pool.Exec(b.Context(), "create table "+r.table+" (id bigint generated always as identity primary key, stream uuid, name bytea, data bytea)"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = r.pool.Exec(context.Background(), "drop table "+r.table) })
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	b.Cleanup(func() { cancel(); wg.Wait() })
	wg.Go(func() { r.run(ctx) })
	return r
}

func (r *raw) run(ctx context.Context) {
	for {
		select {
		case <-r.work:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		batch := r.queue
		r.queue = nil
		r.mu.Unlock()
		names, data := make([][]byte, len(batch)), make([][]byte, len(batch))
		for i := range batch {
			names[i], data[i] = []byte("content"), benchData
		}
		_, err := r.pool.Exec(ctx, "insert into "+r.table+" (stream, name, data) select '3f333df6-90a4-4fda-8dd3-9485d27cee36', * from unnest($1::bytea[], $2::bytea[])", names, data)
		for _, done := range batch {
			done <- err
		}
	}
}

func (r *raw) append(int) error {
	done := make(chan error, 1)
	r.mu.Lock()
	r.queue = append(r.queue, done)
	r.mu.Unlock()
	select {
	case r.work <- struct{}{}:
	default:
	}
	return <-done
}

// Appending one event a call, without a key, with one, and while another transaction holds a
// snapshot and an id; beside a raw insert with the same group commit.
func BenchmarkAppend(b *testing.B) {
	for _, publishers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("raw/publishers=%d", publishers), func(b *testing.B) {
			concurrently(b, publishers, newRaw(b).append)
		})
		for _, kind := range []string{"log", "keyed", "snapshot"} {
			b.Run(fmt.Sprintf("%s/publishers=%d", kind, publishers), func(b *testing.B) {
				l, pool := benchLog(b, pglog.Options{})
				if kind == "snapshot" { // as a dump holds
					tx, err := pool.BeginTx(b.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
					if err != nil {
						b.Fatal(err)
					}
					defer func() { _ = tx.Rollback(context.Background()) }()
					if _, err := tx.Exec(b.Context(), "select pg_current_xact_id()"); err != nil {
						b.Fatal(err)
					}
				}
				counts := make([]int, publishers)
				concurrently(b, publishers, func(w int) error {
					var key *eventlog.Key
					if counts[w]++; kind == "keyed" {
						key = &eventlog.Key{Name: fmt.Sprint(counts[w]), Close: true}
					}
					return l.Append(b.Context(), own(fmt.Sprint(w)), key, []eventlog.Entry{{Name: "content", Data: benchData}})
				})
			})
		}
	}
}

// Appending 256 events a call.
func BenchmarkAppendMany(b *testing.B) {
	l, _ := benchLog(b, pglog.Options{})
	concurrently(b, 4, func(w int) error {
		entries := make([]eventlog.Entry, 256)
		for i := range entries {
			entries[i] = eventlog.Entry{Name: "content", Data: benchData}
		}
		return l.Append(b.Context(), own(fmt.Sprint(w)), nil, entries)
	})
	b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// Publishing within a transaction that also inserts a row, until the commit.
func BenchmarkAppendTx(b *testing.B) {
	for _, publishers := range []int{1, 64} {
		b.Run(fmt.Sprintf("publishers=%d", publishers), func(b *testing.B) {
			l, pool := benchLog(b, pglog.Options{})
			table := pgtest.Name()
			if _, err := pool.Exec(b.Context(), "create table "+table+" (n bigint generated always as identity primary key, text text)"); err != nil {
				b.Fatal(err)
			}
			big := openPool(b, pgtest.SharedSyncing(b).URL("postgres")+"&pool_max_conns=64")
			concurrently(b, publishers, func(w int) error {
				return pgx.BeginFunc(b.Context(), big, func(tx pgx.Tx) error {
					if _, err := tx.Exec(b.Context(), "insert into "+table+" (text) values ('x')"); err != nil {
						return err
					}
					_, err := l.AppendTx(b.Context(), tx, own(fmt.Sprint(w)), []eventlog.Entry{{Name: "content", Data: benchData}})
					return err
				})
			})
		})
	}
}

// From the call of Append, or of the commit, until a reader in another process has the event.
func BenchmarkToReader(b *testing.B) {
	for _, kind := range []string{"append", "transaction"} {
		b.Run(kind, func(b *testing.B) {
			pool := openPool(b, pgtest.SharedSyncing(b).URL("postgres"))
			o := migrated(b, pool, pglog.Options{})
			from, to := mustOpen(b, pool, o), mustOpen(b, openPool(b, pgtest.SharedSyncing(b).URL("postgres")), o)
			woken := make(chan struct{}, 1)
			r, err := to.Follow(b.Context(), own("a"), func() {
				select {
				case woken <- struct{}{}:
				default:
				}
			})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			_, at, err := r.Bounds(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			b.ResetTimer()
			for range b.N {
				time.Sleep(2 * time.Millisecond) // light load
				var began time.Time
				entries := []eventlog.Entry{{Name: "content", Data: benchData}}
				if kind == "append" {
					began = time.Now()
					err = from.Append(b.Context(), own("a"), nil, entries)
				} else {
					err = pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
						_, err := from.AppendTx(b.Context(), tx, own("a"), entries)
						began = time.Now()
						return err
					})
				}
				for err == nil {
					<-woken
					var batch eventlog.Batch
					batch, err = r.Read(b.Context(), at, 64<<10)
					if at = batch.Position; len(batch.Entries) > 0 {
						break
					}
				}
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			b.StopTimer()
			report(b, took)
		})
	}
}

// Reading a session of 100,000 events from the beginning, in the pages of a server.
func BenchmarkReplay(b *testing.B) {
	const n, page = 100_000, 64 << 10
	for _, scope := range []string{"", "x"} {
		b.Run("scope="+scope, func(b *testing.B) {
			l, _ := benchLog(b, pglog.Options{Retention: pglog.Retention{Entries: -1}})
			s := eventlog.Session{ID: "a", Scope: scope}
			for range n / 1000 {
				entries := make([]eventlog.Entry, 1000)
				for i := range entries {
					entries[i] = eventlog.Entry{Name: "content", Data: benchData}
				}
				if err := l.Append(b.Context(), s, nil, entries); err != nil {
					b.Fatal(err)
				}
			}
			r, err := l.Follow(b.Context(), s, func() {})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			b.ResetTimer()
			for range b.N {
				at, _, err := r.Bounds(b.Context())
				for got := 0; got < n; {
					var batch eventlog.Batch
					if err == nil {
						batch, err = r.Read(b.Context(), at, page)
					}
					if err != nil {
						b.Fatal(err)
					}
					at, got = batch.Position, got+len(batch.Entries)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
