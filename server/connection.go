package server

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// connection is what a stream writes to: to net/http, until it is detached.
type connection struct {
	out  *output
	sent instant // when the last write began

	// mu guards the deadline against abort.
	mu       sync.Mutex
	deadline instant // that is set; zero: none
	clear    bool    // none may stand between two writes
	aborted  bool    // nothing more is written
}

// connect must be called before anything is written. Its error, errNoFlush, can be
// answered.
func (l *live) connect(w http.ResponseWriter) (err error) {
	out := &output{ResponseWriter: w}
	if out.flushers, err = flushers(w); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = out
	// A deadline that passes resets a stream of HTTP/2, also an idle one. One of
	// HTTP/1.1 has only its next write fail, and that sets another before it.
	l.clear = l.request.ProtoMajor != 1
	return nil
}

func (l *live) controller() *http.ResponseController {
	return http.NewResponseController(l.out.ResponseWriter)
}

// write writes and flushes, within one deadline, what fill puts into the buffer.
func (l *live) write(fill func(*buffer)) (err error) {
	buf := newBuffer()
	before := l.counts
	defer func() {
		buf.free()
		if err != nil && !errors.Is(err, errBehind) {
			l.counts = before
		}
	}()
	fill(buf)
	if len(buf.payload()) == 0 {
		return nil // an empty chunk would be the end of the body
	}
	if d := l.detached.Load(); d != nil {
		return d.write(buf, before)
	}
	if err := l.arm(); err != nil {
		return err
	}
	if _, err := l.out.Write(buf.payload()); err != nil {
		return err
	}
	if err := l.out.flush(); err != nil {
		return err
	}
	if l.clear {
		l.disarm()
	}
	l.wrote(len(buf.payload()), before)
	return nil
}

// arm sees to it that the deadline leaves the next write its time: the write timeout
// or, where deadlines may stand, up to a quarter more, so that not every write has to
// set one. It takes the place of the one that http.Server.WriteTimeout has set for
// the whole answer.
func (l *live) arm() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.aborted {
		return errAborted
	}
	l.sent = l.server.now()
	timeout := l.server.cfg.writeTimeout
	if l.deadline.sub(l.sent) >= timeout {
		return nil
	}
	if !l.clear {
		timeout += timeout / 4
	}
	l.deadline = l.sent.add(timeout)
	if err := l.setDeadline(time.Now().Add(timeout)); errors.Is(err, http.ErrNotSupported) {
		l.server.warnNoDeadline.Do(func() {
			l.server.cfg.logger.WarnContext(l.ctx, "the http.ResponseWriter has no write deadlines: a reader that stops reading holds its stream until the connection breaks", "session", l.sessionID, "remote", l.remote)
		})
	}
	return nil
}

// retire is called when an attached stream has written its last. What net/http still
// writes for it on HTTP/1.1, the last chunk, has its time as well; net/http itself clears
// the deadline after that.
func (l *live) retire() {
	if l.clear {
		l.disarm()
		return
	}
	_ = l.arm() // only an aborted stream has an error
}

// disarm clears the deadline.
func (l *live) disarm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.aborted && l.deadline != 0 {
		l.deadline = 0
		_ = l.setDeadline(time.Time{}) // arm has told if it is unsupported
	}
}

func (l *live) setDeadline(t time.Time) error {
	if d := l.detached.Load(); d != nil {
		return d.conn.SetWriteDeadline(t)
	}
	return l.controller().SetWriteDeadline(t)
}

// isAborted tells whether the stream was aborted.
func (l *live) isAborted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.aborted
}

// abort ends the stream at once, also in the middle of a write.
func (l *live) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.aborted {
		l.aborted = true
		_ = l.setDeadline(time.Unix(1, 0)) // arm has told if it is unsupported
		if d := l.detached.Load(); d != nil {
			_ = d.conn.SetReadDeadline(time.Unix(1, 0)) // of a parting
		}
		l.call(callAbort)
	}
}
