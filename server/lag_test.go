package server_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// slowly has each write take a second, by a fake clock.
var slowly = tap(func([]byte) { time.Sleep(time.Second) })

// lags runs a test in which each write takes a second. The stream is opened at a
// whole second; connected is out one second later.
func lags(t *testing.T, resume string, before, after func(srv *mix.Server), want ...time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := newObserver()
		srv := newServer(t, server.WithObserver(o), server.WithHeartbeat(10*time.Second))
		publish(t, srv, "s", "")
		before(srv)
		r := record(srv, "s", resume, slowly)
		after(srv)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.leave()
		s := <-o.streams
		var got []time.Duration
		for len(s.deliveries) > 0 {
			got = append(got, (<-s.deliveries).Lag)
		}
		if len(got) != len(want) {
			t.Fatalf("lags are %v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("lags are %v, want %v", got, want)
			}
		}
	})
}

func nothing(*mix.Server) {}

func TestLag(t *testing.T) {
	large := strings.Repeat("x", 50<<10)
	t.Run("one event", func(t *testing.T) {
		lags(t, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			publish(t, srv, "s", "")
		}, time.Second)
	})
	t.Run("after heartbeats", func(t *testing.T) {
		lags(t, "", nothing, func(srv *mix.Server) {
			time.Sleep(45 * time.Second) // heartbeats at 11, 22, 33 and 44 s
			publish(t, srv, "s", "")
			time.Sleep(5 * time.Second)
			publish(t, srv, "s", "")
		}, time.Second, time.Second)
	})
	t.Run("during a write", func(t *testing.T) {
		lags(t, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			publish(t, srv, "s", "")
			time.Sleep(100 * time.Millisecond)
			publish(t, srv, "s", "") // is out 1.9 s later, with the next
			time.Sleep(100 * time.Millisecond)
			publish(t, srv, "s", "")
		}, time.Second, 1900*time.Millisecond)
	})
	t.Run("replay", func(t *testing.T) {
		lags(t, "0", nothing, nothing, 2*time.Second)
	})
	t.Run("replay in several writes", func(t *testing.T) {
		lags(t, "0", func(srv *mix.Server) {
			publish(t, srv, "s", large)
			publish(t, srv, "s", large)
		}, func(srv *mix.Server) {
			time.Sleep(30 * time.Second)
			publish(t, srv, "s", "")
		}, 2*time.Second, 3*time.Second, time.Second)
	})
	t.Run("backlog", func(t *testing.T) {
		lags(t, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			for range 4 {
				publish(t, srv, "s", large)
			}
			time.Sleep(1500 * time.Millisecond)
			publish(t, srv, "s", "") // goes out with the last, and is not the first that waits
			time.Sleep(10 * time.Second)
			publish(t, srv, "s", "")
		}, time.Second, 2*time.Second, 3*time.Second, 4*time.Second, time.Second)
	})
	t.Run("publisher that never pauses", func(t *testing.T) {
		lags(t, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			for range 10 {
				publish(t, srv, "s", "")
				time.Sleep(300 * time.Millisecond)
			}
		}, time.Second, 1700*time.Millisecond, 1800*time.Millisecond, 1900*time.Millisecond)
	})
}

// A replay ends where the log ended when the stream was opened, also if the
// publisher never pauses.
func TestReplayUnderPublisherThatNeverPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newObserver()
		srv := newServer(t, server.WithObserver(o))
		for range 3 {
			publish(t, srv, "s", strings.Repeat("x", 50<<10))
		}
		r := record(srv, "s", "0", slowly)
		defer r.leave()
		for range 20 { // 6 s, of which the replay takes 4
			publish(t, srv, "s", "")
			time.Sleep(300 * time.Millisecond)
		}
		s := <-o.streams
		if len(s.replays) != 1 {
			t.Fatalf("told of %d replays", len(s.replays))
		}
		if n := <-s.replays; n != 3 {
			t.Errorf("%d events replayed", n)
		}
	})
}
