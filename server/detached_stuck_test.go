//go:build unix

package server_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
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

	pad := strings.Repeat("x", 4<<10)
	flood := func(who string, events int) {
		c.ask("%s %d", who, events)
		for n := range events {
			for i := range crowdSessions {
				publish(t, srv, crowdSession(i), inFlood(n, events)+pad)
			}
		}
		c.ask("done 0")
	}
	flood("flood", before)
	memory := inUse()
	began := time.Now()
	flood("half", after)
	used := inUse() - memory - crowdSessions*after*int64(len(inFlood(after, after)+pad))
	slots, _, _ := srv.Counted()
	stuck := slots - readers/2
	t.Logf("%.1f MiB beside the log when %d readers have got all, with %d that are stuck, after %v", float64(used)/(1<<20), readers/2, stuck, time.Since(began))
	if stuck != readers/2 && time.Since(began) < timeout {
		t.Errorf("%d stuck readers, want %d: none is dropped before %v", stuck, readers/2, timeout)
	}
	if limit := int64(readers/2*perStuck + slack); used > limit && testing.CoverMode() == "" {
		t.Errorf("%d bytes are in use, want %d at most", used, limit)
	}
	untilWithin(t, 5*timeout/4+patience, "the stuck readers are dropped", func() bool {
		slots, _, _ := srv.Counted()
		return slots == readers/2
	})
	if waited := time.Since(began); waited < timeout {
		t.Errorf("they are dropped after %v, before their deadline of %v", waited, timeout)
	}
	until(t, "all are dropped for their deadline", func() bool { return o.dropped.Load() == int64(readers/2) })
	flood("half", 1)
	c.close()
	wantFree(t, srv)
}

// Readers that have been behind and have caught up, and then stop reading, hold up no others.
func TestReadersStuckAgain(t *testing.T) {
	srv, _ := newDetachedServer(t, server.WithHeartbeat(time.Hour), server.WithWriteTimeout(time.Hour))
	ts := serve(t, srv)
	address := ts.Listener.Addr().String()
	publish(t, srv, "slow", "")
	publish(t, srv, "s", "")
	slow := make([]*sse.Decoder, 5*runtime.GOMAXPROCS(0))
	for i := range slow {
		_, slow[i] = dialStream(t, address, "slow")
	}
	_, dec := dialStream(t, address, "s")
	for range 2 {
		id := publish(t, srv, "slow", strings.Repeat("x", 400_000)) // more than a worker can write
		for _, dec := range slow {
			if e, err := read(dec); err != nil || e.id != id {
				t.Fatalf("got %+v, %v", e.id, err)
			}
		}
	}
	for range 8 { // more than the kernel takes at both ends
		publish(t, srv, "slow", strings.Repeat("x", 1_000_000))
	}
	id := publish(t, srv, "s", "")
	if e, err := read(dec); err != nil || e.id != id {
		t.Errorf("got %+v, %v, want event %s", e, err, id)
	}
}
