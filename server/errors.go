package server

import (
	"errors"
	"fmt"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server/internal/ingest"
)

// Reasons of a [PublishError], for errors.Is.
var (
	// ErrReservedEvent is the reason for an event that only the server sends: one of those
	// that the contract has for it (contract.Control).
	ErrReservedEvent = errors.New("only the server may send this event")
	// ErrEventTooLarge is the reason for data over [Limits.EventSize], or over the limit of
	// the log; the latter wraps eventlog.ErrEntryTooLarge.
	ErrEventTooLarge = ingest.ErrTooLarge
)

// PublishError says why an event was not published. The log has nothing of the event.
type PublishError struct {
	Event string // the event's name; empty if the event is nil
	// Err is the reason. It is [ErrReservedEvent], [ErrEventTooLarge], [ErrInvalidSessionID],
	// contract.ErrNilEvent, or contract.ErrUnknownEvent for an event that is not of the spec.
	// For data that does not fit the spec it is a *contract.InvalidEventError.
	Err error
}

// Error returns the name of the event and the reason.
func (e *PublishError) Error() string {
	var misfit *contract.InvalidEventError
	if errors.As(e.Err, &misfit) { // which has the name as well
		return fmt.Sprintf("server: publish %v", misfit)
	}
	return fmt.Sprintf("server: publish %s: %v", excerpt.Quote(e.Event), excerpt.Error(e.Err))
}

// Unwrap returns the reason.
func (e *PublishError) Unwrap() error { return e.Err }

// errCircular refuses every request behind a middleware whose writer unwraps to itself.
var errCircular = errors.New("server: the http.ResponseWriter unwraps to itself: the Unwrap method of a middleware is wrong")

// Errors of a request that does not name a session. Its router, or the application, has found
// them before the gate.
var (
	errNoPath = errors.New("there is nothing at this path")
	errMethod = errors.New("server: method not allowed")
	// errUndecided is the error of every request if the session is not known.
	errUndecided = errors.New("server: the spec does not say which parameter names the session: x-mixstream can say it, and Serve takes it from a handler of the application")
)

// errEnded refuses a request for a session that has nothing more. The answer is 204.
var errEnded = errors.New("server: the session has ended")
