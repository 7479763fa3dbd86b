package server

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// connection is what a stream writes to.
type connection struct {
	w    http.ResponseWriter
	sent instant // when the last write began

	// mu guards the deadline against abort.
	mu         sync.Mutex
	controller http.ResponseController
	deadline   instant // that is set; zero: none
	clear      bool    // none may stand between two writes
	over       bool    // nothing more is written
}

// connect is called before anything is written.
func (a *attached) connect(w http.ResponseWriter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.w, a.controller = w, *http.NewResponseController(w)
	// A deadline that passes resets a stream of HTTP/2, also an idle one. One of
	// HTTP/1.1 has only its next write fail, and that sets another before it.
	a.clear = a.visit.request.ProtoMajor != 1
}

// write writes and flushes, within one deadline, what fill puts into the buffer.
func (a *attached) write(fill func(*buffer)) (err error) {
	buf := newBuffer()
	before := a.counts
	defer func() {
		buf.free()
		if err != nil {
			a.counts = before
		}
	}()
	fill(buf)
	if err := a.arm(); err != nil {
		return err
	}
	if _, err := a.w.Write(buf.bytes); err != nil {
		return err
	}
	if err := a.controller.Flush(); err != nil {
		return err
	}
	if a.clear {
		a.disarm()
	}
	a.wrote(len(buf.bytes), before)
	return nil
}

// flush flushes within a deadline.
func (a *attached) flush() error {
	if err := a.arm(); err != nil {
		return err
	}
	if a.clear {
		defer a.disarm()
	}
	return a.controller.Flush()
}

// arm sees to it that the deadline leaves the next write its time: the write timeout
// or, where deadlines may stand, up to a quarter more, so that not every write has to
// set one. It takes the place of the one that http.Server.WriteTimeout has set for
// the whole answer.
func (a *attached) arm() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return errAborted
	}
	a.sent = a.server.now()
	timeout := a.server.cfg.writeTimeout
	if a.deadline.sub(a.sent) >= timeout {
		return nil
	}
	if !a.clear {
		timeout += timeout / 4
	}
	a.deadline = a.sent.add(timeout)
	if err := a.controller.SetWriteDeadline(time.Now().Add(timeout)); errors.Is(err, http.ErrNotSupported) {
		a.server.warnNoDeadline.Do(func() {
			a.server.cfg.logger.WarnContext(a.ctx, "the http.ResponseWriter has no write deadlines: a reader that stops reading holds its stream until the connection breaks")
		})
	}
	return nil
}

// retire is called when the stream has written its last. What net/http still writes
// for it on HTTP/1.1, the last chunk, has its time as well; net/http itself clears the
// deadline after that.
func (a *attached) retire() {
	if a.clear {
		a.disarm()
		return
	}
	_ = a.arm() // only an aborted stream has an error
}

// disarm clears the deadline.
func (a *attached) disarm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over && a.deadline != 0 {
		a.deadline = 0
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
		_ = a.controller.SetWriteDeadline(time.Unix(1, 0)) // arm has told if it is unsupported
		a.call(callAbort)
	}
}
