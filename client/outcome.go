package client

import (
	"errors"
	"net/http"
)

// outcome says what became of the events of a publish.
type outcome uint8

const (
	outcomeNothing   outcome = iota // none is published: nothing was sent, or all of it was refused
	outcomeRefused                  // none is published beyond those that the error counts
	outcomePublished                // all are published
	outcomeUnknown                  // they may be published although the call failed
)

// after returns the outcome once another attempt with the same body has ended with err:
//
//	attempt                                              outcome
//	succeeded                                            published
//	not sent                                             as before
//	refused as a whole, such as by a 401                 as before
//	an error of the spec (WithErrors) without a count    as before, whatever its status
//	an event was refused, and those before it counted    refused: no attempt has come further
//	a bare 429, 408 or 5XX, perhaps of a proxy           unknown
//	no answer, or an answer that does not say            unknown
func (o outcome) after(err error) outcome {
	if err == nil {
		return outcomePublished
	}
	answer := answerIn(err)
	switch {
	case answer == nil && unsent(err):
		return o
	case answer == nil || answer.leavesOpen():
		return outcomeUnknown
	case answer.refusesEvent():
		return outcomeRefused
	}
	return o
}

// refusesEvent reports whether the server refuses one event of the body, and counts all that
// is published of it. No other request with the same body has come further.
func (e *APIError) refusesEvent() bool {
	return e.Published != nil && e.Published.invalid &&
		(e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusRequestEntityTooLarge)
}

// leavesOpen reports whether the request may have published events that the answer does not
// count, or may still do so.
func (e *APIError) leavesOpen() bool {
	switch {
	case e.StatusCode < 300: // something was published, but the answer does not say what
		return true
	case e.Published != nil:
		return e.StatusCode >= 500 || e.StatusCode == http.StatusConflict
	case e.Err != nil: // an error of the spec refuses the request as a whole
		return false
	}
	return e.StatusCode >= 500 || retryable(e.StatusCode, false)
}

// readPublished sets Published to what the members count, line, lastId and invalid of a JSON
// body say. An error of WithErrors can say better whether the server refuses an event.
func (e *APIError) readPublished() {
	var body struct {
		Count   *int   `json:"count"`
		Line    int    `json:"line"`
		LastID  string `json:"lastId"`
		Invalid bool   `json:"invalid"`
	}
	if e.Decode(&body) != nil || body.Count == nil {
		return
	}
	e.Published = &Published{Line: body.Line, Count: *body.Count, LastID: body.LastID, invalid: body.Invalid}
	var typed interface {
		error
		RefusesEvent() bool
	}
	if errors.As(e.Err, &typed) {
		e.Published.invalid = typed.RefusesEvent()
	}
}
