//go:build unix

package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/internal/servertest"
	"github.com/mixstream/mixstream/server"
)

// Half of the readers stop reading in the middle of a flood. The others get everything,
// and the stuck ones take bounded memory until the server drops them at their deadline.
func TestHalfOfDetachedReadersStuck(t *testing.T) {
	// A reader that the machine does not run for so long is dropped as well.
	readers, timeout := servertest.AtScale(200, 10_000), time.Duration(servertest.AtScale(6, 20))*time.Second
	const before, after, perStuck, slack = 5, 100, 100 << 10, 64 << 20
	var o servertest.DropObserver
	srv, ts := servertest.Detached.Start(t, server.WithDetachedStreams(), server.WithLimits(server.Limits{SendBuffer: 16 << 10, Streams: server.Unlimited}), server.WithObserver(&o),
		server.WithTiming(server.Timing{WriteTimeout: timeout}))
	sessions := publishToCrowd(t, srv)
	c := newCrowd(t, ts.Listener.Addr().String())
	c.open(readers - 10)

	pad := strings.Repeat("x", 4<<10)
	flood := func(who string, events int) {
		c.ask("%s %d", who, events)
		for n := range events {
			for _, session := range sessions {
				servertest.Publish(t, srv, session, inFlood(n, events)+pad)
			}
		}
		c.ask("done 0")
	}
	flood("flood", before)
	memory := servertest.MemoryInUse()
	began := time.Now()
	flood("half", after)
	used := servertest.MemoryInUse() - memory - int64(len(sessions))*after*int64(len(inFlood(after, after)+pad))
	stuck := readersOf(srv, sessions) - readers/2
	t.Logf("%.1f MiB beside the log when %d readers have got all, with %d that are stuck, after %v", float64(used)/(1<<20), readers/2, stuck, time.Since(began))
	if stuck != readers/2 && time.Since(began) < timeout {
		t.Errorf("%d stuck readers, want %d: none is dropped before %v", stuck, readers/2, timeout)
	}
	if limit := int64(readers/2*perStuck + slack); used > limit && testing.CoverMode() == "" {
		t.Errorf("%d bytes are in use, want %d at most", used, limit)
	}
	servertest.UntilWithin(t, 5*timeout/4+servertest.Patience, "the stuck readers are dropped", func() bool {
		return readersOf(srv, sessions) == readers/2
	})
	if waited := time.Since(began); waited < timeout {
		t.Errorf("they are dropped after %v, before their deadline of %v", waited, timeout)
	}
	servertest.Until(t, "all are dropped for their deadline", func() bool { return o.Dropped.Load() == int64(readers/2) })
	flood("half", 1)
	c.close()
	servertest.Until(t, "all have left", func() bool { return readersOf(srv, sessions) == 0 })
}
