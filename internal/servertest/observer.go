package servertest

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/mixstream/mixstream/server"
)

// StartedKey is the key of the session ID in the contexts that an [Observer] returns.
type StartedKey struct{}

// Observer is a server.Observer that sends what it is told to channels.
type Observer struct {
	server.NopObserver
	Publications chan server.Publication
	Refusals     chan server.Refusal
	Streams      chan *ObservedStream
}

// PublishStarted returns a context with the session ID under [StartedKey].
func (o *Observer) PublishStarted(ctx context.Context, sessionID string) context.Context {
	return context.WithValue(ctx, StartedKey{}, sessionID)
}

// PublishEnded panics unless ctx comes from PublishStarted.
func (o *Observer) PublishEnded(ctx context.Context, p server.Publication) {
	if ctx.Value(StartedKey{}) != p.SessionID {
		panic("PublishEnded has another context than that of PublishStarted")
	}
	o.Publications <- p
}

// StreamOpened sends an [ObservedStream], and returns a context with the session ID under
// [StartedKey].
func (o *Observer) StreamOpened(ctx context.Context, info server.StreamInfo) (context.Context, server.StreamObserver) {
	s := &ObservedStream{
		Info:       info,
		Deliveries: make(chan server.Delivery, 10_000),
		Replays:    make(chan int, 10),
		Gaps:       make(chan struct{}, 1000),
		Ends:       make(chan server.End, 10),
	}
	o.Streams <- s
	return context.WithValue(ctx, StartedKey{}, info.SessionID), s
}

// StreamRefused sends the refusal.
func (o *Observer) StreamRefused(_ context.Context, r server.Refusal) { o.Refusals <- r }

// NewObserver returns an observer whose channels hold what a test may leave unread.
func NewObserver() *Observer {
	return &Observer{
		Publications: make(chan server.Publication, 10_000),
		Refusals:     make(chan server.Refusal, 100),
		Streams:      make(chan *ObservedStream, 100),
	}
}

// ObservedStream is a server.StreamObserver that sends what it is told to channels.
type ObservedStream struct {
	server.NopStreamObserver
	Info       server.StreamInfo
	Deliveries chan server.Delivery
	Replays    chan int
	Gaps       chan struct{}
	Ends       chan server.End
}

// Delivered sends the delivery.
func (s *ObservedStream) Delivered(d server.Delivery) { s.Deliveries <- d }

// Replayed sends the number of replayed events.
func (s *ObservedStream) Replayed(events int) { s.Replays <- events }

// Gap sends the gap.
func (s *ObservedStream) Gap() { s.Gaps <- struct{}{} }

// Ended sends the end.
func (s *ObservedStream) Ended(e server.End) { s.Ends <- e }

// WantEnd waits for the end of the stream, which must come once and for this reason.
func (s *ObservedStream) WantEnd(t testing.TB, reason server.EndReason) server.End {
	t.Helper()
	e := Receive(t, s.Ends)
	if e.Reason != reason {
		t.Errorf("ended for %q (%v), want %q", e.Reason, e.Err, reason)
	}
	if len(s.Ends) > 0 {
		t.Errorf("ended again: %+v", <-s.Ends)
	}
	return e
}

// WaitDelivered waits until this many events are delivered, and returns their bytes.
func (s *ObservedStream) WaitDelivered(t testing.TB, events int) (bytes int) {
	t.Helper()
	for got := 0; got < events; {
		d := Receive(t, s.Deliveries)
		if d.Events < 1 || d.Bytes < 1 || d.Lag <= 0 {
			t.Errorf("got %+v", d)
		}
		got += d.Events
		bytes += d.Bytes
		if got > events {
			t.Errorf("%d events, want %d", got, events)
		}
	}
	return bytes
}

// DropObserver counts the streams that the server ends because their reader is too slow.
type DropObserver struct {
	server.NopObserver
	server.NopStreamObserver
	Dropped atomic.Int64
}

// StreamOpened returns o, which observes all streams.
func (o *DropObserver) StreamOpened(ctx context.Context, _ server.StreamInfo) (context.Context, server.StreamObserver) {
	return ctx, o
}

// Ended counts the end of a slow reader.
func (o *DropObserver) Ended(e server.End) {
	if e.Reason == server.EndSlowReader {
		o.Dropped.Add(1)
	}
}
