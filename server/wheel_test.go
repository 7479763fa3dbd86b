//go:build unix

package server

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// The wheel and the workers serve many streams, which beat in their interval, with a few
// goroutines.
func TestWheelOfManyStreams(t *testing.T) {
	streams, heartbeat := 1000, time.Second/2
	if os.Getenv("MIXSTREAM_SLOW") != "" {
		streams, heartbeat = 100_000, 10*time.Second
	}
	c := newCrew(t, WithHeartbeat(heartbeat))
	goroutines := runtime.NumGoroutine()
	conns := make([]nowhere, streams)
	for i := range conns {
		conns[i] = c.conn()
		conns[i].last.Store(int64(c.srv.now()))
		c.srv.workers.hand(standIn(t, c.srv, "session-"+strconv.Itoa(i%100), &conns[i], unread{}))
	}

	most := 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	// A machine that stops for a while has many of them late: in one round, but not in each.
	for round, late := 1, streams; late > streams/2; round++ {
		for i := range conns {
			conns[i].longest.Store(0)
		}
		began := c.writes.Load()
		for deadline := time.Now().Add(10 * heartbeat); c.writes.Load()-began < int64(3*streams); <-tick.C {
			if most = max(most, runtime.NumGoroutine()-goroutines); time.Now().After(deadline) {
				t.Fatalf("%d heartbeats of %d streams in ten intervals", c.writes.Load()-began, streams)
			}
		}
		var longest time.Duration
		late = 0
		for i := range conns {
			between := time.Duration(conns[i].longest.Load())
			if longest = max(longest, between); between > heartbeat+heartbeat/4 {
				late++
			}
			if between == 0 {
				t.Fatal("a stream has had no heartbeat")
			}
		}
		t.Logf("%d streams: at most %d goroutines, %v between two heartbeats of %v, %d of them a quarter late", streams, most, longest, heartbeat, late)
		if late > streams/2 && round == 5 {
			t.Fatalf("%d of %d streams had their heartbeats more than a quarter late", late, streams)
		}
	}
	if most > c.srv.workers.max+5 {
		t.Errorf("%d goroutines, want %d workers at most", most, c.srv.workers.max)
	}
	c.end()
}
