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

// slowLog is a log that has the reads of one session wait.
type slowLog struct {
	eventlog.Log
	session string
	slow    atomic.Bool
	waiting atomic.Int64
	free    chan struct{}
}

func (l *slowLog) Follow(ctx context.Context, s eventlog.Session, wake func()) (eventlog.Reader, error) {
	r, err := l.Log.Follow(ctx, s, wake)
	if err != nil || s.ID != l.session {
		return r, err
	}
	return slowReader{r, l}, nil
}

type slowReader struct {
	eventlog.Reader
	log *slowLog
}

func (r slowReader) Read(ctx context.Context, after uint64, limit int) (eventlog.Batch, error) {
	if r.log.slow.Load() {
		r.log.waiting.Add(1)
		<-r.log.free
	}
	return r.Reader.Read(ctx, after, limit)
}

// Streams for which the log is slow hold up no others, however many there are.
func TestSlowLogHoldsUpItsReadersOnly(t *testing.T) {
	events := &slowLog{Log: eventlog.NewMemory(eventlog.Retention{}), session: "slow", free: make(chan struct{})}
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

	events.slow.Store(true)
	late := publish(t, srv, "slow", "")
	for range 10 {
		want(dec, publish(t, srv, "s", ""))
	}
	until(t, "all others wait", func() bool { return events.waiting.Load() == int64(len(slow)) })
	events.slow.Store(false)
	close(events.free)
	for _, dec := range slow {
		want(dec, late)
	}
}
