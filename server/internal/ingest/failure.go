package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Failure is the answer to a request that has failed.
type Failure struct {
	Status  int
	Message string
	Invalid bool   // what came does not fit the spec, or what was published under its key
	Line    int    // the line that was refused, from 1; 0 if the failure is not about a line
	Count   int    // how many events are published
	LastID  string // the id of the last of them; empty if there is none
}

// problem is why a request fails. Each of the functions below judges the errors of one source.
type problem struct {
	status  int
	message string
	invalid bool
	ofLine  bool // it is about the present line
	err     error
}

func (p *problem) Error() string { return p.err.Error() }

func (p *problem) Unwrap() error { return p.err }

// errDraining is the error of a body that a shutdown has interrupted.
var errDraining = errors.New("the server is shutting down")

// errNoEvent is the problem of a body without an event.
var errNoEvent = malformed("the body has no event", false)

// malformed returns the problem of a request that is wrong apart from its events.
func malformed(reason string, ofLine bool) *problem {
	err := errors.New("the request is malformed: " + reason)
	return &problem{status: http.StatusBadRequest, message: err.Error(), ofLine: ofLine, err: err}
}

func unavailable(message string, err error) *problem {
	return &problem{status: http.StatusServiceUnavailable, message: message, err: err}
}

func tooLarge(message string, ofLine bool, err error) *problem {
	return &problem{status: http.StatusRequestEntityTooLarge, message: message, invalid: true, ofLine: ofLine, err: err}
}

// bodyProblem judges an error of reading the body. The client is not told its text, which may
// have addresses.
func (q *request) bodyProblem(err error) *problem {
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(fmt.Sprintf("%v: longer than %d bytes", ErrTooLarge, tooLong.Limit), true, err)
	}
	switch {
	case errors.Is(err, errLongLine):
		return tooLarge(fmt.Sprintf("%v: longer than %d bytes", ErrTooLarge, q.handler.maxLine()), true, err)
	case q.handler.draining():
		return unavailable(errDraining.Error(), err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return unavailable("the body came too slowly", err)
	}
	if stalled, ok := errors.AsType[stalledError](err); ok {
		return unavailable(stalled.Error(), err)
	}
	return &problem{status: http.StatusBadRequest, message: "the body could not be read to its end", ofLine: true, err: err}
}

// eventProblem judges an error of decoding or checking an event.
func eventProblem(err error) *problem {
	if errors.Is(err, ErrTooLarge) {
		return tooLarge(err.Error(), true, err)
	}
	return &problem{status: http.StatusBadRequest, message: err.Error(), invalid: true, ofLine: true, err: err}
}

// logProblem judges an error of the log.
func (q *request) logProblem(err error) *problem {
	switch {
	case errors.Is(err, eventlog.ErrSessionDeleted):
		return &problem{status: http.StatusNotFound, message: "session " + excerpt.Quote(q.session) + " was deleted", err: err}
	case errors.Is(err, eventlog.ErrKeyReused):
		return &problem{status: http.StatusUnprocessableEntity, message: "the Idempotency-Key was used for another body", invalid: true, err: err}
	case errors.Is(err, eventlog.ErrKeyForgotten): // which is an ErrOutcomeUnknown
		return &problem{status: http.StatusConflict, message: "the Idempotency-Key is not known any more: it is unknown whether the events after those counted are published, and a repetition may publish all of them again", err: err}
	case errors.Is(err, eventlog.ErrOutcomeUnknown):
		return q.unknownOutcome(err)
	case errors.Is(err, eventlog.ErrUnavailable):
		return unavailable("the log of events is unavailable", err)
	case errors.Is(err, eventlog.ErrEntryTooLarge):
		err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		return tooLarge(err.Error(), false, err) // of a line before
	case q.handler.draining():
		return unavailable(errDraining.Error(), err)
	case errors.Is(err, context.DeadlineExceeded):
		return q.unknownOutcome(err)
	case errors.Is(err, context.Canceled):
		return unavailable("the request was ended by the server", err) // or its client has left
	}
	return &problem{status: http.StatusInternalServerError, message: "internal error", err: err}
}

// unknownOutcome is the problem of events that may be in the log, beside those that are
// counted. A repetition with a key finds out.
func (q *request) unknownOutcome(err error) *problem {
	message := "the log of events did not answer, and it is unknown whether the last events are published: "
	if q.keyed {
		message += "a repetition with the same Idempotency-Key publishes none of them twice"
	} else {
		message += "without an Idempotency-Key a repetition may publish them again"
	}
	return unavailable(message, err)
}

// failure returns the answer to the request, which has failed with err.
func (q *request) failure(r *http.Request, err error) Failure {
	p, ok := errors.AsType[*problem](err)
	if !ok {
		p = q.logProblem(err)
	}
	if p.status == http.StatusInternalServerError {
		q.handler.Logger.ErrorContext(r.Context(), "publish over HTTP failed", "session", q.session, "remote", r.RemoteAddr, "published", q.published.count, "error", p.err)
	}
	f := Failure{Status: p.status, Message: p.message, Invalid: p.invalid, Count: q.published.count}
	if p.ofLine && q.line > 0 {
		f.Line, f.Message = q.line, fmt.Sprintf("line %d: %s", q.line, p.message)
	}
	if f.Count > 0 {
		f.LastID = formatID(q.published.last)
	}
	return f
}
