package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/mixstream/mixstream/eventlog"
)

// live is an open stream: a view of the log, a connection to write it to, and what
// there is to do beside. It takes one turn after another: attached, by the goroutine
// of its request, which waits in between, or detached, by whoever of the workers is
// free when there is something to do.
type live struct {
	stream
	ctx     context.Context
	request *http.Request // nil once the stream is detached, unless it is to be authorized again
	asked   *asked        // the context of the request; nil once the stream is detached
	slot    slot
	remote  string // the client's address
	began   instant
	wake    atomic.Pointer[token] // of an attached stream
	agenda
	connection
	detached atomic.Pointer[detached] // nil while it is attached

	unread    error     // why the log cannot be read, and the client is to come back
	readers   *audience // that the reader is counted with; nil while it is not
	watch     *watch    // nil without an observer
	writtenTo uint64    // the position that went out last
}

// token is a channel that holds one token while there may be something to do.
type token chan struct{}

// put puts the token into the channel, unless it is there.
func (t token) put() {
	select {
	case t <- struct{}{}:
	default:
	}
}

// asked is the context of a request. A stream tells by its address whether an observer has
// put another one in its place.
type asked struct{ context.Context }

func newLive(r *http.Request, s *engine, sessionID string) *live {
	l := &live{
		stream:  stream{server: s, sessionID: sessionID, retry: noRetry},
		request: r,
		asked:   &asked{r.Context()},
		began:   s.now(),
	}
	l.ctx = l.asked
	if !s.cfg.detach {
		l.waits()
	}
	if s.cfg.observer != nil {
		l.watch = new(watch)
	}
	return l
}

// waker returns the function by which the log wakes the stream. It holds no more
// than it needs: see eventlog for what it is that a publisher spends its time on.
func (l *live) waker() (wake func()) {
	switch w := l.watch; {
	case w != nil:
		return func() {
			w.wake(l.server)
			l.nudge()
		}
	case l.server.cfg.detach:
		return l.nudge
	}
	return l.wake.Load().put
}

// waits makes what an attached stream waits on. Before it, nothing is missed by a
// stream that is not nudged: its first turn is still to come.
func (l *live) waits() token {
	t := make(token, 1)
	l.wake.Store(&t)
	return t
}

// nudge has the stream look at what there is to do. It may be called by anybody.
func (l *live) nudge() {
	if d := l.detached.Load(); d != nil {
		l.server.workers.add(d)
		return
	}
	if t := l.wake.Load(); t != nil {
		t.put()
	}
}

// answer streams until the client leaves, the session or the server ends, or a write
// fails; of a stream that is detached, only the beginning. Once the stream has begun it
// returns no error: nothing else could be answered.
func (l *live) answer(w http.ResponseWriter) error {
	if err := l.prepare(w); err != nil {
		return err
	}
	draining := l.server.streams.add(l)
	reason, err, detached := EndPanic, error(nil), false
	defer func() {
		if !detached {
			l.finish(reason, err)
		}
	}()
	l.opened()
	if draining || l.unread != nil {
		err = l.writeFirst(func(buf *buffer) { l.sendAway(buf, l.server.drainRetry()) })
		err = cmp.Or(err, l.unread)
	} else if err = l.greet(); err == nil && !l.atEnd() {
		if detached = l.detach(); detached {
			return nil
		}
		err = l.run()
	}
	reason = l.endReason(err)
	if errors.Is(err, errNoFlush) {
		panic(http.ErrAbortHandler) // an answer that ends in order would be a stream
	}
	return nil
}

// prepare sets the header. If it fails, because the writer cannot flush or a middleware
// panics, it frees what the stream holds.
func (l *live) prepare(w http.ResponseWriter) error {
	prepared := false
	defer func() {
		if !prepared {
			l.free()
		}
	}()
	if err := l.connect(w); err != nil {
		return err
	}
	l.remote = l.request.RemoteAddr
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would buffer the stream otherwise
	if !l.server.op.voice.tellsPosition() {
		h.Set(lastEventID, formatID(l.start.connected)) // as Mercure has it
	}
	if l.detachable() {
		h.Set("Connection", "close") // net/http gives the connection away, for good
	}
	prepared = true
	return nil
}

// writeFirst sends the header, and with it the first event. The status comes before any
// flush: some middlewares decide then what becomes of the answer. The event does as well:
// others decide only when they see some of the body.
//
// A panic, such as that of a middleware which cannot flush, cuts the connection. Once the
// status is set, an answer that a recovering middleware ends in order would be a stream.
func (l *live) writeFirst(fill func(*buffer)) error {
	defer func() {
		switch p := recover(); p {
		case nil:
			return
		case http.ErrAbortHandler:
		default:
			l.log(slog.LevelError, "panic serving a stream", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
		panic(http.ErrAbortHandler)
	}()
	l.out.WriteHeader(http.StatusOK)
	return l.write(fill)
}

// greet counts the reader and writes what every stream begins with.
func (l *live) greet() error {
	l.readers = l.server.readers.enter(l.sessionID)
	if err := l.writeFirst(func(buf *buffer) { l.prelude(buf, l.server.cfg.retry) }); err != nil {
		return err
	}
	l.plan()
	return nil
}

// atEnd tells whether the stream has got to its end.
func (l *live) atEnd() bool { return l.ended || l.finished() }

// run takes the turns of an attached stream, and returns why it ended; nil is its own
// end.
func (l *live) run() error {
	l.timer = time.AfterFunc(l.due().sub(l.server.now()), func() { l.call(callTimer) })
	defer l.timer.Stop()
	var wake token
	if t := l.wake.Load(); t != nil {
		wake = *t
	} else {
		wake = l.waits()
	}
	for {
		wrote, ended, err := l.turn()
		if ended || err != nil {
			return err
		}
		if wrote {
			continue // there may be more
		}
		select {
		case <-wake:
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		}
	}
}

// turn does what there is to do, up to one write of events, and tells whether that
// was anything and whether the stream has ended by it.
func (l *live) turn() (wrote, ended bool, err error) {
	wrote, err = l.writePending()
	if err = l.wait(err); err != nil || l.atEnd() {
		return wrote, true, err
	}
	if l.called() {
		ended, err = l.attend(wrote)
	}
	return wrote, ended, err
}

// writePending writes what the log has after the position, up to one write, and
// tells whether that was anything.
func (l *live) writePending() (wrote bool, err error) {
	if l.watch != nil {
		l.watch.reading(l.server)
	}
	batch, gap, err := l.read()
	switch {
	case err != nil && l.ctx.Err() != nil:
		return false, context.Cause(l.ctx)
	case err != nil:
		return false, logError{err}
	case gap && !l.server.goesOnBehindGaps():
		return false, l.breakOff(errGap, func(buf *buffer) { l.farewell(buf, l.server.cfg.retry) })
	case gap:
		return true, l.write(l.behindGap)
	case len(batch.Entries) == 0:
		l.position = batch.Position
		l.caughtUp()
		return false, nil
	}
	return true, l.write(func(buf *buffer) { l.appendPending(buf, batch) })
}

// breakOff ends the stream because of err, with the bytes that last puts into the buffer, and
// returns why it has ended.
func (l *live) breakOff(err error, last func(*buffer)) error {
	l.leaving, l.unread = true, err
	return cmp.Or(l.write(last), err)
}

// read returns what is pending. A worker that does it may wait for the log.
func (l *live) read() (batch eventlog.Batch, gap bool, err error) {
	if d := l.detached.Load(); d != nil && !d.blocking {
		reading := &l.server.workers.reading
		reading.Add(1)
		defer reading.Add(-1)
	}
	return l.pending(l.ctx)
}

// finish ends the stream, also where a function of the application panics. Shutdown
// waits for all of it: the log may be closed then.
func (l *live) finish(reason EndReason, err error) {
	whole := false
	defer func() {
		if d := l.detached.Load(); d != nil {
			d.part(whole)
			return
		}
		l.retire()
		l.server.streams.remove(l)
	}()
	defer l.free()
	l.tellEnd(reason, err)
	whole = reason != EndPanic
}

// tellEnd tells the application that the stream has ended.
func (l *live) tellEnd(reason EndReason, err error) {
	defer l.closed(reason, err)
	if l.readers != nil {
		l.server.readers.leave(l.readers, l.sessionID)
	}
}

// free frees what the stream holds. It may be called more than once.
func (l *live) free() {
	reader, sl := l.reader, l.slot
	l.reader, l.slot = nil, slot{}
	defer l.server.limits.free(sl)
	if reader != nil {
		reader.Close()
	}
}
