package transport

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// Response is an [Out] over an http.ResponseWriter. Its writes always wait. A panic of a
// middleware's writer is the caller's.
type Response struct {
	w        http.ResponseWriter
	flushers []flusher
	config   *Config
	warn     func()

	failed bool // a write has failed
	clears bool // no deadline may stand between two writes

	// mu guards the fields below.
	mu       sync.Mutex
	deadline clock.Instant // zero: none is set
	aborted  bool
	socket   *Socket // to which the connection has gone
}

// NewResponse returns a Response over w, the writer of a request r. It writes nothing.
// It calls warn if w has no deadlines, once for all responses of the config. Its error is
// [ErrNoFlush], with the reason.
func NewResponse(w http.ResponseWriter, r *http.Request, config *Config, warn func()) (*Response, error) {
	flushers, err := flushersOf(w)
	if err != nil {
		return nil, err
	}
	return &Response{
		w:        w,
		flushers: flushers,
		config:   config,
		warn:     warn,
		// A deadline that passes resets a stream of HTTP/2, even an idle one. On HTTP/1.1
		// it makes only the next write fail, and that one sets another before.
		clears: r.ProtoMajor != 1,
	}, nil
}

// Write implements Out. It writes and flushes within one deadline.
func (r *Response) Write(now clock.Instant, b Buffer, _ bool) (out bool, err error) {
	if b.Len() == 0 {
		return true, nil
	}
	if r.failed {
		return false, errFailed
	}
	if err := r.arm(now); err != nil {
		return false, err
	}
	if _, err = r.w.Write(b.Payload()); err == nil {
		err = r.flush()
	}
	if err != nil {
		return false, r.fail(err)
	}
	if r.clears {
		r.disarm()
	}
	return true, nil
}

// Pay implements Out: a Response owes nothing.
func (*Response) Pay() error { return nil }

// Abort implements Out. It also aborts the Socket that [Response.Detach] has made.
func (r *Response) Abort() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.aborted {
		return
	}
	r.aborted = true // before the deadline moves: a write that it ends must find it
	if r.socket != nil {
		r.socket.Abort()
		return
	}
	_ = r.setDeadline(past) // arm has warned if it is unsupported
}

// Close implements Out. net/http writes the last chunk of HTTP/1.1 after it, within a
// deadline that net/http then clears itself.
func (r *Response) Close(bool) {
	if r.clears {
		r.disarm()
		return
	}
	_ = r.arm(r.config.Clock.Now()) // fails only if nothing more is written
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// arm leaves the next write its time: the write timeout or, where deadlines may stand, up
// to a quarter more, so that not every write sets one. Its deadline replaces the one that
// http.Server.WriteTimeout has set for the whole response.
func (r *Response) arm(now clock.Instant) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.aborted {
		return ErrAborted
	}
	timeout := r.config.WriteTimeout
	if r.deadline.Sub(now) >= timeout {
		return nil
	}
	if !r.clears {
		timeout += timeout / 4
	}
	r.deadline = now.Add(timeout)
	if err := r.setDeadline(time.Now().Add(timeout)); errors.Is(err, http.ErrNotSupported) {
		r.config.warned.Do(r.warn)
	}
	return nil
}

// disarm clears the deadline.
func (r *Response) disarm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.aborted && r.deadline != 0 {
		r.deadline = 0
		_ = r.setDeadline(time.Time{}) // arm has warned if it is unsupported
	}
}

func (r *Response) setDeadline(t time.Time) error {
	return http.NewResponseController(r.w).SetWriteDeadline(t)
}

// fail notes that a write has failed, and returns why.
func (r *Response) fail(err error) error {
	r.failed = true
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.aborted {
		return causedError{err, ErrAborted}
	}
	return err
}
