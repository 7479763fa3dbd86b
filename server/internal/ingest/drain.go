package ingest

import (
	"sync"
	"sync/atomic"
	"time"
)

// past is a deadline that interrupts what is being read.
var past = time.Unix(1, 0)

// drain interrupts the bodies of a handler when the server shuts down.
type drain struct {
	begun atomic.Bool

	mu     sync.Mutex
	bodies map[*body]chan struct{} // closed when nothing interrupts the body any more; nil: nothing does
}

// Drain interrupts the bodies that are being read, and each one that comes later. The server
// calls it when it begins to shut down.
func (h *Handler) Drain() {
	d := &h.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begun.Swap(true) {
		return
	}
	for b := range d.bodies {
		done := make(chan struct{})
		d.bodies[b] = done
		go func() { // SetReadDeadline may be that of a middleware
			defer close(done)
			b.interrupt()
		}()
	}
}

// draining reports whether the server shuts down.
func (h *Handler) draining() bool { return h.drain.begun.Load() }

// enter makes the drain interrupt a body, until leave.
func (d *drain) enter(b *body) {
	d.mu.Lock()
	begun := d.begun.Load()
	if !begun {
		if d.bodies == nil {
			d.bodies = make(map[*body]chan struct{})
		}
		d.bodies[b] = nil
	}
	d.mu.Unlock()
	if begun {
		b.interrupt()
	}
}

// leave returns when nothing interrupts the body any more.
func (d *drain) leave(b *body) {
	d.mu.Lock()
	done := d.bodies[b]
	delete(d.bodies, b)
	d.mu.Unlock()
	if done != nil {
		<-done
	}
}
