package client

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// resumption is what a feed knows of how it can be resumed after a cut.
type resumption struct {
	unsafe bool // a request must not be sent twice
	own    bool // the caller resumes by a way of its own: see Read

	base      string // the position that was asked for or told, and comes from no event
	basedFrom int    // the connections of the source before it
}

// rebase makes a position that no event has told the one to resume from.
func (f *feed) rebase(position string) {
	f.base, f.basedFrom = position, f.source.connections
	f.source.dec.SetLastEventID(position)
}

// opened checks the position that the header of an answer tells, where no event does. The
// stream goes on from there also if it is cut before its first event.
func (f *feed) opened(resp *http.Response, asked string) error {
	position := strings.Join(resp.Header[lastEventIDHeader], ", ")
	if f.own || f.facts.tellsPosition() || position == "" {
		return nil
	}
	if asked != "" && asked != fromStart && position != asked {
		if err := f.refuseGap(elsewhere(asked, position)); err != nil {
			return err
		}
	}
	if position != asked {
		f.rebase(position)
	}
	return nil
}

// fromStart is the last event id that asks for everything that is retained.
const fromStart = "0"

// gone returns the error for an answer that is no stream. A 410 that tells a position, of a
// contract without an event for gaps, is a gap up to there.
func (f *feed) gone(answer *APIError, refused error) error {
	position := strings.Join(answer.Header[lastEventIDHeader], ", ")
	asked := f.source.LastEventID()
	if answer.StatusCode != http.StatusGone || position == "" || position == asked || f.own || f.facts.control.Gap.Name != "" {
		return refused
	}
	message := answer.problem()
	if message == "" {
		message = "the server no longer has all events after that position"
	}
	gap := &GapError{Requested: asked, ResumeFrom: position, Message: message, Err: refused}
	if err := f.refuseGap(gap); err != nil || f.unsafe || f.resumesOtherwise() {
		return gap
	}
	f.rebase(position)
	return passedGapError{gap}
}

// passedGapError is an answer that told a gap, behind which the stream goes on.
type passedGapError struct{ *GapError }

func (e passedGapError) Unwrap() error { return e.GapError }

// lost decides what follows a failed attempt, or a connection that was cut: nil is another
// attempt. What is unsafe is never sent twice, and a stream is only resumed from a position
// that the server knows.
func (f *feed) lost(err error, opened bool) error {
	delivered := f.connection > 0
	var answer *APIError
	switch {
	case f.own && delivered:
		return nil
	case f.resumesOtherwise():
		return f.lostOtherwise(err, opened)
	case f.unsafe && !opened && errors.As(err, &answer):
		return err
	case f.unsafe && !opened && !unsent(err):
		return f.notResumable("the server may have done what the "+f.facts.method+" asked for, and another one might do it twice", err)
	case f.unsafe && opened && f.own:
		return f.notResumable("no event had come that says where to go on", err)
	case f.unsafe && opened:
		return f.notResumable("another "+f.facts.method+" might do twice what it asks for", err)
	case !opened || f.own || f.facts.tellsPosition() || f.anchored():
		return nil
	}
	why := notResumableError{"the server has told no position to resume after", err}
	if delivered {
		why.reason = "the events had no id to resume after"
	}
	if f.cfg.continueOnGap {
		f.refuseGap(&GapError{Requested: f.base, Message: why.reason, Err: err}) //nolint:errcheck // nil, under ContinueOnGap
		f.rebase("")
		return nil
	}
	return &why
}

// request returns the next request of the stream. begin makes the one that begins it.
func (f *feed) request(ctx context.Context, lastEventID string, begin func() (*http.Request, error)) (*http.Request, error) {
	if f.resumesOtherwise() {
		return f.resumer.request(ctx, f.cfg.baseURL, lastEventID, begin)
	}
	r, err := begin()
	if err != nil {
		return nil, err
	}
	f.unsafe = f.unsafe || !isSafe(r.Method)
	if f.resumer != nil {
		err = f.resumer.began(r)
	}
	return r, err
}

// resumesOtherwise reports whether the next request is that of the contract's own way to
// resume. Before the first event, a safe request is made again instead.
func (f *feed) resumesOtherwise() bool {
	return f.resumer != nil && f.source.connections > 0 && (f.resumer.begun || f.unsafe)
}

// lostOtherwise is lost for the contract's own way to resume. A failed attempt to resume is
// repeated.
func (f *feed) lostOtherwise(err error, opened bool) error {
	if !opened {
		return nil
	}
	if f.resumer.begun && !f.anchored() {
		f.rebase("") // the server would repeat the events that came behind the position
	}
	why := f.resumer.missing(f.source.LastEventID())
	if why == "" && !f.resumer.tellsPosition() && !f.anchored() {
		why = "the server has told no position to resume after, and no parameter of the request that resumes says where"
		if f.resumer.begun {
			why = "the events had no id to resume after, and no parameter of the request that resumes says where"
		}
	}
	if why != "" {
		return f.notResumable(why, err)
	}
	return nil
}

// anchored reports whether the stream would go on from a position that the server knows. An
// id that has not moved from the base says nothing of the events that were delivered since.
func (f *feed) anchored() bool {
	id := f.source.LastEventID()
	return id != "" && (id != f.base || f.connection <= f.basedFrom)
}
