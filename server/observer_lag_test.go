package server_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// slowly makes each write take a second of the fake clock.
func slowly(m servertest.Mode) func(*httptest.Server) {
	return m.Tap(func([]byte) { time.Sleep(time.Second) })
}

// later is an event that is published some time after the one before.
type later struct {
	after time.Duration
	size  int
}

// How long events wait from their publication until they are out, where each write takes a second.
// The stream opens at a whole second, and connected is out one second later.
func TestLag(t *testing.T) { servertest.BothModes(t, testLag) }

func testLag(t *testing.T, mode servertest.Mode) {
	const sec, large = time.Second, 50 << 10
	pauseless := []later{{5 * sec, 0}}
	for range 9 {
		pauseless = append(pauseless, later{300 * time.Millisecond, 0})
	}
	for name, test := range map[string]struct {
		resume string
		before int // how many large events there are before the stream opens
		live   []later
		want   []time.Duration
	}{
		"one event": {"", 0, []later{{5 * sec, 0}}, []time.Duration{sec}},
		// with heartbeats at 11, 22, 33 and 44 s
		"after heartbeats": {"", 0, []later{{45 * sec, 0}, {5 * sec, 0}}, []time.Duration{sec, sec}},
		// the second is out 1.9 s later, together with the third
		"during a write":           {"", 0, []later{{5 * sec, 0}, {100 * time.Millisecond, 0}, {100 * time.Millisecond, 0}}, []time.Duration{sec, 1900 * time.Millisecond}},
		"replay":                   {"0", 0, nil, []time.Duration{2 * sec}},
		"replay in several writes": {"0", 2, []later{{30 * sec, 0}}, []time.Duration{2 * sec, 3 * sec, sec}},
		// the fifth goes out with the fourth, and is not the first that waits
		"backlog": {"", 0, []later{{5 * sec, large}, {0, large}, {0, large}, {0, large}, {1500 * time.Millisecond, 0}, {10 * sec, 0}},
			[]time.Duration{sec, 2 * sec, 3 * sec, 4 * sec, sec}},
		"publisher that never pauses": {"", 0, pauseless, []time.Duration{sec, 1700 * time.Millisecond, 1800 * time.Millisecond, 1900 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := servertest.NewObserver()
				srv := mode.NewServer(t, server.WithObserver(o), server.WithTiming(server.Timing{Heartbeat: 10 * time.Second}))
				servertest.Publish(t, srv, "s", "")
				for range test.before {
					servertest.Publish(t, srv, "s", strings.Repeat("x", large))
				}
				r := servertest.Record(srv, "s", test.resume, slowly(mode))
				for _, p := range test.live {
					time.Sleep(p.after)
					servertest.Publish(t, srv, "s", strings.Repeat("x", p.size))
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				r.Leave()
				s := <-o.Streams
				var got []time.Duration
				for len(s.Deliveries) > 0 {
					got = append(got, (<-s.Deliveries).Lag)
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("lags are %v, want %v", got, test.want)
				}
			})
		})
	}
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
