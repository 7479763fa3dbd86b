package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"
)

// attached is a stream on a connection of net/http, served by the goroutine of
// its request.
type attached struct {
	stream
	ctx   context.Context // of the request
	visit *visit
	began instant
	wake  chan struct{} // holds one token while there may be something to do
	agenda
	connection

	unread    error  // why the log cannot be read, and the client is to come back
	watch     *watch // nil without an observer
	writtenTo uint64 // the position that went out last
}

// errOver is returned for a stream whose request was over before it began.
var errOver = errors.New("server: the request is over")

func newAttached(ctx context.Context, s *Server, sessionID string) *attached {
	a := &attached{
		stream: stream{server: s, sessionID: sessionID},
		ctx:    ctx,
		began:  s.now(),
		wake:   make(chan struct{}, 1),
	}
	if s.cfg.observer != nil {
		a.watch = &watch{backlog: backlog{began: time.Now()}}
	}
	return a
}

// waker returns the function by which the log wakes the stream. It holds no more
// than it needs: see eventlog for what it is that a publisher spends its time on.
func (a *attached) waker() (wake func()) {
	c, w := a.wake, a.watch
	if w == nil {
		return func() { nudge(c) }
	}
	return func() {
		w.wake()
		nudge(c)
	}
}

// nudge has the stream of a channel look at what there is to do.
func nudge(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// VisitStreamEventsResponse streams until the client leaves, the session or the
// server ends, or a write fails. Once the header is out it returns no error:
// nothing could be answered any more.
func (a *attached) VisitStreamEventsResponse(w http.ResponseWriter) error {
	if !a.visit.claimed.CompareAndSwap(false, true) {
		return errOver
	}
	defer a.server.leave(a.visit)
	a.connect(w)
	defer a.retire()
	if err := a.writeHeader(); err != nil {
		return err
	}
	draining := a.server.streams.add(a)
	defer a.server.streams.remove(a)

	a.opened()
	reason, err := EndPanic, error(nil)
	defer func() { a.closed(reason, err) }()
	if draining || a.unread != nil {
		err = a.write(func(buf *buffer) { a.appendConnected(buf, a.server.drainRetry()) })
		err = cmp.Or(err, a.unread)
	} else {
		err = a.run()
	}
	reason = a.endReason(err)
	return nil
}

// writeHeader sends the header, unless the writer cannot flush.
func (a *attached) writeHeader() error {
	h := a.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would buffer the stream otherwise
	// A flush that is not supported has sent nothing, so that the error can still
	// be answered; any other error shows again at the first write.
	if err := a.flush(); errors.Is(err, http.ErrNotSupported) {
		h.Del("Cache-Control")
		h.Del("X-Accel-Buffering")
		return errNoFlush
	}
	return nil
}

// run writes the stream, and returns why it ended; nil is its own end.
func (a *attached) run() error {
	defer a.server.readers.enter(a.sessionID)()
	if err := a.write(func(buf *buffer) { a.prelude(buf, a.server.cfg.retry) }); err != nil || a.finished() {
		return err // behind the gap there may be no more than what the scope had later
	}

	a.plan()
	defer a.timer.Stop()
	for {
		wrote, err := a.writePending()
		if err = a.wait(err); err != nil || a.ended || a.finished() {
			return err
		}
		if a.called() {
			if last, err := a.attend(wrote); last || err != nil {
				return err
			}
		}
		if wrote {
			continue // there may be more
		}
		select {
		case <-a.wake:
		case <-a.ctx.Done():
			return context.Cause(a.ctx)
		}
	}
}

// writePending writes what the log has after the position, up to one write, and
// tells whether that was anything.
func (a *attached) writePending() (wrote bool, err error) {
	if a.watch != nil {
		a.watch.reading()
	}
	batch, gap, err := a.pending(a.ctx)
	switch {
	case err != nil && a.ctx.Err() != nil:
		return false, context.Cause(a.ctx)
	case err != nil:
		return false, logError{err}
	case gap:
		return true, a.write(a.appendGap)
	case len(batch.Entries) == 0:
		a.position = batch.Position
		a.caughtUp()
		return false, nil
	}
	return true, a.write(func(buf *buffer) { a.appendPending(buf, batch) })
}
