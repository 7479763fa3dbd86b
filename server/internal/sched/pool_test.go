package sched

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// On a machine that has no time for the workers, more would have none either: they join only
// those that wait for the log.
func TestNoneJoinsWorkersWithoutTime(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		free := p.occupy(t, 4*p.max)
		sleep(20 * lookAgain)
		if n := p.workers; n != p.max {
			t.Errorf("%d workers, want %d", n, p.max)
		}
		free()
	})
}

// waits returns turns of a job that waits for the log until that has an answer, and is over then.
func (p *Pool) waits(answer <-chan struct{}) func(*job, bool) (Do, clock.Instant) {
	return script(func(*job) (Do, clock.Instant) {
		p.BeginWait()
		defer p.EndWait()
		<-answer
		return Over, 0
	})
}

// However many turns wait for a log, and whether it answers none of them or some all the time,
// other tasks are served. The pool shrinks when the log has answered.
func TestSlowLog(t *testing.T) {
	const slow = 3000
	for name, answers := range map[string]bool{"never": false, "one by one": true} {
		inBubble(t, name, func(t *testing.T, p *Pool) {
			free := make(chan struct{}) // a token for each answer
			for range slow {
				p.add(p.waits(free))
			}
			fast := p.add(script(does(Over)))
			answered := 0
			for fast.turns.Load() == 0 {
				if answers {
					select {
					case free <- struct{}{}:
						answered++
					default:
					}
				}
				sleep(time.Millisecond)
				if p.clock.Now() > clock.Instant(10*time.Second) {
					t.Fatalf("it waits for %d slow ones, of which %d were answered", slow, answered)
				}
			}
			if answered > slow/2 {
				t.Errorf("it has waited for the answers to %d of %d", answered, slow)
			}
			if p.workers > slow+p.max+1 {
				t.Errorf("%d workers", p.workers)
			}
			close(free)
			synctest.Wait()
		})
	}
}

// When the log has answered, those workers leave that are too many, though there is more to do.
func TestSurplusWorkersLeave(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		answer := make(chan struct{})
		for range 3 * p.max {
			p.add(p.waits(answer))
		}
		sleep(time.Second)
		if p.workers != 3*p.max {
			t.Errorf("%d workers wait for the log, want %d", p.workers, 3*p.max)
		}
		free := p.occupy(t, 4*p.max)
		close(answer)
		synctest.Wait()
		if p.workers != p.max || p.first == nil {
			t.Errorf("%d workers, want %d", p.workers, p.max)
		}
		free()
	})
}

// A turn that blocks has a goroutine, and holds no worker.
func TestBlockingTurnHoldsNoWorker(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		free := make(chan struct{})
		stuck := make([]*job, 3*p.max)
		for i := range stuck {
			stuck[i] = p.add(func(j *job, mayBlock bool) (Do, clock.Instant) {
				if !mayBlock {
					return Block, 0
				}
				<-free
				return Rest, 0
			})
		}
		other := p.settle(nil)
		other.wantTurns(t, 1)
		if p.workers != 0 {
			t.Errorf("%d workers", p.workers)
		}
		for _, j := range stuck {
			j.wantState(t, held)
			j.task.Wake()
			j.task.Wake()
			j.wantState(t, heldWoken)
		}
		close(free)
		synctest.Wait()
		for _, j := range stuck {
			j.wantTurns(t, 4) // the wake is for a worker, where it asks to block again
			j.wantState(t, idle)
		}
	})
}

// The pool is capped, also while a log answers nothing.
func TestMaxWorkers(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		p.cap = p.max + 100
		free := make(chan struct{})
		for range p.cap + 100 {
			p.add(p.waits(free))
		}
		sleep(10 * time.Second)
		if p.workers != p.cap {
			t.Errorf("%d workers, want %d", p.workers, p.cap)
		}
		close(free)
	})
}

// A panic between BeginWait and EndWait is counted out by a deferred EndWait, and a worker
// that has caught it goes on.
func TestPanicInTheLog(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		p.max = 1
		bad := p.add(script(func(*job) (Do, clock.Instant) {
			p.BeginWait()
			defer p.EndWait()
			panic("boom")
		}))
		good := p.settle(nil)
		bad.wantOver(t)
		good.wantTurns(t, 1)
	})
}
