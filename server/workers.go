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
// goroutines, a few at the most, and none while there is nothing to do. While they
// wait for a slow log, others join them, so that only the streams wait whose events
// are slow.
type workers struct {
	max     int
	procs   int            // how many can run at a time
	running sync.WaitGroup // they, and goroutines of streams that wait
	reading atomic.Int64   // how many are in the log, and may wait there

	mu          sync.Mutex
	n           int
	first, last *detached // the queue
	taken       int       // how many streams were taken from it

	// The watch over a queue that all workers are too few for.
	timer    *time.Timer
	watching bool
	seen     int // what taken was when it looked
	joined   int // how many workers it had join then
}

const (
	// stall is how long no worker takes a stream before others join them.
	stall = 10 * time.Millisecond
	// maxWorkers bounds them, most of whom wait then.
	maxWorkers = 1000
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
		w.lookAgain()
	}
}

func (w *workers) start() {
	w.n++
	w.running.Go(w.work)
}

// look has workers join if the others wait for the log: one, and twice as many each
// time that these wait as well. Where enough of them do not, and yet take no stream,
// the machine has no time for them, and would have none for others.
func (w *workers) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.first == nil {
		w.watching = false
		return
	}
	if w.taken-w.seen > w.joined || w.n-int(w.reading.Load()) >= w.procs {
		w.joined = 0
	} else {
		w.joined = min(max(1, 2*w.joined), maxWorkers-w.n)
	}
	for range w.joined {
		w.start()
	}
	w.lookAgain()
}

func (w *workers) lookAgain() {
	w.seen = w.taken
	if w.timer == nil {
		w.timer = time.AfterFunc(stall, w.look)
		return
	}
	w.timer.Reset(stall)
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
	w.taken++
	return d
}

func (w *workers) work() {
	for d := w.pop(); d != nil; d = w.pop() {
		d.state.Store(turning)
		d.serve()
	}
}
