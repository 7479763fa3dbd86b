package sched

import (
	"context"
	"errors"
	"time"
)

// Attach says that the task will be given to [Task.Run] and to no pool. It returns a
// function that is like Wake, but touches less memory: a publisher calls it for each reader.
func (t *Task) Attach() (wake func()) {
	token := make(chan struct{}, 1)
	t.token = token
	return func() { put(token) }
}

// Run takes the turns of the task, on the caller's goroutine and all of them may block, and
// rests in between. It returns true after a turn that returned Over, and false when the
// context has ended. A panic of a turn is the caller's; Finish and Panicked are not called.
func (t *Task) Run(ctx context.Context) (ended bool) {
	if t.token == nil {
		t.token = make(chan struct{}, 1)
	}
	t.state.Store(attached) // what it was woken for before, the first turn finds
	defer t.state.Store(over)
	timer := time.AfterFunc(time.Hour, t.due) // for nothing, if nothing is due before
	defer timer.Stop()
	for {
		next, at := t.job.Turn(true)
		switch next {
		case Again:
			continue
		case Over:
			return true
		case Block:
			panic(errBlock)
		}
		if t.earlier(at) {
			t.armed.Store(int64(at))
			timer.Reset(at.Sub(t.pool.clock.Now()))
		}
		select {
		case <-t.token:
		case <-ctx.Done():
			return false
		}
	}
}

// errBlock is what a job panics with that asks for what it has.
var errBlock = errors.New("sched: a turn that may block has asked to block")
