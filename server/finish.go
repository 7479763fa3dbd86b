package server

import (
	"errors"
	"os"

	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// writeFailed ends a stream whose write has failed.
func (o *openStream) writeFailed(err error) (sched.Do, clock.Instant) {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		o.endBy(EndSlowReader, err)
	case o.ctx.Err() != nil, // also at the write timeout, where net/http ends the context
		errors.Is(err, transport.ErrHungUp):
		o.endBy(EndClientLeft, err)
	default:
		o.endBy(EndWriteFailed, err)
	}
	return sched.Over, 0
}

// ending says why a stream has ended.
type ending struct {
	reason EndReason
	err    error
}

// endBy notes why the stream ends. What fails because the server does not wait any longer is the
// server's doing.
func (o *openStream) endBy(reason EndReason, err error) {
	if reason != EndSessionDeleted && (o.calls.Load()&callAbort != 0 || errors.Is(err, transport.ErrAborted)) {
		reason = EndShutdown
	}
	o.end = &ending{reason, err}
}

// finish ends the stream, also if a function of the application panics. Shutdown waits for all of
// it: the log may be closed then.
func (o *openStream) finish() {
	whole := false
	defer func() { o.close(whole) }()
	defer o.free()
	o.tellEnd()
	whole = o.end != nil && o.end.reason != EndPanic
}

// tellEnd tells the application that the stream has ended.
func (o *openStream) tellEnd() {
	defer o.closed()
	if o.readers != nil {
		o.server.readers.leave(o.readers, o.stream.Session())
	}
}

// free frees what the stream holds. It may be called more than once.
func (o *openStream) free() {
	p := o.place
	o.place = place{}
	defer o.server.streamGate.limits.free(p)
	o.stream.Close()
}

// close closes the response; whole says that the stream has ended in order. It is the last step:
// Shutdown waits for it.
func (o *openStream) close(whole bool) {
	o.out.Close(whole)
	if socket, ok := o.out.(*transport.Socket); ok {
		o.part(socket)
		return
	}
	o.server.streams.remove(o)
}
