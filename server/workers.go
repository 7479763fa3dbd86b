package server

import (
	"runtime"
	"sync"
)

// States of a detached stream.
const (
	idle      = iota // nobody has it
	queued           // it is in the queue
	turning          // somebody takes its turns
	turnAgain        // so that whoever does looks again
)

// workers take the turns of detached streams that have something to do. They are
// goroutines, a few at the most, and none while there is nothing to do.
type workers struct {
	max     int
	running sync.WaitGroup // they, and goroutines of streams that wait

	mu          sync.Mutex
	n           int
	first, last *detached // the queue
}

// init bounds the workers: a log that is not in memory may have them wait.
func (w *workers) init(*Server) { w.max = 4 * runtime.GOMAXPROCS(0) }

// add sees to it that somebody takes a turn of the stream after the call.
func (w *workers) add(d *detached) {
	for {
		switch d.state.Load() {
		case idle:
			if d.state.CompareAndSwap(idle, queued) {
				w.push(d)
				return
			}
		case turning:
			if d.state.CompareAndSwap(turning, turnAgain) {
				return
			}
		default:
			return
		}
	}
}

// hand queues a stream whose turns the caller has taken.
func (w *workers) hand(d *detached) {
	d.state.Store(queued)
	w.push(d)
}

// release gives up a stream whose turns the caller has taken, for now.
func (w *workers) release(d *detached) {
	if !d.state.CompareAndSwap(turning, idle) {
		w.hand(d)
	}
}

// run runs f in a goroutine of a stream.
func (w *workers) run(f func()) { w.running.Go(f) }

func (w *workers) push(d *detached) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.first = d
	} else {
		w.last.next = d
	}
	w.last = d
	if w.n < w.max {
		w.n++
		w.running.Go(w.work)
	}
}

// pop returns the next stream, or nil for a worker that is to end.
func (w *workers) pop() *detached {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.first
	if d == nil {
		w.n--
		return nil
	}
	if w.first = d.next; w.first == nil {
		w.last = nil
	}
	d.next = nil
	return d
}

func (w *workers) work() {
	for d := w.pop(); d != nil; d = w.pop() {
		d.state.Store(turning)
		d.serve()
	}
}
