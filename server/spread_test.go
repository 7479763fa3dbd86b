package server_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server"
)

// The ends of many streams, and the times after which their clients come back, are
// evenly spread over the window: no tenth of it has more than twice its share.
func TestDrainIsEven(t *testing.T) {
	const n, window = 1000, 5 * time.Second
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, server.WithDrainWindow(window), server.WithRetry(0))
		publish(t, srv, "s", "")
		var all []*recorded
		for range n {
			all = append(all, record(srv, "s", ""))
		}
		began := time.Now()
		ended := make(chan time.Duration, n)
		for _, r := range all {
			go func() {
				<-r.ended
				ended <- time.Since(began)
			}()
		}
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		var ends, retries [10]int
		for _, r := range all {
			ends[min(9, 10*<-ended/window)]++
			events := r.events()
			last := events[len(events)-1]
			if last.name != "heartbeat" || last.retry < 0 {
				t.Fatalf("the last event is %+v", last)
			}
			retries[min(9, 10*time.Duration(last.retry)*time.Millisecond/window)]++
		}
		for i := range 10 {
			if ends[i] > 2*n/10 || retries[i] > 2*n/10 {
				t.Fatalf("ends %v, reconnection times %v", ends, retries)
			}
		}
	})
}
