package client

import (
	"errors"
	"net/http"
	"strings"
)

// ErrOutcomeUnknown says that events may have been published although the call failed:
// a request got no answer, or one that does not tell. Another call may publish them again.
var ErrOutcomeUnknown = errors.New("client: it is unknown whether the events are published")

// PublishError is an answer that refuses events, and tells how many it does not refuse. It
// has the members count, line and lastId at the top of its JSON body.
type PublishError struct {
	Line   int    // the line that was refused, from 1; 0 if it is not about a line
	Count  int    // how many events were appended before it
	LastID string // the id of the last of them; empty if there is none
	// Err is the refusal: the *APIError, or what WithErrors makes of it.
	Err error

	invalid bool // the server refuses an event itself
}

// Error returns the text of Err.
func (e *PublishError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *PublishError) Unwrap() error { return e.Err }

// invalidEventError is an error of WithErrors that tells what the answer refuses.
type invalidEventError interface {
	error
	RefusesEvent() bool
}

// publishError returns an answer as what its body says it is.
func (c *config) publishError(e *APIError) error {
	err := c.source.refused(e)
	var body struct {
		Count   *int   `json:"count"`
		Line    int    `json:"line"`
		LastID  string `json:"lastId"`
		Invalid bool   `json:"invalid"`
	}
	if e.Decode(&body) != nil || body.Count == nil {
		return err
	}
	refused := &PublishError{Line: body.Line, Count: *body.Count, LastID: body.LastID, Err: err, invalid: body.Invalid}
	var typed invalidEventError
	if errors.As(err, &typed) {
		refused.invalid = typed.RefusesEvent()
	}
	return refused
}

// unknownOutcomeError is a failure that is an ErrOutcomeUnknown as well.
type unknownOutcomeError struct{ cause error }

func (e *unknownOutcomeError) Error() string {
	return e.cause.Error() + "; " + strings.TrimPrefix(ErrOutcomeUnknown.Error(), "client: ")
}

func (e *unknownOutcomeError) Unwrap() []error { return []error{e.cause, ErrOutcomeUnknown} }

// refusesEvent reports whether a server has refused one event of a body, and counts all
// that is published of it: any other request with the body has come no further.
func refusesEvent(err error) bool {
	var counted *PublishError
	var answer *APIError
	return errors.As(err, &counted) && errors.As(err, &answer) && counted.invalid &&
		(answer.StatusCode == http.StatusBadRequest || answer.StatusCode == http.StatusRequestEntityTooLarge)
}

// leavesUnknown reports whether a request that failed may have published events that its
// answer does not count, or may still do so.
func leavesUnknown(err error) bool {
	var answer *APIError
	switch {
	case err == nil:
		return false
	case !errors.As(err, &answer):
		return !unsent(err)
	case errors.As(err, new(*PublishError)):
		return answer.StatusCode >= 500 || answer.StatusCode == http.StatusConflict
	case err != error(answer): //nolint:errorlint // an error of the spec refuses the request as a whole
		return false
	}
	return answer.StatusCode < 300 || answer.StatusCode >= 500 || retryable(answer.StatusCode, false)
}
