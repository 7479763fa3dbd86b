package server

import (
	"context"
	"time"
)

// Observer learns what a server does, for metrics and traces. Package otelstream implements it
// on OpenTelemetry.
//
// An implementation must embed [NopObserver], and declares the methods that it needs. So it
// still compiles when a later version adds a method.
//
// The server calls the methods from many goroutines at once. The work that a method reports
// waits for it, so it must return soon. If a method panics, its request ends, or Publish panics.
type Observer interface {
	// PublishStarted comes before all other work on a publication, by Publish, PublishJSON,
	// PublishTo, PublishJSONTo, CreateSession, DeleteSession or an event that comes over HTTP. The
	// log and PublishEnded get the context that it returns, which must descend from ctx.
	PublishStarted(ctx context.Context, sessionID string) context.Context
	// PublishEnded comes once for each PublishStarted: after the log has acknowledged the
	// event, it was written to a transaction, or the publication has failed.
	PublishEnded(ctx context.Context, p Publication)
	// StreamOpened comes before the server sends anything of a stream. The stream goes on
	// with the context that it returns, which must descend from ctx. The StreamObserver
	// learns the rest; it can be nil.
	StreamOpened(ctx context.Context, s StreamInfo) (context.Context, StreamObserver)
	// StreamRefused comes when the server has answered a request for a stream with
	// something else.
	StreamRefused(ctx context.Context, r Refusal)

	embedsNopObserver()
}

// StreamObserver learns what becomes of one stream. The server calls its methods one after
// another. An implementation must embed [NopStreamObserver], and declares the methods that it
// needs.
type StreamObserver interface {
	// Delivered comes after each write that had events of the log.
	Delivered(d Delivery)
	// Replayed comes once for a stream that resumes: when it has reached the position where
	// the log ended at its opening, or when it ends before that. The argument is the number
	// of events that it got until then.
	Replayed(events int)
	// Gap comes for each gap: after the gap event or, with [WithSilentGaps], when the stream
	// goes on behind the gap without one.
	Gap()
	// Ended comes once and last, also if a function of the application has panicked.
	Ended(e End)

	embedsNopStreamObserver()
}

// NopObserver is an [Observer] that does nothing. Embed it in every implementation of Observer.
type NopObserver struct{}

// PublishStarted returns ctx.
func (NopObserver) PublishStarted(ctx context.Context, _ string) context.Context { return ctx }

// PublishEnded does nothing.
func (NopObserver) PublishEnded(context.Context, Publication) {}

// StreamOpened returns ctx, and no StreamObserver.
func (NopObserver) StreamOpened(ctx context.Context, _ StreamInfo) (context.Context, StreamObserver) {
	return ctx, nil
}

// StreamRefused does nothing.
func (NopObserver) StreamRefused(context.Context, Refusal) {}

func (NopObserver) embedsNopObserver() {}

// NopStreamObserver is a [StreamObserver] that does nothing. Embed it in every implementation of
// StreamObserver, as the first field: there it takes no memory.
type NopStreamObserver struct{}

// Delivered does nothing.
func (NopStreamObserver) Delivered(Delivery) {}

// Replayed does nothing.
func (NopStreamObserver) Replayed(int) {}

// Gap does nothing.
func (NopStreamObserver) Gap() {}

// Ended does nothing.
func (NopStreamObserver) Ended(End) {}

func (NopStreamObserver) embedsNopStreamObserver() {}

// Publication is one attempt to publish an event.
type Publication struct {
	Operation string // the operationId
	SessionID string // as the caller gave it, even if it is no valid one
	Event     string // the event's name; empty if the spec has no such event, or names none
	Bytes     int    // the size of the event's JSON; 0 without one
	ID        string // the event's id; empty if it was not published, or is pending
	// Pending says that the event was given to the function of [Server.PublishTo], such as a
	// transaction of the application. The observer is not told whether that commits.
	Pending  bool
	Duration time.Duration // until the acknowledgement of the log, or the failure
	Err      error         // the publisher's error, or that a function panicked; nil if it was published
}

// StreamInfo says how a stream begins.
type StreamInfo struct {
	Operation  string // the operationId
	SessionID  string
	RemoteAddr string // http.Request.RemoteAddr: the last proxy, unless a middleware knows better
	Resumed    bool   // whether the client sent a last event id
	Position   string // the id after which the stream goes on
}

// Delivery is what one write gave a reader.
type Delivery struct {
	Events int // events of the log; connected, heartbeat and gap events do not count
	Bytes  int // all that was written, before any compression
	// Lag is how long the reader had been behind the end of the log when the write was done.
	// It counts from when the log announced the first event that the stream still owed, or
	// from the request.
	Lag time.Duration
}

// End says how a stream ended.
type End struct {
	Reason   EndReason
	Err      error         // the cause behind the reason; nil if there is none
	Duration time.Duration // since the request
	Events   int           // events of the log that were written
	Position string        // the id that was written last; empty if none was
}

// Refusal is an answer, other than a stream, to a request for a stream.
type Refusal struct {
	Operation  string // the operationId
	SessionID  string // empty if the request has no valid one
	RemoteAddr string // as in StreamInfo
	Status     int    // of HTTP; 204 if the session has ended
}
