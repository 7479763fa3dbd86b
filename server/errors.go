package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Reasons for which Publish refuses an event, beside [ErrInvalidSessionID]. They
// come in a *PublishError; use errors.Is.
var (
	// ErrReservedEvent is the reason for an event that only the server may send:
	// connected, heartbeat, session_created, session_deleted, and an error of type
	// replay_gap.
	ErrReservedEvent = errors.New("only the server may send this event")
	// ErrUnknownEvent is the reason for an event that the spec does not name, or whose
	// Go type is not a generated one. For an event that the spec names, and whose data
	// is wrong, the reason is a *gen.InvalidEventError.
	ErrUnknownEvent = errors.New("not an event of the spec")
	// ErrNilEvent is the reason for a nil event, or a nil pointer to its data.
	ErrNilEvent = errors.New("the event is nil")
	// ErrEventTooLarge is the reason for data over the size limit of the server, or of
	// its log; the latter wraps eventlog.ErrEntryTooLarge.
	ErrEventTooLarge = errors.New("the data is too large")
)

// ErrInvalidSessionID says that a session id is empty, too long, or has
// characters that it may not have: control characters and invalid UTF-8.
var ErrInvalidSessionID = errors.New("invalid session id")

// PublishError says why an event was not published. Nothing of it is in the log.
type PublishError struct {
	Event gen.EventName // the event's name; empty if it is nil
	Err   error         // the reason
}

func (e *PublishError) Error() string {
	var misfit *gen.InvalidEventError
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

// restError returns the body of an error. Its message is bounded, whatever it repeats of
// the request.
func restError(code int, kind gen.RESTErrorType, message string) gen.ErrorResponse {
	return gen.ErrorResponse{Error: gen.RESTError{Code: code, Type: kind, Message: excerpt.Text(message)}}
}

func badRequest(message string) gen.ErrorResponse {
	return restError(http.StatusBadRequest, gen.RESTErrorTypeBadRequest, message)
}

// writeError answers with an ErrorResponse.
func writeError(w http.ResponseWriter, code int, kind gen.RESTErrorType, message string) {
	body, err := json.Marshal(restError(code, kind, message))
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) // a client that has left cannot be answered
}
