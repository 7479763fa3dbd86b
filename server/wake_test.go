package server_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// An event may come when a stream has just found none and is about to rest. The stream
// wakes for it. No heartbeat would heal a lost wake.
func TestWakeOfStreamAboutToRest(t *testing.T) { servertest.BothModes(t, testWakeOfStreamAboutToRest) }

func testWakeOfStreamAboutToRest(t *testing.T, mode servertest.Mode) {
	for name, size := range map[string]int{"taken by a worker": 0, "taken by a goroutine": 200 << 10} {
		t.Run(name, func(t *testing.T) {
			const rounds = 10
			var publishNext func()
			var left atomic.Int64
			events := &servertest.HookedLog{Log: eventlog.NewMemory(eventlog.Retention{}), AfterRead: func(_ string, found bool) {
				if !found && left.Load() > 0 && left.Add(-1) >= 0 {
					publishNext()
				}
			}}
			srv := mode.NewServer(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: time.Hour}))
			ts := servertest.Serve(t, srv, servertest.SmallBuffers)
			publishNext = func() { servertest.Publish(t, srv, "s", strings.Repeat("x", size)) }
			servertest.Publish(t, srv, "s", "")
			_, r := servertest.Dial(t, ts, "s")
			left.Store(rounds)
			publishNext()
			for n := range rounds + 1 {
				if e, err := servertest.ReadEvent(r.Decoder); err != nil || e.Name != "content" {
					t.Fatalf("%d of %d events came, and then %+v, %v", n, rounds+1, e, err)
				}
			}
		})
	}
}

// Many goroutines wake one stream at a time. The stream takes one turn at a time, and one
// after the last wake.
func TestOneTurnAtATime(t *testing.T) {
	t.Parallel()
	const wakers, rounds = 4, 500
	var reading, most, reads atomic.Int64 // most: how many reads there were at a time
	var wake func()
	events := &servertest.HookedLog{
		Log: eventlog.NewMemory(eventlog.Retention{}),
		OnFollow: func(_ string, w func()) func() {
			wake = w
			return func() {} // only the test wakes the stream
		},
		BeforeRead: func(context.Context, string) error {
			n := reading.Add(1)
			reads.Add(1)
			if n > most.Load() {
				most.Store(n)
			}
			time.Sleep(20 * time.Microsecond) // time for another read to come
			return nil
		},
		AfterRead: func(string, bool) { reading.Add(-1) },
	}
	srv, ts := servertest.Detached.Start(t, server.WithLog(events), server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	servertest.Publish(t, srv, "s", "")
	servertest.Dial(t, ts, "s")
	for round := range int64(rounds) {
		before := reads.Load()
		var ready atomic.Int64
		var all sync.WaitGroup
		for range wakers {
			all.Go(func() {
				ready.Add(1)
				for spins := 0; ready.Load() < wakers; spins++ {
					if spins > 1000 { // the others have no processor
						runtime.Gosched()
					}
				}
				wake()
			})
		}
		all.Wait()
		servertest.Until(t, "the stream has read", func() bool { return reads.Load() > before })
		if n := most.Load(); n > 1 {
			t.Fatalf("%d turns at a time in round %d", n, round)
		}
	}
}

// Many publishers wake many streams at a time. No stream misses an event or gets one
// twice.
func TestWakesFromAllSides(t *testing.T) {
	t.Parallel()
	const publishers, each, readers = 8, 50, 8
	srv, _ := newDetachedServer(t, server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	ts := servertest.Serve(t, srv)
	servertest.Publish(t, srv, "s", "")
	streams := make([]*servertest.Reader, readers)
	for i := range streams {
		_, streams[i] = servertest.Dial(t, ts, "s")
	}
	var all sync.WaitGroup
	for range publishers {
		all.Go(func() {
			for range each {
				if _, err := srv.Publish(context.Background(), "s", servertest.Content("")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, r := range streams {
		last := uint64(0)
		for range publishers * each {
			e := r.Next()
			if id := servertest.Number(t, e.ID); e.Name != "content" || id <= last {
				t.Fatalf("got %+v after event %d", e, last)
			}
			last = servertest.Number(t, e.ID)
		}
	}
}

// A publish wakes the readers of its session and no others. Package eventlog tests the
// same with 10,000 sessions.
func TestPublishVisitsItsReadersOnly(t *testing.T) {
	servertest.BothModes(t, testPublishVisitsItsReadersOnly)
}

func testPublishVisitsItsReadersOnly(t *testing.T, mode servertest.Mode) {
	const events = 100
	n := servertest.AtScale(50, 1000)
	type visits struct{ wakes, reads atomic.Int64 }
	bySession := make(map[string]*visits)
	session := func(i int) string { return fmt.Sprint("s", i) }
	for i := range n {
		bySession[session(i)] = new(visits)
	}
	log := &servertest.HookedLog{
		Log: eventlog.NewMemory(eventlog.Retention{}),
		OnFollow: func(session string, wake func()) func() {
			v := bySession[session]
			return func() { v.wakes.Add(1); wake() }
		},
		BeforeRead: func(_ context.Context, session string) error {
			bySession[session].reads.Add(1)
			return nil
		},
	}
	srv, ts := mode.Start(t, server.WithLog(log), server.WithTiming(server.Timing{Heartbeat: time.Hour}))
	readers := make([]*servertest.Reader, n)
	for i := range readers {
		servertest.Publish(t, srv, session(i), "")
		readers[i] = servertest.Open(t, ts, session(i))
		readers[i].Next()
	}
	servertest.Until(t, "every stream has looked for what is pending", func() bool {
		for _, v := range bySession {
			if v.reads.Load() == 0 {
				return false
			}
		}
		return true
	})
	for _, v := range bySession {
		v.reads.Store(0)
		v.wakes.Store(0)
	}
	readers[0].WantContents(servertest.PublishN(t, srv, session(0), events)...)
	for i := range n {
		v := bySession[session(i)]
		switch wakes, reads := v.wakes.Load(), v.reads.Load(); {
		case i == 0 && wakes != events:
			t.Errorf("the reader of the session was woken %d times by %d events", wakes, events)
		case i > 0 && (wakes > 0 || reads > 0):
			t.Errorf("the reader of session %d was woken %d times and read %d times for events of another", i, wakes, reads)
		}
	}
}
