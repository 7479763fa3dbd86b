package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/gen"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Why a request that publishes fails, beside what Publish fails with.
var (
	errRequest  = errors.New("the request is malformed")
	errNotJSON  = errors.New("not an event")
	errBody     = errors.New("the body could not be read to its end")
	errDraining = errors.New("the server is shutting down")
)

// publishAnswer is the answer to a request that publishes.
type publishAnswer struct {
	status int
	body   any
	last   bool // of the connection, which the drain has had look as if the client had left
	unread bool // there may be more of the body of an HTTP/1 request, which nobody reads
}

// VisitPublishEventsResponse writes the answer.
func (a publishAnswer) VisitPublishEventsResponse(w http.ResponseWriter) error {
	body, err := json.Marshal(a.body)
	if err != nil {
		return err
	}
	if a.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter())
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyTimeout))
	if a.last || a.unread {
		w.Header().Set("Connection", "close")
	}
	if a.unread {
		defer func() { _ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering)) }()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(append(body, '\n')) // a client that has left cannot be answered
	return nil
}

// lingering is for how long the rest of a body is read after the answer, so that the
// answer is not lost to a reset of the connection.
const lingering = time.Second

// failed returns the answer for a request that ended with err: why, where, and how
// much was published before that.
func (p *publication) failed(r *http.Request, err error) publishAnswer {
	status, message := p.explain(r, err)
	kind := errorType(status)
	var line *int
	if errors.Is(err, eventlog.ErrKeyReused) {
		kind = gen.RESTErrorTypeValidationError
	} else if status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge {
		if status == http.StatusRequestEntityTooLarge || !errors.Is(err, errRequest) && !errors.Is(err, errBody) {
			kind = gen.RESTErrorTypeValidationError
		}
		if p.line > 0 && !errors.Is(err, eventlog.ErrEntryTooLarge) { // that is of a line before
			line, message = &p.line, fmt.Sprintf("line %d: %s", p.line, message)
		}
	}
	body := gen.PublishError{Error: restError(status, kind, message).Error, Line: line, Count: &p.count}
	if p.count > 0 {
		last := formatID(p.last)
		body.LastID = &last
	}
	return publishAnswer{status: status, body: body, unread: p.unread, last: p.isLast(r)}
}

// isLast tells whether the connection of the request is to be closed, since it may have
// been interrupted: see interruptAtDrain.
func (p *publication) isLast(r *http.Request) bool {
	return r.ProtoMajor == 1 && p.server.streams.draining.Load()
}

// explain returns the status and the message for an error.
func (p *publication) explain(r *http.Request, err error) (status int, message string) {
	var (
		refused *PublishError
		misfit  *gen.InvalidEventError
		tooLong *http.MaxBytesError
		stalled stalledError
	)
	switch {
	case errors.Is(err, eventlog.ErrSessionDeleted):
		return http.StatusNotFound, "session " + excerpt.Quote(p.session.ID) + " was deleted"
	case errors.Is(err, eventlog.ErrKeyReused):
		return http.StatusUnprocessableEntity, "the Idempotency-Key was used for another body"
	case errors.Is(err, eventlog.ErrKeyForgotten):
		return http.StatusConflict, "the Idempotency-Key is not known any more: it is unknown whether the events after those counted are published, and a repetition may publish all of them again"
	case errors.Is(err, eventlog.ErrOutcomeUnknown):
		return http.StatusServiceUnavailable, p.unknownOutcome()
	case errors.Is(err, eventlog.ErrUnavailable):
		return http.StatusServiceUnavailable, unavailable(err).Message
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("%v: longer than %d bytes", ErrEventTooLarge, tooLong.Limit)
	case errors.Is(err, ErrEventTooLarge):
		return http.StatusRequestEntityTooLarge, err.Error()
	case errors.Is(err, errBody) && p.server.streams.draining.Load():
		return http.StatusServiceUnavailable, errDraining.Error()
	case errors.As(err, &stalled):
		return http.StatusServiceUnavailable, stalled.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusServiceUnavailable, "the body came too slowly"
	case errors.As(err, &misfit):
		return http.StatusBadRequest, misfit.Error()
	case errors.As(err, &refused):
		return http.StatusBadRequest, excerpt.Quote(refused.Event) + ": " + refused.Err.Error()
	case errors.Is(err, errBody): // the rest may have addresses
		return http.StatusBadRequest, errBody.Error()
	case errors.Is(err, errRequest), errors.Is(err, errNotJSON):
		return http.StatusBadRequest, err.Error()
	case p.server.streams.draining.Load():
		return http.StatusServiceUnavailable, errDraining.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, p.unknownOutcome()
	case errors.Is(err, context.Canceled): // the client has left, as in Server.fail
		return http.StatusServiceUnavailable, "the request was ended by the server"
	}
	p.server.cfg.logger.ErrorContext(r.Context(), "publish over HTTP failed", "session", p.session.ID, "remote", r.RemoteAddr, "published", p.count, "error", err)
	return http.StatusInternalServerError, "internal error"
}

// unknownOutcome returns the message for events that may be in the log, beside those
// that are counted. It is for a repetition to find out, if it has a key to do so.
func (p *publication) unknownOutcome() string {
	const unknown = "the log of events did not answer, and it is unknown whether the last events are published: "
	if p.key == nil {
		return unknown + "without an Idempotency-Key a repetition may publish them again"
	}
	return unknown + "a repetition with the same Idempotency-Key publishes none of them twice"
}
