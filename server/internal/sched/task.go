package sched

import (
	"sync/atomic"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// Task is a job and the state of its turns. It is a value of about 80 bytes, to be
// a field of the job. A zero Task, once Init was called, is in the hands of the caller, who
// may take turns of the job directly; then the caller gives it to [Task.Run] or [Pool.Add].
type Task struct {
	job   Job
	pool  *Pool
	token chan struct{} // that Run waits for; made before the state is attached
	armed atomic.Int64  // the instant of the next call by the wheel or the timer; zero: none
	state atomic.Uint32
	fd    int32 // that is watched; guarded by the watch
	next  *Task // in the queue; guarded by the pool
	spoke spoke // guarded by the wheel
}

// States of a task.
const (
	turning   = iota // somebody takes a turn: the maker, a worker, or a goroutine
	turnAgain        // and must look again after it
	idle             // it rests
	queued           // a worker will take a turn
	attached         // Run takes the turns, and rests between them
	over             // no turn is taken any more
)

// Init must be called before any other method.
func (t *Task) Init(p *Pool, j Job) { t.pool, t.job = p, j }

// Wake makes the task take a turn that begins after the call. Anybody may call it, at any
// time; it does not block.
func (t *Task) Wake() {
	for {
		switch t.state.Load() {
		case turning:
			if t.state.CompareAndSwap(turning, turnAgain) {
				return
			}
		case idle:
			if t.state.CompareAndSwap(idle, queued) {
				t.pool.push(t)
				return
			}
		case attached:
			put(t.token)
			return
		default: // a turn is to come already, or none at all
			return
		}
	}
}

// put puts a token into the channel, unless there is one.
func put(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}

// arms reports whether the task must be called at an instant, since nothing calls it
// before: a call that comes too early costs a turn for nothing, and one that is moved with
// each write costs more.
func (t *Task) arms(at clock.Instant) bool {
	armed := clock.Instant(t.armed.Load())
	return at != 0 && (armed == 0 || at < armed)
}

// due is called when the armed instant has come. The instant is cleared before the wake: the
// turn that follows must find that nothing calls it.
func (t *Task) due() {
	t.armed.Store(0)
	t.Wake()
}
