package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/internal/redact"
)

var (
	// ErrClosed is the error of a stream that the caller closed before its end.
	ErrClosed = errors.New("client: stream closed")
	// ErrGaveUp says that the limits of the RetryPolicy ended the stream. The last
	// failure is wrapped beside it.
	ErrGaveUp = errors.New("client: gave up reconnecting")
	// ErrIdle is the failure of a connection on which nothing came for the idle timeout.
	ErrIdle = errors.New("client: nothing received within the idle timeout")
	// ErrConnectTimeout is the failure of an attempt that took longer than the connect timeout.
	ErrConnectTimeout = errors.New("client: connect timeout")
	// ErrLastEventID says that no HTTP header can carry the last event ID as it is,
	// so that the stream cannot be resumed: it has a control character, or a space
	// or tab at an end, which HTTP takes off.
	ErrLastEventID = errors.New("client: last event ID is no legal header value")
	// ErrUnknownEvent ends a strict stream at an event that would be a
	// *gen.UnknownEvent otherwise.
	ErrUnknownEvent = errors.New("client: unknown event")
)

// How much of an error's body is kept, and how long to wait for it.
const (
	maxErrorBody = 64 << 10
	maxErrorWait = 5 * time.Second
)

// gaveUpError is an ErrGaveUp with the last failure.
type gaveUpError struct {
	failures int
	elapsed  time.Duration
	cause    error
}

func (e *gaveUpError) Error() string {
	cause := strings.TrimPrefix(e.cause.Error(), "client: ")
	return fmt.Sprintf("%v (failures: %d, time: %v): %s", ErrGaveUp, e.failures, e.elapsed.Round(time.Millisecond), cause)
}

func (e *gaveUpError) Unwrap() []error { return []error{ErrGaveUp, e.cause} }

// APIError is an answer that is not an event stream: another status than 200,
// another content type, or a content encoding, since none was asked for.
type APIError struct {
	StatusCode int
	Header     http.Header
	Body       []byte        // at most 64 KiB of it, and nothing of a redirect with Err
	Request    *http.Request // the request, after redirects
	// Err is why a redirect was not followed, if it is more than that it names no
	// Location. It may come from the CheckRedirect of the HTTP client.
	Err error
}

// Error tells the request, the status and what is wrong with the answer, where the
// status does not.
func (e *APIError) Error() string {
	msg := fmt.Sprintf("client: %s answered %d %s", e.target(), e.StatusCode, http.StatusText(e.StatusCode))
	switch {
	case e.Err != nil:
		msg += ": " + excerpt.Text(e.Err.Error())
	case e.StatusCode == http.StatusOK && isEventStream(e.Header):
		msg += fmt.Sprintf(" with content encoding %s, which was not asked for", excerpt.Quote(e.Header.Get("Content-Encoding")))
	case e.StatusCode == http.StatusOK:
		msg += fmt.Sprintf(" with content type %s instead of text/event-stream", excerpt.Quote(e.Header.Get("Content-Type")))
	}
	return msg
}

// Unwrap returns Err.
func (e *APIError) Unwrap() error { return e.Err }

func (e *APIError) target() string {
	if e.Request == nil || e.Request.URL == nil {
		return "the server"
	}
	return excerpt.Text(e.Request.Method + " " + redact.Parsed(e.Request.URL))
}

// ErrorResponse is an APIError whose body is an ErrorResponse of the spec. It
// unwraps to its APIError.
type ErrorResponse struct {
	APIError
	Type    gen.RESTErrorType // the kind of error
	Message string            // what went wrong, in a sentence
}

// Error tells the request, the status and the server's message.
func (e *ErrorResponse) Error() string {
	return e.APIError.Error() + ": " + excerpt.Text(string(e.Type)+": "+e.Message)
}

// Unwrap returns the APIError.
func (e *ErrorResponse) Unwrap() error { return &e.APIError }

// errorResponse returns e as an ErrorResponse if its body is one.
func errorResponse(e *APIError) error {
	if mediaType, _, _ := mime.ParseMediaType(e.Header.Get("Content-Type")); mediaType != "application/json" {
		return e
	}
	var body gen.ErrorResponse
	if err := json.Unmarshal(e.Body, &body); err != nil || body.Error.Type == "" {
		return e
	}
	return &ErrorResponse{APIError: *e, Type: body.Error.Type, Message: body.Error.Message}
}

// GapError says that events may be missing: the server no longer has everything
// after the last event that was received.
type GapError struct {
	// Requested is the id after which the stream was to go on; empty if none was given.
	Requested string
	// ResumeFrom is the position after which everything is retained. A new stream
	// with it as its last event ID goes on behind the gap.
	ResumeFrom string
	// Message is the server's description.
	Message string
}

// Error tells both positions.
func (e *GapError) Error() string {
	return fmt.Sprintf("client: events between %s and %s may be missing: %s", excerpt.Quote(e.Requested), excerpt.Quote(e.ResumeFrom), excerpt.Text(e.Message))
}
