package server

import (
	"errors"
	"net/http"

	"github.com/mixstream/mixstream/eventlog"
	"github.com/mixstream/mixstream/internal/excerpt"
	"github.com/mixstream/mixstream/server/internal/stream"
)

// open opens the stream of a session for a request that holds the place p. If there is no stream,
// open has freed p, and the error says why: errEnded, a *RefusalError, or what has failed.
//
//go:noinline
func (s *engine) open(r *http.Request, sessionID, resume string, p place) (*openStream, error) {
	o := &openStream{
		server: s,
		stream: stream.New(&s.rules, sessionID),
		ctx:    &requestContext{r.Context()},
		remote: r.RemoteAddr,
		began:  s.clock.Now(),
		place:  p,
	}
	o.task.Init(s.pool, o)
	begun := false
	defer func() {
		if !begun { // a function of the application may have panicked
			o.free()
		}
	}()
	if s.cfg.reauthorization > 0 {
		o.authorize = func() error { return s.streamGate.authorize(r, sessionID) }
	}
	if s.cfg.observer != nil {
		o.observed = new(observed)
	}
	if err := o.begin(resume); err != nil {
		return nil, err
	}
	begun = true
	return o, nil
}

// begin decides where the stream begins, or returns why there is none.
func (o *openStream) begin(resume string) error {
	s := o.server
	// The reader comes first: whatever happens to the session from here on wakes the stream.
	reader, err := s.log.Follow(o.ctx, s.logged(o.stream.Session()), o.waker())
	var opening stream.Opening
	if err == nil {
		o.stream.Follow(reader)
		opening, err = o.stream.Begin(o.ctx, resume)
	}
	switch {
	case errors.Is(err, eventlog.ErrUnavailable) && resume != "":
		o.stream.ComeBack(resume, err)
		return nil
	case err != nil:
		return err
	}
	return whyNone(opening, o.stream.Session())
}

// whyNone returns why there is no stream; nil if there is one.
func whyNone(o stream.Opening, session string) error {
	switch o.Answer {
	case stream.Unknown:
		return &RefusalError{Status: http.StatusNotFound, Message: "session " + excerpt.Quote(session) + " does not exist"}
	case stream.Gone:
		floor := formatID(o.Floor)
		return &RefusalError{
			Status:  http.StatusGone,
			Header:  http.Header{lastEventID: {floor}, "Cache-Control": {"no-store"}}, // caches keep a 410 otherwise
			Message: "events after the position that was asked for are no longer retained; Last-Event-ID: " + floor + " goes on behind them",
		}
	case stream.Ended:
		return errEnded
	}
	return nil
}

// waker returns the function by which the log wakes the stream. A publisher calls it for each
// reader, so it touches as little memory as it can.
func (o *openStream) waker() (wake func()) {
	s := o.server
	switch lagging := o.observed; {
	case lagging != nil:
		return func() {
			lagging.lag.woken(s.clock)
			o.task.Wake()
		}
	case s.cfg.detach:
		return o.task.Wake
	}
	return o.task.Attach()
}
