package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/stream"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// openStream joins what a client is told (stream), how the bytes go out (out), and who takes its
// turns (task): attached, the goroutine of its request, or detached, the server's pool.
//
// Only the goroutine that takes a turn uses the fields, unless their comments say otherwise.
type openStream struct {
	server *engine
	stream stream.Stream
	task   sched.Task    // any goroutine may wake it
	calls  atomic.Uint32 // what other goroutines want of it; a wake follows
	unsent int32         // the size of a write that is not yet out; 0: there is none
	told   uint64        // the position of the last write that is out

	ctx       context.Context
	life      sched.Context // what ends ctx once the stream is detached; any goroutine may end it
	authorize func() error  // asks the authorizer again; nil: never
	remote    string        // the client's address
	began     clock.Instant

	place    place     // within the limits
	readers  *audience // that it counts in; nil while it counts in none
	observed *observed // nil without an observer
	end      *ending   // nil until the end is known, or if a function of the application panics

	out transport.Out // nil until the header is prepared; streams.mu guards a change against an abort
}

// What other goroutines want of a stream.
const (
	callDrain  = 1 << iota // the server shuts down
	callAbort              // the server shuts down, and does not wait any longer
	callHungUp             // the client has closed the connection
)

// Turn implements sched.Job: it takes one step of the stream, with at most one write. Without
// wait it blocks for nothing but the log.
func (o *openStream) Turn(wait bool) (sched.Do, clock.Instant) {
	if o.calls.Load() != 0 && o.attend() {
		return sched.Over, 0
	}
	if o.unsent > 0 {
		return o.pay(wait)
	}
	var found stream.Found
	if o.stream.Reads() && !o.read(&found, wait) {
		return sched.Over, 0
	}
	if at, ok := o.stream.Rests(&found); ok {
		return sched.Rest, at
	}
	buf, now := ssewrite.NewBuffer(), o.server.clock.Now()
	next := o.stream.Turn(now, &found, buf)
	size := buf.Len()
	out, err := o.out.Write(now, buf, wait)
	buf.Free()
	switch {
	case err != nil:
		return o.writeFailed(err)
	case !out:
		o.unsent = int32(size) //nolint:gosec // an event of 2 GB is over every limit
		return sched.Block, 0
	}
	o.sent(size)
	return o.follow(next, wait)
}

// begins takes the first turn, and reports whether it is the last.
func (o *openStream) begins() (over bool) {
	next, _ := o.Turn(true)
	return next == sched.Over
}

// run takes the turns of an attached stream, until its end.
func (o *openStream) run() {
	if !o.task.Run(o.ctx) {
		o.endBy(EndClientLeft, context.Cause(o.ctx))
	}
}

// attend does what other goroutines want of the stream, and reports whether that ends it.
func (o *openStream) attend() (over bool) {
	switch calls := o.calls.Swap(0); {
	case calls&callAbort != 0:
		o.endBy(EndShutdown, transport.ErrAborted)
		return true
	case calls&callHungUp != 0:
		o.endBy(EndClientLeft, errHungUp)
		return true
	case calls&callDrain != 0:
		o.stream.Drain(o.server.clock.Now().Add(stream.Jitter(o.server.streams.spread)))
	}
	return false
}

// errHungUp is behind the end of a stream whose client has closed the connection.
var errHungUp = errors.New("server: the client has left")

// pay sends the rest of a write that did not go out at once. The turn after it goes on.
func (o *openStream) pay(wait bool) (sched.Do, clock.Instant) {
	if !wait {
		return sched.Block, 0
	}
	if err := o.out.Pay(); err != nil {
		return o.writeFailed(err)
	}
	size := int(o.unsent)
	o.unsent = 0
	o.sent(size)
	return sched.Again, 0
}

// read reads the log. It reports false if the stream's context has ended meanwhile.
func (o *openStream) read(found *stream.Found, wait bool) bool {
	if o.observed != nil {
		o.observed.lag.reading(o.server.clock.Now())
	}
	if !wait {
		o.server.pool.BeginWait()
		defer o.server.pool.EndWait()
	}
	o.stream.Read(o.ctx, found)
	switch {
	case found.Err() != nil && o.ctx.Err() != nil:
		o.endBy(EndClientLeft, context.Cause(o.ctx))
		return false
	case found.Nothing():
		o.caughtUp()
	}
	return true
}

// follow does what a turn of the stream has told, whose bytes are out.
func (o *openStream) follow(next stream.Next, wait bool) (sched.Do, clock.Instant) {
	switch next.Do {
	case stream.Rest:
		return sched.Rest, next.At
	case stream.End:
		o.endBy(endReasons[next.Why], next.Err)
		return sched.Over, 0
	case stream.Ask:
		if !wait {
			return sched.Block, 0 // the authorizer may take its time
		}
		o.ask()
	}
	return sched.Again, 0
}

// ask asks the authorizer whether the client may still read the session. An error that is no
// refusal does not end the stream: what the authorizer depends on may be down.
func (o *openStream) ask() {
	err := o.authorize()
	if refusal := asRefusal(err); refusal != nil && refusal.Status < 500 {
		o.stream.Revoke(fmt.Errorf("%w: %w", errRevoked, err))
		return
	}
	if err != nil && o.ctx.Err() == nil {
		o.log(slog.LevelError, "reauthorize", slog.Any("error", err))
	}
	o.stream.Allow(o.server.clock.Now())
}

// errRevoked is behind the end of a stream whose client may no longer read the session.
var errRevoked = errors.New("server: access revoked")

// call wants something of the stream. Any goroutine may call it.
func (o *openStream) call(call uint32) {
	o.calls.Or(call)
	o.task.Wake()
}

// drain makes the stream end in order: the server shuts down. Any goroutine may call it.
func (o *openStream) drain() { o.call(callDrain) }

// abort ends the stream at once, also in the middle of a write. Shutdown calls it.
func (o *openStream) abort() {
	o.calls.Or(callAbort) // first: a write that the abort ends must find it
	o.out.Abort()
	o.life.End()
	o.task.Wake()
}
