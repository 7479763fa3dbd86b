package server

import (
	"sync/atomic"

	"github.com/mixstream/mixstream/server/internal/clock"
	"github.com/mixstream/mixstream/server/internal/sched"
	"github.com/mixstream/mixstream/server/internal/transport"
)

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
