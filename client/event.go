package client

import "time"

// Event is one event of a stream. It shares no bytes with the stream, so the caller may
// keep it.
type Event[E any] struct {
	// ID is the position of the event, which Last-Event-ID carries. An event without an id
	// has that of the event before it. The first ones have that of the stream's start.
	ID string
	// Name is the event's name; empty if the server gave none.
	Name string
	// Data is the typed data: a pointer to one of the generated types, or to the
	// UnknownEvent of the generated package.
	Data E
	// Retry is the reconnection time that the event set; it means something only if
	// HasRetry is true.
	Retry    time.Duration
	HasRetry bool
}
