package sched

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// job is a Job that notes what it is called for.
type job struct {
	task Task
	take func(j *job, mayBlock bool) (Do, clock.Instant) // nil: rests

	turns, blocking  atomic.Int64 // blocking are those of the turns that may block
	finished, hungUp atomic.Int64
	panics           atomic.Pointer[any]
	finish           func()
	inTurn           atomic.Bool
	twoAtOnce        atomic.Bool // two turns overlapped
}

func (j *job) Turn(mayBlock bool) (Do, clock.Instant) {
	if !j.inTurn.CompareAndSwap(false, true) {
		j.twoAtOnce.Store(true)
	}
	defer j.inTurn.Store(false)
	j.turns.Add(1)
	if mayBlock {
		j.blocking.Add(1)
	}
	if j.take == nil {
		return Rest, 0
	}
	return j.take(j, mayBlock)
}

func (j *job) Finish() {
	j.finished.Add(1)
	if j.finish != nil {
		j.finish()
	}
}

func (j *job) Panicked(v any) { j.panics.Store(&v) }

func (j *job) HungUp() { j.hungUp.Add(1) }

// inWheel returns how many tasks the wheel has.
func (p *Pool) inWheel() int {
	p.wheel.mu.Lock()
	defer p.wheel.mu.Unlock()
	return p.wheel.n
}

// wantTurns expects n turns in all.
func (j *job) wantTurns(t *testing.T, n int64) {
	t.Helper()
	if got := j.turns.Load(); got != n {
		t.Errorf("%d turns, want %d", got, n)
	}
	if j.twoAtOnce.Load() {
		t.Error("two turns at once")
	}
}

// wantOver expects that the job was finished once, and that nothing reaches it any more.
func (j *job) wantOver(t *testing.T) {
	t.Helper()
	turns := j.turns.Load()
	j.wake()
	j.wantTurns(t, turns)
	if n := j.finished.Load(); n != 1 {
		t.Errorf("finished %d times", n)
	}
	if n := j.task.pool.inWheel(); n != 0 || j.task.spoke.in {
		t.Errorf("%d tasks are in the wheel", n)
	}
	if s := j.task.state.Load(); s != over {
		t.Errorf("the state is %d", s)
	}
}

// script makes a job take its turns as given, and rest after the last.
func script(steps ...func(j *job) (Do, clock.Instant)) func(*job, bool) (Do, clock.Instant) {
	return func(j *job, _ bool) (Do, clock.Instant) {
		if n := int(j.turns.Load()); n <= len(steps) {
			return steps[n-1](j)
		}
		return Rest, 0
	}
}

func does(next Do) func(*job) (Do, clock.Instant) {
	return func(*job) (Do, clock.Instant) { return next, 0 }
}

func (p *Pool) add(take func(*job, bool) (Do, clock.Instant)) *job {
	j := p.hold(take)
	p.Add(&j.task)
	return j
}

// settle adds a job and waits until nothing more happens.
func (p *Pool) settle(take func(*job, bool) (Do, clock.Instant)) *job {
	defer synctest.Wait()
	return p.add(take)
}

// sleep waits for a time, and until nothing more happens.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wake wakes the task and waits until nothing more happens.
func (j *job) wake() {
	j.task.Wake()
	synctest.Wait()
}

// hold makes a job whose turns are the caller's.
func (p *Pool) hold(take func(*job, bool) (Do, clock.Instant)) *job {
	j := &job{take: take}
	j.task.Init(p, j)
	return j
}

// bubble runs a test with a pool and a clock that stands still until all wait. Its wheel
// calls nothing unless the test sleeps: a wake that is lost is not healed.
func bubble(t *testing.T, test func(t *testing.T, p *Pool)) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(clock.New(), time.Hour)
		test(t, p)
		p.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.workers != 0 || p.first != nil || p.waiting.Load() != 0 {
			t.Errorf("%d workers, %d of them wait, queued: %t", p.workers, p.waiting.Load(), p.first != nil)
		}
	})
}

// inBubble runs a subtest in a bubble.
func inBubble(t *testing.T, name string, test func(t *testing.T, p *Pool)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { bubble(t, test) })
}
