package sched

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// The table of states of a task that the goroutine of its request runs.

func TestTurningByTheRequest(t *testing.T) {
	for name, woken := range map[string]bool{"wake": true, "no wake": false} {
		inBubble(t, "to the pool, "+name, func(t *testing.T, p *Pool) {
			j := p.hold(nil)
			if woken {
				j.task.Wake()
				j.task.Wake()
			}
			synctest.Wait()
			j.wantTurns(t, 0) // they are the request's
			p.Add(&j.task)
			synctest.Wait()
			j.wantTurns(t, 1)
			j.wantState(t, idle)
		})
		inBubble(t, "to Run, "+name, func(t *testing.T, p *Pool) {
			j := p.hold(nil)
			if woken {
				j.task.Wake()
			}
			leave := j.run(t)
			j.wantTurns(t, 1)
			leave()
		})
	}
}

// run lets a goroutine run an attached job, which the returned function ends by its context.
func (j *job) run(t *testing.T) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool, 1)
	go func() { ended <- j.task.Run(ctx) }()
	synctest.Wait()
	return func() {
		t.Helper()
		cancel()
		if <-ended {
			t.Error("Run says that the task is over")
		}
	}
}

func (j *job) wantState(t *testing.T, state uint32) {
	t.Helper()
	if s := j.task.state.Load(); s != state {
		t.Errorf("the state is %d, want %d", s, state)
	}
}

func TestAttached(t *testing.T) {
	inBubble(t, "wake", func(t *testing.T, p *Pool) {
		for _, wakeOf := range []func(*Task) func(){func(t *Task) func() { return t.Wake }, (*Task).Attach} {
			j := p.hold(nil)
			wake := wakeOf(&j.task)
			leave := j.run(t)
			j.wantState(t, attached)
			wake()
			synctest.Wait()
			j.wantTurns(t, 2)
			j.wake()
			j.wantTurns(t, 3)
			if n := j.blocking.Load(); n != 3 {
				t.Errorf("only %d turns may block", n)
			}
			leave()
			wake()
			j.wantState(t, over)
		}
	})
	inBubble(t, "wake before Run", func(t *testing.T, p *Pool) {
		j := p.hold(nil)
		j.task.Attach()()
		defer j.run(t)()
		if j.turns.Load() == 0 {
			t.Error("no turn")
		}
	})
	inBubble(t, "wake during a turn", func(t *testing.T, p *Pool) {
		j := p.hold(script(func(j *job) (Do, clock.Instant) {
			j.task.Wake()
			return Rest, 0
		}))
		defer j.run(t)()
		j.wantTurns(t, 2)
	})
	inBubble(t, "again", func(t *testing.T, p *Pool) {
		j := p.hold(script(does(Again), does(Again)))
		defer j.run(t)()
		j.wantTurns(t, 3)
	})
	inBubble(t, "rest", func(t *testing.T, p *Pool) {
		begin := p.clock.Now()
		until := func(d time.Duration) func(*job) (Do, clock.Instant) {
			return func(*job) (Do, clock.Instant) { return Rest, begin.Add(d) }
		}
		j := p.hold(script(until(10*time.Second), until(20*time.Second), until(5*time.Second), until(time.Minute)))
		leave := j.run(t)
		defer leave()
		j.task.Wake() // what it rests for then is later, and arms nothing
		synctest.Wait()
		j.wantArmed(t, begin.Add(10*time.Second))
		j.task.Wake() // and this is sooner
		synctest.Wait()
		j.wantArmed(t, begin.Add(5*time.Second))
		for _, step := range []struct {
			at    time.Duration
			turns int64
		}{{5*time.Second - 1, 3}, {5 * time.Second, 4}, {time.Minute - 1, 4}, {time.Minute, 5}} {
			sleep(begin.Add(step.at).Sub(p.clock.Now()))
			j.wantTurns(t, step.turns)
		}
		if p.inWheel() != 0 {
			t.Error("an attached task is in the wheel")
		}
	})
	inBubble(t, "over", func(t *testing.T, p *Pool) {
		j := p.hold(script(does(Again), does(Over)))
		if !j.task.Run(t.Context()) {
			t.Error("Run says that the context has ended")
		}
		j.wantTurns(t, 2)
		j.wantState(t, over)
		if j.finished.Load() != 0 {
			t.Error("Run has called Finish")
		}
	})
	boom := errors.New("boom")
	for want, turn := range map[error]func(*job) (Do, clock.Instant){boom: func(*job) (Do, clock.Instant) { panic(boom) }, errBlock: does(Block)} {
		inBubble(t, "panic: "+want.Error(), func(t *testing.T, p *Pool) {
			j := p.hold(script(turn))
			defer func() {
				if v := recover(); v != want { //nolint:errorlint // the value itself
					t.Errorf("panicked with %v", v)
				}
				if j.panics.Load() != nil || j.finished.Load() != 0 {
					t.Error("Run has handled the panic, which its caller must see")
				}
				j.wantState(t, over)
			}()
			j.task.Run(t.Context())
		})
	}
}

func (j *job) wantArmed(t *testing.T, at clock.Instant) {
	t.Helper()
	if armed := clock.Instant(j.task.armed.Load()); armed != at {
		t.Errorf("armed for %d, want %d", armed, at)
	}
}
