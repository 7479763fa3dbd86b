package sched

import (
	"sync/atomic"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// Task is a job and the state of its turns. It is a value of about 80 bytes, for a field of
// the job. After [Task.Init] the caller holds the task: it may take turns of the job directly,
// and then gives the task to [Task.Run] or [Pool.Add].
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
	held      = iota // one goroutine may take turns: the caller of Init, a worker, or one that may block
	heldWoken        // and must take another turn before it rests
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
		case held:
			if t.state.CompareAndSwap(held, heldWoken) {
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

// earlier reports whether an instant, if it is not zero, comes before the one that is armed, so
// that the caller must arm it. A later instant is not armed: the call comes too early then, and
// the turn arms the next. Such a turn for nothing costs less than to move the call with each
// write.
func (t *Task) earlier(at clock.Instant) bool {
	armed := clock.Instant(t.armed.Load())
	return at != 0 && (armed == 0 || at < armed)
}

// due is called when the armed instant has come. The instant is cleared before the wake: the
// turn that follows must find that nothing calls it.
func (t *Task) due() {
	t.armed.Store(0)
	t.Wake()
}
