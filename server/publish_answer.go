package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/mixstream/mixstream/contract"
	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
)

// Why a request that publishes fails, beside what Publish fails with.
var (
	errRequest  = errors.New("the request is malformed")
	errNotJSON  = errors.New("not an event")
	errBody     = errors.New("the body could not be read to its end")
	errDraining = errors.New("the server is shutting down")
)

// publishResult is the answer to a request whose events are all in the log.
type publishResult struct {
	Count   int    `json:"count"`
	FirstID string `json:"firstId"`
	LastID  string `json:"lastId"`
}

// answer answers the request: with err, if that is not nil.
func (p *publication) answer(w http.ResponseWriter, r *http.Request, err error) {
	var failed Failure
	if err != nil {
		if failed = p.failed(r, err); failed.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter())
		}
	}
	controller := http.NewResponseController(w)
	_ = controller.SetWriteDeadline(time.Now().Add(bodyTimeout))
	if p.unread || p.isLast(r) {
		w.Header().Set("Connection", "close")
	}
	if p.unread {
		defer func() { _ = controller.SetReadDeadline(time.Now().Add(lingering)) }()
	}
	if err != nil {
		p.server.writeError(w, failed)
		return
	}
	body, err := json.Marshal(publishResult{Count: p.count, FirstID: formatID(p.first), LastID: formatID(p.last)})
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(append(body, '\n')) // a client that has left cannot be answered
}

// lingering is for how long the rest of a body is read after the answer, so that the
// answer is not lost to a reset of the connection.
const lingering = time.Second

// failed returns what is told of a request that ended with err: why, where, and how much was
// published before that.
func (p *publication) failed(r *http.Request, err error) Failure {
	status, message := p.explain(r, err)
	f := Failure{Status: status, Published: &Published{Count: p.count}}
	if errors.Is(err, eventlog.ErrKeyReused) {
		f.Invalid = true
	} else if status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge {
		if status == http.StatusRequestEntityTooLarge || !errors.Is(err, errRequest) && !errors.Is(err, errBody) {
			f.Invalid = true
		}
		if p.line > 0 && !errors.Is(err, eventlog.ErrEntryTooLarge) { // that is of a line before
			f.Published.Line, message = p.line, fmt.Sprintf("line %d: %s", p.line, message)
		}
	}
	if p.count > 0 {
		f.Published.LastID = formatID(p.last)
	}
	f.Message = message
	return f
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
		misfit  *contract.InvalidEventError
		tooLong *http.MaxBytesError
		stalled stalledError
	)
	switch {
	case errors.Is(err, eventlog.ErrSessionDeleted):
		return http.StatusNotFound, "session " + excerpt.Quote(p.name) + " was deleted"
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
	case errors.Is(err, context.Canceled): // the client has left, as in engine.fail
		return http.StatusServiceUnavailable, "the request was ended by the server"
	}
	p.server.cfg.logger.ErrorContext(r.Context(), "publish over HTTP failed", "session", p.name, "remote", r.RemoteAddr, "published", p.count, "error", err)
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
