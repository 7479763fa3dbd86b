package server

import (
	"context"
	"time"
)

// Observer is told what a server does, for metrics and traces; see [WithObserver].
// Package otelstream implements it on OpenTelemetry.
//
// Its methods are called by many goroutines at once, and by the one whose work
// they tell of, which waits for them: they must return soon. One that panics ends
// the request, or panics in the caller of Publish.
type Observer interface {
	// PublishStarted is called before anything else is done to publish an event: by
	// Publish, PublishJSON, CreateSession and DeleteSession. The log, and
	// PublishEnded, are given the context that it returns, which must descend from ctx.
	PublishStarted(ctx context.Context, sessionID string) context.Context
	// PublishEnded is called once for each PublishStarted, when the log has
	// acknowledged the event or it was not published.
	PublishEnded(ctx context.Context, p Publication)
	// StreamOpened is called before anything of a stream is sent. The stream goes on
	// with the context that it returns, which must descend from ctx, and tells the
	// StreamObserver, unless it is nil, what becomes of it.
	StreamOpened(ctx context.Context, s StreamInfo) (context.Context, StreamObserver)
	// StreamRefused is called when a request for a stream was answered with anything
	// but a stream.
	StreamRefused(ctx context.Context, r Refusal)
}

// StreamObserver is told about one stream. Its methods are called one after another.
type StreamObserver interface {
	// Delivered is called after each write that had events of the log.
	Delivered(d Delivery)
	// Replayed is called once for a stream that was asked to resume: when it has
	// got to where the log ended when the stream was opened, or has ended before.
	// Its argument is the number of events that it was given until then.
	Replayed(events int)
	// Gap is called after each gap event.
	Gap()
	// Ended is called once, last, also where the application has panicked.
	Ended(e End)
}

// Publication is one attempt to publish an event.
type Publication struct {
	Operation string        // the operationId
	SessionID string        // as the caller gave it, which may be why it was refused
	Event     string        // empty if it is not an event of the spec, or has no name
	Bytes     int           // of the event's JSON; 0 if there is none
	ID        string        // the event's id; empty if it was not published
	Duration  time.Duration // until the log's acknowledgement, or the failure
	Err       error         // what the caller is returned, or that there was a panic
}

// StreamInfo says how a stream begins.
type StreamInfo struct {
	Operation  string // the operationId
	SessionID  string
	RemoteAddr string // http.Request.RemoteAddr: the last proxy, unless a middleware knows better
	Resumed    bool   // whether the client sent a last event id
	Position   uint64 // after which events follow
}

// Delivery is what one write gave a reader.
type Delivery struct {
	Events int // of the log: not connected, heartbeat and gap events
	Bytes  int // of all that was written, before any compression
	// Lag is for how long the reader had been behind the end of the log when the
	// write was done: since the log told the stream of the first event that it had
	// not been given yet, or since the request came.
	Lag time.Duration
}

// End says how a stream ended.
type End struct {
	Reason   EndReason
	Err      error         // what is behind the reason, if anything
	Duration time.Duration // since the request came
	Events   int           // of the log that were written
	Position uint64        // that was written last
}

// Refusal is a request for a stream that was answered with something else.
type Refusal struct {
	Operation  string // the operationId
	SessionID  string // empty if the request has none that is valid
	RemoteAddr string // as in StreamInfo
	Status     int    // of HTTP: 204 where the session has ended
}

// WithObserver sets who is told what the server does; by default, and if nil,
// nobody is, at no cost.
func WithObserver(o Observer) Option { return func(c *config) { c.observer = o } }
