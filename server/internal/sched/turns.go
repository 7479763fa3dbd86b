package sched

import "github.com/mixstream/mixstream/server/internal/clock"

// serve takes turns of a task on a worker, as many as do not block.
func (p *Pool) serve(t *Task) {
	for range maxTurns {
		switch next, at := t.turn(false); next {
		case Again:
		case Rest:
			p.rest(t, at)
			return
		case Block:
			p.running.Go(func() { p.block(t) })
			return
		case Over:
			p.end(t)
			return
		}
	}
	p.queue(t)
}

// block takes turns of a task that may block, until it rests.
func (p *Pool) block(t *Task) {
	for {
		switch next, at := t.turn(true); next {
		case Again:
		case Rest:
			p.rest(t, at)
			return
		case Over:
			p.end(t)
			return
		}
	}
}

// turn takes a turn. As net/http does, it keeps a panic from ending the process; the task is
// over then.
func (t *Task) turn(mayBlock bool) (next Do, at clock.Instant) {
	defer func() {
		if v := recover(); v != nil {
			t.panicked(v)
			next = Over
		}
	}()
	if next, at = t.job.Turn(mayBlock); mayBlock && next == Block {
		panic(errBlock)
	}
	return next, at
}

// panicked tells the job of a panic. The job may call what has panicked, which may do so
// again.
func (t *Task) panicked(v any) {
	defer func() { _ = recover() }()
	t.job.Panicked(v)
}

// end takes a task out of the pool that is over. It finishes the job on a goroutine: a
// function of the application that learns of the end may take its time.
func (p *Pool) end(t *Task) {
	t.state.Store(over)
	p.wheel.remove(t)
	p.running.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				t.panicked(v)
			}
		}()
		t.job.Finish()
	})
}
