package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// resumption decides how a stream goes on after a cut. A request that is not safe is never
// sent twice, and a stream is resumed only from a position that the server knows.
type resumption struct {
	cfg    *config
	op     *operation
	source *Source

	unsafe  bool     // the request that begins the stream must not be sent twice
	own     bool     // the caller makes the requests: see Read
	resumer *resumer // the contract's own way to resume; nil: the first request, with Last-Event-ID

	base       string // the position that was asked for, or that an answer told; no event has it
	baseFrom   int    // the number of connections before base was set
	eventsFrom int    // the connection that brought the last event; 0: no event has come
}

// delivered reports whether an event has come.
func (r *resumption) delivered() bool { return r.eventsFrom > 0 }

// rebase makes the stream resume from a position that no event has told.
func (r *resumption) rebase(position string) {
	r.base, r.baseFrom = position, r.source.connections
	r.source.moveTo(position)
}

// anchored reports whether the server knows the position from which the stream would go on.
// An id that has not moved from base says nothing about the events since then.
func (r *resumption) anchored() bool {
	id := r.source.LastEventID()
	return id != "" && (id != r.base || r.eventsFrom <= r.baseFrom)
}

// useResumer reports whether the next request is that of the contract's own way to resume. A
// safe request that brought no event is made again instead.
func (r *resumption) useResumer() bool {
	return r.resumer != nil && r.source.connections > 0 && (r.resumer.begun || r.unsafe)
}

// request returns the next request of the stream. begin makes the one that begins it.
func (r *resumption) request(ctx context.Context, lastEventID string, begin func() (*http.Request, error)) (*http.Request, error) {
	if r.useResumer() {
		return r.resumer.request(ctx, lastEventID, begin)
	}
	req, err := begin()
	if err != nil {
		return nil, err
	}
	r.unsafe = r.unsafe || !isSafe(req.Method)
	if r.resumer != nil {
		err = r.resumer.began(req)
	}
	return req, err
}

// opened checks the position in the header of an answer, if no event tells it. The stream
// goes on from that position, also if it is cut before its first event.
func (r *resumption) opened(resp *http.Response, asked string) error {
	position := positionOf(resp.Header)
	if r.own || r.op.tellsPosition() || position == "" {
		return nil
	}
	if asked != "" && asked != fromStart && position != asked {
		if err := r.cfg.told(elsewhere(asked, position)); err != nil {
			return err
		}
	}
	if position != asked {
		r.rebase(position)
	}
	return nil
}

// refused returns the error for an answer that is not a stream. A 410 that tells a position
// is a gap up to there, if the contract has no event for gaps.
func (r *resumption) refused(answer *APIError, err error) error {
	position := positionOf(answer.Header)
	asked := r.source.LastEventID()
	if answer.StatusCode != http.StatusGone || position == "" || position == asked || r.own || r.op.control.Gap.Name != "" {
		return err
	}
	message := answer.problem()
	if message == "" {
		message = "the server no longer has all events after that position"
	}
	gap := &GapError{Requested: asked, ResumeFrom: position, Message: message, Err: err}
	if r.cfg.told(gap) != nil || r.unsafe || r.useResumer() {
		return gap
	}
	r.rebase(position)
	return passedGapError{gap}
}

// positionOf returns the header Last-Event-ID of an answer; empty if there is none.
func positionOf(h http.Header) string { return strings.Join(h[lastEventIDHeader], ", ") }

// lost returns the error that ends the stream after a failed attempt or, if opened is true,
// after the end of a connection. It returns nil if another attempt may be made.
func (r *resumption) lost(err error, opened bool) error {
	switch {
	case r.own && r.delivered():
		return nil
	case r.useResumer():
		return r.lostToResumer(err, opened)
	case r.unsafe:
		return r.lostUnsafe(err, opened)
	case !opened || r.own || r.op.tellsPosition() || r.anchored():
		return nil
	}
	reason := "the server has told no position to resume after"
	if r.delivered() {
		reason = "the events had no id to resume after"
	}
	if !r.cfg.continueOnGap {
		return &notResumableError{reason, err}
	}
	_ = r.cfg.told(&GapError{Requested: r.base, Message: reason, Err: err}) // nil, under ContinueOnGap
	r.rebase("")
	return nil
}

// lostUnsafe is lost for a request that must not be sent twice.
func (r *resumption) lostUnsafe(err error, opened bool) error {
	var reason string
	switch {
	case opened && r.own:
		reason = "no event had come that says where to go on"
	case opened:
		reason = "another " + r.op.method + " might do twice what it asks for"
	case errors.As(err, new(*APIError)):
		return err
	case unsent(err):
		return nil
	default:
		reason = "the server may have done what the " + r.op.method + " asked for, and another one might do it twice"
	}
	return &notResumableError{reason, err}
}

// lostToResumer is lost for the contract's own way to resume. A failed attempt to resume is
// repeated.
func (r *resumption) lostToResumer(err error, opened bool) error {
	if !opened {
		return nil
	}
	if r.resumer.begun && !r.anchored() {
		r.rebase("") // the server would repeat the events after the position
	}
	reason := r.resumer.missing(r.source.LastEventID())
	if reason == "" && !r.resumer.tellsPosition() && !r.anchored() {
		reason = "the server has told no position to resume after, and no parameter of the request that resumes says where"
		if r.resumer.begun {
			reason = "the events had no id to resume after, and no parameter of the request that resumes says where"
		}
	}
	if reason != "" {
		return &notResumableError{reason, err}
	}
	return nil
}
