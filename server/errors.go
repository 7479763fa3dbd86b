package server

import (
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Reasons for which Publish refuses an event, beside [ErrInvalidSessionID] and a
// *contract.InvalidEventError. They come in a *PublishError; use errors.Is.
var (
	// ErrReservedEvent is the reason for an event that only the server may send: one of
	// those by which the contract has it speak (contract.Control).
	ErrReservedEvent = errors.New("only the server may send this event")
	// ErrUnknownEvent is the reason for an event that the spec does not name, or whose
	// Go type is not a generated one. For an event that the spec names, and whose data
	// is wrong, the reason is a *contract.InvalidEventError.
	ErrUnknownEvent = contract.ErrUnknownEvent
	// ErrNilEvent is the reason for a nil event, or a nil pointer to its data.
	ErrNilEvent = contract.ErrNilEvent
	// ErrEventTooLarge is the reason for data over the size limit of the server, or of
	// its log; the latter wraps eventlog.ErrEntryTooLarge.
	ErrEventTooLarge = errors.New("the data is too large")
)

// PublishError says why an event was not published. Nothing of it is in the log.
type PublishError struct {
	Event string // the event's name; empty if it is nil
	Err   error  // the reason
}

func (e *PublishError) Error() string {
	var misfit *contract.InvalidEventError
	if errors.As(e.Err, &misfit) { // which has the name as well
		return fmt.Sprintf("server: publish %v", misfit)
	}
	return fmt.Sprintf("server: publish %s: %v", excerpt.Quote(e.Event), excerpt.Error(e.Err))
}

// Unwrap returns the reason.
func (e *PublishError) Unwrap() error { return e.Err }

// errNoFlush is the answer to a request for a stream behind a middleware that buffers.
var errNoFlush = errors.New("server: the http.ResponseWriter cannot flush: a middleware hides http.Flusher, and has no Unwrap method for http.ResponseController")

// errCircular is the answer to every request behind a middleware whose writer has itself below it.
var errCircular = errors.New("server: the http.ResponseWriter unwraps to itself: the Unwrap method of a middleware is wrong")
