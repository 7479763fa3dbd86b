package server_test

import (
	"context"
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

// A drain spreads many streams over the window, and does not keep a few streams that long.
func TestDrainWindow(t *testing.T) { servertest.BothModes(t, testDrainWindow) }

func testDrainWindow(t *testing.T, mode servertest.Mode) {
	for _, test := range []struct {
		streams int
		window  time.Duration
		timeout time.Duration
		most    time.Duration
	}{
		{1000, 5 * time.Second, time.Hour, 5 * time.Second},
		{10, 5 * time.Second, time.Hour, 100 * time.Millisecond},
		{1000, 5 * time.Second, 2 * time.Second, time.Second},
		{10, server.None, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := mode.NewServer(t, server.WithTiming(server.Timing{DrainWindow: test.window}))
			servertest.Publish(t, srv, "s", "")
			var all []*servertest.Recording
			for range test.streams {
				all = append(all, servertest.Record(srv, "s", ""))
			}
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			began := time.Now()
			if err := srv.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			if took > test.most || took < test.most/10-early(mode) { // the odds that all ten streams end so early are 1 to 10^10
				t.Errorf("%+v: took %v", test, took)
			}
			for _, r := range all {
				<-r.Ended
			}
		})
	}
}

// A drain spreads the ends of many streams, and the reconnection times of their clients,
// evenly over the window: no tenth of it has more than twice its share.
func TestDrainIsEven(t *testing.T) { servertest.BothModes(t, testDrainIsEven) }

func testDrainIsEven(t *testing.T, mode servertest.Mode) {
	const n, window = 1000, 5 * time.Second
	synctest.Test(t, func(t *testing.T) {
		srv := mode.NewServer(t, server.WithTiming(server.Timing{DrainWindow: window, Retry: server.None}))
		servertest.Publish(t, srv, "s", "")
		var all []*servertest.Recording
		for range n {
			all = append(all, servertest.Record(srv, "s", ""))
		}
		began := time.Now()
		ended := make(chan time.Duration, n)
		for _, r := range all {
			go func() {
				<-r.Ended
				ended <- time.Since(began)
			}()
		}
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		var ends, retries [10]int
		for _, r := range all {
			ends[min(9, 10*<-ended/window)]++
			events := r.Events()
			last := events[len(events)-1]
			if last.Name != "heartbeat" || last.Retry < 0 {
				t.Fatalf("the last event is %+v", last)
			}
			retries[min(9, 10*time.Duration(last.Retry)*time.Millisecond/window)]++
		}
		for i := range 10 {
			if ends[i] > 2*n/10 || retries[i] > 2*n/10 {
				t.Fatalf("ends %v, reconnection times %v", ends, retries)
			}
		}
	})
}

// A browser never comes back after a 503. So a server that drains refuses no stream for a
// limit.
func TestDrainIsNotLimited(t *testing.T) { servertest.BothModes(t, testDrainIsNotLimited) }

func testDrainIsNotLimited(t *testing.T, mode servertest.Mode) {
	leaving, left := make(chan struct{}, 1), make(chan struct{})
	srv, ts := mode.Start(t, servertest.AnySession(), server.WithLimits(server.Limits{Streams: 1}), server.OnLastReader(func(string) {
		leaving <- struct{}{}
		<-left // the slot stays taken until then
	}))
	servertest.Open(t, ts, "s").Next()
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(context.Background()) }()
	servertest.Receive(t, leaving)
	if slots, _, _ := srv.Counted(); slots != 1 {
		t.Fatalf("%d slots are taken", slots)
	}
	for range 3 {
		r := servertest.Open(t, ts, "s")
		wantRetry(t, r.Next(), "connected", 5000)
		r.WantEnd()
	}
	close(left)
	if err := servertest.Receive(t, done); err != nil {
		t.Error(err)
	}
	wantFree(t, srv)
}

func TestMaxConnectionAge(t *testing.T) { servertest.BothModes(t, testMaxConnectionAge) }

func testMaxConnectionAge(t *testing.T, mode servertest.Mode) {
	for _, age := range []time.Duration{time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			srv := mode.NewServer(t, server.WithTiming(server.Timing{MaxConnectionAge: age, Heartbeat: time.Hour}))
			id := servertest.Publish(t, srv, "s", "")
			ends := make(map[time.Duration]bool)
			for range 20 {
				time.Sleep(server.MaxPart / 3) // so that the stream opens at any phase of the wheel
				began := time.Now()
				r := servertest.Record(srv, "s", "")
				<-r.Ended
				took := time.Since(began)
				if took > age || took < age-age/10-early(mode) {
					t.Errorf("ended after %v", took)
				}
				ends[took] = true
				events := r.Events()
				if e := events[len(events)-1]; len(events) != 2 || e.Name != "heartbeat" || e.ID != id || e.Retry < 2000 || e.Retry > 4000 {
					t.Errorf("got %+v", events)
				}
			}
			if len(ends) < 2 {
				t.Errorf("all ended after %v", ends)
			}
		})
	}
}
