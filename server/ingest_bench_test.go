package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// BenchmarkPublishLines publishes 100,000 events: within the process, and as NDJSON
// over one request, with and without an Idempotency-Key. The log retains 1,000 of
// them, so that what the heap holds (after a collection, at the start, in the middle
// and at the end) is what the request takes.
func BenchmarkPublishLines(b *testing.B) {
	const n = 100_000
	data := func(i int) string {
		return fmt.Sprintf(`{"type":"content","assistantMessageId":"m2","content":"token %d "}`, i)
	}
	newServer := func() *mix.Server {
		return servertest.NewServer(b, everyonePublishes, server.WithLog(eventlog.NewMemory(eventlog.Retention{Entries: 1000})))
	}
	rate := func(b *testing.B) { b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s") }
	b.Run("process", func(b *testing.B) {
		srv := newServer()
		for b.Loop() {
			for i := range n {
				if _, err := srv.PublishJSON(context.Background(), "s", "content", []byte(data(i))); err != nil {
					b.Fatal(err)
				}
			}
		}
		rate(b)
	})
	for name, key := range map[string]string{"request": "", "request-with-key": "key"} {
		b.Run(name, func(b *testing.B) {
			ts := servertest.Serve(b, newServer())
			var heap [3]float64
			run := 0
			for b.Loop() {
				run++
				in, out := io.Pipe()
				go func() {
					w := bufio.NewWriterSize(out, 32<<10)
					for i := range n {
						fmt.Fprintf(w, `{"event":"content","data":%s}`+"\n", data(i))
						switch i {
						case 0:
							heap[0] = heapNow()
						case n / 2:
							heap[1] = heapNow()
						case n - 1:
							heap[2] = heapNow()
						}
					}
					w.Flush()
					out.Close()
				}()
				runKey := key
				if key != "" {
					runKey = fmt.Sprint(key, run)
				}
				if got := post(b, ts, "s", ndjsonType, runKey, in); got.status != 201 || got.result.Count != n {
					b.Fatal(got)
				}
			}
			rate(b)
			for i, at := range []string{"start", "middle", "end"} {
				b.ReportMetric(heap[i]/(1<<20), "MiB-"+at)
			}
		})
	}
}

// heapNow returns how many bytes the heap holds after a collection.
func heapNow() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
