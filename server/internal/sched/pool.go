package sched

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// Pool takes the turns of many tasks on a few goroutines, its workers: none while there is
// nothing to do. A turn that blocks gets a goroutine of its own. All methods are safe for
// concurrent use.
//
// While workers wait for a slow log, more join, so that only those tasks wait whose log is
// slow. Those that are too many when the log has answered leave.
type Pool struct {
	clock   clock.Clock
	wheel   wheel
	watch   watch
	max     int            // how many workers there are without a slow log
	cap     int            // how many there are in any case
	procs   int            // how many can run at a time
	running sync.WaitGroup // all goroutines of the pool
	waiting atomic.Int64   // how many workers may be waiting for a log
	spare   sync.Pool      // of *worker

	// mu guards the fields below.
	mu          sync.Mutex
	workers     int
	first, last *Task // the queue

	// The look at a queue for which all workers are too few.
	timer   *time.Timer
	looking bool
	joined  int // how many workers joined at the last look
}

const (
	// lookAgain is how often the pool looks whether its workers wait for the log.
	lookAgain = 10 * time.Millisecond
	// maxWorkers caps the pool: when a log stops answering, most workers block in it, at a
	// few KB each.
	maxWorkers = 10_000
	// maxTurns is how many turns a worker gives a task before the next task has its own.
	maxTurns = 16
)

// NewPool returns a pool for tasks that mostly rest for rest (the heartbeat interval), which
// determines how exact it is: see [Pool.Slack].
func NewPool(c clock.Clock, rest time.Duration) *Pool {
	p := &Pool{clock: c, procs: runtime.GOMAXPROCS(0), cap: maxWorkers}
	p.max = 4 * p.procs
	p.spare.New = p.newWorker
	p.wheel.init(c, rest)
	return p
}

// Slack returns how late the pool may call a task that rests until an instant.
func (p *Pool) Slack() time.Duration { return p.wheel.part }

// Early returns a rest after which a task was called, and has taken its turn, when d has
// passed.
func (p *Pool) Early(d time.Duration) time.Duration { return max(d-2*p.wheel.part, d/2) }

// Add gives the pool a task whose turns the caller has taken so far. The caller must not
// touch the job any more: its next turn may run before Add returns.
func (p *Pool) Add(t *Task) { p.queue(t) }

// BeginWait says that a turn that must not block is about to ask a log that may not answer at once.
func (p *Pool) BeginWait() { p.waiting.Add(1) }

// EndWait says that the log has answered.
func (p *Pool) EndWait() { p.waiting.Add(-1) }

// Wait waits until no goroutine of the pool runs, for which all tasks must be over, and
// forgotten. It is for tests.
func (p *Pool) Wait() { p.running.Wait() }

// queue queues a task whose turns the caller has taken.
func (p *Pool) queue(t *Task) {
	t.state.Store(queued)
	p.push(t)
}

// rest gives up a task whose turns the caller has taken, until it is woken.
func (p *Pool) rest(t *Task, at clock.Instant) {
	if t.earlier(at) {
		p.wheel.set(t, at)
	}
	if !t.state.CompareAndSwap(held, idle) { // it was woken meanwhile
		p.queue(t)
	}
}

func (p *Pool) push(t *Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.first = t
	} else {
		p.last.next = t
	}
	p.last = t
	switch {
	case p.workers < p.max:
		p.join()
	case !p.looking:
		p.looking, p.joined = true, 0
		if p.timer == nil {
			p.timer = time.AfterFunc(lookAgain, p.look)
			return
		}
		p.timer.Reset(lookAgain)
	}
}

// join starts a worker with the next task.
func (p *Pool) join() {
	p.workers++
	p.running.Add(1)
	w := p.spare.Get().(*worker)
	w.first = p.take()
	go w.run()
}

// look makes workers join if the others wait for the log: one, and twice as many each time
// that these wait as well. While as many of them as there are processors do not wait, more
// would have none to run on.
func (p *Pool) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy() >= p.procs {
		p.joined = 0
	} else {
		p.joined = min(max(1, 2*p.joined), p.cap-p.workers)
	}
	for n := p.joined; n > 0 && p.first != nil; n-- {
		p.join()
	}
	if p.looking = p.first != nil; p.looking {
		p.timer.Reset(lookAgain)
	}
}

// busy returns how many workers do not wait for a log.
func (p *Pool) busy() int { return p.workers - int(p.waiting.Load()) }

// take takes the next task from the queue.
func (p *Pool) take() *Task {
	t := p.first
	if p.first = t.next; p.first == nil {
		p.last = nil
	}
	t.next = nil
	return t
}

// next returns the next task. It returns nil, and discounts the worker, if there is none or
// if enough other workers are there.
func (p *Pool) next() *Task {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil || p.workers > p.max && p.busy() > p.max {
		p.workers--
		return nil
	}
	return p.take()
}

// worker is what a worker starts with. It is kept with the function that it runs, so that a
// wake of an idle pool allocates nothing.
type worker struct {
	pool  *Pool
	first *Task
	run   func() // w.work
}

func (p *Pool) newWorker() any {
	w := &worker{pool: p}
	w.run = w.work
	return w
}

func (w *worker) work() {
	p, t := w.pool, w.first
	w.first = nil
	p.spare.Put(w)
	defer p.running.Done()
	for ; t != nil; t = p.next() {
		t.state.Store(held)
		p.serve(t)
	}
}
