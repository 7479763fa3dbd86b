package server

import (
	"fmt"
	"sync/atomic"

	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
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

// part gives the connection of a stream that has ended to its parting.
func (o *openStream) part(socket *transport.Socket) {
	s := o.server
	o.life.End()
	s.pool.Forget(&o.task)
	p := &parting{server: s, socket: socket}
	p.task.Init(s.pool, p)
	p.hurries.Store(s.streams.replace(o, p))
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

// parting is what is left of a detached stream that has ended: its connection, until the client
// has closed its side. Shutdown waits for it.
type parting struct {
	server  *engine
	socket  *transport.Socket
	rest    transport.Parting
	task    sched.Task
	hurries atomic.Bool // the server shuts down
}

// Turn implements sched.Job.
func (p *parting) Turn(bool) (sched.Do, clock.Instant) {
	now := p.server.clock.Now()
	if p.hurries.Load() {
		p.rest.Hurry(now)
	}
	switch p.rest.Read(now) {
	case transport.Reading:
		return sched.Again, 0
	case transport.Waiting:
		if p.server.pool.Await(&p.task, p.socket.Raw()) {
			return sched.Rest, p.rest.Until()
		}
	}
	return sched.Over, 0
}

// Finish implements sched.Job: it closes the connection.
func (p *parting) Finish() {
	p.server.pool.Forget(&p.task) // first: another connection may get the descriptor at once
	p.socket.HangUp()
	p.server.streams.remove(p)
}

// HungUp implements sched.Job: the wake is enough.
func (*parting) HungUp() {}

// Panicked implements sched.Job: nothing of the application runs here.
func (*parting) Panicked(any) {}

// drain shortens the parting. Any goroutine may call it.
func (p *parting) drain() {
	p.hurries.Store(true)
	p.task.Wake()
}

// abort ends the parting at once. Shutdown calls it.
func (p *parting) abort() {
	p.socket.Abort()
	p.task.Wake()
}
