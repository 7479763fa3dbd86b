package natslog_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/natslog"
)

var benchData = []byte(`{"type":"content","content":"` + strings.Repeat("word ", 12) + `"}`)

func benchLog(b *testing.B, sync time.Duration) *natslog.Log {
	b.Helper()
	l, err := natslog.Open(b.Context(), natslog.Options{
		Dir: b.TempDir(), SyncInterval: sync,
		Retention: natslog.Retention{Entries: -1},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

func benchEntries(n int) []eventlog.Entry {
	entries := make([]eventlog.Entry, n)
	for i := range entries {
		entries[i] = eventlog.Entry{Name: "content", Data: benchData}
	}
	return entries
}

func benchAppend(b *testing.B, l eventlog.Log, s eventlog.Session, n int) []eventlog.Entry {
	b.Helper()
	entries := benchEntries(n)
	if err := l.Append(b.Context(), s, nil, entries); err != nil {
		b.Fatal(err)
	}
	return entries
}

// Appending to one session, one call after the other.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 10} {
		for name, sync := range map[string]time.Duration{"always": 0, "minute": time.Minute} {
			b.Run(fmt.Sprintf("entries=%d/sync=%s", n, name), func(b *testing.B) {
				l := benchLog(b, sync)
				b.ReportAllocs()
				for b.Loop() {
					benchAppend(b, l, own("a"), n)
				}
			})
		}
	}
}

// Appending once under a key, one call after the other.
func BenchmarkAppendKeyed(b *testing.B) {
	for _, n := range []int{1, 10} {
		for name, sync := range map[string]time.Duration{"always": 0, "minute": time.Minute} {
			b.Run(fmt.Sprintf("entries=%d/sync=%s", n, name), func(b *testing.B) {
				l := benchLog(b, sync)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if err := l.Append(b.Context(), own("a"), &eventlog.Key{Name: fmt.Sprint(i), Close: true}, benchEntries(n)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// From the call of Append until a reader has read the entry, in a session of its
// own scope and in one of a named scope.
func BenchmarkAppendToRead(b *testing.B) {
	for _, s := range []eventlog.Session{own("a"), {ID: "a", Scope: "x"}} {
		b.Run("scope="+s.Scope, func(b *testing.B) {
			l := benchLog(b, time.Minute)
			woken := make(chan struct{}, 1)
			r, err := l.Follow(b.Context(), s, func() {
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
			for b.Loop() {
				id := benchAppend(b, l, s, 1)[0].ID
				for at < id {
					batch, err := r.Read(b.Context(), at, 64<<10)
					if err != nil {
						b.Fatal(err)
					}
					if at = batch.Position; at < id {
						<-woken
					}
				}
			}
		})
	}
}

// Reading some 100,000 entries of one session from the beginning.
func BenchmarkReplay(b *testing.B) {
	const n = 100 * natslog.MaxAppend
	l := benchLog(b, time.Minute)
	first := benchAppend(b, l, own("a"), natslog.MaxAppend)[0].ID
	for range 99 {
		benchAppend(b, l, own("a"), natslog.MaxAppend)
	}
	for b.Loop() {
		r, err := l.Follow(b.Context(), own("a"), func() {})
		if err != nil {
			b.Fatal(err)
		}
		got := 0
		for at := first - 1; got < n; {
			batch, err := r.Read(b.Context(), at, 64<<10)
			if err != nil {
				b.Fatal(err)
			}
			got += len(batch.Entries)
			at = batch.Position
		}
		r.Close()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// What 10,000 sessions with a reader each take, beside a log in memory: bytes of the
// heap and the stacks and goroutines for each session, the embedded server's part
// included; and the time from an append to one of them until its reader has it.
func BenchmarkSessions(b *testing.B) {
	const n = 10_000
	for _, kind := range []string{"memory", "nats"} {
		b.Run(kind, func(b *testing.B) {
			var l eventlog.Log = eventlog.NewMemory(eventlog.Retention{})
			if kind == "nats" {
				l = benchLog(b, time.Minute)
			}
			session := func(i int) eventlog.Session { return own(fmt.Sprint("session-", i)) }
			for i := range n {
				benchAppend(b, l, session(i), 1)
			}
			time.Sleep(100 * time.Millisecond)
			before, goroutines := inUse(), runtime.NumGoroutine()
			readers := make([]eventlog.Reader, n)
			at := make([]uint64, n)
			woken := make(chan struct{}, 1)
			wake := func() {
				select {
				case woken <- struct{}{}:
				default:
				}
			}
			began := time.Now()
			for i := range readers {
				r, err := l.Follow(b.Context(), session(i), wake)
				if err != nil {
					b.Fatal(err)
				}
				if _, at[i], err = r.Bounds(b.Context()); err != nil {
					b.Fatal(err)
				}
				readers[i] = r
			}
			opens := n / time.Since(began).Seconds()
			time.Sleep(time.Second) // until the young caches have been compared with the stream
			bytes, goroutines := inUse()-before, runtime.NumGoroutine()-goroutines
			defer func() {
				for _, r := range readers {
					r.Close()
				}
			}()
			var took []time.Duration
			for i := 0; b.Loop(); i = (i + 1) % n {
				began := time.Now()
				id := benchAppend(b, l, session(i), 1)[0].ID
				for at[i] < id {
					batch, err := readers[i].Read(b.Context(), at[i], 64<<10)
					if err != nil {
						b.Fatal(err)
					}
					if at[i] = batch.Position; at[i] < id {
						<-woken
					}
				}
				took = append(took, time.Since(began))
			}
			b.ReportMetric(opens, "opens/s")
			b.ReportMetric(float64(bytes)/n, "bytes/session")
			b.ReportMetric(float64(goroutines)/n, "goroutines/session")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "median-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkIdleSession reports what a session with one entry and without a reader takes in
// memory, in a folder: just made, once the process has not been asked for it for some minutes
// (with MIXSTREAM_SLOW), and after a restart.
func BenchmarkIdleSession(b *testing.B) {
	const n = 20_000
	o := natslog.Options{Dir: b.TempDir(), SyncInterval: time.Minute}
	for b.Loop() {
		l, err := natslog.Open(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		before := inUse()
		for i := range n {
			benchAppend(b, l, own(fmt.Sprint("session-", i)), 1)
		}
		b.ReportMetric(float64(inUse()-before)/n, "new-bytes/session")
		if slow() {
			time.Sleep(5 * time.Minute)
			b.ReportMetric(float64(inUse()-before)/n, "idle-bytes/session")
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		before = inUse()
		if l, err = natslog.Open(b.Context(), o); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(inUse()-before)/n, "restarted-bytes/session")
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// inUse returns the bytes of the heap and the stacks.
func inUse() int64 {
	for range 2 { // the second frees what pools kept through the first
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
