package server_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// An event may come when a stream has just found none and is about to rest. The stream wakes for
// it. No heartbeat would heal a lost wake.
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
			if ids, err := servertest.ReadContents(r, rounds+1); err != nil {
				t.Fatalf("%d of %d events came, and then %v", len(ids), rounds+1, err)
			}
		})
	}
}
