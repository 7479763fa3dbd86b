package server_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// early returns how long before its time a detached stream may do what is due.
func early(m servertest.Mode) time.Duration {
	if m == servertest.Detached {
		return server.MaxPart
	}
	return 0
}

// A drain spreads the ends of many streams, and the reconnection times of their clients, evenly
// over the window: no tenth of it has more than twice its share. It does not keep a few streams
// that long.
func TestDrainWindow(t *testing.T) { servertest.BothModes(t, testDrainWindow) }

func testDrainWindow(t *testing.T, mode servertest.Mode) {
	for _, test := range []struct {
		streams         int
		window, timeout time.Duration
		most            time.Duration
	}{
		{1000, 5 * time.Second, time.Hour, 5 * time.Second},
		{10, 5 * time.Second, time.Hour, 100 * time.Millisecond},
		{1000, 5 * time.Second, 2 * time.Second, time.Second},
		{10, server.None, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := mode.NewServer(t, server.WithTiming(server.Timing{DrainWindow: test.window, Retry: server.None}))
			servertest.Publish(t, srv, "s", "")
			all := make([]*servertest.Recording, test.streams)
			for i := range all {
				all[i] = servertest.Record(srv, "s", "")
			}
			began, ended := time.Now(), make(chan time.Duration, test.streams)
			for _, r := range all {
				go func() {
					<-r.Ended
					ended <- time.Since(began)
				}()
			}
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			if took > test.most || took < test.most/10-early(mode) { // the odds that all ten streams end so early are 1 to 10^10
				t.Errorf("%+v: took %v", test, took)
			}
			var ends, retries [10]int
			for _, r := range all {
				ends[min(9, 10*<-ended/max(test.most, 1))]++
				events := r.Events()
				last := events[len(events)-1]
				if last.Name != "heartbeat" || last.Retry < 0 {
					t.Fatalf("the last event is %+v", last)
				}
				retries[min(9, 10*time.Duration(last.Retry)*time.Millisecond/max(test.window, 1))]++
			}
			if fair := 2 * test.streams / 10; test.most == test.window && (slices.Max(ends[:]) > fair || slices.Max(retries[:]) > fair) {
				t.Errorf("ends %v, reconnection times %v", ends, retries)
			}
			if test.window == server.None && retries[0] != test.streams {
				t.Errorf("reconnection times %v without a window", retries)
			}
		})
	}
}
