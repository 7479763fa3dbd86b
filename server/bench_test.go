package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// discard is a ResponseWriter that takes everything.
type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (discard) Write(p []byte) (int, error)      { return len(p), nil }
func (discard) WriteHeader(int)                  {}
func (discard) FlushError() error                { return nil }
func (discard) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkPublish measures a publish, with readers that cost nothing themselves.
func BenchmarkPublish(b *testing.B) {
	for _, readers := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			srv := servertest.NewServer(b)
			servertest.Publish(b, srv, "s", "")
			ctx, cancel := context.WithCancel(b.Context())
			var all sync.WaitGroup
			for range readers {
				req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/stream?sessionId=s", nil)
				all.Go(func() { srv.ServeHTTP(discard{make(http.Header)}, req) })
			}
			defer all.Wait()
			defer cancel()
			for srv.Readers("s") < readers {
				time.Sleep(time.Millisecond)
			}
			event := servertest.Content(" token")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := srv.Publish(ctx, "s", event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFanOut measures the way from a publish to the readers of one session, over
// sockets. One operation delivers one event to every reader.
func BenchmarkFanOut(b *testing.B) {
	for _, readers := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			unlimited := eventlog.NewMemory(eventlog.Retention{Entries: -1, Bytes: -1, TotalBytes: -1})
			srv := servertest.NewServer(b, server.WithTiming(server.Timing{Heartbeat: time.Hour}), server.WithLog(unlimited))
			ts := servertest.Serve(b, srv)
			servertest.Publish(b, srv, "s", "")
			var all sync.WaitGroup
			for range readers {
				res, err := ts.Client().Get(servertest.StreamURL(ts, "s"))
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { res.Body.Close() })
				dec := sse.NewDecoder(res.Body)
				if _, err := dec.Next(); err != nil {
					b.Fatal(err)
				}
				all.Go(func() {
					for range b.N {
						if e, err := dec.Next(); err != nil || e.Name != "content" {
							b.Errorf("%s, %v", e.Name, err)
							return
						}
					}
				})
			}
			event := servertest.Content(" token")
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := srv.Publish(b.Context(), "s", event); err != nil {
					b.Fatal(err)
				}
			}
			all.Wait()
			b.ReportMetric(float64(b.N)*float64(readers)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
