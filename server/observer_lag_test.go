package server_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/mix"
	"github.com/mixstream/mixstream/server"
)

// slowly makes each write take a second of the fake clock.
func slowly(m servertest.Mode) func(*httptest.Server) {
	return m.Tap(func([]byte) { time.Sleep(time.Second) })
}

// lags runs a test in which each write takes a second. The stream opens at a whole second,
// and connected is out one second later.
func lags(t *testing.T, m servertest.Mode, resume string, before, after func(srv *mix.Server), want ...time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := servertest.NewObserver()
		srv := m.NewServer(t, server.WithObserver(o), server.WithTiming(server.Timing{Heartbeat: 10 * time.Second}))
		servertest.Publish(t, srv, "s", "")
		before(srv)
		r := servertest.Record(srv, "s", resume, slowly(m))
		after(srv)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.Leave()
		s := <-o.Streams
		var got []time.Duration
		for len(s.Deliveries) > 0 {
			got = append(got, (<-s.Deliveries).Lag)
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

func TestLag(t *testing.T) { servertest.BothModes(t, testLag) }

func testLag(t *testing.T, mode servertest.Mode) {
	large := strings.Repeat("x", 50<<10)
	t.Run("one event", func(t *testing.T) {
		lags(t, mode, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			servertest.Publish(t, srv, "s", "")
		}, time.Second)
	})
	t.Run("after heartbeats", func(t *testing.T) {
		lags(t, mode, "", nothing, func(srv *mix.Server) {
			time.Sleep(45 * time.Second) // with heartbeats at 11, 22, 33 and 44 s
			servertest.Publish(t, srv, "s", "")
			time.Sleep(5 * time.Second)
			servertest.Publish(t, srv, "s", "")
		}, time.Second, time.Second)
	})
	t.Run("during a write", func(t *testing.T) {
		lags(t, mode, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			servertest.Publish(t, srv, "s", "")
			time.Sleep(100 * time.Millisecond)
			servertest.Publish(t, srv, "s", "") // is out 1.9 s later, together with the next
			time.Sleep(100 * time.Millisecond)
			servertest.Publish(t, srv, "s", "")
		}, time.Second, 1900*time.Millisecond)
	})
	t.Run("replay", func(t *testing.T) {
		lags(t, mode, "0", nothing, nothing, 2*time.Second)
	})
	t.Run("replay in several writes", func(t *testing.T) {
		lags(t, mode, "0", func(srv *mix.Server) {
			servertest.Publish(t, srv, "s", large)
			servertest.Publish(t, srv, "s", large)
		}, func(srv *mix.Server) {
			time.Sleep(30 * time.Second)
			servertest.Publish(t, srv, "s", "")
		}, 2*time.Second, 3*time.Second, time.Second)
	})
	t.Run("backlog", func(t *testing.T) {
		lags(t, mode, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			for range 4 {
				servertest.Publish(t, srv, "s", large)
			}
			time.Sleep(1500 * time.Millisecond)
			servertest.Publish(t, srv, "s", "") // goes out with the last one, and is not the first that waits
			time.Sleep(10 * time.Second)
			servertest.Publish(t, srv, "s", "")
		}, time.Second, 2*time.Second, 3*time.Second, 4*time.Second, time.Second)
	})
	t.Run("publisher that never pauses", func(t *testing.T) {
		lags(t, mode, "", nothing, func(srv *mix.Server) {
			time.Sleep(5 * time.Second)
			for range 10 {
				servertest.Publish(t, srv, "s", "")
				time.Sleep(300 * time.Millisecond)
			}
		}, time.Second, 1700*time.Millisecond, 1800*time.Millisecond, 1900*time.Millisecond)
	})
}

// A replay ends where the log ended when the stream opened, even if the publisher never
// pauses.
func TestReplayUnderPublisherThatNeverPauses(t *testing.T) {
	servertest.BothModes(t, testReplayUnderPublisherThatNeverPauses)
}

func testReplayUnderPublisherThatNeverPauses(t *testing.T, mode servertest.Mode) {
	synctest.Test(t, func(t *testing.T) {
		o := servertest.NewObserver()
		srv := mode.NewServer(t, server.WithObserver(o))
		for range 3 {
			servertest.Publish(t, srv, "s", strings.Repeat("x", 50<<10))
		}
		r := servertest.Record(srv, "s", "0", slowly(mode))
		defer r.Leave()
		for range 20 { // 6 s, of which the replay takes 4
			servertest.Publish(t, srv, "s", "")
			time.Sleep(300 * time.Millisecond)
		}
		s := <-o.Streams
		if len(s.Replays) != 1 {
			t.Fatalf("told of %d replays", len(s.Replays))
		}
		if n := <-s.Replays; n != 3 {
			t.Errorf("%d events replayed", n)
		}
	})
}
