package sched

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/mixstream/mixstream/server/internal/clock"
)

// A turn follows each wake, whenever the wake comes: before a turn, during one, while the
// task is about to rest, from several sides. The jobs rest without an instant, so no wheel
// makes good for a wake that was lost.
func TestNoWakeIsLost(t *testing.T) {
	const jobs, wakers, wakes = 20, 4, 2000
	p := NewPool(clock.New(), time.Hour)
	type asked struct {
		job
		said, heard atomic.Int64
	}
	all := make([]*asked, jobs)
	for i := range all {
		a := new(asked)
		all[i] = a
		a.take = func(j *job, mayBlock bool) (Do, clock.Instant) {
			heard := a.said.Load()
			switch rand.N(8) {
			case 0:
				runtime.Gosched()
			case 1:
				a.heard.Store(heard)
				return Again, 0
			case 2:
				if !mayBlock {
					return Block, 0
				}
			}
			a.heard.Store(heard)
			return Rest, 0
		}
		a.task.Init(p, a)
		p.Add(&a.task)
	}
	var sides sync.WaitGroup
	for range wakers {
		sides.Go(func() {
			for range wakes {
				a := all[rand.N(jobs)]
				a.said.Add(1)
				a.task.Wake()
				if rand.N(4) == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	sides.Wait()
	p.Wait()
	for i, a := range all {
		if said, heard := a.said.Load(), a.heard.Load(); said != heard {
			t.Errorf("job %d has heard %d of %d", i, heard, said)
		}
		if a.twoAtOnce.Load() {
			t.Errorf("job %d took two turns at once", i)
		}
	}
}

// The instant is cleared before the wake: a turn that comes at once must find that the wheel
// will not call it, and arm it again.
func TestArmedIsClearedBeforeTheWake(t *testing.T) {
	p := NewPool(clock.New(), time.Hour)
	j := p.hold(nil)
	j.task.armed.Store(1)
	j.task.state.Store(idle)
	p.mu.Lock() // the wake gets no further than the queue
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.task.due()
	}()
	for j.task.state.Load() != queued {
		runtime.Gosched()
	}
	j.wantArmed(t, 0)
	p.mu.Unlock()
	<-done
	p.Wait()
	j.wantTurns(t, 1)
}

// A task is armed before it is given up: the next turn may end it, and an ended task leaves the
// wheel for good.
func TestArmedBeforeItRests(t *testing.T) {
	p := NewPool(clock.New(), time.Hour)
	p.wheel.mu.Lock() // the worker gets no further than arming
	turned := make(chan struct{})
	j := p.add(func(j *job, _ bool) (Do, clock.Instant) {
		if j.turns.Load() > 1 {
			return Over, 0
		}
		close(turned)
		return Rest, p.clock.Now().Add(time.Hour)
	})
	<-turned
	for range 20 {
		time.Sleep(time.Millisecond)
		if s := j.task.state.Load(); s != held {
			t.Fatalf("the state is %d, and it is not armed", s)
		}
	}
	j.task.Wake()
	p.wheel.mu.Unlock()
	p.Wait()
	j.wantTurns(t, 2)
	if n := p.inWheel(); n != 0 {
		t.Errorf("%d tasks are in the wheel", n)
	}
}

// A task that was attached is armed in the same way by its timer.
func TestTimerClearsArmed(t *testing.T) {
	bubble(t, func(t *testing.T, p *Pool) {
		at := p.clock.Now().Add(time.Second)
		again := at.Add(time.Second)
		j := p.hold(script(
			func(*job) (Do, clock.Instant) { return Rest, at },
			func(j *job) (Do, clock.Instant) {
				j.wantArmed(t, 0)
				return Rest, again
			}))
		defer j.run(t)()
		time.Sleep(3 * time.Second)
		j.wantTurns(t, 3)
	})
}

// Nothing holds a task that is over: neither the wheel nor the timer that would have called it,
// nor a worker.
func TestEndedTaskIsFree(t *testing.T) {
	p := NewPool(clock.New(), time.Hour)
	end := map[string]func() weak.Pointer[job]{
		"attached": func() weak.Pointer[job] {
			j := p.hold(script(
				func(j *job) (Do, clock.Instant) {
					j.task.Wake()
					return Rest, p.clock.Now().Add(time.Hour)
				},
				does(Over)))
			j.task.Run(t.Context())
			return weak.Make(j)
		},
		"detached": func() weak.Pointer[job] {
			j := p.add(script(func(*job) (Do, clock.Instant) { return Rest, p.clock.Now().Add(time.Hour) }, does(Over)))
			p.Wait()
			j.task.Wake()
			p.Wait()
			return weak.Make(j)
		},
	}
	for name, end := range end {
		t.Run(name, func(t *testing.T) {
			j := end()
			for deadline := time.Now().Add(10 * time.Second); j.Value() != nil; runtime.GC() {
				if time.Now().After(deadline) {
					t.Fatal("it is held")
				}
			}
		})
	}
	runtime.KeepAlive(p)
}

// A turn and a wake allocate nothing, on an idle pool and on a busy one.
func TestTurnsAllocateNothing(t *testing.T) {
	p := NewPool(clock.New(), time.Hour)
	turned := make(chan struct{})
	j := p.hold(func(*job, bool) (Do, clock.Instant) {
		turned <- struct{}{}
		return Rest, p.clock.Now().Add(time.Hour)
	})
	p.Add(&j.task)
	<-turned
	const limit = 0.5 // the runtime and the garbage collector may allocate now and then
	if n := testing.AllocsPerRun(1000, func() {
		j.task.Wake()
		<-turned
	}); n > limit {
		t.Errorf("%v allocations a wake", n)
	}
	j.take = func(j *job, _ bool) (Do, clock.Instant) {
		if j.turns.Load()%1000 == 0 {
			turned <- struct{}{}
			return Over, 0
		}
		return Again, 0
	}
	if n := testing.AllocsPerRun(1, func() {
		j.task.state.Store(idle)
		j.task.Wake()
		<-turned
	}); n > 100 { // the end of the job takes its goroutine
		t.Errorf("%v allocations in a thousand turns", n)
	}
	p.Wait()
}

// An idle task holds itself and nothing else.
func TestSizeOfTask(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the figures are for 64 bits")
	}
	if size := unsafe.Sizeof(Task{}); size > 80 {
		t.Errorf("a task has %d bytes", size)
	}
}
