package server

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// States of a detached stream.
const (
	idle      = iota // nobody has it
	queued           // it is in the queue
	turning          // somebody takes its turns
	turnAgain        // so that whoever does looks again
)

// workers take the turns of detached streams that have something to do. They are
// goroutines: a few, and none while there is nothing to do. While they wait for a slow
// log, others join them, so that only the streams wait whose events are slow. Who is one
// too many when the log has answered leaves.
type workers struct {
	max     int
	procs   int            // how many can run at a time
	running sync.WaitGroup // they, and goroutines of streams that wait
	reading atomic.Int64   // how many are in the log, and may wait there

	mu          sync.Mutex
	n           int
	first, last *detached // the queue

	// The watch over a queue that all workers are too few for.
	timer    *time.Timer
	watching bool
	joined   int // how many workers it had join when it last looked
}

const (
	// lookAgain is how often somebody looks whether the workers wait for the log.
	lookAgain = 10 * time.Millisecond
	// maxWorkers bounds them, most of whom wait then, and with them the memory that a
	// log takes which does not answer: some kilobytes each.
	maxWorkers = 10_000
)

func (w *workers) init() {
	w.procs = runtime.GOMAXPROCS(0)
	w.max = 4 * w.procs
}

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
	switch {
	case w.n < w.max:
		w.start()
	case !w.watching:
		w.watching, w.joined = true, 0
		if w.timer == nil {
			w.timer = time.AfterFunc(lookAgain, w.look)
			return
		}
		w.timer.Reset(lookAgain)
	}
}

// start has another worker begin with the next stream.
func (w *workers) start() {
	w.n++
	d := w.take()
	w.running.Go(func() { w.work(d) })
}

// look has workers join if the others are in the log: one, and twice as many each
// time that these are as well. While as many of them as there are processors are
// elsewhere, others would have none to run on.
func (w *workers) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy() >= w.procs {
		w.joined = 0
	} else {
		w.joined = min(max(1, 2*w.joined), maxWorkers-w.n)
	}
	for n := w.joined; n > 0 && w.first != nil; n-- {
		w.start()
	}
	if w.watching = w.first != nil; w.watching {
		w.timer.Reset(lookAgain)
	}
}

// busy returns how many workers are not in the log.
func (w *workers) busy() int { return w.n - int(w.reading.Load()) }

// take takes the next stream from the queue.
func (w *workers) take() *detached {
	d := w.first
	if w.first = d.next; w.first == nil {
		w.last = nil
	}
	d.next = nil
	return d
}

// next returns the next stream, or nil for a worker that is to end: since there is
// none, or since enough others are there.
func (w *workers) next() *detached {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first == nil || w.n > w.max && w.busy() > w.max {
		w.n--
		return nil
	}
	return w.take()
}

func (w *workers) work(d *detached) {
	for ; d != nil; d = w.next() {
		d.state.Store(turning)
		d.serve()
	}
}
