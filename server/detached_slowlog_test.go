package server_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/server"
	"github.com/mixstream/mixstream/sse"
)

// Streams for which the log is slow hold up no others, however many there are.
func TestSlowLogHoldsUpItsReadersOnly(t *testing.T) {
	var isSlow atomic.Bool
	var waiting atomic.Int64
	free := make(chan struct{})
	events := &server.ReadLog{Log: eventlog.NewMemory(eventlog.Retention{}), BeforeRead: func(_ context.Context, session string) error {
		if session == "slow" && isSlow.Load() {
			waiting.Add(1)
			<-free
		}
		return nil
	}}
	srv := newAttachedServer(t, server.WithDetachedStreams(0), server.WithLog(events))
	t.Cleanup(func() { shutNow(srv) })
	address := serve(t, srv).Listener.Addr().String()
	publish(t, srv, "slow", "")
	publish(t, srv, "s", "")
	slow := make([]*sse.Decoder, 20*runtime.GOMAXPROCS(0))
	for i := range slow {
		_, slow[i] = dialStream(t, address, "slow")
	}
	_, dec := dialStream(t, address, "s")
	want := func(dec *sse.Decoder, id string) {
		t.Helper()
		if e, err := read(dec); err != nil || e.id != id {
			t.Fatalf("got %+v, %v, want event %s", e, err, id)
		}
	}

	isSlow.Store(true)
	late := publish(t, srv, "slow", "")
	for range 10 {
		want(dec, publish(t, srv, "s", ""))
	}
	until(t, "all others wait", func() bool { return waiting.Load() == int64(len(slow)) })
	isSlow.Store(false)
	close(free)
	for _, dec := range slow {
		want(dec, late)
	}
}
