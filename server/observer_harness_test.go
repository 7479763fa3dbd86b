package server_test

import (
	"context"
	"testing"

	"github.com/mixstream/mixstream/server"
)

// observer passes on what it is told.
type observer struct {
	publications chan server.Publication
	refusals     chan server.Refusal
	streams      chan *observed
}

func newObserver() *observer {
	return &observer{
		publications: make(chan server.Publication, 10_000),
		refusals:     make(chan server.Refusal, 100),
		streams:      make(chan *observed, 100),
	}
}

type startedKey struct{}

func (o *observer) PublishStarted(ctx context.Context, sessionID string) context.Context {
	return context.WithValue(ctx, startedKey{}, sessionID)
}

func (o *observer) PublishEnded(ctx context.Context, p server.Publication) {
	if ctx.Value(startedKey{}) != p.SessionID {
		panic("PublishEnded has another context than that of PublishStarted")
	}
	o.publications <- p
}

func (o *observer) StreamOpened(ctx context.Context, info server.StreamInfo) (context.Context, server.StreamObserver) {
	s := &observed{
		info:       info,
		deliveries: make(chan server.Delivery, 10_000),
		replays:    make(chan int, 10),
		gaps:       make(chan struct{}, 1000),
		ends:       make(chan server.End, 10),
	}
	o.streams <- s
	return context.WithValue(ctx, startedKey{}, info.SessionID), s
}

func (o *observer) StreamRefused(_ context.Context, r server.Refusal) { o.refusals <- r }

// observed is a stream.
type observed struct {
	info       server.StreamInfo
	deliveries chan server.Delivery
	replays    chan int
	gaps       chan struct{}
	ends       chan server.End
}

func (s *observed) Delivered(d server.Delivery) { s.deliveries <- d }
func (s *observed) Replayed(events int)         { s.replays <- events }
func (s *observed) Gap()                        { s.gaps <- struct{}{} }
func (s *observed) Ended(e server.End)          { s.ends <- e }

// wantEnd expects that the stream has ended once, for a reason.
func (s *observed) wantEnd(t *testing.T, reason server.EndReason) server.End {
	t.Helper()
	e := receive(t, s.ends)
	if e.Reason != reason {
		t.Errorf("ended for %q (%v), want %q", e.Reason, e.Err, reason)
	}
	if len(s.ends) > 0 {
		t.Errorf("ended again: %+v", <-s.ends)
	}
	return e
}

// delivered waits until this many events have been delivered, and returns their bytes.
func (s *observed) delivered(t *testing.T, events int) (bytes int) {
	t.Helper()
	for got := 0; got < events; {
		d := receive(t, s.deliveries)
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
