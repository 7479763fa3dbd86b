package sse

import (
	"bytes"
	"time"
)

// Event is one block of an event stream: a reader delivers it at the blank
// line, and a writer writes it as a block.
type Event struct {
	// Name is the value of the event field, the event's type. Empty means the
	// default type, which browsers call "message".
	Name string

	// ID of a decoded event is the stream's last event ID at this event: its
	// own id, or else the one of an earlier block. For an event to encode, ID
	// is the id to write; an empty one is not written.
	ID []byte

	// Retry is the reconnection time that this block sets, in whole
	// milliseconds. It is valid only if HasRetry is true.
	Retry    time.Duration
	HasRetry bool

	// Data is the value of the data fields, joined by LF. A decoded event has
	// nil Data only if it was too large (see [ErrEventTooLarge]).
	Data []byte
}

// Clone returns a copy of e that shares no bytes with it. Use it to keep an
// event beyond the next call of [Decoder.Next].
func (e Event) Clone() Event {
	e.ID = bytes.Clone(e.ID)
	e.Data = bytes.Clone(e.Data)
	return e
}
