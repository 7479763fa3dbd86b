//go:build unix

package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
)

// Half of the readers stop reading in the middle of a flood: the others get everything,
// and those that have stopped take bounded memory until they are dropped at their deadline.
func TestHalfOfDetachedReadersStuck(t *testing.T) {
	// A reader that the machine lets do nothing for so long is dropped as well.
	readers, timeout := atScale(200, 10_000), time.Duration(atScale(6, 20))*time.Second
	const before, after, perStuck, slack = 5, 100, 100 << 10, 64 << 20
	var o dropObserver
	srv := newAttachedServer(t, server.WithDetachedStreams(16<<10), server.WithObserver(&o),
		server.WithWriteTimeout(timeout), server.WithMaxStreams(0), vouch(""))
	t.Cleanup(func() { shutNow(srv) })
	ts := serve(t, srv)
	for i := range crowdSessions {
		publish(t, srv, crowdSession(i), "")
	}
	c := newCrowd(t, ts.Listener.Addr().String())
	c.open(readers - 10)

	text := strings.Repeat("x", 4<<10)
	flood := func(events int) {
		for range events {
			for i := range crowdSessions {
				publish(t, srv, crowdSession(i), text)
			}
		}
	}
	flood(before)
	c.ask("flood %d", before)
	memory := inUse()
	flood(after)
	c.ask("half %d", after)
	used := inUse() - memory - crowdSessions*after*int64(len(text))
	stuck, _, _ := srv.Counted()
	stuck -= readers / 2
	t.Logf("%.1f MiB beside the log when %d readers have got all, with %d that are stuck", float64(used)/(1<<20), readers/2, stuck)
	if limit := int64(readers/2*perStuck + slack); used > limit && testing.CoverMode() == "" {
		t.Errorf("%d bytes are in use, want %d at most", used, limit)
	}
	untilWithin(t, 5*timeout/4+patience, "the stuck readers are dropped", func() bool {
		slots, _, _ := srv.Counted()
		return slots == readers/2
	})
	until(t, "all are dropped for their deadline", func() bool { return o.dropped.Load() == int64(readers/2) })
	flood(1)
	c.ask("half %d", 1)
	c.close()
	wantFree(t, srv)
}
