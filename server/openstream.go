package server

import (
	"context"
	"sync/atomic"

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
	owed   int32         // the size of the write that out has sent only in part; 0: there is none
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

// requestContext is the context of a request. By its type, a stream tells whether an observer has
// put another context in its place.
type requestContext struct{ context.Context }

// ending says why a stream has ended.
type ending struct {
	reason EndReason
	err    error
}

// observed is what a stream needs to tell its observer what becomes of it.
type observed struct {
	lag       lag
	observer  StreamObserver // nil until the stream is opened, and if it is not observed
	replaying bool           // the observer is still to be told of the replay
}

// What other goroutines want of a stream.
const (
	callDrain  = 1 << iota // the server shuts down
	callAbort              // the server shuts down, and does not wait any longer
	callHungUp             // the client has closed the connection
)

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
