package server

import (
	"fmt"

	"github.com/mixstream/mixstream/server/internal/transport"
)

// handOver detaches the stream: from now on it writes to the socket, and the server's pool takes
// its turns. The caller must not use the stream after it.
func (o *openStream) handOver(socket *transport.Socket) {
	s := o.server
	if _, is := o.ctx.(*requestContext); is {
		o.ctx = &o.life // and nothing of the request lives as long as the stream
	} else {
		o.ctx = o.life.With(o.ctx) // with what the observer has put there
	}
	s.streams.mu.Lock()
	o.out = socket
	s.streams.mu.Unlock()
	o.stream.Govern(&s.detachedRules)
	s.pool.Watch(&o.task, socket.Raw())
	s.pool.Add(&o.task)
}

// HungUp implements sched.Job.
func (o *openStream) HungUp() {
	o.calls.Or(callHungUp)
	o.life.End()
}

// Panicked implements sched.Job.
func (o *openStream) Panicked(v any) {
	o.end = &ending{EndPanic, fmt.Errorf("server: panic: %v", v)}
	o.logPanic(v)
}

// Finish implements sched.Job.
func (o *openStream) Finish() { o.finish() }
