package server

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// attached is a stream on a connection of net/http, served by the goroutine of
// its request.
type attached struct {
	stream
	ctx   context.Context // of the request
	visit *visit
	began time.Time
	wake  chan struct{} // holds one token while there may be something new
	w     http.ResponseWriter

	watch     *watch // nil without an observer
	written   counts // what is out
	writtenTo uint64 // the position that went out last

	mu         sync.Mutex // guards the deadline against abort
	controller *http.ResponseController
	over       bool          // nothing more is written
	aborted    chan struct{} // closed with over
}

// errOver is returned for a stream whose request was over before it began.
var errOver = errors.New("server: the request is over")

// errAborted is why a stream ended whose server could not wait for it.
var errAborted = errors.New("server: shut down")

func newAttached(ctx context.Context, s *Server, sessionID string) *attached {
	a := &attached{
		stream:  stream{server: s, sessionID: sessionID},
		ctx:     ctx,
		began:   time.Now(),
		wake:    make(chan struct{}, 1),
		aborted: make(chan struct{}),
	}
	if s.cfg.observer != nil {
		a.watch = &watch{backlog: backlog{began: a.began}}
	}
	return a
}

// wakeUp is called by the log.
func (a *attached) wakeUp() {
	if a.watch != nil {
		a.watch.wake()
	}
	select {
	case a.wake <- struct{}{}:
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
	a.w, a.controller = w, http.NewResponseController(w)
	if err := a.writeHeader(); err != nil {
		return err
	}
	draining := a.server.streams.add(a)
	defer a.server.streams.remove(a)

	a.opened()
	reason, err := EndPanic, error(nil)
	defer func() { a.closed(reason, err) }()
	if draining {
		err = a.write(func(buf []byte) []byte { return a.appendConnected(buf, a.server.drainRetry()) })
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
	cfg := &a.server.cfg
	if err := a.write(func(buf []byte) []byte { return a.prelude(buf, cfg.retry) }); err != nil {
		return err
	}

	drain := a.server.streams.drain
	var leave <-chan time.Time // when this stream is to end
	leaveRetry := func() time.Duration { return cfg.retry + jitter(cfg.retry) }
	if age := cfg.maxConnectionAge; age > 0 {
		leave = time.After(age - jitter(age/10))
	}
	check := a.nextCheck()
	idle := time.NewTimer(cfg.heartbeat)
	defer idle.Stop()
	for beat := false; ; {
		wrote, err := a.writePending()
		if err != nil || a.ended || a.finished() {
			return err
		}
		if beat && !wrote {
			if err := a.write(func(buf []byte) []byte { return a.appendHeartbeat(buf, noRetry) }); err != nil {
				return err
			}
		}
		if beat || wrote {
			idle.Reset(cfg.heartbeat)
		}
		beat = false

		var more <-chan struct{}
		if wrote {
			more = always
		}
		select {
		case <-more:
		case <-a.wake:
		case <-idle.C:
			beat = true
		case <-drain:
			drain, leave, leaveRetry = nil, time.After(jitter(a.server.streams.spread)), a.server.drainRetry
		case <-leave:
			return a.write(func(buf []byte) []byte { return a.appendHeartbeat(buf, leaveRetry()) })
		case <-check:
			if err := a.reauthorize(); err != nil {
				return err
			}
			check = a.nextCheck()
		case <-a.ctx.Done():
			return context.Cause(a.ctx)
		case <-a.aborted:
			return errAborted
		}
	}
}

// always is ready.
var always = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// writePending writes what the log has after the position, up to one write, and
// tells whether that was anything.
func (a *attached) writePending() (wrote bool, err error) {
	if a.watch != nil {
		a.watch.reading()
	}
	batch, gap, err := a.pending(a.ctx)
	switch {
	case err != nil && a.ctx.Err() != nil:
		return false, err
	case err != nil:
		return false, logError{err}
	case gap:
		return true, a.write(a.appendGap)
	case len(batch.Entries) == 0:
		a.position = batch.Position
		a.caughtUp()
		return false, nil
	}
	return true, a.write(func(buf []byte) []byte { return a.appendPending(buf, batch) })
}

// write writes and flushes, within one deadline, what fill appends to an empty buffer.
func (a *attached) write(fill func([]byte) []byte) error {
	buf := buffers.Get().(*[]byte)
	defer putBuffer(buf)
	*buf = fill((*buf)[:0])
	if err := a.arm(); err != nil {
		return err
	}
	defer a.disarm()
	if _, err := a.w.Write(*buf); err != nil {
		return err
	}
	if err := a.controller.Flush(); err != nil {
		return err
	}
	a.wrote(len(*buf))
	return nil
}

// flush flushes within a deadline.
func (a *attached) flush() error {
	if err := a.arm(); err != nil {
		return err
	}
	defer a.disarm()
	return a.controller.Flush()
}

// arm sets the deadline of one write. It takes the place of the one that
// http.Server.WriteTimeout has set for the whole answer.
func (a *attached) arm() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return errAborted
	}
	if err := a.controller.SetWriteDeadline(time.Now().Add(a.server.cfg.writeTimeout)); errors.Is(err, http.ErrNotSupported) {
		a.server.warnNoDeadline.Do(func() {
			a.server.cfg.logger.WarnContext(a.ctx, "the http.ResponseWriter has no write deadlines: a reader that stops reading holds its stream until the connection breaks")
		})
	}
	return nil
}

// disarm clears the deadline: left standing, it would reset an idle HTTP/2
// stream, and cut off the end of an HTTP/1.1 one.
func (a *attached) disarm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		_ = a.controller.SetWriteDeadline(time.Time{}) // arm has told if it is unsupported
	}
}

// isOver tells whether the stream was aborted.
func (a *attached) isOver() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over
}

// abort ends the stream at once, also in the middle of a write.
func (a *attached) abort() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.over = true
		close(a.aborted)
		_ = a.controller.SetWriteDeadline(time.Unix(1, 0)) // arm has told if it is unsupported
	}
}

// buffers are what streams write from; an idle one holds none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func putBuffer(buf *[]byte) {
	if cap(*buf) <= 2*maxWrite {
		buffers.Put(buf)
	}
}
