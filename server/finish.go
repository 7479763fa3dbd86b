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
		// This case comes first: net/http also ends the context of a request when one of its
		// writes fails, such as this one at the write timeout.
		o.endBy(EndSlowReader, err)
	case o.ctx.Err() != nil, errors.Is(err, transport.ErrHungUp):
		o.endBy(EndClientLeft, err)
	default:
		o.endBy(EndWriteFailed, err)
	}
	return sched.Over, 0
}

// endBy notes why the stream ends. After an abort that is EndShutdown, since the abort itself makes
// reads and writes fail; only a stream that has told the end of its session keeps its reason.
func (o *openStream) endBy(reason EndReason, err error) {
	if reason != EndSessionDeleted && (o.calls.Load()&callAbort != 0 || errors.Is(err, transport.ErrAborted)) {
		reason = EndShutdown
	}
	o.end = &ending{reason, err}
}

// finish ends the stream, also if a function of the application panics. Shutdown waits until all of
// it is done: the application may close the log after Shutdown.
func (o *openStream) finish() {
	panicked := true
	defer func() { o.close(!panicked) }()
	defer o.free()
	o.tellEnd()
	panicked = o.end == nil || o.end.reason == EndPanic
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

// close closes the response, as transport.Out does. It is the last step: Shutdown waits for it.
func (o *openStream) close(inOrder bool) {
	o.out.Close(inOrder)
	if socket, ok := o.out.(*transport.Socket); ok {
		o.part(socket)
		return
	}
	o.server.streams.remove(o)
}

// part gives the connection of a stream that has ended to its parting.
func (o *openStream) part(socket *transport.Socket) {
	s := o.server
	o.life.End()
	s.pool.Forget(&o.task)
	p := &parting{server: s, socket: socket}
	p.task.Init(s.pool, p)
	if s.streams.replace(o, p) { // if not, hurries stays: Shutdown may have called p.drain since
		p.hurries.Store(true)
	}
	rest, ok := socket.Part(s.clock.Now())
	p.rest = rest
	if ok && s.pool.Await(&p.task, socket.Raw()) {
		s.pool.Add(&p.task)
		return
	}
	if ok {
		p.rest.Linger()
	}
	p.Finish()
}
