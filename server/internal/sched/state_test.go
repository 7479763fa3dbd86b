package sched

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// The table of states: state, event, action. That of an attached task is in attached_test.go.

func TestIdleAndQueued(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		free := p.occupy(t, p.max)
		j := p.add(nil)
		j.wantState(t, queued)
		for range 3 {
			j.task.Wake() // a turn is to come already
		}
		j.wantState(t, queued)
		free()
		synctest.Wait()
		j.wantTurns(t, 1)
		j.wantState(t, idle)
		j.wake()
		j.wantTurns(t, 2)
		j.wantState(t, idle)
	})
}

// occupy adds tasks that keep their workers until the returned function is called.
func (p *Pool) occupy(t *testing.T, tasks int) (free func()) {
	t.Helper()
	gate := make(chan struct{})
	for range tasks {
		p.add(script(func(*job) (Do, clock.Instant) { <-gate; return Over, 0 }))
	}
	synctest.Wait()
	return func() { close(gate) }
}

// Turns that a worker takes, and a goroutine of the task after it has asked to block.
func TestTurningByThePool(t *testing.T) {
	for _, by := range []struct {
		name     string
		first    []func(*job) (Do, clock.Instant) // what brings the task there
		blocking int64                            // whether its turns may block
	}{
		{"worker", nil, 0},
		{"goroutine", []func(*job) (Do, clock.Instant){does(Block)}, 1},
	} {
		before := int64(len(by.first))
		steps := func(more ...func(*job) (Do, clock.Instant)) func(*job, bool) (Do, clock.Instant) {
			return script(slices.Concat(by.first, more)...)
		}
		wake := func(next Do) func(*job) (Do, clock.Instant) {
			return func(j *job) (Do, clock.Instant) {
				j.task.Wake()
				j.task.Wake()
				if s := j.task.state.Load(); s != heldWoken {
					panic("the state is not that of a task which takes another turn")
				}
				return next, 0
			}
		}
		for _, row := range []struct {
			name            string
			take            func(*job, bool) (Do, clock.Instant)
			turns, blocking int64
			state           uint32
		}{
			{"rest", steps(does(Rest)), 1, by.blocking, idle},
			{"again", steps(does(Again), does(Again), does(Rest)), 3, 3 * by.blocking, idle},
			// A wake during a turn: whatever that turn says, another follows.
			{"wake, rest", steps(wake(Rest), does(Rest)), 2, by.blocking, idle},
			{"wake, again", steps(wake(Again), does(Rest)), 3, 2 * by.blocking, idle},
			{"over", steps(does(Over)), 1, by.blocking, over},
			{"wake, over", steps(wake(Over)), 1, by.blocking, over},
		} {
			inBubble(t, by.name+", "+row.name, func(t *testing.T, p *Pool) {
				j := p.settle(row.take)
				j.wantTurns(t, before+row.turns)
				j.wantState(t, row.state)
				if n := j.blocking.Load(); n != row.blocking {
					t.Errorf("%d turns might block, want %d", n, row.blocking)
				}
				if j.panics.Load() != nil {
					t.Errorf("panicked: %v", *j.panics.Load())
				}
				if row.state == over {
					j.wantOver(t)
					return
				}
				j.wake()
				j.wantTurns(t, before+row.turns+1)
			})
		}
		inBubble(t, by.name+", rest until", func(t *testing.T, p *Pool) {
			at := p.clock.Now().Add(20 * time.Second)
			until := func(*job) (Do, clock.Instant) { return Rest, at }
			j := p.add(steps(until))
			k := p.add(steps(func(j *job) (Do, clock.Instant) { // armed and queued
				j.task.Wake()
				return Rest, at
			}))
			synctest.Wait()
			j.wantArmed(t, at)
			k.wantArmed(t, at)
			j.wantTurns(t, before+1)
			k.wantTurns(t, before+2)
			sleep(20*time.Second - 1)
			j.wantTurns(t, before+1)
			k.wantTurns(t, before+2)
			sleep(p.Slack() + 1)
			j.wantTurns(t, before+2)
			k.wantTurns(t, before+3)
			j.wantArmed(t, 0)
		})
		inBubble(t, by.name+", panic", func(t *testing.T, p *Pool) {
			at := p.clock.Now().Add(time.Hour)
			j := p.add(script(slices.Concat(by.first, []func(*job) (Do, clock.Instant){
				func(*job) (Do, clock.Instant) { return Rest, at },
			}, by.first, []func(*job) (Do, clock.Instant){
				func(*job) (Do, clock.Instant) { panic("boom") },
			})...))
			synctest.Wait()
			j.wantArmed(t, at)
			j.wake()
			if v := j.panics.Load(); v == nil || *v != "boom" {
				t.Fatal("Panicked was not called")
			}
			j.wantOver(t)
		})
	}
}

// A turn that may block must not ask to block: it would ask again and again.
func TestBlockTwice(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		j := p.settle(script(does(Block), does(Block)))
		if v := j.panics.Load(); v == nil || *v != any(errBlock) {
			t.Error("Panicked was not called")
		}
		j.wantOver(t)
	})
}

// A worker gives a task maxTurns turns before the next task has its own. No task waits for a
// goroutine.
func TestAgainAndAgain(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		p.max = 1
		const turns = 3*maxTurns + 2
		var order []*job
		take := func(j *job, _ bool) (Do, clock.Instant) {
			order = append(order, j)
			if j.turns.Load() < turns {
				return Again, 0
			}
			return Rest, 0
		}
		free := p.occupy(t, p.max) // so that both are queued when the worker comes
		a, b := p.add(take), p.add(take)
		free()
		synctest.Wait()
		a.wantTurns(t, turns)
		b.wantTurns(t, turns)
		for i, j := range order[:6*maxTurns] {
			if want := []*job{a, b}[i/maxTurns%2]; j != want {
				t.Fatalf("turn %d is the other's", i)
			}
		}
	})
	bubble(t, func(t *testing.T, p *Pool) {
		j := p.add(func(j *job, _ bool) (Do, clock.Instant) {
			switch n := j.turns.Load(); {
			case n == 1:
				return Block, 0
			case n < 10*maxTurns:
				return Again, 0
			}
			return Rest, 0
		})
		synctest.Wait()
		if n := j.blocking.Load(); n != 10*maxTurns-1 {
			t.Errorf("%d turns on the goroutine", n)
		}
	})
}

// Finish may block and panic, and so may what it is told by.
func TestFinish(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		p.max = 1
		gate := make(chan struct{})
		slow := p.hold(script(does(Over)))
		slow.finish = func() { <-gate }
		bad := p.hold(script(does(Over)))
		bad.finish = func() { panic("boom") }
		p.Add(&slow.task)
		p.Add(&bad.task)
		other := p.settle(nil)
		other.wantTurns(t, 1) // the only worker is not held
		if v := bad.panics.Load(); v == nil || *v != "boom" {
			t.Error("Panicked was not called with the panic of Finish")
		}
		close(gate)
	})
	bubble(t, func(t *testing.T, p *Pool) {
		j := &rude{}
		j.take = script(func(*job) (Do, clock.Instant) { panic("boom") })
		j.task.Init(p, j)
		p.Add(&j.task)
		synctest.Wait()
		j.wantOver(t)
	})
}

// rude is a job whose Panicked panics.
type rude struct{ job }

func (*rude) Panicked(any) { panic("another") }
