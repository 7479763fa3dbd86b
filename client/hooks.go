package client

import (
	"net/http"
	"time"
)

// Hooks are functions that a client calls while it works. Each may be nil. The client calls
// them from the goroutine that reads or publishes, and waits for them.
type Hooks struct {
	// Connected is called for each connection whose stream has begun. It must not read the
	// body.
	Connected func(*http.Response)
	// Retrying is called before the delay of each further attempt, but not for a
	// reconnection that Reconnect asked for.
	Retrying func(Retry)
	// Gap is called for each gap, before the stream ends with it or, with ContinueOnGap,
	// goes on. Not every gap has an event of its own: a connection that goes on at another
	// position than the client asked for shows one too.
	Gap func(*GapError)
	// Comment is called for each comment in the stream. The bytes are valid until it
	// returns.
	Comment func(text []byte)
}

// Retry describes an attempt that is about to be made.
type Retry struct {
	Attempt     int           // the number of attempts in a row, from 1
	Delay       time.Duration // the time until the attempt
	Err         error         // the failure of the connection or the attempt before
	LastEventID string        // the position from which the stream goes on; empty for a Publisher
}

// merge returns h with the functions that more has.
func (h Hooks) merge(more Hooks) Hooks {
	if more.Connected != nil {
		h.Connected = more.Connected
	}
	if more.Retrying != nil {
		h.Retrying = more.Retrying
	}
	if more.Gap != nil {
		h.Gap = more.Gap
	}
	if more.Comment != nil {
		h.Comment = more.Comment
	}
	return h
}
