package sched

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// until returns a turn that rests until the instants, one after the other, and counts the
// calls that come too early or too late.
func until(t *testing.T, p *Pool, instants ...clock.Instant) func(*job, bool) (Do, clock.Instant) {
	return func(*job, bool) (Do, clock.Instant) {
		now := p.clock.Now()
		for len(instants) > 0 && instants[0].Passed(now) {
			if late := now.Sub(instants[0]); late > p.Slack() {
				t.Errorf("called %v late", late)
			}
			instants = instants[1:]
		}
		if len(instants) == 0 {
			return Over, 0
		}
		return Rest, instants[0]
	}
}

// The wheel is at most one part late, for however many tasks and whatever instants, those
// beyond all its slots among them.
func TestWheelIsInTime(t *testing.T) {
	for name, rest := range map[string]time.Duration{
		"of milliseconds": time.Millisecond,
		"of a heartbeat":  15 * time.Second,
		"of an hour":      time.Hour, // beyond its slots
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := NewPool(clock.New(), rest)
				if p.Slack() < time.Millisecond || p.Slack() > maxPart {
					t.Errorf("a slack of %v", p.Slack())
				}
				jobs := make([]*job, 200) // more than one turn of the wheel takes at a time
				for i := range jobs {
					at, instants := p.clock.Now(), make([]clock.Instant, 20)
					for k := range instants {
						at = at.Add(rand.N(min(2*rest, time.Minute)))
						if i%2 == 0 { // many at once
							at -= at%clock.Instant(20*p.Slack()) - 1
						}
						instants[k] = at
					}
					jobs[i] = p.add(until(t, p, instants...))
				}
				sleep(20*min(2*rest, time.Minute) + 2*p.Slack())
				for _, j := range jobs {
					if j.finished.Load() != 1 {
						t.Fatal("a job was not called to its end")
					}
				}
				if p.inWheel() != 0 || p.wheel.timer.Stop() {
					t.Error("the wheel goes on without tasks")
				}
			})
		})
	}
}

// An instant that is sooner arms the wheel anew; one that is later leaves it, and costs a turn
// for nothing.
func TestSoonerAndLater(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		now := p.clock.Now()
		rests := []time.Duration{10 * time.Second, 20 * time.Second, 5 * time.Second}
		j := p.add(func(j *job, _ bool) (Do, clock.Instant) {
			if n := int(j.turns.Load()); n <= len(rests) {
				return Rest, now.Add(rests[n-1])
			}
			return Rest, 0
		})
		for _, armed := range []time.Duration{10 * time.Second, 10 * time.Second, 5 * time.Second} {
			synctest.Wait()
			j.wantArmed(t, now.Add(armed))
			if p.inWheel() != 1 {
				t.Errorf("it is in the wheel %d times", p.inWheel())
			}
			j.task.Wake()
		}
		synctest.Wait()
		j.wantTurns(t, 4)
		sleep(5*time.Second + p.Slack())
		j.wantTurns(t, 5)
		sleep(time.Hour)
		j.wantTurns(t, 5)
	})
}

// A task that rests until an instant in the past is called once a part of time, also while the
// wheel calls many others.
func TestRestInThePast(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		past := p.clock.Now()
		time.Sleep(time.Second)
		var over atomic.Bool
		jobs := make([]*job, 500)
		for i := range jobs {
			jobs[i] = p.add(func(*job, bool) (Do, clock.Instant) {
				if over.Load() {
					return Over, 0
				}
				return Rest, past
			})
		}
		sleep(100 * p.Slack())
		for _, j := range jobs {
			if n := j.turns.Load(); n < 50 || n > 102 {
				t.Errorf("%d turns in a hundred parts", n)
			}
		}
		over.Store(true)
		sleep(2 * p.Slack())
		for _, j := range jobs {
			j.wantOver(t)
		}
	})
}

// A machine that stops for a while calls all that is due then, and goes on.
func TestWheelAfterAStop(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		now := p.clock.Now()
		jobs := make([]*job, 200)
		for i := range jobs {
			rest := until(t, p, now.Add(time.Hour))
			jobs[i] = p.add(func(j *job, mayBlock bool) (Do, clock.Instant) {
				if j.turns.Load() == 1 {
					return Rest, now.Add(time.Duration(i+1) * time.Second / 10)
				}
				return rest(j, mayBlock)
			})
		}
		synctest.Wait()
		p.wheel.mu.Lock()
		p.wheel.timer.Stop()
		p.wheel.mu.Unlock()
		time.Sleep(10 * time.Minute)
		p.wheel.turn()
		synctest.Wait()
		for _, j := range jobs {
			if n := j.turns.Load(); n < 2 || n > 4 {
				t.Errorf("%d turns", n)
			}
		}
		sleep(time.Hour)
		if p.inWheel() != 0 {
			t.Errorf("%d tasks were not called again", p.inWheel())
		}
	})
}

// A rest that is shortened by Early ends in time, with the turn that follows.
func TestEarly(t *testing.T) {
	for rest, want := range map[time.Duration]time.Duration{
		time.Hour:             time.Hour - 2*maxPart,
		time.Millisecond:      time.Millisecond / 2,
		10 * time.Millisecond: 8 * time.Millisecond,
	} {
		if got := NewPool(clock.New(), rest).Early(rest); got != want {
			t.Errorf("%v before %v, want %v", got, rest, want)
		}
	}
}
