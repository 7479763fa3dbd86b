// Package transport brings bytes to one client: over a [Response], which is an
// http.ResponseWriter, or over a [Socket], which is a connection taken from net/http. It
// knows nothing of events.
package transport

import (
	"errors"
	"sync"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// Out is a way to one client. All methods but Abort belong to the one goroutine that
// drives the stream at a time.
type Out interface {
	// Write sends what the buffer holds, in one piece. It reports whether all of it is
	// out: if not, and err is nil, the rest is owed, and the caller must call Pay before
	// the next Write. A Write that may block owes nothing. The buffer stays the caller's,
	// who may use it again at once. An error is final: later writes fail.
	Write(now clock.Instant, b Buffer, mayBlock bool) (out bool, err error)
	// Pay sends what is owed, and waits until it is out or the write timeout has passed.
	Pay() error
	// Abort makes the current and every later write fail with [ErrAborted]. Anybody may
	// call it, at any time, any number of times.
	Abort()
	// Close ends the response. It does so in order if inOrder says so and all writes are
	// out; otherwise the client sees that the response is cut. Nothing may be written
	// after it.
	Close(inOrder bool)
}

// Buffer is what one write sends.
type Buffer interface {
	Len() int        // of the payload
	Payload() []byte // what a Response sends
	Chunk() []byte   // the payload as one chunk of HTTP/1.1 (RFC 9112, section 7.1), for a Socket
}

// Config is what the connections of one server share. It must not be copied.
type Config struct {
	Clock        clock.Clock
	WriteTimeout time.Duration // for each write
	SendBuffer   int           // bytes of a Socket's kernel buffer; zero or less leaves it

	warned sync.Once // that deadlines are not supported
}

var (
	// ErrAborted is why a write failed on a connection that was aborted.
	ErrAborted = errors.New("server: shut down")
	// ErrHungUp is why a write failed on a Socket that the client has closed.
	ErrHungUp = errors.New("server: the client has left")
	// ErrNoFlush is why a stream cannot be served behind a middleware that buffers.
	ErrNoFlush = errors.New("server: the http.ResponseWriter cannot flush: a middleware hides http.Flusher, and has no Unwrap method for http.ResponseController")

	errFailed = errors.New("server: a write failed before")
	errOwed   = errors.New("server: a write while bytes are owed")
)

// causedError is an error of a write with a known cause, ErrAborted or ErrHungUp. It reads as
// what the connection said.
type causedError struct {
	error
	cause error
}

func (e causedError) Unwrap() error { return e.error }

func (e causedError) Is(target error) bool { return target == e.cause }
