package sched

import "github.com/mixstream/mixstream/server/internal/clock"

// Job is what a task does. One goroutine at a time calls Turn, and after the last turn
// Finish; Panicked is called by the same. So what they use needs no lock.
type Job interface {
	// Turn takes one step, and says what comes next. If mayBlock is false it must not block:
	// not for a client, and not for a function of the application. It may wait for a log
	// between [Pool.BeginWait] and [Pool.EndWait]. The pool may call it for nothing. The
	// instant counts for Rest alone.
	Turn(mayBlock bool) (next Do, at clock.Instant)
	// Finish is called once, after a turn of the pool that was the last: it returned Over
	// or panicked. It may block.
	Finish()
	// Panicked is given what a turn of the pool, or Finish, panicked with; the stack is
	// still there. A Panicked that panics itself is ignored.
	Panicked(value any)
	// HungUp says that the client has hung up (see [Pool.Watch]). A turn follows it. Any
	// goroutine may call it, also during a turn; it must not block.
	HungUp()
}

// Do is what a task does after a turn.
type Do uint8

// What a task does after a turn.
const (
	Again Do = iota // takes the next turn at once
	Rest            // waits for a wake, and for the instant if that is not zero
	Block           // takes the next turn on a goroutine where it may block
	Over            // takes no turn any more
)
