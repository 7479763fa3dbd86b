package pglog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
	"github.com/mixstream/mixstream/internal/pgtest"
)

// The benchmarks use a server that syncs, and events of 200 bytes.
var benchData = []byte(`{"type":"content","content":"` + strings.Repeat("word ", 34) + `"}`)

// benchEntries returns so many events.
func benchEntries(n int) []eventlog.Entry {
	return slices.Repeat([]eventlog.Entry{{Name: "content", Data: benchData}}, n)
}

// benchLog opens a log on a server that syncs.
func benchLog(b *testing.B, o pglog.Options) (*pglog.Log, *pgxpool.Pool) {
	b.Helper()
	pool := pgtest.Pool(b, pgtest.SharedSyncing(b).URL("postgres"))
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

// Appending one event a call, without a key and with one, beside a raw insert with the same group
// commit.
func BenchmarkAppend(b *testing.B) {
	for _, publishers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("raw/publishers=%d", publishers), func(b *testing.B) {
			concurrently(b, publishers, newRaw(b, pgtest.SharedSyncing(b).URL("postgres"), 1).append)
		})
		for _, kind := range []string{"log", "keyed"} {
			b.Run(fmt.Sprintf("%s/publishers=%d", kind, publishers), func(b *testing.B) {
				l, _ := benchLog(b, pglog.Options{})
				counts := make([]int, publishers)
				concurrently(b, publishers, func(w int) error {
					var key *eventlog.Key
					if counts[w]++; kind == "keyed" {
						key = &eventlog.Key{Name: fmt.Sprint(counts[w]), Close: true}
					}
					return l.Append(b.Context(), own(fmt.Sprint(w)), key, benchEntries(1))
				})
			})
		}
	}
}

// Appending 256 events a call.
func BenchmarkAppendMany(b *testing.B) {
	l, _ := benchLog(b, pglog.Options{})
	concurrently(b, 4, func(w int) error {
		return l.Append(b.Context(), own(fmt.Sprint(w)), nil, benchEntries(256))
	})
	b.ReportMetric(256*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// Reading a session of 100,000 events from the beginning, in the pages of a server.
func BenchmarkReplay(b *testing.B) {
	const n, page = 100_000, 64 << 10
	for _, scope := range []string{"", "x"} {
		b.Run("scope="+scope, func(b *testing.B) {
			l, _ := benchLog(b, pglog.Options{Retention: pglog.Retention{Entries: -1}})
			s := eventlog.Session{ID: "a", Scope: scope}
			for range n / 1000 {
				if err := l.Append(b.Context(), s, nil, benchEntries(1000)); err != nil {
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

// The room of a session with one event on the disk, indexes included.
func BenchmarkIdleSession(b *testing.B) {
	l, pool := benchLog(b, pglog.Options{})
	const publishers = 64
	b.ResetTimer()
	concurrently(b, publishers, func(w int) error {
		return l.Append(b.Context(), own(fmt.Sprint(w, rand.Int64())), nil, benchEntries(1))
	})
	b.StopTimer()
	for _, table := range []string{"session", "log"} {
		var size int64
		if err := pool.QueryRow(b.Context(), "select pg_total_relation_size(c.oid) from pg_class c where relname = $1 order by oid desc limit 1", table).Scan(&size); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size)/float64(b.N), table+"-B/session")
	}
}
