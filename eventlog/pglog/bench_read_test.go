package pglog_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/eventlog/pglog"
)

// Publishing to readers of one session, until each has each event.
func BenchmarkToReaders(b *testing.B) {
	for _, readers := range []int{1, 1000} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			l, _ := benchLog(b, pglog.Options{})
			var reading sync.WaitGroup
			for range readers {
				woken := make(chan struct{}, 1)
				r, err := l.Follow(b.Context(), own("a"), func() {
					select {
					case woken <- struct{}{}:
					default:
					}
				})
				if err != nil {
					b.Fatal(err)
				}
				_, at, err := r.Bounds(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				reading.Go(func() {
					defer r.Close()
					for got := 0; got < b.N; {
						batch, err := r.Read(b.Context(), at, 64<<10)
						if err != nil {
							b.Error(err)
							return
						}
						at, got = batch.Position, got+len(batch.Entries)
						if len(batch.Entries) == 0 {
							<-woken
						}
					}
				})
			}
			b.ResetTimer()
			for range b.N {
				if err := l.Append(b.Context(), own("a"), nil, []eventlog.Entry{{Name: "content", Data: benchData}}); err != nil {
					b.Fatal(err)
				}
			}
			reading.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
