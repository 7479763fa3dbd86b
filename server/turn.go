package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/mixstream/mixstream/internal/ssewrite"
	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/stream"
	"github.com/mixstream/mixstream/server/internal/transport"
)

// Turn implements sched.Job: it takes one step of the stream, with at most one write. Without
// mayBlock it waits for nothing but the log.
func (o *openStream) Turn(mayBlock bool) (sched.Do, clock.Instant) {
	if o.calls.Load() != 0 && o.attend() {
		return sched.Over, 0
	}
	if o.owed > 0 {
		return o.pay(mayBlock)
	}
	var found stream.Found
	if o.stream.Reads() && !o.read(&found, mayBlock) {
		return sched.Over, 0
	}
	if at, ok := o.stream.SayNothing(&found); ok {
		return sched.Rest, at
	}
	buf, now := ssewrite.NewBuffer(), o.server.clock.Now()
	next := o.stream.Say(now, &found, buf)
	size := buf.Len()
	out, err := o.out.Write(now, buf, mayBlock)
	buf.Free()
	switch {
	case err != nil:
		return o.writeFailed(err)
	case !out:
		o.owed = int32(size) //nolint:gosec // an event of 2 GB is over every limit
		return sched.Block, 0
	}
	o.sent(size)
	return o.act(next, mayBlock)
}

// firstTurn takes the first turn, and reports whether it is the last.
func (o *openStream) firstTurn() (over bool) {
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

// errHungUp is the error with which a stream ends whose client has closed the connection.
var errHungUp = errors.New("server: the client has left")

// pay sends the rest of a write that did not go out at once. The turn after it goes on.
func (o *openStream) pay(mayBlock bool) (sched.Do, clock.Instant) {
	if !mayBlock {
		return sched.Block, 0
	}
	if err := o.out.Pay(); err != nil {
		return o.writeFailed(err)
	}
	size := int(o.owed)
	o.owed = 0
	o.sent(size)
	return sched.Again, 0
}

// read reads the log. It reports false if the stream's context has ended meanwhile.
func (o *openStream) read(found *stream.Found, mayBlock bool) bool {
	if o.observed != nil {
		o.observed.lag.reading(o.server.clock.Now())
	}
	if !mayBlock { // a worker of the pool waits for the log, and another may have to take its place
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

// act does what Say has returned, once the bytes of the turn are out.
func (o *openStream) act(next stream.Next, mayBlock bool) (sched.Do, clock.Instant) {
	switch next.Act {
	case stream.Wait:
		return sched.Rest, next.At
	case stream.End:
		o.endBy(endReasons[next.Why], next.Err)
		return sched.Over, 0
	case stream.Ask:
		if !mayBlock {
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

// errRevoked is the error with which a stream ends whose client may no longer read the session.
var errRevoked = errors.New("server: access revoked")
