package sse

import (
	"bytes"
	"time"
)

// Event is one block of an event stream: what a reader is handed at its blank
// line, and what a writer turns into a block.
type Event struct {
	// Name is the value of the event field, the event's type. Empty means the
	// default type, which browsers call "message".
	Name string

	// ID of a decoded event is the stream's last event ID as of this event: its
	// own id, or else the one of an earlier block. Of an event to encode, it is
	// the id to write; an empty one is not written.
	ID []byte

	// Retry is the reconnection time that this block sets, in whole
	// milliseconds. It means something only if HasRetry is true.
	Retry    time.Duration
	HasRetry bool

	// Data is the value of the data fields, joined by LF. A decoded event has
	// nil Data only if it was too large (see [ErrEventTooLarge]).
	Data []byte
}

// Clone returns a copy of e that shares no bytes with it, for keeping an event
// beyond the next call of [Decoder.Next].
func (e Event) Clone() Event {
	e.ID = bytes.Clone(e.ID)
	e.Data = bytes.Clone(e.Data)
	return e
}
